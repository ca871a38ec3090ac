/*
 * spec.h: a checked study. study.yaml, command-line flags and the text in the store all become this
 * struct by one way: text -> document -> spec. Every later module gets a spec that needs no more
 * checking.
 */
#ifndef HONE_SPEC_SPEC_H
#define HONE_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"

struct pair {
    char *name, *value;
};

struct objective {
    char *metric;
    bool maximize;
    bool use_best; /* best value of the trial instead of the last */
    bool has_reference;
    double reference; /* the search cares for better values than this */
};

enum metric_kind { METRIC_REGEX, METRIC_JSON, METRIC_FILE };

struct metric_spec {
    char *name;
    enum metric_kind kind;
    char *pattern; /* REGEX: PCRE2, first group; JSON: key; FILE: regex inside that file, or NULL */
    char *path;    /* FILE: relative to the attempt's folder or absolute */
    bool is_default; /* the pattern was made from the name */
};

struct constraint_spec {
    char *metric;
    bool is_max;
    double bound;
};

struct start_config {
    size_t n;
    hone_setting *settings; /* possibly partial; texts owned */
};

enum parameter_type { PARAMETER_FLOAT, PARAMETER_INT, PARAMETER_ORDINAL, PARAMETER_CHOICE };

struct parameter_condition {
    char *parent;
    size_t n_values;
    hone_value *values;
};

/** A parameter as the person wrote it; spec->space has the same in the engine's form. */
struct parameter {
    char *name;
    enum parameter_type type;
    double min, max, step; /* FLOAT, INT; step 0: none */
    hone_scale scale;
    size_t n_values; /* ORDINAL, CHOICE */
    hone_value *values;
    bool has_default;
    hone_value default_value;
    bool has_prior; /* where good values are expected */
    hone_value prior_at;
    double prior_sd;
    double *prior_weights; /* the same of a choice, or NULL */
    size_t n_conditions;
    struct parameter_condition *conditions;
};

/** An earlier study to learn from. */
struct warm_parent {
    char *text; /* as written */
    /* path of its store or of the folder that has it, absolute; a server's address; NULL: the same
     * store */
    char *store;
    char *name;
};

enum warm_mode { WARM_IDENTICAL, WARM_TRANSFER };

enum timeout_end { TIMEOUT_FAIL, TIMEOUT_KEEP };

/* What trials ask of a Slurm cluster; NULL: its default. */
struct slurm_wants {
    char *partition, *account, *gres, *time, *spot_partition;
    char **extra; /* options of sbatch */
    size_t n_extra;
};

struct spec {
    struct arena arena; /* holds all that is below, but for the space */
    char *name;
    char *text;   /* the whole study as canonical JSON: what the store keeps, what is compared on
                     resume */
    char *folder; /* absolute: where the study file is; paths are relative to it */

    size_t n_command;
    char **command; /* words; one word when shell */
    bool shell;
    char *workdir; /* absolute */
    size_t n_env, n_inputs;
    struct pair *env, *inputs; /* inputs: channel -> absolute path */

    size_t n_objectives, n_metrics, n_constraints;
    struct objective *objectives;
    struct metric_spec *metrics; /* every objective and constraint is among them */
    struct constraint_spec *constraints;
    char *step_pattern; /* regex of the step, or NULL */
    char *step_metric;  /* or a metric that is the step, or NULL */

    size_t n_parameters;
    struct parameter *parameters;
    hone_space *space;
    char *strategy;       /* as written; "auto" by default */
    char *early_stopping; /* "off", "median", ... */
    hone_options
        options; /* strategy, stopping, n_objectives, ... filled in; strings borrowed from here */
    int64_t max_trials, max_parallel;
    bool has_seed;

    bool has_target;
    double stop_target, stop_expected_gain, stop_cost,
        stop_time_s; /* 0 = not set, but for target */
    int64_t stop_no_improvement;

    double trial_time_s, silence_s, grace_s, orphan_s; /* 0 = no limit for the first two */
    uint64_t memory_bytes;
    enum timeout_end on_timeout;
    bool ignore_nonfinite;
    int64_t retry_preempted, retry_lost, retry_failed, retry_timeout;
    double lease_s;

    size_t n_start;
    struct start_config *start;
    size_t n_warm_parents;
    struct warm_parent *warm_parents;
    enum warm_mode warm_mode;

    bool on_slurm; /* else on this machine */
    struct slurm_wants slurm;
    size_t slot_cpus, slot_gpus, slot_per_gpu;
    uint64_t slot_memory_bytes;
    bool has_price, spot;
    double price_on_demand, price_spot;
    char *currency;
    int64_t confirm_top, confirm_repeats; /* 0: off */
};

/** Problems of a study: each one line "FILE:LINE: text", in the order of the lines. Warnings have
 * the same form, and do not keep a study from running. */
struct problems {
    size_t n;
    char **lines;
    size_t n_warnings;
    char **warnings;
};
void problems_add(struct problems *p, const char *fmt, ...) HONE_PRINTF(2, 3);
void problems_warn(struct problems *p, const char *fmt, ...) HONE_PRINTF(2, 3);
void problems_release(struct problems *p);
/**
 * Print warnings as "hone: warning: ...", problems a line each, then "hone: WHAT: 3 errors"
 * (nothing of that when there is none) on `to`.
 * @param what  the study file, or NULL for flags
 */
void problems_print(const struct problems *p, const char *what, FILE *to);

/**
 * Read a study file, or the same keys as text. All problems are found in one go.
 * @param path  for messages and as the anchor of relative paths; for a text, it may be a folder
 * @return NULL when there are problems (then problems->n > 0) or when the file cannot be read (then
 * one problem says so)
 */
struct spec *spec_read_file(const char *path, struct problems *problems);
struct spec *spec_read_text(const char *text, size_t len, const char *path,
                            struct problems *problems);

/**
 * Read a study from command-line words, as `hone run` takes them: -p NAME=SPEC, --maximize REGEX,
 * -n N, -j N, any key of the study file as --key VALUE, and after "--" the command. Same struct,
 * same texts ("--max-trials: ...").
 * @param argv  argv[0] is not looked at
 */
struct spec *spec_read_flags(int argc, char **argv, struct problems *problems);

/** A study file, with flags that add to it or take the place of what it says:
 * `hone run study.yaml -n 40`. argv holds no file. */
struct spec *spec_read_file_flags(const char *path, int argc, char **argv,
                                  struct problems *problems);
/** The same with the text of a study; `path` as of spec_read_text(). */
struct spec *spec_read_text_flags(const char *text, const char *path, int argc, char **argv,
                                  struct problems *problems);

void spec_free(struct spec *spec);

/** Whether a trial takes of what the machine has to give. */
bool spec_takes_slots(const struct spec *spec);

/** What is told of a completed trial: objectives, then constraints; and the metric of each. */
size_t spec_outcomes(const struct spec *spec);
const char *spec_outcome(const struct spec *spec, size_t i);
bool spec_is_outcome(const struct spec *spec, const char *metric);

/** How two specs of one study differ. */
struct spec_change {
    size_t n;
    char **lines;      /* "max_trials: 20 -> 40" */
    bool allowed;      /* all of them may change on resume (decision 11) */
    bool search;       /* some of them make it another search */
    const char *fixed; /* the first key that differs and can never change; or NULL */
};
struct spec_change spec_compare(const struct spec *stored, const struct spec *now);
void spec_change_release(struct spec_change *change);

/** The JSON Schema of study.yaml, made from keys.def. */
struct buf;
void spec_schema(struct buf *out);

/**
 * A trial's command: placeholders filled in, else "--NAME VALUE" appended for each active
 * parameter.
 * @return words ending in NULL, in one block (mem_free); NULL when memory is out
 */
char **spec_command(const struct spec *spec, const hone_setting *settings, size_t n_settings);

/** The command as one line that a shell takes, quoted where needed. mem_free. */
char *spec_command_line(const struct spec *spec, const hone_setting *settings, size_t n_settings);

#endif
