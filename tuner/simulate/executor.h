/*
 * executor.h: an executor whose attempts are recorded curves, and the clock that goes with it. The
 * clock stands still until it is moved; what an attempt has printed and whether it has ended follow
 * from the time alone. So the tuner's own loop runs on it, as fast as it can compute.
 *
 * A trial's curve is the nearest recorded one. Its first attempt begins at the curve's start, a
 * later one where the last step before the end of the attempt before it was: its checkpoint.
 */
#ifndef HONE_SIMULATE_EXECUTOR_H
#define HONE_SIMULATE_EXECUTOR_H

#include "exec/executor.h"
#include "loop/loop.h"
#include "simulate/trace.h"

struct simulation_options {
    uint64_t seed;          /* of interruptions, and of which of several equal curves answers */
    double stop_s;          /* how long a trial takes to end after SIGTERM; at most the grace */
    double preempt_every_s; /* mean time between interruptions of a spot attempt; 0: none */
};

struct simulation;

/** Both are borrowed while it lives. NULL when memory is out. */
struct simulation *simulation_new(const struct trace *trace,
                                  const struct simulation_options *options);
void simulation_free(struct simulation *s);

/** What a tuner is opened in. It stands at 2000-01-01T00:00:00Z. */
const struct world *simulation_world(const struct simulation *s);

/** ms until something happens to an attempt; INT64_MAX: none runs. */
int64_t simulation_next_ms(const struct simulation *s);

/** Let time go by. */
void simulation_advance(struct simulation *s, int64_t ms);

#endif
