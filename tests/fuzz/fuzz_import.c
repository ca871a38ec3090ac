/*
 * fuzz_import.c: any bytes as a file to be imported. What is taken must be what a study can have:
 * parameters that its engine takes again, finite values, states that are final.
 */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/import.h"
#include "report/study_view.h"

static const char study[] = "command: ./x.sh\n"
                            "objective: {metric: m, goal: minimize}\n"
                            "parameters:\n"
                            "  lr: {type: float, min: 0.001, max: 1, scale: log}\n"
                            "  n: {type: int, min: 1, max: 9}\n"
                            "  kind: {type: choice, values: [a, 'b c', 1]}\n"
                            "  deep: {type: ordinal, values: [1, 2, 4], when: {kind: a}}\n";

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check_trial(const struct spec *spec, const struct import_trial *trial)
{
    hone_error err;
    size_t n;
    double values[HONE_MAX_OUTCOMES];
    uint64_t id;
    hone_optimizer *opt = hone_optimizer_new(spec->space, &spec->options, &err);
    json_t *params = json_read(trial->params, strlen(trial->params), &err);
    hone_setting *settings = json_to_settings(params, &n, &err);
    demand(opt != NULL && settings != NULL);
    demand(hone_add(opt, settings, n, NULL, 1, &id, &err) == HONE_OK);
    demand(trial->state == HONE_TRIAL_COMPLETED || trial->state == HONE_TRIAL_STOPPED ||
           trial->state == HONE_TRIAL_FAILED);
    if (trial->state == HONE_TRIAL_COMPLETED)
        demand(values_read(trial->values, values) == 1 && isfinite(values[0]));
    for (size_t i = 0; i < trial->n_observations; i++)
        demand(trial->observations[i].attempt <= (int64_t)trial->n_attempts);
    mem_free(settings);
    json_decref(params);
    hone_optimizer_free(opt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct spec *spec;
    struct problems problems = {0};
    if (spec == NULL)
        spec = spec_read_text(study, strlen(study), "/lab/x.yaml", &problems);
    demand(spec != NULL);

    struct buf text;
    buf_init(&text, 1 << 20);
    buf_add(&text, data, size);
    struct import import;
    hone_error err = {0};
    hone_status status = import_text(&import, spec, &text, "x", &err);
    demand(status == HONE_OK || (err.text[0] != '\0' && strchr(err.text, '\n') == NULL));
    for (size_t i = 0; status == HONE_OK && i < import.n; i++)
        check_trial(spec, &import.trials[i]);
    if (status == HONE_OK)
        import_release(&import);
    buf_release(&text);
    return 0;
}
