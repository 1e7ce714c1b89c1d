#ifndef BFLOAT16_H
#define BFLOAT16_H

/* The upper half of a float. A kernel whose name ends in _bf16 does what its namesake does, on elements
 * of this type; sums and statistics are floats in both. */
typedef unsigned short bfloat16;

#endif
