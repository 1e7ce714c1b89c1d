#ifndef CACHED_ROWS_H
#define CACHED_ROWS_H

/* cached_rows.c: keys or values of a head that a cache keeps in fewer bits, a row of `size` numbers for
 * each position. The numbers that a row stands for are floats: what is computed with rows has the bits of
 * rows.c and row_blocks.c over those. */

/* How numbers are kept: as bfloat16; or as 8-bit integers with a scale for each 32 of a head. */
enum { CACHED_BF16, CACHED_Q8 };

/* The bytes of a row; they are even. */
long kernel_cached_row_bytes(int kind, long size);
/* Writes a row of the nearest numbers that it can stand for. A block of 8 bits with a number that is not
 * finite becomes NaN. */
void kernel_cached_encode(int kind, unsigned char *row, const float *x, long size);
/* Writes the numbers of `count` rows, `size` floats each. */
void kernel_cached_decode(
    int kind, float *out, const unsigned char *rows, long count, long size);
/* out[r] = the dot product of x and row r. */
void kernel_cached_dots(
    int kind, float *out, const float *x, const unsigned char *rows, long count, long size);
/* out = the sum of shares[r] times row r. */
void kernel_cached_sum(
    int kind, float *out, const float *shares, const unsigned char *rows, long count, long size);

#endif
