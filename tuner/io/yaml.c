/*
 * yaml.c: libfyaml's events to nodes of our own, in an arena, with limits.
 *
 * We take events, not libfyaml's documents: nodes can then come from flags as well, an alias
 * becomes a counted copy of its anchor's node, so that no small file can stand for a huge one, and
 * everything is freed in one go.
 */
#include "io/yaml.h"

#include <math.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include <libfyaml.h>

#include "base/buf.h"
#include "base/str.h"

#define TEXT_MAX  ((size_t)1 << 20)
#define NODES_MAX 20000
#define KEYS_MAX  1000
#define DEPTH_MAX 24

/* ---- Nodes ---- */

struct node *node_new(struct arena *arena, enum node_kind kind, int line, const char *flag)
{
    struct node *node = arena_array(arena, 1, sizeof *node);
    if (node != NULL)
        *node = (struct node){.kind = kind, .line = line, .flag = flag, .text = ""};
    return node;
}

static char *arena_text(struct arena *arena, const char *text, size_t n)
{
    char *copy = arena_array(arena, n + 1, 1);
    if (copy != NULL && n > 0)
        memcpy(copy, text, n);
    return copy;
}

struct node *node_scalar(struct arena *arena, const char *text, size_t n, bool plain, int line,
                         const char *flag)
{
    struct node *node = node_new(arena, NODE_SCALAR, line, flag);
    char *copy = arena_text(arena, text, n);
    if (node == NULL || copy == NULL)
        return NULL;
    node->text = copy;
    node->plain = plain;
    return node;
}

void node_append(struct node *parent, struct node *child)
{
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->n++;
}

struct node *node_find(const struct node *map, const char *key)
{
    if (map == NULL || map->kind != NODE_MAP)
        return NULL;
    for (struct node *entry = map->first; entry != NULL; entry = entry->next)
        if (strcmp(entry->key, key) == 0)
            return entry;
    return NULL;
}

void node_remove(struct node *map, const struct node *entry)
{
    struct node *before = NULL;
    for (struct node *at = map->first; at != NULL; before = at, at = at->next) {
        if (at != entry)
            continue;
        if (before != NULL)
            before->next = at->next;
        else
            map->first = at->next;
        if (map->last == at)
            map->last = before;
        map->n--;
        return;
    }
}

/* ---- The core schema ---- */

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

bool node_is_integer(const struct node *node)
{
    if (node->kind != NODE_SCALAR || !node->plain)
        return false;
    const char *text = node->text + (node->text[0] == '-' || node->text[0] == '+');
    return digits(text) > 0 && text[digits(text)] == '\0';
}

/* 0x1F, 0o17 */
static bool is_based(const char *text, double *out)
{
    unsigned base = strncmp(text, "0x", 2) == 0 ? 16 : strncmp(text, "0o", 2) == 0 ? 8 : 0;
    if (base == 0 || text[2] == '\0')
        return false;
    double x = 0;
    for (const char *p = text + 2; *p != '\0'; p++) {
        const char *all = "0123456789abcdef", *found;
        char c = *p >= 'A' && *p <= 'F' ? (char)(*p + 32) : *p;
        found = strchr(all, c);
        if (found == NULL || (unsigned)(found - all) >= base)
            return false;
        x = x * base + (double)(found - all);
    }
    *out = x;
    return true;
}

bool node_is_number(const struct node *node, double *out)
{
    if (node->kind != NODE_SCALAR || !node->plain)
        return false;
    bool negative = node->text[0] == '-';
    const char *start = node->text + (negative || node->text[0] == '+'), *p = start;
    if (strcmp(p, ".inf") == 0 || strcmp(p, ".Inf") == 0 || strcmp(p, ".INF") == 0) {
        *out = negative ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (strcmp(node->text, ".nan") == 0 || strcmp(node->text, ".NaN") == 0 ||
        strcmp(node->text, ".NAN") == 0) {
        *out = (double)NAN;
        return true;
    }
    if (p == node->text && is_based(p, out))
        return true;
    size_t before = digits(p), after = 0;
    p += before;
    if (*p == '.') {
        after = digits(p + 1);
        p += 1 + after;
    }
    if (before + after == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        p += p[1] == '-' || p[1] == '+' ? 2 : 1;
        if (digits(p) == 0)
            return false;
        p += digits(p);
    }
    return *p == '\0' && str_double(node->text, strlen(node->text), out);
}

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

bool node_is_boolean(const struct node *node, bool *out)
{
    if (node->kind != NODE_SCALAR || !node->plain)
        return false;
    *out = is_one_of(node->text, (const char *const[]){"true", "True", "TRUE"}, 3);
    return *out || is_one_of(node->text, (const char *const[]){"false", "False", "FALSE"}, 3);
}

bool node_is_null(const struct node *node)
{
    return node->kind == NODE_SCALAR && node->plain &&
           is_one_of(node->text, (const char *const[]){"", "~", "null", "Null", "NULL"}, 5);
}

/* ---- Events to nodes ---- */

struct anchor {
    struct anchor *next;
    const char *name;
    struct node *node;
    bool open; /* its node is still being read: an alias to it would never end */
};

struct builder {
    struct arena *arena;
    size_t n_nodes;
    struct node *root;
    struct node *open[DEPTH_MAX]; /* lists and maps that have begun */
    size_t depth;
    const char *key; /* of the value that comes next, in a map */
    int key_line;
    struct anchor *anchors;
    bool done; /* the document has ended */
    int line;
    hone_error *err;
};

static bool refuse(struct builder *b, const char *text)
{
    error_set(b->err, HONE_EINVAL, "%s", text);
    return false;
}

static bool count_nodes(struct builder *b, size_t n)
{
    b->n_nodes += n;
    return b->n_nodes <= NODES_MAX ||
           refuse(b, "more than 20000 values, counting what aliases stand for");
}

/* A node has begun: give it its place. */
static bool place(struct builder *b, struct node *node)
{
    if (node == NULL) {
        error_memory(b->err);
        return false;
    }
    if (!count_nodes(b, 1))
        return false;
    if (b->depth == 0) {
        b->root = node;
        return true;
    }
    struct node *parent = b->open[b->depth - 1];
    if (parent->kind == NODE_MAP) {
        if (b->key == NULL) {
            if (node->kind != NODE_SCALAR)
                return refuse(b, "a key must be a single word or text");
            if (parent->n >= KEYS_MAX)
                return refuse(b, "more than 1000 keys in one map");
            b->key = node->text;
            b->key_line = b->line;
            return true;
        }
        node->key = b->key;
        node->line = b->key_line;
        b->key = NULL;
    }
    node_append(parent, node);
    return true;
}

static size_t tree_size(const struct node *node)
{
    size_t n = 1;
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next)
        n += tree_size(entry);
    return n;
}

/* Depth and size have been checked. */
static struct node *tree_copy(struct arena *arena, const struct node *node)
{
    struct node *copy = arena_array(arena, 1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *node;
    copy->first = copy->last = copy->next = NULL;
    copy->n = 0;
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        struct node *inner = tree_copy(arena, entry);
        if (inner == NULL)
            return NULL;
        node_append(copy, inner);
    }
    return copy;
}

static size_t tree_depth(const struct node *node)
{
    size_t most = 0;
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        size_t depth = tree_depth(entry);
        most = depth > most ? depth : most;
    }
    return node->kind == NODE_SCALAR ? 0 : most + 1;
}

static bool add_alias(struct builder *b, struct fy_token *token)
{
    size_t len = 0;
    const char *name = fy_token_get_text(token, &len);
    struct anchor *anchor = b->anchors;
    while (anchor != NULL &&
           (name == NULL || strlen(anchor->name) != len || memcmp(anchor->name, name, len) != 0))
        anchor = anchor->next;
    if (anchor == NULL)
        return refuse(b, "an alias to an anchor that does not stand before it");
    if (anchor->open)
        return refuse(b, "an alias inside of what it stands for");
    if (b->depth + tree_depth(anchor->node) > DEPTH_MAX)
        return refuse(b, "nested deeper than 24 levels");
    if (!count_nodes(b, tree_size(anchor->node) - 1))
        return false;
    return place(b, tree_copy(b->arena, anchor->node));
}

static bool add_anchor(struct builder *b, struct fy_token *token, struct node *node)
{
    if (token == NULL)
        return true;
    size_t len = 0;
    const char *text = fy_token_get_text(token, &len);
    struct anchor *anchor = arena_array(b->arena, 1, sizeof *anchor);
    char *name = text != NULL ? arena_text(b->arena, text, len) : NULL;
    if (anchor == NULL || name == NULL) {
        error_memory(b->err);
        return false;
    }
    *anchor = (struct anchor){
        .next = b->anchors, .name = name, .node = node, .open = node->kind != NODE_SCALAR};
    b->anchors = anchor;
    return true;
}

static bool begin(struct builder *b, struct node *node)
{
    if (!place(b, node))
        return false;
    if (b->depth == DEPTH_MAX)
        return refuse(b, "nested deeper than 24 levels");
    b->open[b->depth++] = node;
    return true;
}

static void end(struct builder *b)
{
    struct node *node = b->open[--b->depth];
    for (struct anchor *anchor = b->anchors; anchor != NULL; anchor = anchor->next)
        if (anchor->node == node)
            anchor->open = false;
}

static struct node *scalar_of(struct builder *b, struct fy_token *token)
{
    size_t len = 0;
    const char *text = token != NULL ? fy_token_get_text(token, &len) : "";
    bool plain = token == NULL || fy_scalar_token_get_style(token) == FYSS_PLAIN;
    if (text == NULL) {
        error_memory(b->err);
        return NULL;
    }
    if (memchr(text, '\0', len) != NULL) {
        refuse(b, "a text with a NUL character");
        return NULL;
    }
    struct node *node = node_scalar(b->arena, text, len, plain, b->line, NULL);
    if (node == NULL)
        error_memory(b->err);
    return node;
}

static bool add_event(struct builder *b, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark != NULL)
        b->line = mark->line + 1;
    if (b->done && event->type != FYET_STREAM_END && event->type != FYET_DOCUMENT_END)
        return refuse(b, "a second document; one study a file");
    struct fy_token *tag = NULL;
    if (event->type == FYET_SCALAR || event->type == FYET_SEQUENCE_START ||
        event->type == FYET_MAPPING_START)
        tag = fy_event_get_tag_token(event);
    if (tag != NULL)
        return refuse(b, "tags such as !!str have no meaning here; put a text into quotes");

    struct node *node;
    switch (event->type) {
    case FYET_SCALAR:
        node = scalar_of(b, event->scalar.value);
        return node != NULL && place(b, node) && add_anchor(b, event->scalar.anchor, node);
    case FYET_SEQUENCE_START:
        node = node_new(b->arena, NODE_LIST, b->line, NULL);
        return begin(b, node) && add_anchor(b, event->sequence_start.anchor, node);
    case FYET_MAPPING_START:
        node = node_new(b->arena, NODE_MAP, b->line, NULL);
        return begin(b, node) && add_anchor(b, event->mapping_start.anchor, node);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        end(b);
        return true;
    case FYET_ALIAS:
        return add_alias(b, event->alias.anchor);
    case FYET_DOCUMENT_END:
        b->done = true;
        return true;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_START:
        break;
    }
    return true;
}

/* libfyaml's first error, with its line. */
static void syntax_error(struct builder *b, struct fy_diag *diag)
{
    void *cursor = NULL;
    const struct fy_diag_error *problem = fy_diag_errors_iterate(diag, &cursor);
    if (problem == NULL || problem->msg == NULL) {
        refuse(b, "no valid YAML");
        return;
    }
    if (problem->line > 0)
        b->line = problem->line;
    size_t len = strcspn(problem->msg, "\n");
    error_set(b->err, HONE_EINVAL, "%.*s", (int)(len < 300 ? len : 300), problem->msg);
}

static bool read_events(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
    struct fy_event *event;
    while ((event = fy_parser_parse(parser)) != NULL) {
        bool fine = add_event(b, event);
        bool last = event->type == FYET_STREAM_END;
        fy_parser_event_free(parser, event);
        if (!fine)
            return false;
        if (last)
            break;
    }
    if (fy_parser_get_stream_error(parser)) {
        syntax_error(b, diag);
        return false;
    }
    return true;
}

/* libfyaml ends quietly at a broken character or a NUL. */
static bool is_text(struct builder *b, const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        /* A sequence that the end cuts off must not be read beyond it. */
        unsigned char at[5] = {0};
        memcpy(at, text + i, len - i < 4 ? len - i : 4);
        size_t n = at[0] < 0x80 ? at[0] != '\0' : buf_utf8_length(at);
        if (n == 0)
            return refuse(b, at[0] == '\0' ? "a NUL character: this is no text file"
                                           : "a character that is not UTF-8");
        b->line += at[0] == '\n';
        i += n;
    }
    b->line = 1;
    return true;
}

struct node *yaml_read(const char *text, size_t len, struct arena *arena, int *line_out,
                       hone_error *err)
{
    struct builder b = {.arena = arena, .line = 1, .err = err};
    struct fy_diag *diag = NULL;
    struct fy_parser *parser = NULL;
    bool fine = false;

    if (len > TEXT_MAX) {
        refuse(&b, "longer than 1 MiB");
        goto out;
    }
    if (!is_text(&b, text, len))
        goto out;
    diag = fy_diag_create(&(struct fy_diag_cfg){.level = FYET_ERROR, .module_mask = ~0U});
    if (diag == NULL) {
        error_memory(err);
        goto out;
    }
    fy_diag_set_collect_errors(diag, true);
    parser = fy_parser_create(&(struct fy_parse_cfg){
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
        .diag = diag});
    if (parser == NULL || fy_parser_set_string(parser, text, len) != 0) {
        error_memory(err);
        goto out;
    }
    fine = read_events(&b, parser, diag);
    if (fine && b.root == NULL) {
        b.line = 1;
        fine = refuse(&b, "the file is empty");
    }
out:
    if (parser != NULL)
        fy_parser_destroy(parser);
    if (diag != NULL)
        fy_diag_destroy(diag);
    *line_out = b.line;
    return fine ? b.root : NULL;
}
