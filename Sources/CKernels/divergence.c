/* How far a student's distribution s over the tokens is from a teacher's t, row by row, and the gradient.
 *
 *   s = softmax(z / temperature),  t = softmax(y / temperature)
 *   beta 0:   sum t (log t - log s)                           KL(t | s), forward
 *   beta 1:   sum s (log s - log t)                           KL(s | t), reverse
 *   else:     beta KL(t | m) + (1 - beta) KL(s | m),  m = (1 - beta) s + beta t
 *   dz = (s - t) / temperature,  s (log s - log t - loss) / temperature,  or
 *        (1 - beta) s (log s - log m - KL(s | m)) / temperature
 */
#include <math.h>

#include "CKernels.h"
#include "vector.h"

/* Columns that one float adds up. */
#define PART 4096
/* Where t is e^80 times s, m is all t's. */
#define FAR 80.0f

/* y = ln x to 2 ulp for normal x above 0: x = 2^n f, f from 2^-1/2 to 2^1/2; ln f by the series of
 * artanh((f - 1) / (f + 1)) to the ninth power. */
INLINE void logarithm(vfloat *y, const vfloat *x) {
    vint bits = (vint)*x;
    vint n = (bits - 0x3f3504f3) >> 23;
    vfloat f = (vfloat)(bits - (n << 23));
    vfloat q = (f - 1.0f) / (f + 1.0f), square = q * q;
    vfloat p = square * 0.11111111f + 0.14285714f;
    p = p * square + 0.2f;
    p = p * square + 0.33333333f;
    vfloat whole = __builtin_convertvector(n, vfloat);
    *y = whole * 0.693359375f + (whole * -2.12194440e-4f + 2.0f * (q + q * square * p));
}

typedef struct {
    float inverse; /* 1 / temperature */
    float student, teacher; /* logs of the sums of e^(z / temperature) */
    float beta;
} row_scale;

/* log(sum(e^(x inverse))) */
INLINE float scaled_log_sum(const float *x, long n, float inverse) {
    vfloat most = BROADCAST(-INFINITY);
    for (long c = 0; c < n; c += WIDTH) {
        vfloat part;
        load_part(&part, x + c, n - c < WIDTH ? n - c : WIDTH, -INFINITY);
        most = VMAX(most, part);
    }
    float peak = max_of(&most) * inverse, total = 0;
    for (long start = 0; start < n; start += PART) {
        long end = start + PART < n ? start + PART : n;
        vfloat sums = {};
        for (long c = start; c < end; c += WIDTH) {
            long count = end - c < WIDTH ? end - c : WIDTH;
            vfloat e;
            load_part(&e, x + c, count, 0);
            e = e * inverse - peak;
            exponential(&e, &e);
            for (long j = count; j < WIDTH; j++) e[j] = 0;
            sums += e;
        }
        total += sum_of(&sums);
    }
    return logf(total) + peak;
}

/* log s, log s - log m and log t - log m of some tokens. */
INLINE void compare(
    vfloat *log_s, vfloat *log_t, vfloat *s_to_m, vfloat *t_to_m, const row_scale *r,
    const vfloat *z, const vfloat *y) {
    *log_s = *z * r->inverse - r->student;
    *log_t = *y * r->inverse - r->teacher;
    vfloat distance = *log_t - *log_s;
    if (r->beta == 0) {
        *t_to_m = distance;
    } else if (r->beta == 1) {
        *s_to_m = -distance;
    } else {
        vfloat share, near;
        exponential(&share, &distance);
        share = share * r->beta + (1.0f - r->beta);
        logarithm(&near, &share);
        vint is_far = distance > FAR;
        vfloat far = distance + logf(r->beta);
        vfloat u = (vfloat)(((vint)far & is_far) | ((vint)near & ~is_far));
        *s_to_m = -u;
        *t_to_m = distance - u;
    }
}

/* Returns KL(t | m) and KL(s | m), of which only those with a share in the loss. */
INLINE void row_divergence(
    float *of_teacher, float *of_student, const float *z, const float *y, long columns,
    const row_scale *r) {
    double t_sum = 0, s_sum = 0;
    for (long start = 0; start < columns; start += PART) {
        long end = start + PART < columns ? start + PART : columns;
        vfloat t_part = {}, s_part = {};
        for (long c = start; c < end; c += WIDTH) {
            long count = end - c < WIDTH ? end - c : WIDTH;
            vfloat own, other, log_s, log_t, s_to_m = {}, t_to_m = {};
            load_part(&own, z + c, count, 0);
            load_part(&other, y + c, count, 0);
            compare(&log_s, &log_t, &s_to_m, &t_to_m, r, &own, &other);
            exponential(&log_s, &log_s);
            exponential(&log_t, &log_t);
            vfloat by_s = log_s * s_to_m, by_t = log_t * t_to_m;
            for (long j = count; j < WIDTH; j++) by_s[j] = by_t[j] = 0;
            s_part += by_s;
            t_part += by_t;
        }
        s_sum += (double)sum_of(&s_part);
        t_sum += (double)sum_of(&t_part);
    }
    *of_teacher = (float)t_sum;
    *of_student = (float)s_sum;
}

/* The factor of a gradient through z = cap tanh(x / cap), of which `z` is known. */
INLINE void through_cap(vfloat *gradient, const vfloat *z, float cap) {
    if (cap > 0) {
        vfloat share = *z * (1.0f / cap);
        *gradient *= 1.0f - share * share;
    }
}

INLINE void row_gradient(
    float *out, const float *z, const float *y, long columns, const row_scale *r,
    float of_student, float scale, float cap) {
    float factor = scale * r->inverse * (r->beta == 0 || r->beta == 1 ? 1.0f : 1.0f - r->beta);
    for (long c = 0; c < columns; c += WIDTH) {
        long count = columns - c < WIDTH ? columns - c : WIDTH;
        vfloat own, other, log_s, log_t, s_to_m = {}, t_to_m = {}, gradient;
        load_part(&own, z + c, count, 0);
        load_part(&other, y + c, count, 0);
        compare(&log_s, &log_t, &s_to_m, &t_to_m, r, &own, &other);
        exponential(&log_s, &log_s);
        if (r->beta == 0) {
            exponential(&log_t, &log_t);
            gradient = (log_s - log_t) * factor;
        } else {
            gradient = log_s * (s_to_m - of_student) * factor;
        }
        through_cap(&gradient, &own, cap);
        store_part(out + c, &gradient, count);
    }
}

SWIFT_LLM_DISPATCH
void kernel_divergence(
    float *losses, float *gradients, const float *logits, const float *teacher, long rows,
    long columns, long teacher_columns, const kernel_divergence_settings *s) {
    for (long i = 0; i < rows; i++) {
        const float *z = logits + i * columns, *y = teacher + i * teacher_columns;
        row_scale r = {1.0f / s->temperature, 0, 0, s->beta};
        r.student = scaled_log_sum(z, columns, r.inverse);
        r.teacher = scaled_log_sum(y, columns, r.inverse);
        float of_teacher, of_student;
        row_divergence(&of_teacher, &of_student, z, y, columns, &r);
        losses[i] = s->beta == 0 ? of_teacher
            : s->beta == 1       ? of_student
                                 : s->beta * of_teacher + (1.0f - s->beta) * of_student;
        if (gradients)
            row_gradient(
                gradients + i * columns, z, y, columns, &r, of_student, s->scale, s->cap);
    }
}

/* The rest of a distribution beside its likeliest tokens, as one outcome; never quite nothing. */
#define LEAST_REST 1e-9

/* d loss / d s of an outcome, and its part of the loss. */
INLINE double outcome(double *loss, double s, double t, double beta) {
    double log_s = log(s), log_t = log(t);
    if (beta == 0) {
        *loss += t * (log_t - log_s);
        return -t / s;
    }
    if (beta == 1) {
        *loss += s * (log_s - log_t);
        return log_s - log_t;
    }
    double log_m = log((1 - beta) * s + beta * t);
    *loss += beta * t * (log_t - log_m) + (1 - beta) * s * (log_s - log_m);
    return (1 - beta) * (log_s - log_m);
}

/* Of the likeliest tokens of the teacher, and all others together as one more: dz = s (h - sum s h) with h of
 * the outcome to which a token belongs. */
SWIFT_LLM_DISPATCH
void kernel_likeliest_divergence(
    float *losses, float *gradients, const float *logits, const int *ids, const float *log_shares,
    long rows, long columns, long count, const kernel_divergence_settings *s) {
    for (long i = 0; i < rows; i++) {
        const float *z = logits + i * columns, *log_t = log_shares + i * count;
        const int *own = ids + i * count;
        float inverse = 1.0f / s->temperature, sum = scaled_log_sum(z, columns, inverse);
        double s_rest = 1, t_rest = 1, loss = 0, mean = 0;
        double slopes[KERNEL_MOST_LIKELIEST], shares[KERNEL_MOST_LIKELIEST];
        for (long k = 0; k < count; k++) {
            double share = exp((double)log_t[k]), student = exp((double)(z[own[k]] * inverse - sum));
            if (student < 1e-38) student = 1e-38;
            s_rest -= student;
            t_rest -= share;
            slopes[k] = outcome(&loss, student, share < 1e-38 ? 1e-38 : share, s->beta);
            shares[k] = student;
            mean += student * slopes[k];
        }
        double rest = 0;
        if (count < columns) {
            if (s_rest < LEAST_REST) s_rest = LEAST_REST;
            if (t_rest < LEAST_REST) t_rest = LEAST_REST;
            rest = outcome(&loss, s_rest, t_rest, s->beta);
            mean += s_rest * rest;
        }
        losses[i] = (float)loss;
        if (!gradients) continue;
        float *out = gradients + i * columns, factor = s->scale * inverse;
        float common = (float)(rest - mean) * factor, caps[KERNEL_MOST_LIKELIEST];
        for (long k = 0; k < count; k++) {
            float slope = s->cap > 0 ? z[own[k]] / s->cap : 0;
            caps[k] = 1.0f - slope * slope;
        }
        for (long c = 0; c < columns; c += WIDTH) {
            long width = columns - c < WIDTH ? columns - c : WIDTH;
            vfloat x, gradient;
            load_part(&x, z + c, width, 0);
            gradient = x * inverse - sum;
            exponential(&gradient, &gradient);
            gradient *= common;
            through_cap(&gradient, &x, s->cap);
            store_part(out + c, &gradient, width);
        }
        for (long k = 0; k < count; k++)
            out[own[k]] = (float)(shares[k] * (slopes[k] - mean)) * factor * caps[k];
    }
}
