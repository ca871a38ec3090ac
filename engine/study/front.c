/*
 * front.c: the best trials of a study: those that keep the constraints and that no other such trial
 * equals or beats in every objective.
 *
 * The front is kept up with every completed trial, O(its size) each. A completed trial stays one,
 * so that what has left the front never comes back. With one objective it is the best trial alone.
 * Invariants: no trial of the front covers another; rising first objective.
 */
#include "study/optimizer.h"

#include <math.h>
#include <string.h>

#include "search/hypervolume.h"

/* Whether a is at least as good as b in all objectives. */
static bool covers(const struct hone_trial *a, const struct hone_trial *b, size_t m)
{
    for (size_t j = 0; j < m; j++)
        if (a->minimised[j] > b->minimised[j])
            return false;
    return true;
}

void front_add(struct front *front, const struct hone_trial *trial, size_t m)
{
    if (!trial->feasible)
        return;
    for (size_t i = 0; i < front->n; i++)
        if (covers(front->trials[i], trial, m))
            return;
    size_t kept = 0;
    for (size_t i = 0; i < front->n; i++)
        if (!covers(trial, front->trials[i], m))
            front->trials[kept++] = front->trials[i];
    size_t at = kept;
    while (at > 0 && trial->minimised[0] < front->trials[at - 1]->minimised[0])
        at--;
    memmove(front->trials + at + 1, front->trials + at, (kept - at) * sizeof *front->trials);
    front->trials[at] = trial;
    front->n = kept + 1;
}

const hone_trial *hone_best(const hone_optimizer *opt)
{
    return opt->front.n > 0 ? opt->front.trials[0] : NULL;
}

const hone_trial *const *hone_front(const hone_optimizer *opt, size_t *n_out)
{
    *n_out = opt->front.n;
    return opt->front.n > 0 ? opt->front.trials : NULL;
}

double hone_hypervolume(const hone_optimizer *opt)
{
    const hone_options *options = &opt->options;
    size_t m = options->n_objectives, n = opt->front.n;
    if (!options->has_reference)
        return (double)NAN;
    double reference[HONE_MAX_OBJECTIVES], volume = (double)NAN;
    for (size_t j = 0; j < m; j++)
        reference[j] = options->maximize[j] ? -options->reference[j] : options->reference[j];
    struct arena scratch = {0};
    double *points = arena_array(&scratch, n * m, sizeof *points);
    if (points != NULL) {
        for (size_t i = 0; i < n; i++)
            memcpy(points + i * m, opt->front.trials[i]->minimised, m * sizeof *points);
        volume = hypervolume(points, n, m, reference, &scratch);
    }
    arena_release(&scratch);
    return volume;
}
