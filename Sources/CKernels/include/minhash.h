#ifndef SWIFT_LLM_MINHASH_H
#define SWIFT_LLM_MINHASH_H

#include <stdint.h>

// minima[f] = the least of shingles[i] * factors[f] + summands[f] modulo 2^64 over all i; the greatest
// number where there are no shingles.
void kernel_minhash(
    const uint64_t *shingles, long count, const uint64_t *factors, const uint64_t *summands,
    uint64_t *minima, long functions);

#endif
