/*
 * flags.c: command-line words to the tree that a study file would give.
 *
 * Each flag sets one entry of the tree; a flag takes the place of what the file or an earlier flag
 * said. So flags need no reader and no checks of their own, and say the same about mistakes. A
 * value is taken as a plain text; where a key may hold a map or a list it can also be written as in
 * YAML, {…} or […].
 */
#include "spec/read_int.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"

/* Flags come after all lines of a file. */
#define FIRST_LINE 1000000

struct flags {
    struct reader *r;
    struct node *root;
    int argc;
    char **argv;
    int at; /* the word that is looked at */
    bool has_objective;
};

static int line_of(const struct flags *f)
{
    return FIRST_LINE + f->at;
}

/* ---- Trees ---- */

static void forget_memory(struct flags *f)
{
    f->r->no_memory = true;
}

/* Make `node` the entry `key` of a map, in the place of an older one. */
static void set_entry(struct flags *f, struct node *map, const char *key, struct node *node)
{
    if (map == NULL || node == NULL || key == NULL) {
        forget_memory(f);
        return;
    }
    node->key = key;
    struct node *old = node_find(map, key);
    if (old == NULL) {
        node_append(map, node);
        return;
    }
    struct node *next = old->next;
    *old = *node;
    old->next = next;
}

/* The map or list at `key`, made when there is none. */
static struct node *open_entry(struct flags *f, struct node *map, const char *key,
                               enum node_kind kind, const char *flag)
{
    struct node *entry = node_find(map, key);
    if (entry != NULL && entry->kind == kind)
        return entry;
    struct node *opened = node_new(&f->r->scratch, kind, line_of(f), flag), *was = entry;
    const struct key *section = key_find(key);
    if (opened != NULL && was != NULL && was->kind == NODE_SCALAR && kind == NODE_MAP &&
        section != NULL && section->type == KEY_SECTION && section->words != NULL) {
        /* `strategy: grid` and --strategy.grid-points 5 */
        struct node *inner = node_scalar(&f->r->scratch, was->text, strlen(was->text), was->plain,
                                         was->line, was->flag);
        set_entry(f, opened, section->words, inner);
    } else if (opened != NULL && was != NULL && kind == NODE_LIST) {
        struct node *inner = arena_array(&f->r->scratch, 1, sizeof *inner);
        if (inner != NULL) {
            *inner = *was;
            inner->next = NULL;
            node_append(opened, inner);
        }
    }
    set_entry(f, map, key, opened);
    return opened != NULL ? node_find(map, key) : NULL;
}

static void label(struct node *node, int line, const char *flag)
{
    node->line = line;
    node->flag = flag;
    for (struct node *entry = node->first; entry != NULL; entry = entry->next)
        label(entry, line, flag);
}

static struct node *plain(struct flags *f, const char *text, const char *flag)
{
    struct node *node = node_scalar(&f->r->scratch, text, strlen(text), true, line_of(f), flag);
    if (node == NULL)
        forget_memory(f);
    return node;
}

/* A value that may be a map or list, written as in YAML. */
static struct node *value_node(struct flags *f, const char *text, const char *begins,
                               const char *flag)
{
    if (text[0] == '\0' || strchr(begins, text[0]) == NULL)
        return plain(f, text, flag);
    hone_error err = {0};
    int line;
    struct node *node = yaml_read(text, strlen(text), &f->r->scratch, &line, &err);
    if (node == NULL) {
        struct node at = {.line = line_of(f), .flag = flag};
        problem(f->r, &at, NULL, "%s", err.text);
        return NULL;
    }
    label(node, line_of(f), flag);
    return node;
}

/* ---- Single flags ---- */

/* The word after a flag, or NULL with a problem. */
static const char *next_value(struct flags *f, const char *flag)
{
    if (f->at + 1 < f->argc && strcmp(f->argv[f->at + 1], "--") != 0)
        return f->argv[++f->at];
    struct node at = {.line = line_of(f), .flag = flag};
    problem(f->r, &at, NULL, "needs a value");
    return NULL;
}

/* -p NAME=SPEC */
static void add_parameter(struct flags *f, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        struct node at = {.line = line_of(f), .flag = "-p"};
        problem(f->r, &at, NULL, "needs NAME=LOW:HIGH or NAME=a,b,c, got %s", quoted(f->r, text));
        return;
    }
    const char *name = phrase(f->r, "%.*s", (int)(equals - text), text);
    const char *flag = phrase(f->r, "-p %s", name);
    struct node *all = open_entry(f, f->root, "parameters", NODE_MAP, flag);
    struct node *node = value_node(f, equals + 1, "{[", flag);
    if (node != NULL)
        set_entry(f, all, name, node);
}

/* The first group that captures, or NULL. */
static const char *first_group(const char *regex)
{
    bool in_class = false;
    for (const char *p = regex; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0') {
            p++;
        } else if (*p == '[') {
            in_class = true;
        } else if (*p == ']') {
            in_class = false;
        } else if (*p == '(' && !in_class) {
            bool named = strncmp(p, "(?P<", 4) == 0 || strncmp(p, "(?'", 3) == 0 ||
                         (strncmp(p, "(?<", 3) == 0 && p[3] != '=' && p[3] != '!');
            if (p[1] != '?' ? p[1] != '*' : named)
                return p;
        }
    }
    return NULL;
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_:./-", c) != NULL);
}

/* The metric's name in a regex: the literal word before its group, without "=" or ":" after it. */
static const char *metric_name(struct flags *f, const char *regex, const char *group)
{
    struct buf name;
    buf_init(&name, 512);
    for (const char *p = regex; p < group; p++) {
        if (*p == '\\' && p[1] != '\0') {
            p++;
            bool is_class = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
            buf_char(&name, is_class ? ' ' : *p);
        } else {
            buf_char(&name, *p);
        }
    }
    size_t end = name.len;
    while (end > 0 && (strchr("=: \t*+?[]", name.data[end - 1]) != NULL))
        end--;
    size_t begin = end;
    while (begin > 0 && is_name_character(name.data[begin - 1]))
        begin--;
    const char *out =
        end > begin ? phrase(f->r, "%.*s", (int)(end - begin), name.data + begin) : "objective";
    buf_release(&name);
    return out;
}

/* --maximize REGEX or NAME; a second one makes a list of objectives. */
static void add_objective(struct flags *f, const char *text, const char *flag, const char *goal)
{
    const char *group = first_group(text), *name = text;
    if (group != NULL || strchr(text, '(') != NULL) {
        name = group != NULL ? metric_name(f, text, group) : "objective";
        struct node *metrics = open_entry(f, f->root, "metrics", NODE_MAP, flag);
        set_entry(f, metrics, name, plain(f, text, flag));
    }
    struct node *map = node_new(&f->r->scratch, NODE_MAP, line_of(f), flag);
    if (map == NULL) {
        forget_memory(f);
        return;
    }
    set_entry(f, map, "metric", plain(f, name, flag));
    set_entry(f, map, "goal", plain(f, goal, flag));
    if (!f->has_objective) {
        set_entry(f, f->root, "objective", map);
    } else {
        struct node *list = open_entry(f, f->root, "objective", NODE_LIST, flag);
        if (list != NULL)
            node_append(list, map);
    }
    f->has_objective = true;
}

/* Add a value, or each of a list, to the list at `key`. */
static void add_to_list(struct flags *f, const char *key, struct node *node, const char *flag)
{
    struct node *list = node != NULL ? open_entry(f, f->root, key, NODE_LIST, flag) : NULL;
    if (list == NULL)
        return;
    if (node->kind != NODE_LIST) {
        node_append(list, node);
        return;
    }
    for (struct node *item = node->first, *next; item != NULL; item = next) {
        next = item->next;
        item->next = NULL;
        node_append(list, item);
    }
}

static bool is_map_of_names(const char *key)
{
    return strcmp(key, "env") == 0 || strcmp(key, "inputs") == 0 || strcmp(key, "metrics") == 0 ||
           strcmp(key, "parameters") == 0;
}

/* "--limits.trial-time" to "limits.trial_time"; names after "env." and its like stay as they are.
 */
static const char *path_of(struct flags *f, const char *flag)
{
    size_t len = strcspn(flag + 2, "=");
    struct buf path;
    buf_init(&path, 600);
    buf_add(&path, flag + 2, len < 512 ? len : 512);
    for (char *p = path.data; *p != '\0'; p++) {
        if (*p == '.') {
            *p = '\0';
            bool named = is_map_of_names(path.data);
            *p = '.';
            if (named)
                break;
        }
        if (*p == '-')
            *p = '_';
    }
    const char *out = phrase(f->r, "%s", strcmp(path.data, "name") == 0 ? "study" : path.data);
    buf_release(&path);
    return out;
}

static void unknown_flag(struct flags *f, const char *flag)
{
    const char **known = arena_array(&f->r->scratch, n_keys + 3, sizeof *known);
    struct node at = {.line = line_of(f), .flag = flag};
    size_t n = 0;
    for (size_t i = 0; known != NULL && i < n_keys; i++)
        if (keys[i].type != KEY_DOC)
            known[n++] = keys[i].path;
    if (known != NULL) {
        known[n++] = "maximize";
        known[n++] = "minimize";
        known[n++] = "name";
    }
    const char *near = str_nearest(path_of(f, flag), known, n);
    if (near == NULL) {
        problem(f->r, &at, NULL, "unknown option");
        return;
    }
    struct buf dashed;
    buf_init(&dashed, 300);
    buf_text(&dashed, near);
    for (char *p = dashed.data; dashed.len > 0 && *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p;
    problem(f->r, &at, NULL, "unknown option; did you mean --%s?", dashed.data);
    buf_release(&dashed);
}

/* --KEY VALUE or --KEY=VALUE */
static void set_key(struct flags *f, const char *word)
{
    const char *equals = strchr(word, '=');
    const char *flag = equals != NULL ? phrase(f->r, "%.*s", (int)(equals - word), word) : word;
    const char *path = path_of(f, word), *point = strchr(path, '.');
    const char *top = point != NULL ? phrase(f->r, "%.*s", (int)(point - path), path) : path;
    bool named = point != NULL && is_map_of_names(top);
    const struct key *key = key_find(named ? top : path);
    if (key == NULL || (key->type == KEY_DOC && strcmp(top, "objective") != 0)) {
        unknown_flag(f, flag);
        if (equals == NULL && f->at + 1 < f->argc && f->argv[f->at + 1][0] != '-')
            f->at++; /* most likely its value */
        return;
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (value == NULL && key->type == KEY_BOOL &&
        (f->at + 1 >= f->argc ||
         (strcmp(f->argv[f->at + 1], "true") != 0 && strcmp(f->argv[f->at + 1], "false") != 0)))
        value = "true";
    if (value == NULL && (value = next_value(f, flag)) == NULL)
        return;

    if (strcmp(path, "where") == 0 || strcmp(path, "start") == 0) {
        add_to_list(f, path, value_node(f, value, "{[", flag), flag);
        return;
    }
    bool patterns = strcmp(top, "metrics") == 0 || strcmp(top, "step") == 0;
    bool is_text = key->type == KEY_TEXT || strcmp(path, "command") == 0 ||
                   strcmp(top, "env") == 0 || strcmp(top, "inputs") == 0;
    /* A whole map of texts is written as a map; one text in it stands for itself. */
    const char *begins = is_text && (named || !is_map_of_names(top)) ? "" : patterns ? "{" : "{[";
    struct node *node = value_node(f, value, begins, flag);
    if (node == NULL)
        return;
    struct node *map = f->root;
    if (point != NULL)
        map = open_entry(f, f->root, top, NODE_MAP, flag);
    set_entry(f, map, point != NULL ? point + 1 : path, node);
}

static void set_command(struct flags *f)
{
    struct node *list = node_new(&f->r->scratch, NODE_LIST, line_of(f), "--");
    for (f->at++; f->at < f->argc && list != NULL; f->at++) {
        struct node *word = plain(f, f->argv[f->at], "--");
        if (word == NULL)
            return;
        word->plain = false; /* "null" and "1" are words */
        node_append(list, word);
    }
    set_entry(f, f->root, "command", list);
}

/* With shell: true a list of one word, as `-- 'a | b'` gives it, is the text. */
static void join_for_shell(struct flags *f)
{
    struct node *command = node_find(f->root, "command"), *shell = node_find(f->root, "shell");
    bool on = false;
    if (command == NULL || command->flag == NULL || command->kind != NODE_LIST || command->n != 1 ||
        shell == NULL || !node_is_boolean(shell, &on) || !on)
        return;
    struct node *text = plain(f, command->first->text, command->flag);
    if (text != NULL)
        text->plain = false;
    set_entry(f, f->root, "command", text);
}

static bool check_words(struct flags *f)
{
    /* The tree's texts must be what files can hold. */
    for (int i = 1; i < f->argc; i++) {
        for (const unsigned char *p = (const unsigned char *)f->argv[i]; *p != '\0';) {
            size_t n = *p < 0x80 ? 1 : buf_utf8_length(p);
            if (n == 0) {
                problem(f->r, NULL, NULL, "word %d of the command line is not UTF-8", i);
                return false;
            }
            p += n;
        }
    }
    return true;
}

static void read_words(struct flags *f)
{
    if (!check_words(f))
        return;
    for (f->at = 1; f->at < f->argc; f->at++) {
        const char *word = f->argv[f->at], *value;
        if (strcmp(word, "--") == 0) {
            set_command(f);
            break;
        }
        bool maximize = strcmp(word, "--maximize") == 0;
        if (strcmp(word, "-p") == 0) {
            if ((value = next_value(f, "-p")) != NULL)
                add_parameter(f, value);
        } else if (strcmp(word, "-n") == 0 || strcmp(word, "-j") == 0) {
            if ((value = next_value(f, word)) != NULL)
                set_entry(f, f->root, word[1] == 'n' ? "max_trials" : "max_parallel",
                          plain(f, value, word));
        } else if (maximize || strcmp(word, "--minimize") == 0) {
            if ((value = next_value(f, word)) != NULL)
                add_objective(f, value, word, maximize ? "maximize" : "minimize");
        } else if (strncmp(word, "--", 2) == 0) {
            set_key(f, word);
        } else {
            struct node at = {.line = line_of(f), .flag = word};
            if (word[0] == '-')
                problem(f->r, &at, NULL, "unknown option");
            else
                problem(f->r, &at, NULL, "unexpected word; the command comes last, after \"--\"");
        }
    }
    join_for_shell(f);
}

/* `text`: what takes the place of the file's. */
static struct spec *read_both(const char *path, const char *text, int argc, char **argv,
                              struct problems *problems)
{
    struct reader r;
    if (!reader_open(&r, path, problems))
        return NULL;
    struct node *root = text != NULL   ? read_text_root(&r, text, strlen(text))
                        : path != NULL ? read_file_root(&r)
                                       : node_new(&r.scratch, NODE_MAP, 0, NULL);
    if (root == NULL) {
        r.no_memory |= r.n_problems == 0;
        return reader_fail(&r, problems);
    }
    r.root = root;
    if (root->kind == NODE_MAP) {
        struct flags f = {.r = &r, .root = root, .argc = argc, .argv = argv};
        read_words(&f);
    }
    return read_root(&r, root, problems);
}

struct spec *spec_read_flags(int argc, char **argv, struct problems *problems)
{
    return read_both(NULL, NULL, argc, argv, problems);
}

struct spec *spec_read_file_flags(const char *path, int argc, char **argv,
                                  struct problems *problems)
{
    return read_both(path, NULL, argc, argv, problems);
}

struct spec *spec_read_text_flags(const char *text, const char *path, int argc, char **argv,
                                  struct problems *problems)
{
    return read_both(path, text, argc, argv, problems);
}
