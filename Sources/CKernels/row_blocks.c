/* Many rows times a matrix, each row by the very sums of its product alone (rows.c): its bits do not
 * depend on the rows beside it. Blocks of rows share what is read of the matrix. */
#include "elements.h"
#include "folding.h"

#define SUMS 4

/* Rows and columns of a block of dot products, and rows and vectors of one of broadcast products: as
 * many sums as there are registers. */
#define DOT_ROWS 2
#define DOT_COLUMNS 3
#define LINE_ROWS 6
#define LINE_VECTORS 4

/* Bytes of x that are used again and again before the next rows come: about the first-level cache. */
#define NEAR_BYTES 40960

INLINE long rows_at_once(long depth, long most) {
    long rows = NEAR_BYTES / (long)(sizeof(float) * (unsigned long)depth + 1);
    rows -= rows % DOT_ROWS;
    return rows < DOT_ROWS ? DOT_ROWS : rows < most ? rows : most;
}

#define KERNELS "row_blocks.inc"
#include "both_elements.inc"
