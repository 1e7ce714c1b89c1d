/* Integers and scales of a group; see quantized_layout.h. */
#ifndef QUANTIZED_UNPACK_H
#define QUANTIZED_UNPACK_H

#include "quantized_layout.h"

typedef unsigned char vbytes __attribute__((vector_size(16), aligned(1), may_alias));
typedef signed char vsigned __attribute__((vector_size(16), aligned(1), may_alias));

#define LOAD_BITS(p) (*(const vuint *)(p))
#define FLOATS(x) __builtin_convertvector(x, vfloat)

/* Quad j of block b. */
INLINE void load_quad(vuint *q, const group_places *p, long b, int j, int type) {
    if (type == Q8_0) {
        *q = LOAD_BITS(p->integers + 512 * b + 64 * j);
        return;
    }
    vuint bits = LOAD_BITS(p->integers + 256 * b + 64 * (j % 4));
    *q = (j < 4 ? bits : bits >> 4) & 0x0f0f0f0f;
    if (upper_bytes(type) == 64) {
        vuint uppers = LOAD_BITS(p->uppers + 64 * b);
        *q |= (j < 4 ? uppers << (4 - j) : uppers >> (j - 4)) & 0x10101010;
    } else if (upper_bytes(type) == 128) {
        vuint uppers = LOAD_BITS(p->uppers + 128 * b + 64 * (j / 4));
        int up = 4 - 2 * (j % 4);
        *q |= (up >= 0 ? uppers << up : uppers >> -up) & 0x30303030;
    }
}

/* Sixteen numbers in F16, which are finite. */
INLINE void load_halves(vfloat *x, const unsigned char *p, int has_halves) {
#if defined(__x86_64__)
    if (has_halves) {
        typedef _Float16 halves __attribute__((vector_size(32), aligned(1), may_alias));
        *x = FLOATS(*(const halves *)p);
        return;
    }
#endif
    vuint bits = __builtin_convertvector(*(const vhalf *)p, vuint);
    vuint magnitude = (bits & 0x7fff) << 13, is_small = (vuint)((bits & 0x7c00) == 0);
    vuint normal = magnitude + (112u << 23);
    vuint small = (vuint)((vfloat)(magnitude + (113u << 23)) - 0x1p-14f);
    *x = (vfloat)((small & is_small) | (normal & ~is_small) | (bits & 0x8000) << 16);
}

/* The scales of block b, of each half where the type has them, and what is added: 0 in most types. */
INLINE void load_scales(
    vfloat scales[2], vfloat *least, const group_places *p, long b, int type, int has_halves) {
    *least = (vfloat){};
    if (!is_k(type)) {
        const unsigned char *own = p->scales + scale_bytes(type) * b;
        load_halves(&scales[0], own, has_halves);
        if (has_minimum(type)) load_halves(least, own + 32, has_halves);
        return;
    }
    const unsigned char *own = p->scales + scale_bytes(type) * (b / 8);
    long s = b % 8;
    vfloat scale;
    load_halves(&scale, own, has_halves);
    if (type == Q6_K) {
        for (int i = 0; i < 2; i++) {
            vsigned parts = *(const vsigned *)(own + 32 + LANES * (2 * s + i));
            scales[i] = scale * FLOATS(__builtin_convertvector(parts, vint));
        }
        return;
    }
    vbytes parts = *(const vbytes *)(own + 64 + LANES * s);
    vbytes minima = *(const vbytes *)(own + 192 + LANES * s);
    scales[0] = scale * FLOATS(__builtin_convertvector(parts, vint));
    load_halves(&scale, own + 32, has_halves);
    *least = -(scale * FLOATS(__builtin_convertvector(minima, vint)));
}

/* Weight i of a quad of each output, rounded after the product and after the sum. */
INLINE void weight_of(
    vfloat *w, const vuint *q, int i, const vfloat *scale, const vfloat *least, int type) {
#pragma STDC FP_CONTRACT OFF
    vint integer = (vint)(*q >> 8 * i & 255) - offset_of(type);
    vfloat product = FLOATS(integer) * *scale;
    *w = has_minimum(type) ? product + *least : product;
}

#define FOR_TYPE(type, CALL) \
    switch (type) { \
    case Q4_0: CALL(Q4_0); break; \
    case Q4_1: CALL(Q4_1); break; \
    case Q5_0: CALL(Q5_0); break; \
    case Q5_1: CALL(Q5_1); break; \
    case Q8_0: CALL(Q8_0); break; \
    case Q4_K: CALL(Q4_K); break; \
    case Q5_K: CALL(Q5_K); break; \
    default: CALL(Q6_K); break; \
    }

INLINE void store_outputs(float *out, const vfloat *sums, long outputs) {
    if (outputs >= LANES)
        STORE(out, *sums);
    else
        store_part(out, sums, outputs);
}

#endif
