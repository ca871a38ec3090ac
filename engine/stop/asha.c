/*
 * asha.c: at steps that grow by a factor eta, only the best 1/eta of the trials go on.
 *
 * Rungs are the steps r, r eta, r eta^2, ... below R; r = min_resource, eta = 3. R is max_resource,
 * or else the largest step of a completed trial. Without min_resource r is R / 27, rounded up to a
 * multiple of the least step that any trial has reported. rung.h has the decision at a rung.
 *
 * Source: Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht & Talwalkar, "A system for
 *     massively parallel hyperparameter tuning", MLSys 2 (2020), and its stopping variant.
 * Departures: where few have come to a rung, two go on instead of one; a trial that does not rank
 * high enough when it reaches a rung is ended there and then and never taken up again, so no
 * checkpoint is needed; ranks are looked up in all reports so far, so that the rungs may move when
 * R is learnt.
 */
#include "stop/rung.h"

static bool stops(const struct search_view *view, size_t index, struct buf *reason)
{
    const struct search_trial *trial = &view->trials[index];
    double step = trial->series->reports[trial->series->n - 1].step;
    double eta = view->options->eta > 0.0 ? view->options->eta : RUNG_ETA;
    double R = stop_resource(view), rung = rung_first(view, R);
    if (step < rung || (R > 0.0 && step >= R))
        return false;
    while (rung * eta <= step)
        rung *= eta;
    return rung_reached(view, trial, rung) &&
           rung_stops(view, index, rung, eta, NULL, "trials", reason);
}

const struct stop_rule stop_asha = {
    .name = "asha",
    .summary = "at steps that grow threefold, only the best third goes on",
    .takes = STOP_TAKES_MAX | STOP_TAKES_RUNGS,
    .stops = stops,
};
