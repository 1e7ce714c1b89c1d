/* Softmax and cross-entropy over rows. */
#include <math.h>

#include "CKernels.h"
#include "vector.h"

INLINE float row_max(const float *x, long n) {
    vfloat m = BROADCAST(-INFINITY);
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) m = VMAX(m, LOAD(x + i));
    if (i < n) {
        vfloat part;
        load_part(&part, x + i, n - i, -INFINITY);
        m = VMAX(m, part);
    }
    return max_of(&m);
}

/* out = e^(x - shift); returns the sum. */
INLINE float row_exp(float *out, const float *x, float shift, long n) {
    vfloat sum = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        vfloat e = LOAD(x + i) - shift;
        exponential(&e, &e);
        STORE(out + i, e);
        sum += e;
    }
    float total = sum_of(&sum);
    if (i < n) {
        vfloat e;
        load_part(&e, x + i, n - i, shift);
        e -= shift;
        exponential(&e, &e);
        store_part(out + i, &e, n - i);
        for (int j = 0; j < n - i; j++) total += e[j];
    }
    return total;
}

INLINE float row_exp_sum(const float *x, float shift, long n) {
    float scratch[256], total = 0;
    for (long i = 0; i < n; i += 256)
        total += row_exp(scratch, x + i, shift, n - i < 256 ? n - i : 256);
    return total;
}

INLINE float row_dot(const float *x, const float *y, long n) {
    vfloat sum = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) sum += LOAD(x + i) * LOAD(y + i);
    if (i < n) {
        vfloat a, b;
        load_part(&a, x + i, n - i, 0);
        load_part(&b, y + i, n - i, 0);
        sum += a * b;
    }
    return sum_of(&sum);
}

INLINE void row_scale(float *x, float scale, long n) {
    for (long i = 0; i < n; i++) x[i] *= scale;
}

SWIFT_LLM_DISPATCH
void kernel_softmax(float *out, const float *x, long rows, long columns) {
    for (long r = 0; r < rows; r++) {
        const float *row = x + r * columns;
        float total = row_exp(out + r * columns, row, row_max(row, columns), columns);
        row_scale(out + r * columns, 1.0f / total, columns);
    }
}

/* dx = y (dy - sum dy y) */
SWIFT_LLM_DISPATCH
void kernel_softmax_backward(
    float *dx, const float *dy, const float *y, long rows, long columns, int adds) {
    for (long r = 0; r < rows; r++) {
        const float *g = dy + r * columns, *p = y + r * columns;
        float *out = dx + r * columns;
        float dot = row_dot(g, p, columns);
        if (!adds) memset(out, 0, (unsigned long)columns * sizeof(float));
        for (long c = 0; c < columns; c++) out[c] += p[c] * (g[c] - dot);
    }
}

INLINE float log_sum(const float *row, long columns) {
    float peak = row_max(row, columns);
    float total = row_exp_sum(row, peak, columns);
    return logf(total) + peak;
}

SWIFT_LLM_DISPATCH
void kernel_log_sums(float *sums, const float *logits, long rows, long columns) {
    for (long r = 0; r < rows; r++) sums[r] = log_sum(logits + r * columns, columns);
}

SWIFT_LLM_DISPATCH
void kernel_cross_entropy(
    float *losses, const float *logits, const int *targets, long rows, long columns) {
    for (long r = 0; r < rows; r++) {
        const float *row = logits + r * columns;
        losses[r] = targets[r] < 0 ? 0 : log_sum(row, columns) - row[targets[r]];
    }
}

/* The gradient through y = cap tanh(z / cap), of which the row holds y. */
INLINE void capped_gradient(
    float *gradient, const float *row, float peak, float total, int target, long columns,
    float scale, float cap) {
    float share = scale / total, slope = row[target] / cap, factor = 1.0f / cap;
    slope = 1.0f - slope * slope;
    for (long c = 0; c < columns; c += WIDTH) {
        long count = columns - c < WIDTH ? columns - c : WIDTH;
        vfloat y, e;
        load_part(&y, row + c, count, peak);
        e = y - peak;
        exponential(&e, &e);
        vfloat t = y * factor;
        e = e * share * (1.0f - t * t);
        store_part(gradient + c, &e, count);
    }
    gradient[target] -= scale * slope;
}

/* d loss / d logits = (softmax - one-hot) scale; `out` may be `logits`. */
SWIFT_LLM_DISPATCH
void kernel_cross_entropy_gradient(
    float *out, float *losses, const float *logits, const int *targets, long rows, long columns,
    float scale, float cap) {
    for (long r = 0; r < rows; r++) {
        const float *row = logits + r * columns;
        float *gradient = out + r * columns;
        int target = targets[r];
        losses[r] = 0;
        if (target < 0) {
            memset(gradient, 0, (unsigned long)columns * sizeof(float));
            continue;
        }
        float peak = row_max(row, columns), answer = row[target];
        if (cap > 0) {
            float sum = row_exp_sum(row, peak, columns);
            losses[r] = logf(sum) + peak - answer;
            capped_gradient(gradient, row, peak, sum, target, columns, scale, cap);
            continue;
        }
        float total = row_exp(gradient, row, peak, columns);
        losses[r] = logf(total) + peak - answer;
        row_scale(gradient, scale / total, columns);
        gradient[target] -= scale;
    }
}

/* Row by row, so that a row of floats is still in the cache when it is rounded. */
void kernel_cross_entropy_gradient_bf16(
    bfloat16 *out, float *losses, float *logits, const int *targets, long rows, long columns,
    float scale, float cap) {
    for (long r = 0; r < rows; r++) {
        float *row = logits + r * columns;
        kernel_cross_entropy_gradient(row, losses + r, row, targets + r, 1, columns, scale, cap);
        kernel_narrow(out + r * columns, row, columns);
    }
}

/* Of each row z and its target: the entropy of softmax(z), the mean of z, and whether no logit is above
 * the target's. Overwrites nothing. */
INLINE void row_statistics(
    float *entropy, float *mean, float *is_top, const float *row, int target, long columns) {
    float peak = row_max(row, columns), sum = 0, dot = 0, total = 0;
    /* Parts of 4096 columns, so that no float adds up a whole vocabulary. */
    for (long start = 0; start < columns; start += 4096) {
        long end = start + 4096 < columns ? start + 4096 : columns;
        vfloat sums = {}, dots = {}, totals = {};
        for (long c = start; c < end; c += WIDTH) {
            long count = end - c < WIDTH ? end - c : WIDTH;
            vfloat z, e;
            load_part(&z, row + c, count, peak);
            z -= peak;
            exponential(&e, &z);
            if (count < WIDTH) {
                for (long j = count; j < WIDTH; j++) e[j] = 0;
            }
            sums += e;
            dots += e * z;
            totals += z;
        }
        sum += sum_of(&sums);
        dot += sum_of(&dots);
        total += sum_of(&totals);
    }
    *entropy = logf(sum) - dot / sum;
    *mean = peak + total / (float)columns;
    *is_top = row[target] == peak;
}

SWIFT_LLM_DISPATCH
void kernel_logit_statistics(
    float *entropies, float *means, float *tops, const float *logits, const int *targets, long rows,
    long columns) {
    for (long r = 0; r < rows; r++)
        row_statistics(
            entropies + r, means + r, tops + r, logits + r * columns, targets[r], columns);
}
