/*
 * rung.h: successive halving without waiting, which asha and hyperband share.
 *
 * A rung is a step. A trial is at a rung with its first report at or after it, and is judged there
 * when that report arrives, once: among the n trials that are at the rung by then, it goes on if
 * no more than max(1, floor(n / eta)) - 1 are better. Equal values are equally good, so the
 * decision is a function of the set of values.
 */
#ifndef HONE_STOP_RUNG_H
#define HONE_STOP_RUNG_H

#include "stop/stop.h"

#define RUNG_ETA 3.0 /* where nothing else is asked for */

/** Whether the trial's last report is the first at or after this step. */
bool rung_reached(const struct search_trial *trial, double rung);

/**
 * Judge a trial that has just reached a rung.
 * @param rivals  whether the trials at two places of the view are judged together; NULL: all are
 */
bool rung_stops(const struct search_view *view, size_t trial, double rung, double eta,
                bool (*rivals)(const struct search_view *view, size_t a, size_t b),
                struct buf *reason);

#endif
