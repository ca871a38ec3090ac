/* list.c: hone list. */
#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "io/time.h"
#include "loop/lease.h"
#include "report/status_text.h"
#include "report/text.h"

#include <string.h>

/* Studies are collected first: a study is read by other queries than the one that lists them. */
struct names {
    char **names;
    size_t n, room;
};

static hone_status add_name(void *context, const struct study_row *row, hone_error *err)
{
    struct names *list = context;
    if (list->n == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 16;
        char **names = list->names != NULL ? mem_resize(list->names, room, sizeof *names)
                                           : mem_array(room, sizeof *names);
        if (names == NULL)
            return error_memory(err);
        list->names = names;
        list->room = room;
    }
    list->names[list->n] = mem_text(row->name);
    return list->names[list->n++] != NULL ? HONE_OK : error_memory(err);
}

static hone_status add_study(struct store *store, const char *name, struct table *table,
                             json_t *array, hone_error *err)
{
    struct study_row row = {0};
    struct study_view view = {0};
    int64_t now = time_now_ms();
    hone_status status = store_study_find(store, name, &row, err);
    if (status == HONE_ENOTFOUND)
        return HONE_OK; /* deleted in this moment */
    if (status != HONE_OK)
        return status;
    status = study_view_read(store, &row, lease_is_held(&row, now), now, &view, err);
    if (status == HONE_OK && array != NULL)
        json_array_append_new(array, study_view_json(&view));
    if (status == HONE_OK && table != NULL)
        list_row(table, &view);
    study_view_release(&view);
    study_row_release(&row);
    return status;
}

/* A place where nothing was done yet has no studies: that is no error. */
static void print_nothing(const char *url, const struct globals *globals)
{
    if (globals->json)
        puts("[]");
    else if (!globals->quiet)
        fprintf(stderr, "no study in %s yet; begin with: hone init SCRIPT\n", url);
}

static int print_studies(struct store *store, const struct globals *globals)
{
    hone_error err = {0};
    struct names list = {0};
    struct table *table = globals->json ? NULL : list_table();
    json_t *array = globals->json ? json_array() : NULL;
    hone_status status = store_studies(store, add_name, &list, &err);
    for (size_t i = list.n; i-- > 0 && status == HONE_OK;)
        status = add_study(store, list.names[i], table, array, &err);
    if (status == HONE_OK && table != NULL && list.n > 0)
        table_print(table, stdout, text_columns(), globals->color);
    if (status == HONE_OK && table != NULL && list.n == 0)
        print_nothing(store_url(store), globals);
    if (status == HONE_OK && array != NULL) {
        char *text = json_write(array);
        puts(text != NULL ? text : "[]");
        mem_free(text);
    }
    for (size_t i = 0; i < list.n; i++)
        mem_free(list.names[i]);
    mem_free(list.names);
    table_free(table);
    json_decref(array);
    return status == HONE_OK ? EXIT_DONE : fail(EXIT_SYSTEM, "%s", err.text);
}

int cmd_list(int argc, char **argv, const struct globals *globals)
{
    int status = args_read(argc, argv, NULL, 0, NULL, 0, 0, NULL);
    if (status != EXIT_DONE)
        return status;
    hone_error err = {0};
    char *url = default_store_url(globals);
    struct store *store = url != NULL ? store_open(url, false, &err) : NULL;
    if (url == NULL)
        status = fail(EXIT_SYSTEM, "out of memory");
    else if (store != NULL)
        status = print_studies(store, globals);
    else if (err.status == HONE_ENOTFOUND)
        print_nothing(url, globals);
    else
        status = fail(EXIT_SYSTEM, "%s", err.text);
    store_close(store);
    mem_free(url);
    return status;
}
