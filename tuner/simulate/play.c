/*
 * play.c: see play.h. Passes of the tuner's own loop, between which the clock moves on to the next
 * event: a value, an end, a limit of the study. A proposal takes no time on this clock.
 */
#include "simulate/play.h"

#include "base/error.h"
#include "base/mem.h"

enum { MOST_STANDING = 1000000 }; /* passes without time going by: something is wrong */

#define LEASE_S 1e6 /* nobody else can take the study: it needs no renewal */

static hone_status drive(struct tuner *tuner, struct simulation *s, hone_error *err)
{
    hone_status status = HONE_OK;
    int64_t standing = 0;
    for (;;) {
        status = tuner_pass(tuner, err);
        if (status || tuner_is_over(tuner))
            return status;
        int64_t ms = simulation_next_ms(s), due_ms = tuner_due_ms(tuner);
        if (due_ms < ms)
            ms = due_ms;
        standing = ms > 0 ? 0 : standing + 1;
        if (ms == INT64_MAX || standing > MOST_STANDING)
            return error_set(err, HONE_ESTATE, "the simulation stands still at trial %zu",
                             tuner_n_running(tuner));
        simulation_advance(s, ms);
    }
}

hone_status simulate_play(struct store *store, struct study_row *study, struct spec *spec,
                          const struct trace *trace, const struct simulation_options *options,
                          int64_t *now_out, hone_error *err)
{
    struct simulation *s = simulation_new(trace, options);
    struct tuner *tuner = NULL;
    char *name = mem_text(study->name);
    hone_status status = HONE_OK;
    if (!s || !name) {
        spec_free(spec);
        status = error_memory(err);
        goto out;
    }
    spec->lease_s = LEASE_S;
    tuner = tuner_open_in(simulation_world(s), store, study, spec, NULL, err);
    status = tuner ? drive(tuner, s, err) : err->status;
    *now_out = simulation_world(s)->now_ms(simulation_world(s));
    tuner_close(tuner);
    if (!status) {
        study_row_release(study);
        *study = (struct study_row){0};
        status = store_study_find(store, name, study, err);
    }
out:
    mem_free(name);
    simulation_free(s);
    return status;
}
