/* Sixteen floats as one value. The compiler lowers it to what the clone has (one 512-bit register,
 * two of 256, four of 128), so that the order of every sum is the same in every clone. Functions
 * take vectors by address: by value they would have another calling convention in each clone. */
#ifndef VECTOR_H
#define VECTOR_H

#include <string.h>

#include "dispatch.h"

#define WIDTH 16
#define INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

typedef float vfloat __attribute__((vector_size(64), aligned(4), may_alias));
typedef int vint __attribute__((vector_size(64), aligned(4), may_alias));

#define LOAD(p) (*(const vfloat *)(p))
#define STORE(p, x) (*(vfloat *)(p) = (x))
#define BROADCAST(x) ((x) - (vfloat){})
#define VMAX(a, b) __builtin_elementwise_max(a, b)
#define VMIN(a, b) __builtin_elementwise_min(a, b)

/* The first n < WIDTH floats; the others are `rest`. */
INLINE void load_part(vfloat *x, const float *p, long n, float rest) {
    *x = BROADCAST(rest);
    memcpy(x, p, (unsigned long)n * sizeof(float));
}

INLINE void store_part(float *p, const vfloat *x, long n) {
    memcpy(p, x, (unsigned long)n * sizeof(float));
}

/* Pairs at distance 8, 4, 2, 1: the same tree in every clone. */
INLINE float sum_of(const vfloat *x) {
    float s[WIDTH];
    memcpy(s, x, sizeof s);
    for (int half = WIDTH / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) s[i] += s[i + half];
    return s[0];
}

INLINE float max_of(const vfloat *x) {
    float s[WIDTH];
    memcpy(s, x, sizeof s);
    for (int half = WIDTH / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) s[i] = s[i] > s[i + half] ? s[i] : s[i + half];
    return s[0];
}

/* y = e^x to 1.5 ulp: x = n ln 2 + r, |r| <= ln 2 / 2, Taylor to r^7, then 2^n by exponent bits.
 * x is clamped to [-87.3, 88.3], where the result is a normal float; NaN stays NaN. */
INLINE void exponential(vfloat *y, const vfloat *x_in) {
    vfloat x = *x_in;
    vfloat clamped = VMIN(VMAX(x, BROADCAST(-87.3f)), BROADCAST(88.3f));
    const float round_shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    vfloat n = (clamped * 1.44269504f + round_shift) - round_shift;
    vfloat r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    vfloat p = r * 1.98412698e-4f + 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1.0f;
    vint bits = (__builtin_convertvector(n, vint) + 127) << 23;
    vint is_nan = x != x;
    vfloat power = p * (vfloat)bits;
    *y = (vfloat)(((vint)power & ~is_nan) | ((vint)x & is_nan));
}

#endif
