/* Keys or values of a head, as floats, in bfloat16 or in 8 bits: of a long text decoding reads more of them
 * than of weights. The heads of queries that share them meet each row while it is in registers. */
#include "cached_rows.h"
#include "elements.h"
#include "folding.h"

/* Numbers of a head that share a scale. */
#define BLOCK 32
/* Rows whose dot products are folded together, and vectors of a row that are summed together. */
#define ROWS 8
#define SUMS 4
/* Queries that meet a row at once: their sums are as many as there are registers for. */
#define QUERIES 4
/* Rows are asked for long before they are used: the processor's own foresight ends at each page. */
#define BYTES_AHEAD 8192
#define LINE 64

typedef signed char vbyte __attribute__((vector_size(16), aligned(1), may_alias));

/* A row has whole vectors; behind its integers lie the scales, as bfloat16. A product of an integer and its
 * scale fits a float: what a row stands for is exact. */
INLINE long padded(long size) { return (size + WIDTH - 1) / WIDTH * WIDTH; }
INLINE long blocks_of(long size) { return (size + BLOCK - 1) / BLOCK; }

INLINE long row_bytes(int kind, long size) {
    if (kind == CACHED_FLOAT) return size * (long)sizeof(float);
    return kind == CACHED_BF16 ? 2 * padded(size) : padded(size) + 2 * blocks_of(size);
}

long kernel_cached_row_bytes(int kind, long size) { return row_bytes(kind, size); }

/* Numbers i to i + 15 of a row; those behind its last are 0. */
INLINE void load_row(vfloat *v, const unsigned char *row, long i, long size, int kind) {
    if (kind == CACHED_FLOAT) {
        const float *floats = (const float *)row + i;
        if (size - i < WIDTH)
            load_part(v, floats, size - i, 0);
        else
            *v = LOAD(floats);
        return;
    }
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
    if (kind == CACHED_FLOAT)
        memcpy(row, x, (unsigned long)row_bytes(kind, size));
    else if (kind == CACHED_BF16)
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

INLINE void fetch(const unsigned char *row, const cached_rows *rows, int kind) {
    long bytes = row_bytes(kind, rows->size);
    for (long i = 0; i < bytes; i += LINE) __builtin_prefetch(row + BYTES_AHEAD + i);
}

/* The sums of the dot products of a row with queries, lane by lane, in the order of `dot` in rows.inc; those of
 * query q are sums[q * ROWS]. */
INLINE void lane_sums(
    vfloat *sums, const float *x, long stride, const unsigned char *row, long size, int kind,
    const int queries) {
    vfloat own[QUERIES * SUMS] = {}, v;
    long i = 0;
    for (; i + SUMS * WIDTH <= size; i += SUMS * WIDTH)
        UNROLLED for (int j = 0; j < SUMS; j++) {
            load_row(&v, row, i + j * WIDTH, size, kind);
            UNROLLED for (int q = 0; q < queries; q++)
                own[q * SUMS + j] += LOAD(x + q * stride + i + j * WIDTH) * v;
        }
    for (; i < size; i += WIDTH) {
        load_row(&v, row, i, size, kind);
        UNROLLED for (int q = 0; q < queries; q++) {
            vfloat part;
            load_part(&part, x + q * stride + i, size - i < WIDTH ? size - i : WIDTH, 0);
            own[q * SUMS] += part * v;
        }
    }
    UNROLLED for (int q = 0; q < queries; q++) {
        sums[q * ROWS] = own[q * SUMS];
        UNROLLED for (int j = 1; j < SUMS; j++) sums[q * ROWS] += own[q * SUMS + j];
    }
}

INLINE void dots(
    float *out, long out_stride, const float *x, long x_stride, const cached_rows *rows, int kind,
    const int queries) {
    vfloat sums[QUERIES * ROWS] = {};
    long bytes = row_bytes(kind, rows->size), r = 0;
    for (; r + ROWS <= rows->count; r += ROWS) {
        for (int j = 0; j < ROWS; j++) {
            const unsigned char *row = rows->start + (r + j) * bytes;
            fetch(row, rows, kind);
            lane_sums(sums + j, x, x_stride, row, rows->size, kind, queries);
        }
        for (int q = 0; q < queries; q++) sums_of_8(out + q * out_stride + r, sums + q * ROWS);
    }
    for (; r < rows->count; r++) {
        lane_sums(sums, x, x_stride, rows->start + r * bytes, rows->size, kind, queries);
        for (int q = 0; q < queries; q++) out[q * out_stride + r] = sum_of(&sums[q * ROWS]);
    }
}

/* `vectors` vectors of the sums, from number i of each row on. */
INLINE void add_rows(
    float *out, long out_stride, const float *shares, long share_stride, const cached_rows *rows,
    int kind, long first, long i, const int queries, const int vectors) {
    vfloat sums[QUERIES * SUMS] = {}, v;
    const unsigned char *row = rows->start;
    long bytes = row_bytes(kind, rows->size);
    for (long r = 0; r < rows->count; r++, row += bytes) {
        if (i == first) fetch(row, rows, kind);
        UNROLLED for (int j = 0; j < vectors; j++) {
            load_row(&v, row, i + j * WIDTH, rows->size, kind);
            UNROLLED for (int q = 0; q < queries; q++)
                sums[q * SUMS + j] += shares[q * share_stride + r] * v;
        }
    }
    for (int q = 0; q < queries; q++)
        for (int j = 0; j < vectors; j++) {
            long at = i + j * WIDTH;
            float *to = out + q * out_stride + at;
            if (rows->size - at < WIDTH)
                store_part(to, &sums[q * SUMS + j], rows->size - at);
            else
                STORE(to, sums[q * SUMS + j]);
        }
}

INLINE void sum_rows(
    float *out, long out_stride, const float *shares, long share_stride, const cached_rows *rows,
    int kind, long first, long end, const int queries) {
    long i = first;
    for (; i + 4 * WIDTH <= end; i += 4 * WIDTH)
        add_rows(out, out_stride, shares, share_stride, rows, kind, first, i, queries, 4);
    for (; i + 2 * WIDTH <= end; i += 2 * WIDTH)
        add_rows(out, out_stride, shares, share_stride, rows, kind, first, i, queries, 2);
    for (; i < end; i += WIDTH)
        add_rows(out, out_stride, shares, share_stride, rows, kind, first, i, queries, 1);
}

SWIFT_LLM_DISPATCH
void kernel_cached_decode(float *out, cached_rows rows) {
    long bytes = row_bytes(rows.kind, rows.size);
    for (long r = 0; r < rows.count; r++)
        if (rows.kind == CACHED_BF16)
            decode(out + r * rows.size, rows.start + r * bytes, rows.size, CACHED_BF16);
        else
            decode(out + r * rows.size, rows.start + r * bytes, rows.size, CACHED_Q8);
}

/* Calls a function for as many queries at once as there are left. */
#define OF_QUERIES(CALL, kind, count) \
    for (long q = 0; q < (count); q += QUERIES) switch ((count) - q) { \
        case 1: CALL(q, kind, 1); break; \
        case 2: CALL(q, kind, 2); break; \
        case 3: CALL(q, kind, 3); break; \
        default: CALL(q, kind, QUERIES); \
        }
#define OF_KINDS(CALL, count) \
    switch (rows.kind) { \
    case CACHED_FLOAT: OF_QUERIES(CALL, CACHED_FLOAT, count) break; \
    case CACHED_BF16: OF_QUERIES(CALL, CACHED_BF16, count) break; \
    default: OF_QUERIES(CALL, CACHED_Q8, count) \
    }

SWIFT_LLM_DISPATCH
void kernel_cached_dots(
    float *out, long out_stride, const float *queries, long query_stride, long count,
    cached_rows rows) {
#define DOTS(q, kind, at_once) \
    dots(out + q * out_stride, out_stride, queries + q * query_stride, query_stride, &rows, kind, \
         at_once)
    OF_KINDS(DOTS, count)
}

SWIFT_LLM_DISPATCH
void kernel_cached_sums(
    float *out, long out_stride, const float *shares, long share_stride, long count,
    cached_rows rows, long first, long end) {
#define SUM_ROWS(q, kind, at_once) \
    sum_rows(out + q * out_stride, out_stride, shares + q * share_stride, share_stride, &rows, kind, \
             first, end, at_once)
    OF_KINDS(SUM_ROWS, count)
}
