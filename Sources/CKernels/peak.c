/* The fastest that the processor can multiply and add: independent chains of fused multiply-adds, as
 * many as hide its latency (4 cycles x 2 units) and as fit the registers. One function for each
 * register width, since clones of one source would spill the widest. */
#include "CKernels.h"

/* The empty assembly keeps the compiler from knowing where the chains begin, and from dropping them. */
#define FMA_CHAINS(NAME, BYTES, CHAINS)                                                  \
    double NAME(long rounds) {                                                           \
        _Pragma("STDC FP_CONTRACT ON")                                                   \
        typedef float vector __attribute__((vector_size(BYTES)));                        \
        vector sums[CHAINS];                                                             \
        vector factor = (vector){} + 0.999f, term = (vector){} + 0.001f;                 \
        for (int i = 0; i < CHAINS; i++) sums[i] = (vector){} + (float)i;                \
        __asm__ volatile("" : "+m"(sums));                                               \
        for (long round = 0; round < rounds; round++) {                                  \
            _Pragma("clang loop unroll(full)")                                           \
            for (int i = 0; i < CHAINS; i++) sums[i] = sums[i] * factor + term;          \
        }                                                                                \
        __asm__ volatile("" : "+m"(sums));                                               \
        return 2.0 * CHAINS * (BYTES / sizeof(float)) * (double)rounds;                  \
    }

#if defined(__x86_64__) && defined(__ELF__)
/* Without the minimum clang would cut 512-bit vectors into halves, as it does by default. */
__attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
static FMA_CHAINS(chains_of_512_bits, 64, 12)
__attribute__((target("arch=x86-64-v3")))
static FMA_CHAINS(chains_of_256_bits, 32, 12)
#endif
#if defined(__x86_64__)
static FMA_CHAINS(chains_of_128_bits, 16, 12)
#else
static FMA_CHAINS(chains_of_128_bits, 16, 20)
#endif

double kernel_fma_chains(long rounds) {
#if defined(__x86_64__) && defined(__ELF__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return chains_of_512_bits(rounds);
    if (__builtin_cpu_supports("x86-64-v3")) return chains_of_256_bits(rounds);
#endif
    return chains_of_128_bits(rounds);
}
