/* Kernels over floats and over bfloat16 from one source: both_elements.inc includes a file NAME.inc
 * once for each ELEMENT, which names its functions by KERNEL. Arithmetic is in floats in both. */
#ifndef ELEMENTS_H
#define ELEMENTS_H

#include "CKernels.h"
#include "vector.h"

typedef unsigned short vhalf __attribute__((vector_size(32), aligned(2), may_alias));
typedef unsigned vuint __attribute__((vector_size(64), aligned(4), may_alias));

INLINE float widen_float(float x) { return x; }
INLINE float narrow_float(float x) { return x; }

INLINE float widen_bfloat16(bfloat16 x) {
    unsigned bits = (unsigned)x << 16;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* To the nearest, to the even one of two; NaN stays NaN. */
INLINE bfloat16 narrow_bfloat16(float x) {
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    unsigned rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (bfloat16)(x != x ? 0x7fc0 : rounded);
}

INLINE void load_float(vfloat *v, const float *p) { *v = LOAD(p); }
INLINE void store_float(float *p, const vfloat *v) { STORE(p, *v); }

INLINE void load_bfloat16(vfloat *v, const bfloat16 *p) {
    *v = (vfloat)(__builtin_convertvector(*(const vhalf *)p, vuint) << 16);
}

INLINE void store_bfloat16(bfloat16 *p, const vfloat *v) {
    vuint bits = (vuint)*v, is_nan = (vuint)(*v != *v);
    vuint rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    *(vhalf *)p = __builtin_convertvector((rounded & ~is_nan) | (0x7fc0 & is_nan), vhalf);
}

/* The first n < WIDTH elements; the others are `rest`. */
INLINE void load_part_float(vfloat *v, const float *p, long n, float rest) {
    load_part(v, p, n, rest);
}

INLINE void store_part_float(float *p, const vfloat *v, long n) { store_part(p, v, n); }

INLINE void load_part_bfloat16(vfloat *v, const bfloat16 *p, long n, float rest) {
    *v = BROADCAST(rest);
    for (long i = 0; i < n; i++) (*v)[i] = widen_bfloat16(p[i]);
}

INLINE void store_part_bfloat16(bfloat16 *p, const vfloat *v, long n) {
    for (long i = 0; i < n; i++) p[i] = narrow_bfloat16((*v)[i]);
}

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define WIDEN(x) JOIN(widen_, ELEMENT)(x)
#define NARROW(x) JOIN(narrow_, ELEMENT)(x)
#define LOAD_ELEMENTS(v, p) JOIN(load_, ELEMENT)(v, p)
#define STORE_ELEMENTS(p, v) JOIN(store_, ELEMENT)(p, v)
#define LOAD_PART(v, p, n, rest) JOIN(load_part_, ELEMENT)(v, p, n, rest)
#define STORE_PART(p, v, n) JOIN(store_part_, ELEMENT)(p, v, n)

#endif
