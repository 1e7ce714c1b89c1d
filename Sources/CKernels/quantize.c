/* Floats as the blocks of ggml in 32 values: a scale d in F16, in some types the least value m, and small
 * integers. Bytes are little-endian. Sources: gguf-py's quants.py for the roundings, dequantize.c for the
 * layouts. */
#include "elements.h"
#include "quantize.h"
#include "half.h"

#pragma STDC FP_CONTRACT OFF

typedef unsigned char byte;

/* The value of the largest magnitude, the first of equals. */
INLINE float extreme(const float *x, int count) {
    float most = x[0];
    for (int i = 1; i < count; i++)
        if (__builtin_fabsf(x[i]) > __builtin_fabsf(most)) most = x[i];
    return most;
}

INLINE void range(const float *x, int count, float *low, float *high) {
    *low = *high = x[0];
    for (int i = 1; i < count; i++) {
        if (x[i] < *low) *low = x[i];
        if (x[i] > *high) *high = x[i];
    }
}

INLINE float inverse(float d) { return d == 0 ? 0 : 1 / d; }

INLINE int clipped(float x, int most) { return x < 0 ? 0 : x > (float)most ? most : (int)x; }

/* Two integers of four bits in a byte: the first half of the block below, the second above. */
INLINE void pack_halves(byte *y, const int *q) {
    for (int i = 0; i < 16; i++) y[i] = (byte)((q[i] & 15) | (q[16 + i] & 15) << 4);
}

/* The fifth bits of 32 integers. */
INLINE void pack_fifths(byte *y, const int *q) {
    for (int i = 0; i < 4; i++) y[i] = 0;
    for (int i = 0; i < 32; i++) y[i / 8] |= (byte)(q[i] >> 4 << i % 8);
}

/* Integers of a scale whose extreme value is the lowest integer. */
INLINE float signed_integers(int *q, const float *x, int levels) {
    float d = extreme(x, 32) / (float)-(levels / 2), id = inverse(d);
    for (int i = 0; i < 32; i++)
        q[i] = clipped(x[i] * id + ((float)(levels / 2) + 0.5f), levels - 1);
    return d;
}

/* Integers above the least value. */
INLINE void unsigned_integers(int *q, const float *x, int levels, float *d, float *least) {
    float high;
    range(x, 32, least, &high);
    *d = (high - *least) / (float)(levels - 1);
    float id = inverse(*d);
    for (int i = 0; i < 32; i++) q[i] = clipped((x[i] - *least) * id + 0.5f, levels - 1);
}

SWIFT_LLM_DISPATCH
void kernel_quantize_q4_0(byte *y, const float *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 32, y += 18) {
        int q[32];
        put_half(y, signed_integers(q, x, 16));
        pack_halves(y + 2, q);
    }
}

SWIFT_LLM_DISPATCH
void kernel_quantize_q4_1(byte *y, const float *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 32, y += 20) {
        int q[32];
        float d, least;
        unsigned_integers(q, x, 16, &d, &least);
        put_half(y, d);
        put_half(y + 2, least);
        pack_halves(y + 4, q);
    }
}

SWIFT_LLM_DISPATCH
void kernel_quantize_q5_0(byte *y, const float *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 32, y += 22) {
        int q[32];
        put_half(y, signed_integers(q, x, 32));
        pack_fifths(y + 2, q);
        pack_halves(y + 6, q);
    }
}

SWIFT_LLM_DISPATCH
void kernel_quantize_q5_1(byte *y, const float *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 32, y += 24) {
        int q[32];
        float d, least;
        unsigned_integers(q, x, 32, &d, &least);
        put_half(y, d);
        put_half(y + 2, least);
        pack_fifths(y + 4, q);
        pack_halves(y + 8, q);
    }
}

SWIFT_LLM_DISPATCH
void kernel_quantize_q8_0(byte *y, const float *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 32, y += 34) {
        float d = __builtin_fabsf(extreme(x, 32)) / 127, id = 1 / d;
        /* Of a block of zeros, or of the least numbers, the inverse is infinite. */
        if (!(id < __builtin_inff())) id = 0;
        put_half(y, d);
        for (int i = 0; i < 32; i++) y[2 + i] = (byte)(signed char)__builtin_roundf(x[i] * id);
    }
}
