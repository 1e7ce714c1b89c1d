/* One row times a matrix: the product of decoding, which reads each weight once and so is as fast as
 * the memory. */
#include "CKernels.h"
#include "vector.h"

/* Rows of the matrix that are read side by side. */
#define GROUP 8

/* sum of x[j] w[j][c] over a group of rows, in pairs; asks for the same place of the next group. */
INLINE void group_sum(vfloat *sum, const float *x, const float *w, long stride) {
    vfloat parts[GROUP];
    for (int j = 0; j < GROUP; j++) {
        __builtin_prefetch(w + (GROUP + j) * stride);
        parts[j] = x[j] * LOAD(w + j * stride);
    }
    for (int half = GROUP / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) parts[j] += parts[j + half];
    *sum = parts[0];
}

/* out[c] += sum of x[r] w[r][c] for the last columns, which fill no vector. */
INLINE void last_columns(
    float *out, const float *x, const float *w, long rows, long columns, long stride) {
    for (long r = 0; r < rows; r++)
        for (long c = 0; c < columns; c++) out[c] += x[r] * w[r * stride + c];
}

SWIFT_LLM_DISPATCH
void kernel_row_product(
    float *out, const float *x, const float *w, long depth, long columns, long stride, int adds) {
    if (!adds) memset(out, 0, (unsigned long)columns * sizeof(float));
    long whole = columns / WIDTH * WIDTH, r = 0;
    for (; r + GROUP <= depth; r += GROUP)
        for (long c = 0; c < whole; c += WIDTH) {
            vfloat sum;
            group_sum(&sum, x + r, w + r * stride + c, stride);
            STORE(out + c, LOAD(out + c) + sum);
        }
    for (; r < depth; r++)
        for (long c = 0; c < whole; c += WIDTH)
            STORE(out + c, LOAD(out + c) + x[r] * LOAD(w + r * stride + c));
    last_columns(out + whole, x, w + whole, depth, columns - whole, stride);
}

/* Dot products of x with rows of w: four at a time keep the adders busy. */
#define DOTS 4

INLINE void dots(float *out, const float *x, const float *w, long n, long stride, int count) {
    vfloat sums[DOTS] = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        for (int j = 0; j < count; j++) sums[j] += LOAD(x + i) * LOAD(w + j * stride + i);
    for (int j = 0; j < count && i < n; j++) {
        vfloat a, b;
        load_part(&a, x + i, n - i, 0);
        load_part(&b, w + j * stride + i, n - i, 0);
        sums[j] += a * b;
    }
    for (int j = 0; j < count; j++) out[j] = sum_of(&sums[j]);
}

SWIFT_LLM_DISPATCH
void kernel_row_product_transposed(
    float *out, const float *x, const float *w, long depth, long columns, long stride, int adds) {
    float sums[DOTS];
    for (long c = 0; c < columns; c += DOTS) {
        int count = columns - c < DOTS ? (int)(columns - c) : DOTS;
        if (count == DOTS)
            dots(sums, x, w + c * stride, depth, stride, DOTS);
        else
            dots(sums, x, w + c * stride, depth, stride, count);
        for (int j = 0; j < count; j++) out[c + j] = adds ? out[c + j] + sums[j] : sums[j];
    }
}
