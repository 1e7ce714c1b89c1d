/* Many rows times a matrix, each row by the very sums of its product alone (rows.c): its bits do not
 * depend on the rows beside it. Blocks of rows share what is read of the matrix. */
#include "elements.h"

#define SUMS 4

/* Rows and columns of a block of dot products, and rows and vectors of one of broadcast products: as
 * many sums as there are registers. */
#define DOT_ROWS 2
#define DOT_COLUMNS 3
#define LINE_ROWS 6
#define LINE_VECTORS 4

/* Bytes of x that are used again and again before the next rows come: about the first-level cache. */
#define NEAR_BYTES 40960

#define UNROLLED _Pragma("clang loop unroll(full)")

INLINE long rows_at_once(long depth, long most) {
    long rows = NEAR_BYTES / (long)(sizeof(float) * (unsigned long)depth + 1);
    rows -= rows % DOT_ROWS;
    return rows < DOT_ROWS ? DOT_ROWS : rows < most ? rows : most;
}

/* Of two vectors, the lanes in front of every 2 `half` lanes and those behind them, added up. */
#define LANES(at, half) LANES_##half(at)
#define LANES_8(at) (at) + 0, (at) + 1, (at) + 2, (at) + 3, (at) + 4, (at) + 5, (at) + 6, (at) + 7
#define LANES_4(at) (at) + 0, (at) + 1, (at) + 2, (at) + 3, (at) + 8, (at) + 9, (at) + 10, (at) + 11
#define LANES_2(at) (at) + 0, (at) + 1, (at) + 4, (at) + 5, (at) + 8, (at) + 9, (at) + 12, (at) + 13
#define LANES_1(at) (at) + 0, (at) + 2, (at) + 4, (at) + 6, (at) + 8, (at) + 10, (at) + 12, (at) + 14
#define FOLDED(a, b, half) \
    (__builtin_shufflevector(a, b, LANES(0, half), LANES(16, half)) \
     + __builtin_shufflevector(a, b, LANES(half, half), LANES(16 + half, half)))

/* sums[i] = sum_of(s[i]) for 8 vectors, in the very order of sum_of. */
INLINE void sums_of_8(float *sums, const vfloat *s) {
    vfloat ab = FOLDED(s[0], s[1], 8), cd = FOLDED(s[2], s[3], 8);
    vfloat ef = FOLDED(s[4], s[5], 8), gh = FOLDED(s[6], s[7], 8);
    vfloat abcd = FOLDED(ab, cd, 4), efgh = FOLDED(ef, gh, 4);
    vfloat all = FOLDED(abcd, efgh, 2);
    vfloat last = FOLDED(all, all, 1);
    memcpy(sums, &last, 8 * sizeof *sums);
}

#define KERNELS "row_blocks.inc"
#include "both_elements.inc"
