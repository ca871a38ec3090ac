/*
 * bits.c: print a digest of the proposals of a few studies, to be compared between builds: other
 * optimisation, other vector registers, the same bits.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/numeric.h"
#include "hone.h"

static uint64_t digest = UINT64_C(0xcbf29ce484222325);

static void add(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    digest = (digest ^ bits) * UINT64_C(0x100000001b3);
}

static hone_space *space_of(void)
{
    hone_space *s = hone_space_new();
    const hone_value methods[] = {HONE_TEXT("a"), HONE_TEXT("b"), HONE_TEXT("c")};
    const hone_value widths[] = {HONE_NUMBER(16), HONE_NUMBER(64), HONE_NUMBER(256)};
    bool ok = hone_space_add_float(s, "rate", 1e-5, 1e-1, HONE_LOG, NULL) == HONE_OK &&
              hone_space_add_float(s, "decay", 0.0, 0.99, HONE_REVERSE_LOG, NULL) == HONE_OK &&
              hone_space_add_int(s, "depth", 1, 40, HONE_LINEAR, NULL) == HONE_OK &&
              hone_space_add_ordinal(s, "width", 3, widths, NULL) == HONE_OK &&
              hone_space_add_choice(s, "method", 3, methods, NULL) == HONE_OK &&
              hone_space_add_float(s, "share", 0, 1, HONE_LINEAR, NULL) == HONE_OK &&
              hone_space_add_condition(s, "share", "method", 2, methods, NULL) == HONE_OK;
    return ok ? s : NULL;
}

static double loss_of(const hone_trial *trial)
{
    double rate = num_log(hone_trial_number(trial, "rate") / 3e-3);
    double depth = 0.05 * (hone_trial_number(trial, "depth") - 11.0);
    double share = hone_trial_number(trial, "share");
    if (isnan(share))
        share = 0.9;
    return 0.1 * rate * rate + depth * depth + (share - 0.3) * (share - 0.3) +
           0.2 * num_sin(9.0 * hone_trial_number(trial, "decay"));
}

static bool play(uint64_t seed, int n)
{
    hone_space *space = space_of();
    hone_options options = {.seed = seed, .parallel = 2};
    hone_optimizer *opt = space != NULL ? hone_optimizer_new(space, &options, NULL) : NULL;
    const hone_trial *running = NULL;
    bool ok = opt != NULL;
    for (int i = 0; i < n && ok; i++) {
        const hone_trial *trial = hone_ask(opt, NULL);
        ok = trial != NULL;
        if (!ok)
            break;
        size_t n_settings;
        const hone_setting *settings = hone_trial_settings(trial, &n_settings);
        for (size_t j = 0; j < n_settings; j++)
            add(settings[j].value.kind == HONE_VALUE_NUMBER ? settings[j].value.number
                                                            : settings[j].value.text[0]);
        if (running != NULL) {
            double loss = loss_of(running);
            uint64_t id = hone_trial_id(running);
            ok = (loss > 2.5 ? hone_tell_failed(opt, id, NULL)
                             : hone_tell(opt, id, &loss, 1, NULL)) == HONE_OK;
        }
        running = trial;
    }
    hone_optimizer_free(opt);
    hone_space_free(space);
    return ok;
}

int main(void)
{
    if (!play(1, 50) || !play(2, 25))
        return 1;
    for (double x = -5.0; x < 5.0; x += 0.37) {
        add(num_exp(x));
        add(num_erfcx(x));
        add(num_normal_log_cdf(x));
        add(num_pow(x * x + 0.1, 1.3));
    }
    printf("%016" PRIx64 "\n", digest);
    return 0;
}
