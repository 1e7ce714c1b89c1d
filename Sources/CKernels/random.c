/* Philox4x32-10 (Salmon et al., 2011): four random words as a pure function of counter and key. */
#include <math.h>

#include "CKernels.h"
#include "vector.h"

INLINE void round_once(unsigned c[4], unsigned k0, unsigned k1) {
    unsigned long long p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
    unsigned c0 = (unsigned)(p1 >> 32) ^ c[1] ^ k0, c2 = (unsigned)(p0 >> 32) ^ c[3] ^ k1;
    c[1] = (unsigned)p1;
    c[3] = (unsigned)p0;
    c[0] = c0;
    c[2] = c2;
}

INLINE void philox(unsigned c[4], unsigned long long key) {
    unsigned k0 = (unsigned)key, k1 = (unsigned)(key >> 32);
    for (int i = 0; i < 10; i++) {
        round_once(c, k0, k1);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

void kernel_philox(
    unsigned *out, unsigned long long key, const unsigned counter[4]) {
    unsigned c[4] = {counter[0], counter[1], counter[2], counter[3]};
    philox(c, key);
    memcpy(out, c, sizeof c);
}

/* Word j of block i decides element 4 i + j of the stream (site, sequence, step). A block has 46 bits:
 * the upper ones stand above the 18 of the site. */
SWIFT_LLM_DISPATCH
void kernel_dropout(
    float *out, const float *x, long n, unsigned long first_element,
    const kernel_dropout_stream *stream) {
    const float keep_scale = 1.0f / (1.0f - stream->rate);
    const unsigned threshold = (unsigned)((double)stream->rate * 4294967296.0);
    for (long i = 0; i < n; i += 256) {
        long count = n - i < 256 ? n - i : 256;
        unsigned words[264];
        unsigned long start = first_element + (unsigned long)i;
        unsigned offset = (unsigned)(start % 4);
        for (unsigned b = 0; b < 66; b++) {
            unsigned long block = start / 4 + b;
            unsigned c[4] = {
                (unsigned)block, stream->site | (unsigned)(block >> 32) << 18, stream->sequence,
                stream->step};
            philox(c, stream->seed);
            for (int j = 0; j < 4; j++) words[4 * b + j] = c[j];
        }
        for (long j = 0; j < count; j++)
            out[i + j] = words[offset + j] >= threshold ? x[i + j] * keep_scale : 0.0f;
    }
}

/* Box and Muller (1958): two words give two normal numbers. */
void kernel_normal(
    float *out, long n, long first_element, float deviation, unsigned stream,
    unsigned long long seed) {
    for (long i = 0; i < n; i++) {
        unsigned long long element = (unsigned long long)(first_element + i), pair = element / 2;
        unsigned c[4] = {(unsigned)pair, (unsigned)(pair >> 32), stream, 0x6E6F726Du};
        philox(c, seed);
        double radius = sqrt(-2.0 * log((c[0] + 1.0) / 4294967296.0));
        double angle = 6.283185307179586 * (c[1] / 4294967296.0);
        out[i] = (float)(deviation * radius * (element % 2 ? sin(angle) : cos(angle)));
    }
}
