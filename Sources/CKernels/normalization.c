/* Layer norm (Ba et al., 2016) over rows of C floats.
 *
 *   y = (x - mean) rstd gain + bias,   rstd = 1 / sqrt(variance + epsilon)
 *   n = (x - mean) rstd,  g = dy gain
 *   dx = rstd (g - average(g) - n average(g n)),   dgain = sum dy n,   dbias = sum dy
 */
#include <math.h>

#include "CKernels.h"
#include "vector.h"

/* Two passes over a row that stays in the first-level cache: mean, then centred squares. */
INLINE float row_sum(const float *x, long n) {
    vfloat sum = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) sum += LOAD(x + i);
    if (i < n) {
        vfloat part;
        load_part(&part, x + i, n - i, 0);
        sum += part;
    }
    return sum_of(&sum);
}

INLINE float row_centred_squares(const float *x, float mean, long n) {
    vfloat sum = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        vfloat d = LOAD(x + i) - mean;
        sum += d * d;
    }
    if (i < n) {
        vfloat part;
        load_part(&part, x + i, n - i, mean);
        sum += (part - mean) * (part - mean);
    }
    return sum_of(&sum);
}

SWIFT_LLM_DISPATCH
void kernel_layer_norm(
    float *out, float *means, float *rstds, const float *x, const float *gain, const float *bias,
    long rows, long columns, float epsilon) {
    for (long r = 0; r < rows; r++) {
        const float *row = x + r * columns;
        float *y = out + r * columns;
        float mean = row_sum(row, columns) / (float)columns;
        float variance = row_centred_squares(row, mean, columns) / (float)columns;
        float rstd = 1.0f / sqrtf(variance + epsilon);
        for (long c = 0; c < columns; c++) y[c] = (row[c] - mean) * rstd * gain[c] + bias[c];
        means[r] = mean;
        rstds[r] = rstd;
    }
}

INLINE void backward_sums(
    const float *dy, const float *x, const float *gain, float mean, float rstd, long n,
    float *sum_g, float *sum_gn) {
    vfloat g_total = {}, gn_total = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        vfloat g = LOAD(dy + i) * LOAD(gain + i);
        g_total += g;
        gn_total += g * ((LOAD(x + i) - mean) * rstd);
    }
    if (i < n) {
        vfloat dy_part, gain_part, x_part;
        load_part(&dy_part, dy + i, n - i, 0);
        load_part(&gain_part, gain + i, n - i, 0);
        load_part(&x_part, x + i, n - i, mean);
        g_total += dy_part * gain_part;
        gn_total += dy_part * gain_part * ((x_part - mean) * rstd);
    }
    *sum_g = sum_of(&g_total);
    *sum_gn = sum_of(&gn_total);
}

SWIFT_LLM_DISPATCH
void kernel_layer_norm_backward(
    float *dx, float *dgain, float *dbias, const float *dy, const float *x, const float *gain,
    const float *means, const float *rstds, long rows, long columns, int adds_dx) {
    memset(dgain, 0, (unsigned long)columns * sizeof(float));
    memset(dbias, 0, (unsigned long)columns * sizeof(float));
    for (long r = 0; r < rows; r++) {
        const float *dy_row = dy + r * columns, *x_row = x + r * columns;
        float *dx_row = dx + r * columns;
        float mean = means[r], rstd = rstds[r], sum_g, sum_gn;
        backward_sums(dy_row, x_row, gain, mean, rstd, columns, &sum_g, &sum_gn);
        float average_g = sum_g / (float)columns, average_gn = sum_gn / (float)columns;
        float keep = adds_dx ? 1.0f : 0.0f;
        if (!adds_dx) memset(dx_row, 0, (unsigned long)columns * sizeof(float));
        for (long c = 0; c < columns; c++) {
            float n = (x_row[c] - mean) * rstd;
            float g = dy_row[c] * gain[c];
            dx_row[c] = keep * dx_row[c] + rstd * (g - average_g - n * average_gn);
            dgain[c] += dy_row[c] * n;
            dbias[c] += dy_row[c];
        }
    }
}
