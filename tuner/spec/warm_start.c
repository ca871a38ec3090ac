/* warm_start.c: the key warm_start: which earlier studies, and where they are. */
#include "spec/read_int.h"

#include <string.h>

#include "io/json.h"

#define URL_SCHEME "sqlite:"

/* A store that is no file of this machine is named by its whole address. */
static bool is_server_url(const char *text)
{
    return strncmp(text, "postgresql://", 13) == 0 || strncmp(text, "postgres://", 11) == 0;
}

/* "STORE#NAME" or "NAME"; false with a problem. A study's name has no '#', a path may. */
static bool read_parent(struct reader *r, const struct node *node, struct warm_parent *parent)
{
    const char *needed = "the name of a study, or STORE#NAME";
    const char *text = read_text(r, node, "warm_start.from", needed);
    if (text == NULL)
        return false;
    const char *mark = strrchr(text, '#'), *store = text;
    parent->text = keep_text(r, text);
    parent->name = keep_text(r, mark != NULL ? mark + 1 : text);
    if (mark != NULL && strncmp(text, URL_SCHEME, strlen(URL_SCHEME)) == 0)
        store += strlen(URL_SCHEME);
    if (mark != NULL && mark > store) {
        char *path = arena_array(&r->scratch, (size_t)(mark - store) + 1, 1);
        if (path != NULL)
            memcpy(path, store, (size_t)(mark - store));
        parent->store = is_server_url(text) ? keep_text(r, path) : keep_path(r, path);
    }
    if (text[0] != '\0' && (mark == NULL || (mark > store && mark[1] != '\0')))
        return true;
    problem(r, node, "warm_start.from", "needs %s, %s", needed, got(r, node));
    return false;
}

void read_warm_start(struct reader *r, const struct node *node)
{
    struct spec *spec = r->spec;
    const struct node *from =
        node != NULL && node->kind == NODE_MAP ? node_find(node, "from") : node;
    if (node == NULL) {
        json_object_del(r->canonical, "warm_start.mode");
        return;
    }
    bool is_list = from != NULL && from->kind == NODE_LIST;
    if (from == NULL || (is_list && from->n == 0) || from->kind == NODE_MAP) {
        problem(r, from != NULL ? from : node, "warm_start.from",
                "needs a study or a list of studies");
        return;
    }
    if (is_list && from->n > HONE_MAX_PARENTS) {
        problem(r, from, "warm_start.from", "takes at most %d studies, got %zu", HONE_MAX_PARENTS,
                from->n);
        return;
    }
    spec->warm_parents = keep(r, is_list ? from->n : 1, sizeof *spec->warm_parents);
    json_t *list = json_array();
    for (const struct node *item = is_list ? from->first : from;
         item != NULL && spec->warm_parents != NULL; item = is_list ? item->next : NULL) {
        struct warm_parent *parent = &spec->warm_parents[spec->n_warm_parents];
        if (!read_parent(r, item, parent))
            continue;
        for (size_t i = 0; i < spec->n_warm_parents; i++)
            if (strcmp(spec->warm_parents[i].text, parent->text) == 0)
                problem(r, item, "warm_start.from", "%s is named twice", quoted(r, parent->text));
        spec->n_warm_parents++;
        if (json_array_append_new(list, json_string(parent->text)) != 0)
            r->no_memory = true;
    }
    canonical_set(r, "warm_start.from", list);
}
