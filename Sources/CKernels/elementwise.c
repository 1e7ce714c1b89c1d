/* Element-wise kernels over n floats. */
#include "CKernels.h"
#include "vector.h"

SWIFT_LLM_DISPATCH
void kernel_add(float *out, const float *a, const float *b, long n) {
    for (long i = 0; i < n; i++) out[i] = a[i] + b[i];
}

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
void kernel_add_bias(float *out, const float *bias, long rows, long columns, long stride) {
    for (long r = 0; r < rows; r++) {
        float *row = out + r * stride;
        for (long c = 0; c < columns; c++) row[c] += bias[c];
    }
}

SWIFT_LLM_DISPATCH
void kernel_column_sums(
    float *sums, const float *x, long rows, long columns, long stride, int adds) {
    if (!adds) memset(sums, 0, (unsigned long)columns * sizeof(float));
    for (long r = 0; r < rows; r++) {
        const float *row = x + r * stride;
        for (long c = 0; c < columns; c++) sums[c] += row[c];
    }
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
