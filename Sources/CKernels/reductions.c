#include "reductions.h"

#include <string.h>

#include "dispatch.h"

// A fused multiply-add rounds once where the default clone rounds twice.
#pragma STDC FP_CONTRACT OFF

SWIFT_LLM_DISPATCH
void kernel_accumulate(float *restrict a, const float *restrict b, long count) {
    for (long i = 0; i < count; ++i) a[i] += b[i];
}

SWIFT_LLM_DISPATCH
double kernel_sum_of_squares(const float *a, long count) {
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

SWIFT_LLM_DISPATCH
uint64_t kernel_hash(const float *a, long count) {
    enum { width = 8 };
    const uint64_t prime = 0x9e3779b97f4a7c15;
    uint64_t lanes[width] = {1, 2, 3, 4, 5, 6, 7, 8}, words[width];
    for (long i = 0; i < count; i += 2 * width) {
        long rest = count - i < 2 * width ? count - i : 2 * width;
        if (rest < 2 * width) memset(words, 0, sizeof words);
        memcpy(words, a + i, (size_t)rest * sizeof *a);
        for (int j = 0; j < width; ++j) {
            lanes[j] = (lanes[j] ^ words[j]) * prime;
            lanes[j] = lanes[j] << 31 | lanes[j] >> 33;
        }
    }
    uint64_t hash = (uint64_t)count;
    for (int j = 0; j < width; ++j) {
        hash = (hash ^ lanes[j]) * prime;
        hash ^= hash >> 32;
    }
    return hash;
}
