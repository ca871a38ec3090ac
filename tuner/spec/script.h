/*
 * script.h: what a Python training script says about itself: its argparse options, and the metrics
 * that it prints. The text is looked at, never run.
 */
#ifndef HONE_SPEC_SCRIPT_H
#define HONE_SPEC_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

enum literal_kind { LITERAL_NONE, LITERAL_NUMBER, LITERAL_TEXT, LITERAL_TRUE, LITERAL_FALSE };

/** A number, text or boolean that stands in the script; NONE for anything else. */
struct literal {
    enum literal_kind kind;
    const char *text; /* a number as it is written */
    double number;
};

enum option_type { OPTION_TEXT, OPTION_INT, OPTION_FLOAT, OPTION_SWITCH };

/** One add_argument(). */
struct script_option {
    const char *name; /* "lr" of "--lr"; "data" of a positional argument */
    bool positional;  /* given by its place: no --NAME */
    bool only_short;  /* only "-b": hone's "--b" would not be understood */
    enum option_type type;
    bool takes_bool; /* type=bool: takes every text for true */
    bool takes_many; /* nargs, or action "append" */
    bool required;
    struct literal initial; /* default= */
    size_t n_choices;
    struct literal *choices;
    const char *help; /* "" without one */
    struct script_option *next;
};

/** A "NAME=" or "NAME:" before a value in a text that the script holds. */
struct script_metric {
    const char *name;
    struct script_metric *next;
};

struct script {
    struct script_option *options;
    struct script_metric *metrics;
};

/** Read a script's text; at most 500 options and metrics. Everything lives in the arena. */
HONE_NODISCARD hone_status script_read(const char *text, size_t len, struct arena *arena,
                                       struct script *out, hone_error *err);

#endif
