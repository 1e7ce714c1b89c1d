/* One row times a matrix: the product of decoding, which reads each weight once and so is as fast as
 * the memory. */
#include "elements.h"

/* The matrix is read as it lies, and asked for long before it is used: so it comes a fifth faster than by
 * the processor's own foresight, which ends at each page. */
#define FETCH_AHEAD(at) __builtin_prefetch((const char *)(at) + 8192)
/* Sums of a dot product that do not wait for each other. */
#define SUMS 4

#define KERNELS "rows.inc"
#include "both_elements.inc"
