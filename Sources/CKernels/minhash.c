#include "minhash.h"

#include "dispatch.h"

/* The least values of `lanes` functions, which stay in registers over all shingles. */
#define LANES 16

SWIFT_LLM_DISPATCH
void kernel_minhash(
    const uint64_t *shingles, long count, const uint64_t *factors, const uint64_t *summands,
    uint64_t *minima, long functions) {
    long f = 0;
    for (; f + LANES <= functions; f += LANES) {
        uint64_t least[LANES], a[LANES], b[LANES];
        for (int j = 0; j < LANES; ++j) {
            least[j] = UINT64_MAX;
            a[j] = factors[f + j];
            b[j] = summands[f + j];
        }
        for (long i = 0; i < count; ++i) {
            uint64_t x = shingles[i];
            for (int j = 0; j < LANES; ++j) {
                uint64_t value = x * a[j] + b[j];
                least[j] = value < least[j] ? value : least[j];
            }
        }
        for (int j = 0; j < LANES; ++j) minima[f + j] = least[j];
    }
    for (; f < functions; ++f) {
        uint64_t least = UINT64_MAX;
        for (long i = 0; i < count; ++i) {
            uint64_t value = shingles[i] * factors[f] + summands[f];
            least = value < least ? value : least;
        }
        minima[f] = least;
    }
}
