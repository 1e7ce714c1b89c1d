/* Keys or values of a head in bfloat16 or 8 bits: of a long text decoding reads more of them than of
 * weights, and is as fast as they come from memory. */
#include "cached_rows.h"
#include "elements.h"
#include "folding.h"

/* Numbers of a head that share a scale. */
#define BLOCK 32
/* Rows whose dot products are folded together, and vectors of a row that are summed together. */
#define ROWS 8
#define SUMS 4

typedef signed char vbyte __attribute__((vector_size(16), aligned(1), may_alias));

/* A row has whole vectors; behind its integers lie the scales, as bfloat16. A product of an integer and its
 * scale fits a float: what a row stands for is exact. */
INLINE long padded(long size) { return (size + WIDTH - 1) / WIDTH * WIDTH; }
INLINE long blocks_of(long size) { return (size + BLOCK - 1) / BLOCK; }

INLINE long row_bytes(int kind, long size) {
    return kind == CACHED_BF16 ? 2 * padded(size) : padded(size) + 2 * blocks_of(size);
}

long kernel_cached_row_bytes(int kind, long size) { return row_bytes(kind, size); }

/* Numbers i to i + 15 of a row; those behind its last are 0. */
INLINE void load_row(vfloat *v, const unsigned char *row, long i, long size, int kind) {
    if (kind == CACHED_BF16) {
        load_bfloat16(v, (const bfloat16 *)row + i);
        return;
    }
    const bfloat16 *scales = (const bfloat16 *)(row + padded(size));
    vint integers = __builtin_convertvector(*(const vbyte *)(row + i), vint);
    *v = __builtin_convertvector(integers, vfloat) * widen_bfloat16(scales[i / BLOCK]);
}

INLINE void encode_bfloat16(unsigned char *row, const float *x, long size) {
    bfloat16 *to = (bfloat16 *)row;
    for (long i = 0; i < size; i += WIDTH) {
        vfloat v;
        load_part(&v, x + i, size - i < WIDTH ? size - i : WIDTH, 0);
        store_bfloat16(to + i, &v);
    }
}

/* The largest magnitude, by its bits: an infinity, or a NaN, is larger than all numbers. */
INLINE unsigned largest_bits(const float *x, long n) {
    unsigned largest = 0;
    for (long i = 0; i < n; i++) {
        unsigned bits;
        memcpy(&bits, x + i, sizeof bits);
        bits &= 0x7fffffff;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

/* The least scale by which the largest magnitude is at most 127. Below it numbers count as 0: their
 * inverse would be infinite. */
#define LEAST_SCALE 0x1p-120f

INLINE bfloat16 scale_of(unsigned largest) {
    if (largest >= 0x7f800000u) return 0x7fc0;
    float most;
    memcpy(&most, &largest, sizeof most);
    float scale = most / 127;
    if (scale < LEAST_SCALE) return 0;
    unsigned bits;
    memcpy(&bits, &scale, sizeof bits);
    return (bfloat16)((bits + 0xffff) >> 16);
}

INLINE void encode_integers(unsigned char *row, const float *x, long size) {
#pragma STDC FP_CONTRACT OFF
    const float round_shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    bfloat16 *scales = (bfloat16 *)(row + padded(size));
    memset(row, 0, (unsigned long)padded(size));
    for (long b = 0; b < blocks_of(size); b++) {
        const float *own = x + b * BLOCK;
        long count = size - b * BLOCK < BLOCK ? size - b * BLOCK : BLOCK;
        scales[b] = scale_of(largest_bits(own, count));
        float scale = widen_bfloat16(scales[b]);
        if (!(scale > 0)) continue;
        float inverse = 1 / scale;
        for (long i = 0; i < count; i++) {
            float product = own[i] * inverse;
            float rounded = (product + round_shift) - round_shift;
            row[b * BLOCK + i] = (unsigned char)(signed char)rounded;
        }
    }
}

SWIFT_LLM_DISPATCH
void kernel_cached_encode(int kind, unsigned char *row, const float *x, long size) {
    if (kind == CACHED_BF16)
        encode_bfloat16(row, x, size);
    else
        encode_integers(row, x, size);
}

INLINE void decode(float *out, const unsigned char *row, long size, int kind) {
    for (long i = 0; i < size; i += WIDTH) {
        vfloat v;
        load_row(&v, row, i, size, kind);
        if (size - i < WIDTH)
            store_part(out + i, &v, size - i);
        else
            STORE(out + i, v);
    }
}

/* The sums of a dot product, lane by lane, in the order of `dot` in rows.inc. */
INLINE void lane_sums(
    vfloat *sum, const float *x, const unsigned char *row, long size, int kind) {
    vfloat sums[SUMS] = {}, v;
    long i = 0;
    for (; i + SUMS * WIDTH <= size; i += SUMS * WIDTH)
        for (int j = 0; j < SUMS; j++) {
            load_row(&v, row, i + j * WIDTH, size, kind);
            sums[j] += LOAD(x + i + j * WIDTH) * v;
        }
    for (; i < size; i += WIDTH) {
        vfloat part;
        load_part(&part, x + i, size - i < WIDTH ? size - i : WIDTH, 0);
        load_row(&v, row, i, size, kind);
        sums[0] += part * v;
    }
    for (int j = 1; j < SUMS; j++) sums[0] += sums[j];
    *sum = sums[0];
}

INLINE void dots(
    float *out, const float *x, const unsigned char *rows, long count, long size, int kind) {
    long bytes = row_bytes(kind, size), r = 0;
    for (; r + ROWS <= count; r += ROWS) {
        vfloat sums[ROWS];
        for (int j = 0; j < ROWS; j++)
            lane_sums(&sums[j], x, rows + (r + j) * bytes, size, kind);
        sums_of_8(out + r, sums);
    }
    for (; r < count; r++) {
        vfloat sum;
        lane_sums(&sum, x, rows + r * bytes, size, kind);
        out[r] = sum_of(&sum);
    }
}

/* `vectors` vectors of the sum, from number i of each row on. */
INLINE void add_rows(
    float *out, const float *shares, const unsigned char *rows, long count, long size, int kind,
    long i, const int vectors) {
    long bytes = row_bytes(kind, size);
    vfloat sums[SUMS] = {}, v;
    for (long r = 0; r < count; r++)
        for (int j = 0; j < vectors; j++) {
            load_row(&v, rows + r * bytes, i + j * WIDTH, size, kind);
            sums[j] += shares[r] * v;
        }
    for (int j = 0; j < vectors; j++) {
        long at = i + j * WIDTH;
        if (size - at < WIDTH)
            store_part(out + at, &sums[j], size - at);
        else
            STORE(out + at, sums[j]);
    }
}

INLINE void sum_rows(
    float *out, const float *shares, const unsigned char *rows, long count, long size, int kind) {
    long i = 0;
    for (; i + SUMS * WIDTH <= size; i += SUMS * WIDTH)
        add_rows(out, shares, rows, count, size, kind, i, SUMS);
    for (; i < size; i += WIDTH) add_rows(out, shares, rows, count, size, kind, i, 1);
}

SWIFT_LLM_DISPATCH
void kernel_cached_decode(
    int kind, float *out, const unsigned char *rows, long count, long size) {
    long bytes = row_bytes(kind, size);
    for (long r = 0; r < count; r++)
        if (kind == CACHED_BF16)
            decode(out + r * size, rows + r * bytes, size, CACHED_BF16);
        else
            decode(out + r * size, rows + r * bytes, size, CACHED_Q8);
}

SWIFT_LLM_DISPATCH
void kernel_cached_dots(
    int kind, float *out, const float *x, const unsigned char *rows, long count, long size) {
    if (kind == CACHED_BF16)
        dots(out, x, rows, count, size, CACHED_BF16);
    else
        dots(out, x, rows, count, size, CACHED_Q8);
}

SWIFT_LLM_DISPATCH
void kernel_cached_sum(
    int kind, float *out, const float *shares, const unsigned char *rows, long count, long size) {
    if (kind == CACHED_BF16)
        sum_rows(out, shares, rows, count, size, CACHED_BF16);
    else
        sum_rows(out, shares, rows, count, size, CACHED_Q8);
}
