#ifndef CACHED_ROWS_H
#define CACHED_ROWS_H

/* cached_rows.c: keys or values of a head that a cache keeps, a row of `size` numbers for each position. The
 * numbers that a row stands for are floats: what is computed with rows has the bits of rows.c and row_blocks.c
 * over those, however many queries they meet at once. */

/* How numbers are kept: as floats; as bfloat16; or as 8-bit integers with a scale for each 32 of a head. */
enum { CACHED_FLOAT, CACHED_BF16, CACHED_Q8 };

/* `count` rows, one behind the other. */
typedef struct {
    int kind;
    const unsigned char *start;
    long count, size;
} cached_rows;

/* The bytes of a row; they are even. */
long kernel_cached_row_bytes(int kind, long size);
/* Writes a row of the nearest numbers that it can stand for. A block of 8 bits with a number
 * that is not finite becomes NaN. */
void kernel_cached_encode(int kind, unsigned char *row, const float *x, long size);
/* Writes the numbers of rows that are not of floats, `size` floats each. */
void kernel_cached_decode(float *out, cached_rows rows);
/* out[q][r] = the dot product of query q and row r, for `count` queries. */
void kernel_cached_dots(
    float *out, long out_stride, const float *queries, long query_stride, long count,
    cached_rows rows);
/* out[q] = the sum of shares[q][r] times row r, for `count` queries; of the numbers from `first`, a multiple of
 * 16, to before `end`, which is one or is the size. */
void kernel_cached_sums(
    float *out, long out_stride, const float *shares, long share_stride, long count,
    cached_rows rows, long first, long end);

#endif
