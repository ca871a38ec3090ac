/*
 * auto.c: the default strategy: which algorithm is at work, and how it is handed over.
 *
 *     one objective       budget unknown or up to 2,000: bayesian
 *                         larger: bayesian for the first 20 d + 100 trials, then cmaes where every
 *                         parameter is a number, else tpe
 *     several objectives  budget unknown or up to 500: bayesian; larger: nsga2
 *
 * What can't serve a study, or isn't there, is passed over; tpe serves all. An algorithm that takes
 * over finds all trials in the view, so it starts from the best. The memo is a tag, which says
 * whose it is, and what that algorithm keeps; another one's memo is not read. d counts the
 * parameters with more than one value. docs/algorithms/auto.md has the reasons.
 */
#include "search/registry.h"

#include <math.h>

#include "base/error.h"

#define MANY_TRIALS   2000 /* with one objective */
#define MANY_FOR_MANY 500  /* with several */
#define FIRST_BASE    100
#define FIRST_EACH    20 /* trials a parameter before another one takes over */

/* Stored studies depend on the tags: add, never renumber. */
static const struct {
    const char *name;
    char tag;
} members[] = {{"bayesian", 1}, {"tpe", 2}, {"cmaes", 3}, {"nsga2", 4}};

static char tag_of(const struct search_algorithm *algorithm)
{
    char tag = 0;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (search_find(members[i].name) == algorithm)
            tag = members[i].tag;
    return tag;
}

static const struct search_algorithm *by_tag(char tag)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (members[i].tag == tag)
            return search_find(members[i].name);
    return NULL;
}

static bool serves(const struct search_algorithm *algorithm, const struct hone_space *space,
                   const hone_options *options)
{
    return algorithm != NULL &&
           (algorithm->check == NULL || algorithm->check(space, options, NULL) == HONE_OK);
}

/* Names in order of preference, for the trial of that number. */
static const char *const *preferences(const struct hone_space *space, const hone_options *options,
                                      uint64_t trial)
{
    static const char *const model[] = {"bayesian", "tpe", NULL};
    static const char *const numbers[] = {"cmaes", "tpe", NULL};
    static const char *const codes[] = {"tpe", NULL};
    static const char *const fronts[] = {"nsga2", "tpe", NULL};
    if (options->n_objectives > 1)
        return options->budget <= MANY_FOR_MANY ? model : fronts;
    uint64_t d = 0;
    bool has_choice = false;
    for (size_t j = 0; j < space->n; j++) {
        d += space->params[j].n_cells != 1;
        has_choice = has_choice || space->params[j].kind == PARAM_CHOICE;
    }
    if (options->budget <= MANY_TRIALS || trial < FIRST_BASE + FIRST_EACH * d)
        return model;
    return has_choice ? codes : numbers;
}

static const struct search_algorithm *choose(const struct hone_space *space,
                                             const hone_options *options, uint64_t trial)
{
    const char *const *names = preferences(space, options, trial);
    while (names[1] != NULL && !serves(search_find(names[0]), space, options))
        names++;
    return search_find(names[0]);
}

static hone_status check(const struct hone_space *space, const hone_options *options,
                         hone_error *err)
{
    const struct search_algorithm *first = choose(space, options, 0);
    return first->check != NULL ? first->check(space, options, err) : HONE_OK;
}

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    const struct search_algorithm *algorithm = choose(view->space, view->options, view->next_id);
    char tag = tag_of(algorithm);
    struct buf own;
    buf_init(&own, memo->limit);
    if (memo->len > 0 && memo->data[0] == tag)
        buf_add(&own, memo->data + 1, memo->len - 1);
    buf_printf(why, "%s: ", algorithm->name);
    hone_status status =
        own.failed ? error_memory(err) : algorithm->propose(view, &own, row, why, err);
    if (status == HONE_OK) {
        buf_clear(memo);
        buf_char(memo, tag);
        buf_add(memo, own.data, own.len);
        if (own.failed || memo->failed)
            status = error_memory(err);
    }
    buf_release(&own);
    return status;
}

static double expected_gain(const void *memo, size_t size)
{
    const char *bytes = memo;
    const struct search_algorithm *algorithm = size > 0 ? by_tag(bytes[0]) : NULL;
    return algorithm != NULL && algorithm->expected_gain != NULL
               ? algorithm->expected_gain(bytes + 1, size - 1)
               : (double)NAN;
}

const struct search_algorithm search_auto = {
    .name = "auto",
    .summary = "bayesian, and what suits thousands of trials; the default",
    .transfers = true,
    .check = check,
    .propose = propose,
    .expected_gain = expected_gain,
};
