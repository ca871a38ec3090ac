/* ledger.c: see ledger.h, which has the formulas. */
#include "study/ledger.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define MS_PER_HOUR 3600000.0

void ledger_release(struct ledger *l)
{
    mem_free(l->entries);
    *l = (struct ledger){0};
}

static struct ledger_entry *find(const struct ledger *l, int64_t trial)
{
    return trial >= 0 && (size_t)trial < l->n && l->entries[trial].own ? &l->entries[trial] : NULL;
}

hone_status ledger_trial(struct ledger *l, int64_t trial, hone_trial_state state, bool cut,
                         hone_error *err)
{
    size_t i = (size_t)trial;
    if (i >= l->cap) {
        size_t cap = 2 * i + 64;
        struct ledger_entry *entries = mem_resize(l->entries, cap, sizeof *entries);
        if (!entries)
            return error_memory(err);
        l->entries = entries;
        l->cap = cap;
    }
    while (l->n <= i)
        l->entries[l->n++] = (struct ledger_entry){0};
    l->entries[i].own = true;
    l->entries[i].cut = cut;
    l->entries[i].state = state;
    return HONE_OK;
}

void ledger_paid(struct ledger *l, int64_t trial, bool spot, int64_t ms)
{
    struct ledger_entry *e = find(l, trial);
    if (!e)
        return;
    e->running_ms = 0;
    *(spot ? &e->spot_ms : &e->on_demand_ms) += ms;
    *(spot ? &l->spot_ms : &l->on_demand_ms) += ms;
}

int64_t ledger_ms(const struct ledger *l, int64_t trial)
{
    const struct ledger_entry *e = find(l, trial);
    return e != NULL ? e->on_demand_ms + e->spot_ms : 0;
}

void ledger_running(struct ledger *l, int64_t trial, bool spot, int64_t ms)
{
    struct ledger_entry *e = find(l, trial);
    if (!e)
        return;
    e->running_ms = ms;
    e->running_spot = spot;
}

double ledger_spent(const struct ledger *l, const struct ledger_terms *terms,
                    int64_t running_on_demand_ms, int64_t running_spot_ms)
{
    return (double)(l->on_demand_ms + running_on_demand_ms) / MS_PER_HOUR * terms->on_demand +
           (double)(l->spot_ms + running_spot_ms) / MS_PER_HOUR * terms->spot;
}

static int64_t length_ms(const struct ledger_entry *e)
{
    return e->on_demand_ms + e->spot_ms + e->running_ms;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The median time of completed trials, in ms; NaN without one. */
static hone_status full_length(const struct ledger *l, double *out, hone_error *err)
{
    size_t n = 0;
    int64_t *lengths = mem_array(l->n, sizeof *lengths);
    if (l->n && !lengths)
        return error_memory(err);
    for (size_t i = 0; i < l->n; i++)
        if (l->entries[i].own && l->entries[i].state == HONE_TRIAL_COMPLETED)
            lengths[n++] = length_ms(&l->entries[i]);
    *out = (double)NAN;
    if (n > 0) {
        qsort(lengths, n, sizeof *lengths, by_size);
        *out = ((double)lengths[(n - 1) / 2] + (double)lengths[n / 2]) / 2;
    }
    mem_free(lengths);
    return HONE_OK;
}

/* Mean time of an ended trial, in ms; NaN without one. */
static double ended_length(const struct ledger *l)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct ledger_entry *e = &l->entries[i];
        if (!e->own || e->state == HONE_TRIAL_RUNNING)
            continue;
        sum += (double)length_ms(e);
        n++;
    }
    return n > 0 ? sum / n : (double)NAN;
}

/* What trials that run and trials to come will take, in ms. */
static double left_ms(const struct ledger *l, const struct ledger_terms *terms, double ended_ms)
{
    double left = (double)terms->to_come * ended_ms;
    for (size_t i = 0; i < l->n; i++)
        if (l->entries[i].own && l->entries[i].state == HONE_TRIAL_RUNNING)
            left += fmax(0, ended_ms - (double)length_ms(&l->entries[i]));
    return left;
}

hone_status ledger_sum(const struct ledger *l, const struct ledger_terms *terms,
                       struct ledger_sums *out, hone_error *err)
{
    int64_t running[2] = {0};
    double full_ms = 0, stopping_ms = 0;
    hone_status status = full_length(l, &full_ms, err);
    if (status)
        return status;
    *out = (struct ledger_sums){.full_s = full_ms / 1000};
    for (size_t i = 0; i < l->n; i++) {
        const struct ledger_entry *e = &l->entries[i];
        if (!e->own)
            continue;
        running[e->running_spot] += e->running_ms;
        if (e->state != HONE_TRIAL_STOPPED || e->cut)
            continue;
        out->n_stopped++;
        if (!isnan(full_ms))
            stopping_ms += fmax(0, full_ms - (double)length_ms(e));
    }
    double spot_ms = (double)(l->spot_ms + running[1]);
    double ended_ms = ended_length(l);
    out->on_demand_s = (double)(l->on_demand_ms + running[0]) / 1000;
    out->spot_s = spot_ms / 1000;
    out->trial_s = out->on_demand_s + out->spot_s;
    out->spent = ledger_spent(l, terms, running[0], running[1]);
    out->saved_stopping = stopping_ms / MS_PER_HOUR * terms->on_demand;
    out->saved_spot = spot_ms / MS_PER_HOUR * (terms->on_demand - terms->spot);
    out->in_full = out->spent + out->saved_stopping + out->saved_spot;
    out->saved_fraction = out->in_full > 0 ? 1 - out->spent / out->in_full : 0;
    out->ended_s = ended_ms / 1000;
    out->forecast = out->spent + left_ms(l, terms, ended_ms) / MS_PER_HOUR *
                                     (terms->spot_next ? terms->spot : terms->on_demand);
    if (terms->limit > 0 && out->forecast > terms->limit)
        out->forecast = fmax(out->spent, terms->limit);
    return HONE_OK;
}
