/*
 * queue.c: configurations that a person wants tried first.
 *
 * An entry may be partial. The strategy proposes a whole configuration, the given values replace
 * its own, parents are switched so that the given parameters are active, and what became active is
 * drawn. If the result was tried already or violates `where`, random configurations take the place
 * of the proposal; when none will do the entry is passed over.
 */
#include "study/optimizer.h"

#include <string.h>

#include "base/error.h"

#define MAX_FILLS  100
#define MAX_QUEUED 100000

static const hone_setting *find_setting(const hone_setting *settings, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

/* The next condition on `parent` of a parameter that is needed, after *child and *c; NULL: no more.
 */
static const struct condition *next_demand(const struct hone_space *space, size_t parent,
                                           const bool *is_needed, size_t *child, size_t *c)
{
    for (; *child < space->n; (*child)++, *c = 0) {
        const struct param *p = &space->params[*child];
        while (is_needed[*child] && *c < p->n_conditions)
            if (p->conditions[(*c)++].parent == parent)
                return &p->conditions[*c - 1];
    }
    return NULL;
}

/* The first needed parameter that this coordinate of its parent would switch off; n: none. */
static size_t switched_off(const struct hone_space *space, size_t parent, const bool *is_needed,
                           double coordinate)
{
    size_t child = parent + 1, c = 0;
    const struct condition *demand;
    while ((demand = next_demand(space, parent, is_needed, &child, &c)) != NULL)
        if (!condition_holds(demand, coordinate))
            return child;
    return space->n;
}

/* How many values of `parent` leave all needed parameters active, and the k-th of them. */
static size_t count_suiting(const struct hone_space *space, size_t parent, const bool *is_needed,
                            size_t k, double *kth_out)
{
    size_t child = parent + 1, c = 0, n = 0;
    const struct condition *demand = next_demand(space, parent, is_needed, &child, &c);
    for (size_t i = 0; demand != NULL && i < demand->n_values; i++) {
        if (switched_off(space, parent, is_needed, demand->coordinates[i]) < space->n)
            continue;
        if (n++ == k)
            *kth_out = demand->coordinates[i];
    }
    return n;
}

static void need_parents(const struct param *p, bool *is_needed)
{
    for (size_t c = 0; c < p->n_conditions; c++)
        is_needed[p->conditions[c].parent] = true;
}

/* The given parameters must be able to be active together. */
static hone_status check_given(const struct hone_space *space, const double *row, bool *is_needed,
                               hone_error *err)
{
    for (size_t j = 0; j < space->n; j++)
        is_needed[j] = row[j] >= 0.0;
    for (size_t j = space->n; j-- > 0;) {
        if (!is_needed[j])
            continue;
        const struct param *p = &space->params[j];
        size_t off = row[j] >= 0.0 ? switched_off(space, j, is_needed, row[j]) : space->n;
        double value;
        if (off < space->n)
            return error_set(err, HONE_EINVAL,
                             "parameter \"%s\" is inactive with this value of \"%s\"",
                             space->params[off].name, p->name);
        if (row[j] < 0.0 && count_suiting(space, j, is_needed, 0, &value) == 0)
            return error_set(err, HONE_EINVAL,
                             "no value of \"%s\" makes all given parameters active", p->name);
        need_parents(p, is_needed);
    }
    return HONE_OK;
}

/* The given coordinates, INACTIVE where nothing is given. */
static hone_status encode_given(const struct hone_space *space, const hone_setting *settings,
                                size_t n, double *row, hone_error *err)
{
    for (size_t j = 0; j < space->n; j++)
        row[j] = INACTIVE;
    for (size_t i = 0; i < n; i++) {
        size_t j = space_index(space, settings[i].name);
        if (j == space->n)
            return error_set(err, HONE_EINVAL, "parameter \"%s\" is not in the space",
                             settings[i].name);
        if (row[j] >= 0.0)
            return error_set(err, HONE_EINVAL, "parameter \"%s\" is given twice", settings[i].name);
        hone_status status = space_encode(&space->params[j], settings[i].value, &row[j], err);
        if (status != HONE_OK)
            return status;
    }
    return HONE_OK;
}

/* Settings are copied, `row` has their coordinates. A value out of a list or with a step becomes
 * the one that a trial will have: what was written may be a last digit away from it. */
static hone_status append(struct hone_optimizer *opt, const char *why, const double *row,
                          const hone_setting *settings, size_t n, hone_error *err)
{
    const struct hone_space *space = opt->space;
    hone_setting *copy = mem_array(n, sizeof *copy);
    if (copy == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n; i++) {
        size_t j = space_index(space, settings[i].name);
        copy[i] = (hone_setting){.name = space->params[j].name, .value = settings[i].value};
        if (space_is_counted(&space->params[j]))
            copy[i].value = space_decode(&space->params[j], row[j]);
    }
    if (opt->n_queued == opt->queue_room) {
        size_t room = opt->queue_room > 0 ? 2 * opt->queue_room : 8;
        struct queued *grown = mem_resize(opt->queue, room, sizeof *grown);
        if (grown == NULL) {
            mem_free(copy);
            return error_memory(err);
        }
        opt->queue = grown;
        opt->queue_room = room;
    }
    opt->queue[opt->n_queued++] = (struct queued){.why = why, .settings = copy, .n = n};
    return HONE_OK;
}

hone_status hone_enqueue(hone_optimizer *opt, const hone_setting *settings, size_t n_settings,
                         hone_error *err)
{
    const struct hone_space *space = opt->space;
    arena_reset(&opt->scratch);
    double *row = arena_array(&opt->scratch, space->n, sizeof *row);
    double *whole = arena_array(&opt->scratch, space->n, sizeof *row);
    bool *is_needed = arena_array(&opt->scratch, space->n, sizeof *is_needed);
    if (row == NULL || whole == NULL || is_needed == NULL)
        return error_memory(err);
    hone_status status = encode_given(space, settings, n_settings, row, err);
    if (status == HONE_OK)
        status = check_given(space, row, is_needed, err);
    if (status != HONE_OK)
        return status;
    if (space_row_of(space, settings, n_settings, whole, NULL) == HONE_OK &&
        !space_satisfies(space, whole))
        return error_set(err, HONE_EINVAL, "the configuration violates `where`");
    if (opt->n_queued >= MAX_QUEUED)
        return error_set(err, HONE_EINVAL, "at most %d configurations can wait", MAX_QUEUED);
    return append(opt, "enqueued", row, settings, n_settings, err);
}

hone_status queue_defaults(struct hone_optimizer *opt, hone_error *err)
{
    const struct hone_space *space = opt->space;
    double *row = arena_array(&opt->scratch, space->n, sizeof *row);
    hone_setting *settings = arena_array(&opt->scratch, space->n, sizeof *settings);
    if (row == NULL || settings == NULL)
        return error_memory(err);
    size_t n = 0;
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        row[j] = p->has_default ? p->default_coordinate : INACTIVE;
        for (size_t c = 0; c < p->n_conditions && row[j] >= 0.0; c++) {
            size_t parent = p->conditions[c].parent;
            if (row[parent] >= 0.0 && !condition_holds(&p->conditions[c], row[parent]))
                row[j] = INACTIVE;
        }
        if (row[j] < 0.0)
            continue;
        settings[n] = (hone_setting){.name = p->name, .value = space_decode(p, row[j])};
        if (p->n_cells == 0)
            settings[n].value.number = p->default_number;
        n++;
    }
    return n > 0 ? append(opt, "default values", row, settings, n, err) : HONE_OK;
}

/* Put the given values into a completed row. Children come after their parents, so going backwards
 * meets a parent that had to be switched before its own parents. */
static void impose(const struct hone_space *space, const double *given, double *row,
                   bool *is_needed, struct rng *rng)
{
    for (size_t j = 0; j < space->n; j++) {
        is_needed[j] = given[j] >= 0.0;
        if (is_needed[j])
            row[j] = given[j];
    }
    for (size_t j = space->n; j-- > 0;) {
        if (!is_needed[j])
            continue;
        if (given[j] < 0.0 && switched_off(space, j, is_needed, row[j]) < space->n) {
            double first;
            size_t n = count_suiting(space, j, is_needed, 0, &first);
            if (n > 0)
                count_suiting(space, j, is_needed, rng_below(rng, n), &row[j]);
        }
        need_parents(&space->params[j], is_needed);
    }
    space_complete(space, row, rng);
}

/* Whether the entry leaves nothing open, so that no proposal is needed. */
static bool is_whole(const struct hone_space *space, const struct queued *entry, double *row)
{
    return space_row_of(space, entry->settings, entry->n, row, NULL) == HONE_OK;
}

static bool is_good(const struct search_view *view, const double *row)
{
    return space_satisfies(view->space, row) && search_is_new(view, row);
}

/* Random rows under the given values, until one is good. */
static bool fill_at_random(const struct search_view *view, const double *given, double *row,
                           bool *is_needed, struct rng *rng)
{
    for (int i = 0; i < MAX_FILLS; i++) {
        for (size_t j = 0; j < view->space->n; j++)
            row[j] = INACTIVE;
        space_complete(view->space, row, rng);
        impose(view->space, given, row, is_needed, rng);
        if (is_good(view, row))
            return true;
    }
    return false;
}

hone_status queue_propose(struct hone_optimizer *opt, struct buf *memo, double *row,
                          struct buf *why, size_t *used_out, const struct queued **given_out,
                          hone_error *err)
{
    struct search_view view = optimizer_view(opt);
    size_t d = view.space->n;
    double *given = arena_array(view.scratch, d, sizeof *given);
    double *proposal = arena_array(view.scratch, d, sizeof *given);
    bool *is_needed = arena_array(view.scratch, d, sizeof *is_needed);
    if (given == NULL || proposal == NULL || is_needed == NULL)
        return error_memory(err);
    struct rng rng;
    rng_init(&rng, view.options->seed, RNG_FILL, view.next_id);

    bool proposed = false;
    *given_out = NULL;
    for (*used_out = 0; *used_out < opt->n_queued && *given_out == NULL;) {
        const struct queued *entry = &opt->queue[(*used_out)++];
        hone_status status = encode_given(view.space, entry->settings, entry->n, given, err);
        if (status != HONE_OK)
            return status;
        bool good;
        if (is_whole(view.space, entry, row)) {
            good = is_good(&view, row);
        } else {
            if (!proposed) {
                status = opt->algorithm->propose(&view, memo, proposal, why, err);
                buf_clear(why);
                if (status != HONE_OK && status != HONE_EEXHAUSTED)
                    return status;
                proposed = status == HONE_OK;
            }
            good = false;
            if (proposed) {
                memcpy(row, proposal, d * sizeof *row);
                impose(view.space, given, row, is_needed, &rng);
                good = is_good(&view, row);
            }
            good = good || fill_at_random(&view, given, row, is_needed, &rng);
        }
        if (good)
            *given_out = entry;
    }
    buf_text(why, *given_out != NULL ? (*given_out)->why : "");
    return HONE_OK;
}

void queue_drop(struct hone_optimizer *opt, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mem_free(opt->queue[i].settings);
    opt->n_queued -= n;
    if (n > 0)
        memmove(opt->queue, opt->queue + n, opt->n_queued * sizeof *opt->queue);
}

void queue_cut(struct hone_optimizer *opt, size_t n)
{
    while (opt->n_queued > n)
        mem_free(opt->queue[--opt->n_queued].settings);
}

static bool agrees(const struct queued *entry, const hone_setting *settings, size_t n)
{
    for (size_t i = 0; i < entry->n; i++) {
        const hone_setting *other = find_setting(settings, n, entry->settings[i].name);
        const hone_value *want = &entry->settings[i].value;
        if (other == NULL || other->value.kind != want->kind)
            return false;
        if (want->kind == HONE_VALUE_NUMBER ? other->value.number != want->number
                                            : strcmp(other->value.text, want->text) != 0)
            return false;
    }
    return true;
}

void queue_replay(struct hone_optimizer *opt, const char *why, const hone_setting *settings,
                  size_t n)
{
    for (size_t i = 0; i < opt->n_queued; i++) {
        if (strcmp(opt->queue[i].why, why) != 0 || !agrees(&opt->queue[i], settings, n))
            continue;
        queue_drop(opt, i + 1);
        return;
    }
}

void queue_release(struct hone_optimizer *opt)
{
    queue_drop(opt, opt->n_queued);
    mem_free(opt->queue);
}
