#ifndef SWIFT_LLM_REDUCTIONS_H
#define SWIFT_LLM_REDUCTIONS_H

// Element-wise sums and sums of squares; the bits do not depend on the processor.

// a[i] += b[i]; the arrays do not overlap.
void swift_llm_accumulate(float *restrict a, const float *restrict b, long count);

// out[i] = a[i] + b[i]; the arrays do not overlap.
void swift_llm_add(
    float *restrict out, const float *restrict a, const float *restrict b, long count);

// The sum of a[i]^2 in double: element i goes to partial sum i mod 16, and the 16 partial sums are
// added in adjacent pairs.
double swift_llm_sum_of_squares(const float *a, long count);

#endif
