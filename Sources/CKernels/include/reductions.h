#ifndef SWIFT_LLM_REDUCTIONS_H
#define SWIFT_LLM_REDUCTIONS_H

#include <stdint.h>

// Element-wise sums and sums of squares; the bits do not depend on the processor.

// a[i] += b[i]; the arrays do not overlap.
void kernel_accumulate(float *restrict a, const float *restrict b, long count);

// The sum of a[i]^2 in double: element i goes to partial sum i mod 16, and the 16 partial sums are
// added in adjacent pairs.
double kernel_sum_of_squares(const float *a, long count);

// conversions.c; a bfloat16 is the upper half of a float. Rounded to the nearest, ties to even; NaN
// stays NaN. The arrays do not overlap.
void kernel_round_to_bfloat16(unsigned short *restrict out, const float *restrict a, long count);

// A hash of the bits: a change in one word, of two elements, always changes it.
uint64_t kernel_hash(const float *a, long count);

#endif
