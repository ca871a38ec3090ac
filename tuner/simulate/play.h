/* play.h: a study from its start to its end, on a simulated clock. */
#ifndef HONE_SIMULATE_PLAY_H
#define HONE_SIMULATE_PLAY_H

#include "simulate/executor.h"
#include "store/store.h"

/**
 * Run a study that has not begun; its row then has how it ended.
 *
 * @param store  best ":memory:"
 * @param study  its row, which is read anew
 * @param spec   owned by the call
 * @param now_out  the simulated time at its end
 */
HONE_NODISCARD hone_status simulate_play(struct store *store, struct study_row *study,
                                         struct spec *spec, const struct trace *trace,
                                         const struct simulation_options *options, int64_t *now_out,
                                         hone_error *err);

#endif
