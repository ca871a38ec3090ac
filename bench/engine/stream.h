/* stream.h: the harness's random numbers: numpy's default_rng over the hash of a text. */
#ifndef HONE_BENCH_STREAM_H
#define HONE_BENCH_STREAM_H

#include <stdint.h>

struct stream {
    uint64_t state[2], step[2]; /* 128 bits each, high word first */
};

/** The stream of a text: seeded by the first 8 bytes of its SHA-256, as tasks.py's stream(). */
void stream_init(struct stream *s, const char *text);
uint64_t stream_next(struct stream *s);
/** Uniform in [0, 1), 53 bits. */
double stream_uniform(struct stream *s);
/** Standard normal. */
double stream_normal(struct stream *s);

#endif
