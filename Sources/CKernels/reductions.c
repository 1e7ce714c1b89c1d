#include "reductions.h"

#include "dispatch.h"

// A fused multiply-add rounds once where the default clone rounds twice.
#pragma STDC FP_CONTRACT OFF

SWIFT_LLM_DISPATCH
void swift_llm_accumulate(float *restrict a, const float *restrict b, long count) {
    for (long i = 0; i < count; ++i) a[i] += b[i];
}

SWIFT_LLM_DISPATCH
void swift_llm_add(
    float *restrict out, const float *restrict a, const float *restrict b, long count) {
    for (long i = 0; i < count; ++i) out[i] = a[i] + b[i];
}

SWIFT_LLM_DISPATCH
double swift_llm_sum_of_squares(const float *a, long count) {
    enum { width = 16 };
    double partial[width] = {0};
    long i = 0;
    for (; i + width <= count; i += width) {
        for (int j = 0; j < width; ++j) partial[j] += (double)a[i + j] * (double)a[i + j];
    }
    for (int j = 0; i < count; ++i, ++j) partial[j] += (double)a[i] * (double)a[i];
    for (int half = 1; half < width; half *= 2) {
        for (int j = 0; j < width; j += 2 * half) partial[j] += partial[j + half];
    }
    return partial[0];
}
