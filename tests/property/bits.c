/*
 * bits.c: play fixed studies with every strategy and print a digest of their proposals, to be
 * compared between builds and machines: other compilers, optimisation, vector registers and
 * processors, the same bits. test_bits.py does that.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/numeric.h"
#include "hone.h"
#include "search/registry.h"

#define N_TRIALS 60 /* past every design, with three generations of the quickest strategies */

static uint64_t digest;

static void add_word(uint64_t word)
{
    digest = (digest ^ word) * UINT64_C(0x100000001b3);
    digest ^= digest >> 29;
}

static void add(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    add_word(bits);
}

static void add_text(const char *text)
{
    for (; *text != '\0'; text++)
        add_word((unsigned char)*text);
}

/* Every kind and scale, a condition, an expression. */
static hone_space *mixed(void)
{
    hone_space *s = hone_space_new();
    const hone_value methods[] = {HONE_TEXT("a"), HONE_TEXT("b"), HONE_TEXT("c")};
    const hone_value widths[] = {HONE_NUMBER(16), HONE_NUMBER(64), HONE_NUMBER(256)};
    bool ok = hone_space_add_float(s, "rate", 1e-5, 1e-1, HONE_LOG, NULL) == HONE_OK &&
              hone_space_add_float(s, "decay", 0.0, 0.99, HONE_REVERSE_LOG, NULL) == HONE_OK &&
              hone_space_add_int(s, "depth", 1, 40, HONE_LINEAR, NULL) == HONE_OK &&
              hone_space_add_int(s, "units", 8, 2000, HONE_LOG, NULL) == HONE_OK &&
              hone_space_add_ordinal(s, "width", 3, widths, NULL) == HONE_OK &&
              hone_space_add_choice(s, "method", 3, methods, NULL) == HONE_OK &&
              hone_space_add_float(s, "share", 0, 1, HONE_LINEAR, NULL) == HONE_OK &&
              hone_space_add_condition(s, "share", "method", 2, methods, NULL) == HONE_OK &&
              hone_space_add_where(s, "depth * width <= 8000", NULL) == HONE_OK;
    return ok ? s : NULL;
}

/* Numbers alone. */
static hone_space *floats(void)
{
    hone_space *s = hone_space_new();
    bool ok = true;
    for (char name[2] = "a"; name[0] <= 'e' && ok; name[0]++)
        ok = hone_space_add_float(s, name, -3.0, 5.0, HONE_LINEAR, NULL) == HONE_OK;
    return ok ? s : NULL;
}

/* Two losses from functions whose bits are fixed. */
static void losses_of(const hone_trial *trial, double *out)
{
    size_t n;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    out[0] = 0.1 * (double)(8 - n);
    out[1] = 0.0;
    for (size_t j = 0; j < n; j++) {
        const hone_value *v = &settings[j].value;
        double x = v->kind == HONE_VALUE_TEXT ? v->text[0] - 'b'
                   : v->number > 7.0          ? num_log(v->number)
                                              : v->number;
        out[0] += 0.2 * (x - 1.1) * (x - 1.1) + 0.1 * num_sin(5.0 * x);
        out[1] += num_exp(-x) * 0.3 + 0.1 * x;
    }
}

static void add_trial(const hone_trial *trial)
{
    size_t n;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    for (size_t j = 0; j < n; j++) {
        add_text(settings[j].name);
        if (settings[j].value.kind == HONE_VALUE_NUMBER)
            add(settings[j].value.number);
        else
            add_text(settings[j].value.text);
    }
    add_text(hone_trial_why(trial));
}

/* One trial is always pending; every ninth fails. */
static bool play(hone_optimizer *opt, size_t n_objectives)
{
    const hone_trial *running = NULL;
    for (int i = 0; i < N_TRIALS; i++) {
        const hone_trial *trial = hone_ask(opt, NULL);
        if (trial == NULL)
            return false;
        add_trial(trial);
        if (running != NULL) {
            double losses[2];
            losses_of(running, losses);
            uint64_t id = hone_trial_id(running);
            if ((i % 9 == 8 ? hone_tell_failed(opt, id, NULL)
                            : hone_tell(opt, id, losses, n_objectives, NULL)) != HONE_OK)
                return false;
        }
        running = trial;
    }
    size_t size;
    const unsigned char *memo = hone_memo(opt, &size);
    for (size_t i = 0; i < size; i++)
        add_word(memo[i]);
    return true;
}

/* A line, and whether all went well; a strategy that refuses the study has no line. */
static bool line(const char *strategy, const char *name, hone_space *space, size_t n_objectives)
{
    hone_options options = {.strategy = strategy,
                            .seed = 7,
                            .parallel = 2,
                            .n_objectives = n_objectives,
                            .grid_points = 3,
                            .shuffle = true};
    hone_error err = {0};
    hone_optimizer *opt = space != NULL ? hone_optimizer_new(space, &options, &err) : NULL;
    hone_space_free(space);
    if (opt == NULL)
        return err.status == HONE_EINVAL;
    digest = UINT64_C(0xcbf29ce484222325);
    bool ok = play(opt, n_objectives);
    if (ok)
        printf("%s %s %016" PRIx64 "\n", strategy, name, digest);
    else
        fprintf(stderr, "bits: %s %s went wrong\n", strategy, name);
    hone_optimizer_free(opt);
    return ok;
}

static void functions(void)
{
    digest = UINT64_C(0xcbf29ce484222325);
    for (double x = -5.0; x < 5.0; x += 0.037) {
        add(num_exp(x));
        add(num_expm1(x));
        add(num_erfcx(x));
        add(num_sin(x));
        add(num_normal_log_cdf(x));
        add(num_normal_quantile(0.5 + 0.09 * x));
        add(num_log1p(x * x));
        add(num_pow(x * x + 0.1, 1.3));
    }
    printf("functions %016" PRIx64 "\n", digest);
}

int main(void)
{
    bool ok = true;
    functions();
    for (size_t i = 0; search_at(i) != NULL; i++) {
        const char *strategy = search_at(i)->name;
        ok = line(strategy, "mixed", mixed(), 1) && ok;
        ok = line(strategy, "floats", floats(), 1) && ok;
        ok = line(strategy, "two", mixed(), 2) && ok;
    }
    return ok ? 0 : 1;
}
