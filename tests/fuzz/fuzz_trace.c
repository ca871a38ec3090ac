/*
 * fuzz_trace.c: any bytes as a trace. What is taken must be curves by rising step and time, and
 * each of their configurations must be its own nearest.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "io/json.h"
#include "simulate/trace.h"
#include "space/space.h"

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

static void check_curve(const struct trace *trace, const struct trace_curve *curve)
{
    hone_setting settings[8];
    hone_error err = {0};
    const struct trace_row *row = curve->rows;
    demand(curve->n > 0 && row >= trace->rows);
    demand(row + curve->n <= trace->rows + trace->n_rows);
    for (size_t i = 1; i < curve->n; i++)
        demand(row[i].step > row[i - 1].step && row[i].ms >= row[i - 1].ms);
    size_t n = space_settings_of(trace->spec->space, curve->point, settings);
    json_t *params = json_of_settings(settings, n);
    const struct trace_curve *nearest = trace_nearest(trace, params, row[0].values[0] > 0, &err);
    demand(nearest != NULL);
    demand(row_equal(nearest->point, curve->point, trace->spec->n_parameters));
    json_decref(params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct spec *spec;
    struct problems problems = {0};
    struct trace trace;
    hone_error err = {0};
    if (spec == NULL)
        spec = spec_read_text(study, strlen(study), "/lab/x.yaml", &problems);
    demand(spec != NULL);
    hone_status status = trace_read_text(&trace, (const char *)data, size, spec, &err);
    demand(status == HONE_OK || (err.text[0] != '\0' && strchr(err.text, '\n') == NULL));
    for (size_t i = 0; status == HONE_OK && i < trace.n_curves; i++)
        check_curve(&trace, &trace.curves[i]);
    if (status == HONE_OK)
        trace_release(&trace);
    return 0;
}
