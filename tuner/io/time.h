/* time.h: the wall clock, durations and byte sizes as people write them. */
#ifndef HONE_IO_TIME_H
#define HONE_IO_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Milliseconds since 1970, UTC. */
int64_t time_now_ms(void);
/** Milliseconds of a clock that only goes forward, for intervals. */
int64_t time_monotonic_ms(void);
/** "2026-11-24T10:00:00.123Z"; the text of 0 is "". */
void time_text(int64_t ms, char out[32]);
bool time_parse(const char *text, int64_t *ms_out);
/** "2h", "90s", "1h30m", "20m", "250ms", or a plain number of seconds. */
bool duration_parse(const char *text, double *seconds_out);
/** "3 s", "2 h 05 min", "1.2 ms": for people. */
void duration_text(double seconds, char out[32]);
/** "8GiB", "256M" (= MiB), "512kB", "1000". */
bool bytes_parse(const char *text, uint64_t *out);
void bytes_text(uint64_t bytes, char out[32]);

#endif
