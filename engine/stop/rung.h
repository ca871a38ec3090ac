/*
 * rung.h: successive halving without waiting, which asha and hyperband share.
 *
 * A rung is a step. A trial is at a rung with its first report at or after it, and is judged there
 * when that report arrives, once: among the n trials that are at the rung by then, it goes on if
 * less than max(2, floor(n / eta)) of them are better, or, with several objectives, dominate it.
 * Equals are equally good, so the decision is a function of the set of values.
 *
 * Better is who points to a better end:
 *     end = v + rho (v - v_1),   v the value at the rung, v_1 the first one reported,
 * where rho is how completed trials went on, by least squares of (final - v) on (v - v_1), drawn
 * to 0 as by one more trial that gained nothing. Curves that fall slowly and long are then not
 * taken for bad ones. With fewer than three completed trials, and where the way there tells nothing
 * of the rest, rho = 0: v itself counts.
 */
#ifndef HONE_STOP_RUNG_H
#define HONE_STOP_RUNG_H

#include "stop/stop.h"

#define RUNG_ETA 3.0 /* where nothing else is asked for */

/**
 * The first rung: min_resource, or else R / 27, rounded up to a multiple of the least step above 0
 * that any trial has reported; infinite: not known yet.
 * @param R  of stop_resource()
 */
double rung_first(const struct search_view *view, double R);

/** Whether the trial's last report is the first of all objectives at or after this step. */
bool rung_reached(const struct search_view *view, const struct search_trial *trial, double rung);

/**
 * Judge a trial that has just reached a rung.
 * @param rivals  which trials of the view it is judged among; NULL: all
 * @param whom    how the reason calls them
 */
bool rung_stops(const struct search_view *view, size_t trial, double rung, double eta,
                const bool *rivals, const char *whom, struct buf *reason);

#endif
