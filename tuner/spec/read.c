/*
 * read.c: from a tree of nodes to a checked study.
 *
 * A file, the text in the store and flags all become one tree; what follows is the same for them
 * all. Keys of the table are read by their type, the others by functions of their own, in an order
 * in which each finds what it depends on; the notes are then sorted by line. Every value that was
 * read is also put into r->canonical, from which the text for the store is written in the order of
 * the table.
 */
#include "spec/read_int.h"

#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "io/file.h"
#include "io/json.h"

#define FILE_LIMIT     ((size_t)1 << 20)
#define NAME_LIMIT     63
#define PROBLEMS_MAX   100
#define CURRENCY_LIMIT 8

/* ---- Beginning and end ---- */

/* The folder that relative paths start from: that of the study file (or the folder that was given
 * in its place), else the working folder. */
static char *anchor_folder(const char *path)
{
    struct stat info;
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    bool is_folder = path != NULL && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    char *folder = is_folder       ? mem_text(path)
                   : slash == NULL ? mem_text(".")
                   : slash == path ? mem_text("/")
                                   : mem_text_n(path, (size_t)(slash - path));
    char *absolute = folder != NULL ? path_absolute(folder) : NULL;
    mem_free(folder);
    return absolute;
}

bool reader_open(struct reader *r, const char *path, struct problems *problems)
{
    *r = (struct reader){.path = path};
    r->spec = mem_array(1, sizeof *r->spec);
    r->canonical = json_object();
    char *folder = anchor_folder(path);
    if (r->spec != NULL && folder != NULL)
        r->spec->folder = keep_text(r, folder);
    mem_free(folder);
    if (r->spec != NULL && r->canonical != NULL && r->spec->folder != NULL)
        return true;
    r->no_memory = true;
    reader_fail(r, problems);
    return false;
}

static void reader_close(struct reader *r)
{
    if (r->canonical != NULL)
        json_decref(r->canonical);
    arena_release(&r->scratch);
}

/* Hand the notes over in the order of their lines; those of one line stay as they came. */
static void hand_over(struct reader *r, struct problems *problems)
{
    size_t n = 0, shown = 0, total = 0;
    for (struct note *at = r->first; at != NULL; at = at->next)
        n++;
    struct note **sorted = mem_array(n, sizeof(struct note *));
    if (sorted == NULL) {
        problems_add(problems, "out of memory");
        return;
    }
    n = 0;
    for (struct note *at = r->first; at != NULL; at = at->next) {
        size_t i = n++;
        for (; i > 0 && sorted[i - 1]->line > at->line; i--)
            sorted[i] = sorted[i - 1];
        sorted[i] = at;
    }
    for (size_t i = 0; i < n; i++) {
        if (sorted[i]->warning) {
            problems_warn(problems, "%s", sorted[i]->text);
        } else {
            total++;
            if (shown < PROBLEMS_MAX) {
                problems_add(problems, "%s", sorted[i]->text);
                shown++;
            }
        }
    }
    if (total > shown)
        problems_add(problems, "... and %zu more", total - shown);
    mem_free(sorted);
}

struct spec *reader_fail(struct reader *r, struct problems *problems)
{
    hand_over(r, problems);
    if (r->no_memory)
        problems_add(problems, "out of memory");
    spec_free(r->spec);
    reader_close(r);
    return NULL;
}

void spec_free(struct spec *spec)
{
    if (spec == NULL)
        return;
    hone_space_free(spec->space);
    struct arena arena = spec->arena;
    arena_release(&arena);
    mem_free(spec);
}

/* ---- Sections and defaults ---- */

/* Where an unknown key of the top level may belong: `silence` to `limits`. */
static const char *section_hint(struct reader *r, const char *word)
{
    for (size_t i = 0; i < n_keys; i++) {
        const char *leaf = key_leaf(&keys[i]);
        if (leaf != keys[i].path && keys[i].type != KEY_DOC && strcmp(leaf, word) == 0)
            return phrase(r, "; it stands inside of \"%.*s\"", (int)(leaf - keys[i].path - 1),
                          keys[i].path);
    }
    return NULL;
}

static size_t known_keys(const char *section, const char **out)
{
    size_t n = 0;
    for (size_t i = 0; i < n_keys; i++)
        if (key_is_inside(&keys[i], section))
            out[n++] = key_leaf(&keys[i]);
    return n;
}

static void check_top(struct reader *r)
{
    const char **known = arena_array(&r->scratch, n_keys, sizeof *known);
    if (known == NULL) {
        r->no_memory = true;
        return;
    }
    size_t n = known_keys("", known);
    check_keys(r, r->root, NULL, NULL, 0);
    for (const struct node *entry = r->root->first; entry != NULL; entry = entry->next) {
        const struct key *key = key_find(entry->key);
        if (key != NULL && key_is_inside(key, ""))
            continue;
        const char *near = hint(r, entry->key, known, n), *section = NULL;
        if (near[0] == '\0')
            section = section_hint(r, entry->key);
        problem(r, entry, NULL, "unknown key %s%s", quoted(r, entry->key),
                section != NULL ? section : near);
    }
}

static void read_section(struct reader *r, const struct key *section, const struct node *node)
{
    /* `confirm: off`: as if it were not there. */
    if (node->kind == NODE_SCALAR && section->initial != NULL &&
        strcmp(node->text, section->initial) == 0)
        return;
    if (node->kind == NODE_SCALAR && section->words != NULL && !node_is_null(node)) {
        read_key(r, key_find(phrase(r, "%s.%s", section->path, section->words)), node);
        return;
    }
    if (node->kind != NODE_MAP) {
        problem(r, node, section->path, "needs a map of keys, %s", got(r, node));
        return;
    }
    const char **known = arena_array(&r->scratch, n_keys, sizeof *known);
    if (known == NULL) {
        r->no_memory = true;
        return;
    }
    check_keys(r, node, section->path, known, known_keys(section->path, known));
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        const struct key *key = key_find(phrase(r, "%s.%s", section->path, entry->key));
        if (key != NULL)
            read_key(r, key, entry);
    }
}

static void set_defaults(struct reader *r)
{
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].initial == NULL || keys[i].type == KEY_DOC || keys[i].type == KEY_LATER)
            continue;
        struct node *node = node_scalar(&r->scratch, keys[i].initial, strlen(keys[i].initial), true,
                                        r->root->line, NULL);
        if (node == NULL)
            r->no_memory = true;
        else
            read_key(r, &keys[i], node);
    }
}

static void read_table(struct reader *r)
{
    for (const struct node *entry = r->root->first; entry != NULL; entry = entry->next) {
        const struct key *key = key_find(entry->key);
        if (key == NULL || !key_is_inside(key, ""))
            continue;
        if (key->type == KEY_SECTION)
            read_section(r, key, entry);
        else
            read_key(r, key, entry);
    }
}

/* ---- Maps of texts: env, inputs ---- */

static void read_pairs(struct reader *r, const struct node *node, const char *subject, bool paths)
{
    if (node == NULL)
        return;
    if (node->kind != NODE_MAP) {
        problem(r, node, subject, "needs a map of names and texts, %s", got(r, node));
        return;
    }
    check_keys(r, node, subject, NULL, 0);
    struct pair *pairs = keep(r, node->n, sizeof *pairs);
    json_t *json = json_object();
    size_t n = 0;
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        bool named = entry->key[0] != '\0' && strchr(entry->key, '=') == NULL;
        if (!named)
            problem(r, entry, subject, "%s is no name", quoted(r, entry->key));
        /* An empty variable is one; an empty path is none. */
        bool is_text = entry->kind == NODE_SCALAR && (!paths || entry->text[0] != '\0') &&
                       !(entry->plain && node_is_null(entry));
        if (!is_text)
            problem(r, entry, phrase(r, "%s.%s", subject, entry->key), "needs a text, %s",
                    got(r, entry));
        if (pairs == NULL || !named || !is_text)
            continue;
        pairs[n].name = keep_text(r, entry->key);
        pairs[n].value = paths ? keep_path(r, entry->text) : keep_text(r, entry->text);
        n++;
        if (json_object_set_new(json, entry->key, json_string(entry->text)) != 0)
            r->no_memory = true;
    }
    canonical_set(r, subject, json);
    if (paths) {
        r->spec->inputs = pairs;
        r->spec->n_inputs = n;
    } else {
        r->spec->env = pairs;
        r->spec->n_env = n;
    }
}

/* ---- The whole ---- */

static void check_name(struct reader *r)
{
    const struct node *node = node_find(r->root, "study");
    const char *name = r->spec->name;
    if (name == NULL)
        return;
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    if (name[good] != '\0')
        problem(r, node, "study", "%s has a character that is no letter, digit, '-', '_' or '.'",
                quoted(r, name));
    else if (name[0] == '.' || name[0] == '-')
        problem(r, node, "study", "%s must begin with a letter, a digit or '_'", quoted(r, name));
    else if (strlen(name) > NAME_LIMIT)
        problem(r, node, "study", "%s is longer than %d characters", quoted(r, name), NAME_LIMIT);
}

static bool is_script(const char *word)
{
    static const char *const endings[] = {".py", ".sh", ".R", ".r", ".jl", ".pl", ".rb", ".lua"};
    const char *point = strrchr(word, '.');
    for (size_t i = 0; point != NULL && i < sizeof endings / sizeof endings[0]; i++)
        if (strcmp(point, endings[i]) == 0)
            return true;
    return false;
}

/* What a command is about: its script, the module after -m, else its first word. */
static const char *script_of(struct reader *r, bool *is_module)
{
    *is_module = false;
    const struct spec *spec = r->spec;
    if (spec->n_command == 0)
        return "study";
    if (!spec->shell) {
        for (size_t i = 0; i < spec->n_command; i++) {
            *is_module = i > 0 && strcmp(spec->command[i - 1], "-m") == 0;
            if (*is_module || is_script(spec->command[i]))
                return spec->command[i];
        }
        return spec->command[0];
    }
    const char *first = NULL;
    for (const char *p = spec->command[0]; *p != '\0';) {
        p += strspn(p, " \t\n");
        size_t len = strcspn(p, " \t\n");
        const char *word = phrase(r, "%.*s", (int)(len < 255 ? len : 255), p);
        if (is_script(word))
            return word;
        first = first == NULL ? word : first;
        p += len;
    }
    return first != NULL ? first : "study";
}

/* Without `study`, the name of the file or script without its ending, with '-' for what a name may
 * not hold. */
static void default_name(struct reader *r)
{
    if (r->spec->name != NULL || node_find(r->root, "study") != NULL)
        return;
    bool whole = false; /* a module's name has points and no ending */
    const char *from = r->path != NULL ? r->path : script_of(r, &whole);
    const char *slash = strrchr(from, '/'), *base = slash != NULL ? slash + 1 : from;
    const char *point = strrchr(base, '.');
    size_t len = point != NULL && point != base && !whole ? (size_t)(point - base) : strlen(base);
    char *name = keep(r, len + 1, 1);
    if (name == NULL || len == 0)
        return;
    for (size_t i = 0; i < len; i++) {
        char c = base[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || c == '.';
        name[i] = good ? c : '-';
    }
    if (name[0] == '-' || name[0] == '.')
        name[0] = '_';
    if (len > NAME_LIMIT)
        name[NAME_LIMIT] = '\0';
    r->spec->name = name;
    canonical_set(r, "study", json_string(name));
}

static void check_prices(struct reader *r)
{
    const struct spec *spec = r->spec;
    const struct node *stop = node_find(r->root, "stop"), *cost = node_find(stop, "cost");
    const struct node *price = node_find(r->root, "price_per_hour"),
                      *currency = node_find(price, "currency");
    if (spec->stop_cost > 0 && !spec->has_price)
        problem(r, cost, "stop.cost", "needs price_per_hour");
    /* On a cluster it also says which partition. */
    if (spec->spot && node_find(price, "spot") == NULL && (price != NULL || !spec->on_slurm))
        problem(r, node_find(r->root, "spot"), "spot", "needs price_per_hour.spot");
    if (spec->currency != NULL && strlen(spec->currency) > CURRENCY_LIMIT)
        problem(r, currency, "price_per_hour.currency", "%s is longer than %d characters",
                quoted(r, spec->currency), CURRENCY_LIMIT);
    if (!spec->has_price)
        json_object_del(r->canonical, "price_per_hour.currency");
}

/* What is not said of the repeats, and whether there is room for them. */
static void complete_confirm(struct reader *r)
{
    enum { USUAL = 3 };
    struct spec *spec = r->spec;
    const struct node *node = node_find(r->root, "confirm");
    bool is_map = node != NULL && node->kind == NODE_MAP;
    if (spec->confirm_top == 0 && spec->confirm_repeats == 0 && !(is_map && node->n == 0))
        return;
    if (spec->confirm_top == 0)
        spec->confirm_top = USUAL;
    if (spec->confirm_repeats == 0)
        spec->confirm_repeats = USUAL;
    canonical_set(r, "confirm.top", json_integer(spec->confirm_top));
    canonical_set(r, "confirm.repeats", json_integer(spec->confirm_repeats));
    if (spec->n_objectives > 1)
        problem(r, node, "confirm", "is for one objective, there are %zu", spec->n_objectives);
    else if (spec->confirm_top * spec->confirm_repeats >= spec->max_trials)
        problem(r, node, "confirm", "%lld x %lld repeats leave none of max_trials: %lld to search",
                (long long)spec->confirm_top, (long long)spec->confirm_repeats,
                (long long)spec->max_trials);
}

/* Whether it is the early stopping that the engine refuses. */
static bool is_about_stopping(const struct spec *spec)
{
    hone_options options = spec->options;
    options.stopping = "none";
    options.min_resource = options.max_resource = options.eta = 0.0;
    hone_optimizer *opt = hone_optimizer_new(spec->space, &options, NULL);
    hone_optimizer_free(opt);
    return opt != NULL;
}

bool spec_takes_slots(const struct spec *spec)
{
    return spec->slot_cpus > 0 || spec->slot_gpus > 0 || spec->slot_memory_bytes > 0;
}

/* A share is of one GPU. */
static void complete_slots(struct reader *r)
{
    struct spec *spec = r->spec;
    if (spec->slot_per_gpu > 1 && spec->slot_gpus > 1)
        problem(r, node_find(r->root, "slots"), "slots.per_gpu",
                "trials that share a GPU take one each, got gpus: %zu", spec->slot_gpus);
    if (spec->slot_per_gpu > 0 && spec->slot_gpus == 0)
        spec->slot_gpus = 1;
}

/* What the engine is told; it has the last word on whether strategy and space go together. */
static void complete_options(struct reader *r)
{
    struct spec *spec = r->spec;
    const struct node *strategy = node_find(r->root, "strategy");
    bool auto_rule = spec->early_stopping != NULL && strcmp(spec->early_stopping, "auto") == 0;
    bool off = spec->early_stopping == NULL || strcmp(spec->early_stopping, "off") == 0;
    bool own_rule = off && spec->strategy != NULL && strcmp(spec->strategy, "hyperband") == 0;
    if (auto_rule || own_rule) {
        const char *rule = own_rule ? "hyperband" : "median";
        spec->early_stopping = keep_text(r, rule);
        canonical_set(r, "early_stopping.rule", json_string(rule));
        off = false;
    }
    spec->options.strategy = spec->strategy;
    spec->options.stopping = off ? "none" : spec->early_stopping;
    int64_t repeats = spec->confirm_top * spec->confirm_repeats;
    spec->options.budget =
        (uint64_t)(spec->max_trials - (repeats < spec->max_trials ? repeats : 0));
    spec->options.parallel = (uint64_t)spec->max_parallel;
    spec->options.n_objectives = spec->n_objectives;
    for (size_t i = 0; i < spec->n_objectives && i < HONE_MAX_OBJECTIVES; i++) {
        spec->options.maximize[i] = spec->objectives[i].maximize;
        spec->options.has_reference = spec->objectives[i].has_reference;
        spec->options.reference[i] = spec->objectives[i].reference;
    }
    spec->options.n_constraints = spec->n_constraints;
    for (size_t i = 0; i < spec->n_constraints; i++)
        spec->options.constraints[i] = (hone_constraint){.limit = spec->constraints[i].bound,
                                                         .at_least = !spec->constraints[i].is_max};
    if (spec->space == NULL || r->n_problems > 0)
        return;
    hone_error err = {0};
    hone_optimizer *opt = hone_optimizer_new(spec->space, &spec->options, &err);
    if (opt == NULL)
        problem(r, is_about_stopping(spec) ? node_find(r->root, "early_stopping") : strategy, NULL,
                "%s", err.text);
    else if (spec->n_warm_parents > 0 && spec->warm_mode == WARM_TRANSFER &&
             hone_transfer(opt, NULL, 0, NULL, &err) != HONE_OK)
        problem(r, node_find(r->root, "warm_start"), "warm_start.mode", "transfer: %s", err.text);
    hone_optimizer_free(opt);
}

/* The canonical text: all members in the order of the table, those of a section inside of it. */
static void write_text(struct reader *r)
{
    json_t *out = json_object();
    for (size_t i = 0; i < n_keys; i++) {
        json_t *value = json_object_get(r->canonical, keys[i].path);
        if (value == NULL)
            continue;
        const char *leaf = key_leaf(&keys[i]);
        json_t *inside = out;
        if (leaf != keys[i].path) {
            const char *section = phrase(r, "%.*s", (int)(leaf - keys[i].path - 1), keys[i].path);
            inside = json_object_get(out, section);
            if (inside == NULL) {
                inside = json_object();
                if (json_object_set_new(out, section, inside) != 0)
                    r->no_memory = true;
            }
        }
        if (json_object_set(inside, leaf, value) != 0)
            r->no_memory = true;
    }
    char *text = out != NULL ? json_write(out) : NULL;
    r->spec->text = text != NULL ? keep_text(r, text) : NULL;
    r->no_memory |= r->spec->text == NULL;
    mem_free(text);
    json_decref(out);
}

static void check_required(struct reader *r)
{
    for (size_t i = 0; i < n_keys; i++) {
        if (!(keys[i].flags & KEY_REQUIRED) || keys[i].type == KEY_DOC ||
            node_find(r->root, keys[i].path) != NULL)
            continue;
        if (r->path != NULL)
            problem(r, NULL, NULL, "key \"%s\" is missing", keys[i].path);
        else if (strcmp(keys[i].path, "command") == 0)
            problem(r, NULL, NULL, "no command: put it last, after \"--\"");
        else if (strcmp(keys[i].path, "objective") == 0)
            problem(r, NULL, NULL, "no objective: give --maximize or --minimize with a metric");
        else
            problem(r, NULL, NULL, "no parameters: give one with -p NAME=LOW:HIGH");
    }
}

struct spec *read_root(struct reader *r, struct node *root, struct problems *problems)
{
    struct spec *spec = r->spec;
    r->root = root;
    if (root->kind != NODE_MAP) {
        problem(r, root, NULL, "a study is a map of keys, %s", got(r, root));
        return reader_fail(r, problems);
    }
    check_top(r);
    check_required(r);
    set_defaults(r);
    read_table(r);
    check_name(r);
    read_command(r, node_find(root, "command"));
    default_name(r);
    read_pairs(r, node_find(root, "env"), "env", false);
    read_pairs(r, node_find(root, "inputs"), "inputs", true);
    read_objective(r, node_find(root, "objective"));
    read_metrics(r, node_find(root, "metrics"));
    read_constraints(r, node_find(root, "constraints"));
    read_step(r, node_find(root, "step"));
    complete_metrics(r, node_find(root, "metrics"), node_find(root, "step"));
    read_parameters(r, node_find(root, "parameters"));
    read_where(r, node_find(root, "where"));
    check_command(r, node_find(root, "command"));
    read_executor(r, node_find(root, "executor"));
    check_prices(r);
    read_warm_start(r, node_find(root, "warm_start"));
    complete_slots(r);
    complete_confirm(r);
    complete_options(r);
    read_start(r, node_find(root, "start"));
    spec->workdir = keep_path(r, spec->workdir);
    write_text(r);
    if (r->n_problems > 0 || r->no_memory)
        return reader_fail(r, problems);
    hand_over(r, problems);
    reader_close(r);
    return spec;
}

struct spec *spec_read_text(const char *text, size_t len, const char *path,
                            struct problems *problems)
{
    struct reader r;
    if (!reader_open(&r, path, problems))
        return NULL;
    struct node *root = read_text_root(&r, text, len);
    return root != NULL ? read_root(&r, root, problems) : reader_fail(&r, problems);
}

struct node *read_text_root(struct reader *r, const char *text, size_t len)
{
    hone_error err = {0};
    int line = 1;
    struct node *root = yaml_read(text, len, &r->scratch, &line, &err);
    if (root == NULL) {
        struct node at = {.line = line};
        problem(r, &at, NULL, "%s", err.text);
    }
    return root;
}

struct node *read_file_root(struct reader *r)
{
    struct buf text;
    hone_error err = {0};
    struct node *root = NULL;
    buf_init(&text, FILE_LIMIT + 1);
    if (file_read(r->path, &text, &err) == HONE_OK)
        root = read_text_root(r, text.data, text.len);
    else
        problem(r, NULL, NULL, "%s", err.text);
    buf_release(&text);
    return root;
}

struct spec *spec_read_file(const char *path, struct problems *problems)
{
    struct reader r;
    if (!reader_open(&r, path, problems))
        return NULL;
    struct node *root = read_file_root(&r);
    return root != NULL ? read_root(&r, root, problems) : reader_fail(&r, problems);
}
