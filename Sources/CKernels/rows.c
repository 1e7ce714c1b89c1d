/* One row times a matrix: the product of decoding, which reads each weight once and so is as fast as
 * the memory. */
#include "elements.h"

/* Rows of the matrix that are read side by side, a quarter of it apart: long streams, which the processor
 * fetches ahead a third faster than rows that follow each other. */
#define STREAMS 4

#define ELEMENT float
#define KERNEL(name) name
#include "rows.inc"
#undef ELEMENT
#undef KERNEL

#define ELEMENT bfloat16
#define KERNEL(name) name##_bf16
#include "rows.inc"
