/* score.c: score.py and the scorers of tasks.py: 0 is perfect, 1 a typical random point. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "task.h"

static double normalised(double value, double optimum, double median)
{
    return fmin(1.0, fmax(0.0, (value - optimum) / (median - optimum)));
}

double score_of(const struct task *task, double value)
{
    if (!isfinite(value))
        return 1.0;
    if (json_is_true(json_object_get(task->entry, "log")) && value > 0.0)
        return normalised(log(value), log(task->optimum), log(task->median));
    return normalised(value, task->optimum, task->median);
}

void score_init(struct score *score, const struct task *task, size_t budget)
{
    *score = (struct score){.task = task, .best = (double)INFINITY, .last = 1.0};
    if (task->n_objectives > 1)
        score->front = mem_array(budget, sizeof *score->front);
}

void score_release(struct score *score)
{
    mem_free(score->front);
}

static int by_first(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

static int by_last(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (x[2] > y[2]) - (x[2] < y[2]);
}

/* The area that n points cover below ref. Changes their order. */
static double area(double (*y)[HONE_MAX_OBJECTIVES], size_t n, const double *ref)
{
    double total = 0.0, low = ref[1];
    qsort(y, n, sizeof *y, by_first);
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, y[i][1]);
        total += ((i + 1 < n ? y[i + 1][0] : ref[0]) - y[i][0]) * (ref[1] - low);
    }
    return total;
}

/* The same of three objectives, in slices along the third. */
static double volume(double (*y)[HONE_MAX_OBJECTIVES], size_t n, const double *ref)
{
    double(*slice)[HONE_MAX_OBJECTIVES] = mem_array(n, sizeof *slice), total = 0.0;
    qsort(y, n, sizeof *y, by_last);
    for (size_t i = 0; i < n; i++) {
        double top = i + 1 < n ? y[i + 1][2] : ref[2];
        memcpy(slice, y, (i + 1) * sizeof *y);
        if (top > y[i][2])
            total += (top - y[i][2]) * area(slice, i + 1, ref);
    }
    mem_free(slice);
    return total;
}

double score_add(struct score *score, const struct outcome *outcome)
{
    const struct task *task = score->task;
    if (task->n_objectives == 1) {
        if (!outcome->failed)
            score->best = fmin(score->best, outcome->truth[0]);
        return score_of(task, score->best);
    }
    double ref[HONE_MAX_OBJECTIVES];
    bool is_inside = !outcome->failed;
    for (size_t k = 0; k < task->n_objectives; k++) {
        ref[k] = json_number_value(json_array_get(json_object_get(task->entry, "reference"), k));
        is_inside = is_inside && outcome->truth[k] < ref[k];
    }
    if (!is_inside)
        return score->last;
    memcpy(score->front[score->n++], outcome->truth, sizeof outcome->truth);
    double found = task->n_objectives == 2 ? area(score->front, score->n, ref)
                                           : volume(score->front, score->n, ref);
    return score->last = normalised(-found, -task->optimum, -task->median);
}
