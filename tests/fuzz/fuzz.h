/* fuzz.h: what every fuzz target defines; the name is libFuzzer's. */
#ifndef HONE_TESTS_FUZZ_H
#define HONE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Feed one input to the code under test; a crash or a failed check is a bug. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
