/* One row times a matrix: the product of decoding, which reads each weight once and so is as fast as
 * the memory. */
#include "elements.h"

/* Rows of the matrix that are read side by side, a quarter of it apart: long streams, which the processor
 * fetches ahead a third faster than rows that follow each other. */
#define STREAMS 4

#define KERNELS "rows.inc"
#include "both_elements.inc"
