/*
 * objectives.c: what is measured and how it is found: the keys objective, metrics,
 * constraints and step.
 *
 * Patterns are compiled here only to be checked, so that a mistake in one has a line; the metric
 * reader compiles them again with its limits.
 */
#include "spec/read_int.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "io/json.h"

/* A number that is followed by nothing that could belong to it: "0.5" in "loss=0.5,", but nothing
 * in "loss=1,234.5" or "loss=0x1f". */
#define NUMBER                                                                                     \
    "([-+]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?(?i:nan|inf(?:inity)?))"        \
    "(?!\\w|[.,]\\w)"

/* ---- Objectives ---- */

static void read_one_objective(struct reader *r, const struct node *node, json_t *list)
{
    static const char *const known[] = {"metric", "goal", "use", "reference"};
    if (node->kind != NODE_MAP) {
        problem(r, node, "objective", "needs a map {metric: NAME, goal: maximize or minimize}, %s",
                got(r, node));
        return;
    }
    check_keys(r, node, "objective", known, 4);
    const struct node *metric = node_find(node, "metric"), *goal = node_find(node, "goal");
    const struct node *use = node_find(node, "use"), *reference = node_find(node, "reference");
    const char *name = NULL;
    int goal_word = -1, use_word = 0;
    double bound = 0.0;
    if (metric == NULL)
        problem(r, node, "objective", "key \"metric\" is missing");
    else
        name = read_text(r, metric, "objective.metric", "a metric's name");
    if (goal == NULL)
        problem(r, node, "objective", "key \"goal\" is missing: maximize or minimize");
    else
        goal_word = read_word(r, goal, "objective.goal", "maximize|minimize");
    if (use != NULL)
        use_word = read_word(r, use, "objective.use", "last|best");
    bool is_whole = reference == NULL || read_number(r, reference, "objective.reference", &bound);
    if (name == NULL || goal_word < 0 || use_word < 0 || !is_whole)
        return;

    struct spec *spec = r->spec;
    for (size_t i = 0; i < spec->n_objectives; i++)
        if (strcmp(spec->objectives[i].metric, name) == 0)
            problem(r, metric, "objective", "metric %s is an objective already", quoted(r, name));
    struct objective *objective = &spec->objectives[spec->n_objectives];
    objective->metric = keep_text(r, name);
    objective->maximize = goal_word == 0;
    objective->use_best = use_word == 1;
    objective->has_reference = reference != NULL;
    objective->reference = bound;
    if (objective->metric == NULL)
        return;
    spec->n_objectives++;
    json_t *canonical =
        json_pack("{s:s, s:s, s:s}", "metric", name, "goal",
                  goal_word == 0 ? "maximize" : "minimize", "use", use_word == 1 ? "best" : "last");
    if (reference != NULL &&
        json_object_set_new(canonical, "reference", json_of_value(HONE_NUMBER(bound))) != 0)
        r->no_memory = true;
    if (json_array_append_new(list, canonical) != 0)
        r->no_memory = true;
}

/* A volume has an end in each direction, or the search finds one. */
static void need_all_references(struct reader *r, const struct node *node)
{
    const struct spec *spec = r->spec;
    for (size_t i = 0; i < spec->n_objectives; i++)
        if (spec->objectives[i].has_reference != spec->objectives[0].has_reference) {
            problem(r, node, "objective", "each has a reference, or none; %s has none",
                    quoted(r, spec->objectives[spec->objectives[i].has_reference ? 0 : i].metric));
            return;
        }
}

void read_objective(struct reader *r, const struct node *node)
{
    if (node == NULL)
        return;
    r->spec->objectives = keep(r, HONE_MAX_OBJECTIVES, sizeof *r->spec->objectives);
    json_t *list = json_array();
    if (r->spec->objectives == NULL || list == NULL)
        goto out;
    if (node->kind != NODE_LIST) {
        read_one_objective(r, node, list);
    } else if (node->n == 0 || node->n > HONE_MAX_OBJECTIVES) {
        problem(r, node, "objective", "needs 1 to %d objectives, got %zu", HONE_MAX_OBJECTIVES,
                node->n);
    } else {
        for (const struct node *item = node->first; item != NULL; item = item->next)
            read_one_objective(r, item, list);
        need_all_references(r, node);
    }
    if (json_array_size(list) == 1)
        canonical_set(r, "objective", json_incref(json_array_get(list, 0)));
    else
        canonical_set(r, "objective", json_incref(list));
out:
    json_decref(list);
}

size_t spec_outcomes(const struct spec *spec)
{
    return spec->n_objectives + spec->n_constraints;
}

const char *spec_outcome(const struct spec *spec, size_t i)
{
    size_t m = spec->n_objectives;
    return i < m ? spec->objectives[i].metric : spec->constraints[i - m].metric;
}

bool spec_is_outcome(const struct spec *spec, const char *metric)
{
    for (size_t i = 0; i < spec_outcomes(spec); i++)
        if (strcmp(spec_outcome(spec, i), metric) == 0)
            return true;
    return false;
}

/* ---- Patterns ---- */

/* "(.*?)" at the end of a pattern is happy with nothing at all. */
static bool ends_lazily(const char *pattern)
{
    size_t len = strlen(pattern);
    return len >= 4 && strcmp(pattern + len - 2, "?)") == 0 &&
           strchr("*+?}", pattern[len - 3]) != NULL && pattern[len - 4] != '\\';
}

static void check_pattern(struct reader *r, const struct node *node, const char *subject,
                          const char *pattern, const char *gives)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    uint32_t groups = 0;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                         PCRE2_NEVER_UTF, &code, &offset, NULL);
    if (compiled == NULL) {
        PCRE2_UCHAR text[256] = "";
        pcre2_get_error_message(code, text, sizeof text);
        problem(r, node, subject, "%s at offset %zu of the pattern %s", (const char *)text,
                (size_t)offset, quoted(r, pattern));
        return;
    }
    pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_code_free(compiled);
    if (groups == 0)
        problem(r, node, subject,
                "the pattern %s has no group; the first group, as ([0-9.]+), is %s",
                quoted(r, pattern), gives);
    else if (ends_lazily(pattern))
        warning(r, node, subject,
                "the lazy group at the end of the pattern %s takes as little as it can; write "
                "([0-9.]+)",
                quoted(r, pattern));
}

/* ---- Metrics ---- */

static struct metric_spec *find_metric(const struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_metrics; i++)
        if (strcmp(spec->metrics[i].name, name) == 0)
            return &spec->metrics[i];
    return NULL;
}

/* {json: KEY}, {file: PATH, regex: PATTERN}, {regex: PATTERN} */
static json_t *read_metric_map(struct reader *r, const struct node *node, const char *subject,
                               struct metric_spec *metric)
{
    static const char *const known[] = {"json", "file", "regex"};
    check_keys(r, node, subject, known, 3);
    const struct node *json = node_find(node, "json"), *file = node_find(node, "file");
    const struct node *regex = node_find(node, "regex");
    const char *key = json != NULL ? read_text(r, json, subject, "a key's name") : NULL;
    const char *path = file != NULL ? read_text(r, file, subject, "a file's path") : NULL;
    const char *pattern = regex != NULL ? read_text(r, regex, subject, "a pattern") : NULL;
    if (node->n == 0 || (json != NULL && node->n > 1)) {
        problem(r, node, subject, "needs a pattern, {json: KEY} or {file: PATH, regex: PATTERN}");
        return NULL;
    }
    if (pattern != NULL)
        check_pattern(r, regex, subject, pattern, "the value");
    json_t *out = json_object();
    if (key != NULL) {
        metric->kind = METRIC_JSON;
        metric->pattern = keep_text(r, key);
        json_object_set_new(out, "json", json_string(key));
        return out;
    }
    if (path == NULL) {
        metric->pattern = pattern != NULL ? keep_text(r, pattern) : NULL;
        json_decref(out);
        return pattern != NULL ? json_string(pattern) : NULL;
    }
    metric->kind = METRIC_FILE;
    metric->path = keep_text(r, path);
    metric->pattern = pattern != NULL ? keep_text(r, pattern) : NULL;
    json_object_set_new(out, "file", json_string(path));
    if (pattern != NULL)
        json_object_set_new(out, "regex", json_string(pattern));
    return out;
}

void read_metrics(struct reader *r, const struct node *node)
{
    struct spec *spec = r->spec;
    /* Room for all objectives, constraints and the step too, which complete_metrics() adds. */
    size_t n = (node != NULL ? node->n : 0) + HONE_MAX_OBJECTIVES + HONE_MAX_CONSTRAINTS + 1;
    spec->metrics = keep(r, n, sizeof *spec->metrics);
    if (node == NULL || spec->metrics == NULL)
        return;
    if (node->kind != NODE_MAP) {
        problem(r, node, "metrics", "needs a map of names and patterns, %s", got(r, node));
        return;
    }
    check_keys(r, node, "metrics", NULL, 0);
    json_t *all = json_object();
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        const char *subject = phrase(r, "metric %s", quoted(r, entry->key));
        if (find_metric(spec, entry->key) != NULL)
            continue; /* check_keys() has complained */
        struct metric_spec *metric = &spec->metrics[spec->n_metrics];
        *metric = (struct metric_spec){.name = keep_text(r, entry->key), .kind = METRIC_REGEX};
        json_t *json = NULL;
        if (entry->key[0] == '\0') {
            problem(r, entry, "metrics", "a metric needs a name");
        } else if (entry->kind == NODE_MAP) {
            json = read_metric_map(r, entry, subject, metric);
        } else {
            const char *pattern =
                read_text(r, entry, subject, "a pattern, {json: KEY} or {file: PATH}");
            if (pattern != NULL) {
                check_pattern(r, entry, subject, pattern, "the value");
                metric->pattern = keep_text(r, pattern);
                json = json_string(pattern);
            }
        }
        if (metric->name == NULL || json == NULL)
            continue;
        spec->n_metrics++;
        if (json_object_set_new(all, entry->key, json) != 0)
            r->no_memory = true;
    }
    canonical_set(r, "metrics", all);
}

/* ---- Constraints ---- */

static void add_constraint(struct reader *r, const struct node *at, const char *subject,
                           const char *metric, bool is_max, double bound)
{
    struct spec *spec = r->spec;
    if (spec->n_constraints == HONE_MAX_CONSTRAINTS) {
        problem(r, at, subject, "there can be at most %d limits", HONE_MAX_CONSTRAINTS);
        return;
    }
    spec->constraints[spec->n_constraints++] =
        (struct constraint_spec){.metric = keep_text(r, metric), .is_max = is_max, .bound = bound};
}

/* latency: {max: 30}, {min: 5} or both. */
static json_t *read_one_constraint(struct reader *r, const struct node *node)
{
    static const char *const known[] = {"max", "min"};
    const char *subject = phrase(r, "constraint %s", quoted(r, node->key));
    double bound[2];
    if (node->kind != NODE_MAP || node->n == 0) {
        problem(r, node, subject, "needs a map {max: NUMBER} or {min: NUMBER}, %s", got(r, node));
        return NULL;
    }
    check_keys(r, node, subject, known, 2);
    json_t *json = json_object();
    for (size_t i = 0; i < 2; i++) {
        const struct node *limit = node_find(node, known[i]);
        const char *name = phrase(r, "constraints.%s.%s", node->key, known[i]);
        if (limit == NULL || !read_number(r, limit, name, &bound[i]))
            continue;
        add_constraint(r, limit, subject, node->key, i == 0, bound[i]);
        if (json_object_set_new(json, known[i], json_real(bound[i])) != 0)
            r->no_memory = true;
    }
    if (json_object_size(json) == 2 && bound[1] > bound[0])
        problem(r, node, subject, "min %g is above max %g", bound[1], bound[0]);
    return json;
}

void read_constraints(struct reader *r, const struct node *node)
{
    if (node == NULL)
        return;
    r->spec->constraints = keep(r, HONE_MAX_CONSTRAINTS, sizeof *r->spec->constraints);
    if (r->spec->constraints == NULL)
        return;
    if (node->kind != NODE_MAP) {
        problem(r, node, "constraints", "needs a map of metrics and limits, %s", got(r, node));
        return;
    }
    check_keys(r, node, "constraints", NULL, 0);
    json_t *all = json_object();
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        json_t *json =
            json_object_get(all, entry->key) == NULL ? read_one_constraint(r, entry) : NULL;
        if (json != NULL && json_object_set_new(all, entry->key, json) != 0)
            r->no_memory = true;
    }
    canonical_set(r, "constraints", all);
}

void read_step(struct reader *r, const struct node *node)
{
    static const char *const known[] = {"metric"};
    if (node == NULL)
        return;
    if (node->kind == NODE_MAP) {
        const struct node *metric = node_find(node, "metric");
        check_keys(r, node, "step", known, 1);
        if (metric == NULL) {
            problem(r, node, "step", "key \"metric\" is missing");
            return;
        }
        const char *name = read_text(r, metric, "step.metric", "a metric's name");
        if (name != NULL) {
            r->spec->step_metric = keep_text(r, name);
            canonical_set(r, "step", json_pack("{s:s}", "metric", name));
        }
        return;
    }
    const char *pattern = read_text(r, node, "step", "a pattern or {metric: NAME}");
    if (pattern != NULL) {
        check_pattern(r, node, "step", pattern, "the step");
        r->spec->step_pattern = keep_text(r, pattern);
        canonical_set(r, "step", json_string(pattern));
    }
}

/* (?<![\w:./-])\QNAME\E\s*[=:]\s*(NUMBER): the name as a whole word, so that `loss` is not found in
 * `val_loss=`. */
static char *default_pattern(struct reader *r, const char *name)
{
    struct buf pattern;
    buf_init(&pattern, 8192);
    buf_text(&pattern, "(?<![\\w:./-])\\Q");
    for (const char *p = name; *p != '\0'; p++) {
        if (p[0] == '\\' && p[1] == 'E') { /* the end of a quotation cannot be quoted */
            buf_text(&pattern, "\\E\\\\E\\Q");
            p++;
        } else {
            buf_char(&pattern, *p);
        }
    }
    buf_text(&pattern, "\\E\\s*[=:]\\s*" NUMBER);
    char *kept = pattern.failed ? NULL : keep_text(r, pattern.data);
    r->no_memory |= pattern.failed;
    buf_release(&pattern);
    return kept;
}

static void need_metric(struct reader *r, const char *name, const struct node *at,
                        const char *subject)
{
    struct spec *spec = r->spec;
    if (name == NULL || spec->metrics == NULL || find_metric(spec, name) != NULL)
        return;
    const char **names = arena_array(&r->scratch, spec->n_metrics, sizeof *names);
    if (names == NULL) {
        r->no_memory = true;
        return;
    }
    for (size_t i = 0; i < spec->n_metrics; i++)
        names[i] = spec->metrics[i].name;
    const char *near = hint(r, name, names, spec->n_metrics);
    if (near[0] != '\0')
        warning(r, at, subject, "%s is not in \"metrics\" and is searched as NAME=NUMBER%s",
                quoted(r, name), near);
    spec->metrics[spec->n_metrics] = (struct metric_spec){.name = keep_text(r, name),
                                                          .kind = METRIC_REGEX,
                                                          .pattern = default_pattern(r, name),
                                                          .is_default = true};
    if (spec->metrics[spec->n_metrics].name != NULL)
        spec->n_metrics++;
}

void complete_metrics(struct reader *r, const struct node *metrics, const struct node *step)
{
    struct spec *spec = r->spec;
    /* A metric that could not be read would look like one that is not listed. */
    if (metrics != NULL && (metrics->kind != NODE_MAP || metrics->n != spec->n_metrics))
        return;
    for (size_t i = 0; i < spec->n_objectives; i++)
        need_metric(r, spec->objectives[i].metric, node_find(r->root, "objective"), "objective");
    for (size_t i = 0; i < spec->n_constraints; i++)
        need_metric(r, spec->constraints[i].metric, node_find(r->root, "constraints"),
                    "constraints");
    need_metric(r, spec->step_metric, step, "step");
}
