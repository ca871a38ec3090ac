/*
 * draft.c: guesses that are a good start, not a result.
 *
 * A range is guessed from an option's name and default: a learning rate of 1e-3 is searched on a
 * log scale two powers of ten to both sides. Options that steer a run rather than a model (paths,
 * seeds, devices, epochs) are listed as comments, and so is whatever could not be guessed, so that
 * the person sees every option once. What hone guesses must be a valid study: the tests read it
 * back.
 */
#include "spec/draft.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "spec/keys.h"

#define REMARK_MAX 70 /* characters of a help text */

/* ---- Words in names ---- */

/* Whether one of the words ("lr|learning_rate") is the name, or a part of it between "_", "-", ".".
 */
static bool has_word(const char *name, const char *words)
{
    for (const char *word = words; *word != '\0';) {
        size_t len = strcspn(word, "|");
        for (const char *p = name; *p != '\0'; p++) {
            bool begins = p == name || strchr("_-.:/", p[-1]) != NULL;
            size_t i = 0;
            while (begins && i < len && p[i] != '\0' &&
                   ((p[i] | 0x20) == word[i] || (p[i] == '-' && word[i] == '_') || p[i] == word[i]))
                i++;
            if (begins && i == len &&
                (p[i] == '\0' || strchr("_-.:/", p[i]) != NULL || (p[i] >= '0' && p[i] <= '9')))
                return true;
        }
        word += len + (word[len] == '|');
    }
    return false;
}

static const char run_words[] =
    "seed|epochs|epoch|steps|iters|iterations|data|dataset|path|dir|folder|root|file|output|out|"
    "log|"
    "logs|logdir|save|save_every|checkpoint|checkpoints|ckpt|resume|workers|num_workers|device|gpu|"
    "gpus|cuda|cpu|threads|verbose|verbosity|debug|port|host|rank|world_size|interval|every|name|"
    "project|run|id|tag|print|version|cache|test|eval|folds|patience|limit|time|timeout|budget|"
    "trials|jobs|max_epochs|n_epochs|num_epochs";

/* ---- YAML ---- */

/* A real number that is read as one: "1.0", not "1". */
static void add_real(struct buf *out, double x)
{
    char text[32];
    str_from_double(text, x);
    buf_text(out, text);
    if (strpbrk(text, ".e") == NULL)
        buf_text(out, ".0");
}

/* Three digits are enough for a guess. */
static double rounded(double x)
{
    char text[32];
    double out = x;
    int n = snprintf(text, sizeof text, "%.3g", x);
    return n > 0 && str_double(text, (size_t)n, &out) ? out : x;
}

static void add_log_range(struct buf *out, double low, double high)
{
    buf_text(out, "log ");
    add_real(out, rounded(low));
    buf_text(out, "..");
    add_real(out, rounded(high));
}

static void add_range(struct buf *out, double low, double high)
{
    add_real(out, rounded(low));
    buf_text(out, "..");
    add_real(out, rounded(high));
}

/* One character of a text that a comment or a quoted text may hold; returns its bytes. */
static size_t add_character(struct buf *out, const char *p)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c < 0x80 ? 1 : buf_utf8_length((const unsigned char *)p);
    if (c < 0x20 || c == 0x7F)
        buf_char(out, ' ');
    else if (n == 0)
        buf_char(out, '?');
    else
        buf_add(out, p, n);
    return n > 0 ? n : 1;
}

/* A text in single quotes, on one line. */
static void add_quoted(struct buf *out, const char *text)
{
    buf_char(out, '\'');
    for (const char *p = text; *p != '\0'; p += add_character(out, p))
        if (*p == '\'')
            buf_char(out, '\'');
    buf_char(out, '\'');
}

/* A comment's text, on one line. */
static void add_remark(struct buf *out, const char *text)
{
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p += add_character(out, p)) {
        if (n++ == REMARK_MAX) {
            buf_text(out, "...");
            break;
        }
    }
}

/* ---- Ranges ---- */

static bool guess_float(struct buf *out, const char *name, double d, bool has_default)
{
    if (has_word(name, "lr|learning_rate|rate_of_learning|eta|step_size") &&
        (!has_default || (d > 0 && d < 10)))
        add_log_range(out, has_default ? d / 100 : 1e-5, has_default ? fmin(d * 100, 1) : 1e-1);
    else if (has_word(name, "weight_decay|wd|l1|l2|reg|regularization|alpha|lambda|lam|tol|eps"
                            "|epsilon|penalty"))
        add_log_range(out, d > 0 ? d / 100 : 1e-6, d > 0 ? d * 100 : 1e-2);
    else if (has_word(name, "dropout|drop|p_drop|drop_rate|dropout_rate"))
        add_range(out, 0, d > 0.5 && d < 0.9 ? 0.9 : 0.5);
    else if (has_default && d >= 0.9 && d < 1)
        buf_text(out, d >= 0.99 ? "reverse-log 0.9..0.9999" : "reverse-log 0.5..0.99");
    else if (has_default && d > 0 && d <= 0.1)
        add_log_range(out, d / 10, d * 10);
    else if (has_default && d > 0 && d <= 1)
        add_range(out, 0, 1);
    else if (has_default && d > 1)
        add_log_range(out, d / 10, d * 10);
    else if (has_default && d < 0)
        add_range(out, 2 * d, 0);
    else
        add_range(out, 0, 1);
    return true;
}

static bool is_power_of_two(double d)
{
    return d >= 8 && d <= 65536 && fabs(log2(d) - floor(log2(d) + 0.5)) < 1e-9;
}

static bool guess_int(struct buf *out, const char *name, double d, bool has_default)
{
    if (!has_default || fabs(d) > 1e9 || d < 0)
        return false;
    if (has_word(name, "batch_size|batch|bs|batchsize") && d >= 1) {
        double first = d < 2 ? 1 : floor(d / 2);
        buf_printf(out, "[%.0f, %.0f, %.0f]", first, 2 * first, 4 * first);
    } else if (is_power_of_two(d)) {
        buf_printf(out, "{type: ordinal, values: [%.0f, %.0f, %.0f, %.0f, %.0f]}", d / 4, d / 2, d,
                   2 * d, 4 * d);
    } else if (d == 0) {
        buf_text(out, "0..10");
    } else if (d <= 10) {
        buf_printf(out, "1..%.0f", 2 * d > 4 ? 2 * d : 4);
    } else {
        buf_printf(out, "log %.0f..%.0f", floor(d / 4), 4 * d);
    }
    return true;
}

static void add_choice(struct buf *out, const struct literal *literal)
{
    if (literal->kind == LITERAL_NUMBER)
        buf_double(out, literal->number);
    else
        add_quoted(out, literal->text);
}

static bool guess_choices(struct buf *out, const struct script_option *option)
{
    const struct literal *c = option->choices;
    for (size_t i = 0; i < option->n_choices; i++)
        for (size_t j = 0; j < i; j++)
            if (c[i].kind == c[j].kind && strcmp(c[i].text, c[j].text) == 0 &&
                c[i].number == c[j].number)
                return false;
    if (option->n_choices < 2)
        return false;
    buf_char(out, '[');
    for (size_t i = 0; i < option->n_choices; i++) {
        if (i > 0)
            buf_text(out, ", ");
        add_choice(out, &c[i]);
    }
    buf_char(out, ']');
    return true;
}

/* The range of an option as study.yaml has it; false: none, `why` says so. */
static bool guess_range(struct buf *out, const struct script_option *option, const char **why)
{
    bool has_default = option->initial.kind == LITERAL_NUMBER;
    double d = has_default ? option->initial.number : 0;
    enum option_type type = option->type;
    *why = "";
    if (type == OPTION_TEXT && has_default && !option->takes_bool) /* no type, so it is a guess */
        type = d == floor(d) && strpbrk(option->initial.text, ".eE") == NULL ? OPTION_INT
                                                                             : OPTION_FLOAT;
    if (option->positional)
        *why = "an argument without a name";
    else if (option->only_short)
        *why = "only a short form";
    else if (type == OPTION_SWITCH)
        *why = "a switch without a value";
    else if (option->takes_bool)
        *why = "type=bool takes every text for true";
    else if (option->takes_many)
        *why = "several values";
    else if (has_word(option->name, run_words))
        *why = "steers the run";
    if ((*why)[0] != '\0')
        return false;
    if (option->n_choices > 0) {
        *why = "no choice between its values";
        return guess_choices(out, option);
    }
    *why = "no range could be guessed";
    if (type == OPTION_FLOAT && isfinite(d) && fabs(d) < 1e12)
        return guess_float(out, option->name, d, has_default);
    if (type == OPTION_INT)
        return guess_int(out, option->name, d, has_default);
    if (option->initial.kind == LITERAL_TRUE || option->initial.kind == LITERAL_FALSE) {
        buf_text(out, "['True', 'False']");
        return true;
    }
    return false;
}

static void add_default(struct buf *out, const struct script_option *option)
{
    if (option->initial.kind == LITERAL_NUMBER)
        buf_double(out, option->initial.number);
    else if (option->initial.kind != LITERAL_NONE)
        add_remark(out, option->initial.text[0] != '\0' ? option->initial.text : "''");
    else
        buf_text(out, option->required ? "none, required" : "none");
}

static void add_option(struct buf *out, const struct script_option *option, const char *range,
                       const char *why)
{
    size_t column = out->len;
    buf_printf(out, range != NULL ? "  %s: %s" : "  # %s: ", option->name, range);
    for (column = out->len - column; column < 44; column++)
        buf_char(out, ' ');
    buf_text(out, range != NULL ? "  # default " : "  # ");
    if (range == NULL)
        buf_printf(out, "%s; default ", why);
    add_default(out, option);
    if (option->help[0] != '\0') {
        buf_text(out, ": ");
        add_remark(out, option->help);
    }
    buf_char(out, '\n');
}

static bool seen_before(const struct script *script, const struct script_option *option)
{
    for (const struct script_option *o = script->options; o != option; o = o->next)
        if (strcmp(o->name, option->name) == 0)
            return true;
    return false;
}

static size_t add_parameters(struct buf *out, const struct script *script)
{
    size_t n = 0;
    struct buf range;
    buf_init(&range, 8192);
    buf_text(out,
             "\n# What is varied. Short forms: 1..12 (whole numbers), 0..1.0, log 1e-5..1e-1,\n"
             "# [a, b] (a choice); more in study.yaml(5).\nparameters:\n");
    for (const struct script_option *o = script->options; o != NULL; o = o->next) {
        const char *why;
        buf_clear(&range);
        if (seen_before(script, o))
            continue;
        bool guessed = guess_range(&range, o, &why) && !range.failed;
        add_option(out, o, guessed ? range.data : NULL, why);
        n += guessed;
    }
    if (n == 0)
        buf_text(out,
                 "  lr: log 1e-5..1e-1             # an example: your script's --lr\n"
                 "  batch_size: [16, 32, 64]       # an example: your script's --batch_size\n");
    buf_release(&range);
    return n;
}

/* ---- The objective ---- */

static const char up_words[] = "acc|accuracy|dice|f1|auc|auroc|iou|miou|score|r2|bleu|map|reward|"
                               "precision|recall|psnr|ssim|kappa|mcc|return";
static const char down_words[] = "loss|error|err|rmse|mse|mae|perplexity|ppl|nll|wer|cer|fid|bpb|"
                                 "latency|cost|mape|logloss";

static int interest(const char *name)
{
    bool held_out = has_word(name, "val|valid|validation|test|dev|eval|holdout");
    bool up = has_word(name, up_words), down = has_word(name, down_words);
    return up || down ? 1 + up + 2 * held_out : 0;
}

static void add_objective(struct buf *out, const struct script *script)
{
    const struct script_metric *best = NULL;
    for (const struct script_metric *m = script->metrics; m != NULL; m = m->next)
        if (interest(m->name) > (best != NULL ? interest(best->name) : 0))
            best = m;
    buf_text(out,
             "\n# What is made large or small: a metric that the script prints as NAME=0.93 or\n"
             "# NAME: 0.93 (for other forms: metrics, below).\n");
    if (best == NULL)
        buf_text(out, "objective: {metric: 'val:accuracy', goal: maximize}    # an example\n");
    else
        buf_printf(out, "objective: {metric: '%s', goal: %s}\n", best->name,
                   has_word(best->name, up_words) ? "maximize" : "minimize");
    bool first = true;
    for (const struct script_metric *m = script->metrics; m != NULL; m = m->next) {
        if (m == best || interest(m->name) == 0)
            continue;
        buf_printf(out, first ? "# Also printed: %s" : ", %s", m->name);
        first = false;
    }
    buf_text(out, first ? "" : "\n");
}

/* ---- The file ---- */

static bool has_ending(const char *path, const char *ending)
{
    size_t len = strlen(path), n = strlen(ending);
    return len >= n && strcmp(path + len - n, ending) == 0;
}

/* The study's name: the script's, where that is a name. */
static void add_name(struct buf *out, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    size_t len = strcspn(base, ".");
    char name[64];
    if (len == 0 || len >= sizeof name)
        return;
    memcpy(name, base, len);
    name[len] = '\0';
    if (str_is_name(name) && strchr(name, ':') == NULL)
        buf_printf(out, "study: %s\n\n", name);
}

static void add_command(struct buf *out, const char *path)
{
    buf_text(out, "# What a trial runs. Each parameter is appended as --NAME VALUE; {NAME} in the\n"
                  "# command places it instead.\ncommand: ");
    if (path == NULL) {
        buf_text(out, "python3 train.py    # an example\n");
        return;
    }
    const char *runner = has_ending(path, ".py")   ? "python3"
                         : has_ending(path, ".sh") ? "sh"
                         : has_ending(path, ".R")  ? "Rscript"
                                                   : NULL;
    /* As a list, no word is split or taken for something else. */
    buf_char(out, '[');
    if (runner != NULL)
        buf_printf(out, "%s, ", runner);
    add_quoted(out, path);
    buf_text(out, "]\n");
}

/* What the table knows beyond the keys above, ready to be uncommented. */
static void add_more_keys(struct buf *out)
{
    static const char *const shown[] = {"study",          "command",    "objective",   "parameters",
                                        "early_stopping", "max_trials", "max_parallel"};
    buf_text(out, "\n# More keys, with an example each (all of them: man study.yaml):\n");
    for (size_t i = 0; i < n_keys; i++) {
        bool done = keys[i].type == KEY_LATER || !key_is_inside(&keys[i], "");
        for (size_t j = 0; j < sizeof shown / sizeof shown[0]; j++)
            done |= strcmp(shown[j], keys[i].path) == 0;
        if (!done)
            buf_printf(out, "# %s: %s\n", keys[i].path, keys[i].example);
    }
}

void draft_study(struct buf *out, const char *path, const struct script *script, size_t *n_out)
{
    buf_text(out,
             "# A study of hone. Check it with `hone check`, run it with `hone run study.yaml`.\n"
             "\n");
    if (path != NULL)
        add_name(out, path);
    add_command(out, path);
    add_objective(out, script);
    *n_out = add_parameters(out, script);
    buf_text(out, "\nmax_trials: 20        # how many configurations are tried\n"
                  "max_parallel: 1       # how many at a time\n"
                  "early_stopping: off   # median: end trials early that are worse than most\n");
    add_more_keys(out);
}
