/* One row times a matrix: the product of decoding, which reads each weight once and so is as fast as
 * the memory. */
#include "elements.h"

/* The matrix is read as it lies, and asked for long before it is used: so it comes a fifth faster than by
 * the processor's own foresight, which ends at each page. Of a part of a wider matrix (a head of a cache)
 * the rows below are asked for. */
#define BYTES_AHEAD 8192
#define FETCH(at, ahead) __builtin_prefetch((const char *)(at) + (ahead))

INLINE long bytes_ahead(long row_bytes, long stride_bytes) {
    if (row_bytes == stride_bytes || row_bytes >= BYTES_AHEAD) return BYTES_AHEAD;
    return BYTES_AHEAD / row_bytes * stride_bytes;
}

/* Sums of a dot product that do not wait for each other. */
#define SUMS 4

#define KERNELS "rows.inc"
#include "both_elements.inc"
