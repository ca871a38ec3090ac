/* task.h: the tasks that `bench.py export` wrote: what is tuned, and what it answers. */
#ifndef HONE_BENCH_TASK_H
#define HONE_BENCH_TASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "hone.h"

/** An exported folder: one entry per task and seed. */
struct task_file {
    json_t *entries;
    double *arrays;
    size_t n_arrays; /* doubles */
};

/** Read a folder; a message on standard error and exit 1 when it can't be read. */
void task_file_open(struct task_file *file, const char *folder);
void task_file_release(struct task_file *file);

/** One task of one seed; pointers are into the file. */
struct task {
    const struct task_file *file;
    const json_t *entry; /* see harness/export.py */
    const char *suite, *name;
    long seed;
    size_t n_objectives;
    double noise, floor, optimum, median;
};

void task_init(struct task *task, const struct task_file *file, size_t entry);

/** What an evaluation gives. */
struct outcome {
    bool failed;
    double observed[HONE_MAX_OBJECTIVES]; /* what an engine is told; undefined when failed */
    double truth[HONE_MAX_OBJECTIVES];    /* free of noise: what is scored */
    double seconds;                       /* simulated */
};

/**
 * Evaluate a configuration.
 *
 * @param key     of config_key()
 * @param repeat  how often it was evaluated before: noise differs
 */
void task_evaluate(const struct task *task, const hone_setting *settings, size_t n, const char *key,
                   unsigned repeat, struct outcome *out);

/** Write the text that stands for a configuration: JSON, sorted by name (space.py's key()). */
void config_key(const hone_setting *settings, size_t n, struct buf *out);

/** Best score so far: of one objective the least regret, of several the hypervolume. */
struct score {
    const struct task *task;
    double best; /* one objective: the least value, infinite before the first */
    double last;
    double (*front)[HONE_MAX_OBJECTIVES]; /* several: points inside the reference */
    size_t n;
};

/** @param budget  most calls of score_add() */
void score_init(struct score *score, const struct task *task, size_t budget);
void score_release(struct score *score);
/** Count one evaluation, and give the score so far. */
double score_add(struct score *score, const struct outcome *outcome);
/** The normalised score of one value free of noise; 1 when it is infinite. */
double score_of(const struct task *task, double value);

#endif
