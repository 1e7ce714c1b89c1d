/* Root mean square norm (Zhang and Sennrich, 2019) over rows of C floats.
 *
 *   y = n gain,  n = x rstd,  rstd = 1 / sqrt(average(x^2) + epsilon),  g = dy gain
 *   dx = rstd (g - n average(g n)),  dgain = sum dy n
 */
#include <math.h>

#include "CKernels.h"
#include "vector.h"

INLINE float row_squares(const float *x, long n) {
    vfloat sum = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) sum += LOAD(x + i) * LOAD(x + i);
    if (i < n) {
        vfloat part;
        load_part(&part, x + i, n - i, 0);
        sum += part * part;
    }
    return sum_of(&sum);
}

SWIFT_LLM_DISPATCH
void kernel_rms_norm(
    float *out, float *rstds, const float *x, const float *gain, long rows, long columns,
    float epsilon) {
    for (long r = 0; r < rows; r++) {
        const float *row = x + r * columns;
        float *y = out + r * columns;
        float rstd = 1.0f / sqrtf(row_squares(row, columns) / (float)columns + epsilon);
        for (long c = 0; c < columns; c++) y[c] = row[c] * rstd * gain[c];
        rstds[r] = rstd;
    }
}

/* Sum of dy gain x. */
INLINE float row_product(const float *dy, const float *gain, const float *x, long n) {
    vfloat sum = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) sum += LOAD(dy + i) * LOAD(gain + i) * LOAD(x + i);
    if (i < n) {
        vfloat dy_part, gain_part, x_part;
        load_part(&dy_part, dy + i, n - i, 0);
        load_part(&gain_part, gain + i, n - i, 0);
        load_part(&x_part, x + i, n - i, 0);
        sum += dy_part * gain_part * x_part;
    }
    return sum_of(&sum);
}

SWIFT_LLM_DISPATCH
void kernel_rms_norm_backward(
    float *dx, float *dgain, const float *dy, const float *x, const float *gain,
    const float *rstds, long rows, long columns, int adds_dx) {
    memset(dgain, 0, (unsigned long)columns * sizeof(float));
    for (long r = 0; r < rows; r++) {
        const float *dy_row = dy + r * columns, *x_row = x + r * columns;
        float *dx_row = dx + r * columns;
        float rstd = rstds[r];
        float average = row_product(dy_row, gain, x_row, columns) * rstd / (float)columns;
        float keep = adds_dx ? 1.0f : 0.0f;
        if (!adds_dx) memset(dx_row, 0, (unsigned long)columns * sizeof(float));
        for (long c = 0; c < columns; c++) {
            float n = x_row[c] * rstd;
            dx_row[c] = keep * dx_row[c] + rstd * (dy_row[c] * gain[c] - n * average);
            dgain[c] += dy_row[c] * n;
        }
    }
}
