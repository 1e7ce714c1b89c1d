/* Element-wise kernels over n floats. */
#include "elements.h"

SWIFT_LLM_DISPATCH
void kernel_scale(float *out, const float *a, float scale, long n) {
    for (long i = 0; i < n; i++) out[i] = a[i] * scale;
}

SWIFT_LLM_DISPATCH
void kernel_multiply(float *out, const float *a, const float *b, long n) {
    for (long i = 0; i < n; i++) out[i] = a[i] * b[i];
}

SWIFT_LLM_DISPATCH
void kernel_add_product(float *out, const float *a, const float *b, long n) {
    for (long i = 0; i < n; i++) out[i] += a[i] * b[i];
}

SWIFT_LLM_DISPATCH
void kernel_fill(float *out, float value, long n) {
    for (long i = 0; i < n; i++) out[i] = value;
}

SWIFT_LLM_DISPATCH
void kernel_narrow(bfloat16 *out, const float *x, long n) {
    for (long i = 0; i < n; i++) out[i] = narrow_bfloat16(x[i]);
}

SWIFT_LLM_DISPATCH
void kernel_widen(float *out, const bfloat16 *x, long n) {
    for (long i = 0; i < n; i++) out[i] = widen_bfloat16(x[i]);
}

SWIFT_LLM_DISPATCH
double kernel_sum(const float *x, long n) {
    double lanes[WIDTH] = {0};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        for (int j = 0; j < WIDTH; j++) lanes[j] += x[i + j];
    for (int j = 0; i < n; i++, j++) lanes[j] += x[i];
    double sum = 0;
    for (int j = 0; j < WIDTH; j++) sum += lanes[j];
    return sum;
}

SWIFT_LLM_DISPATCH
void kernel_transpose(float *out, const float *x, long rows, long columns) {
    const long block = 32;
    for (long r0 = 0; r0 < rows; r0 += block)
        for (long c0 = 0; c0 < columns; c0 += block)
            for (long c = c0; c < c0 + block && c < columns; c++)
                for (long r = r0; r < r0 + block && r < rows; r++)
                    out[c * rows + r] = x[r * columns + c];
}

#define KERNELS "elementwise.inc"
#include "both_elements.inc"
