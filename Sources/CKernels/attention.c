/* Rows of attention scores. Row r of a block sees its first first_row + r + 1 scores; a row has room
 * for whole vectors: `stride` is a multiple of 16. */
#include <math.h>

#include "CKernels.h"
#include "vector.h"

/* Fills up the last vector of what a row sees; returns its end. */
INLINE long fill_last_vector(float *row, long seen, float value) {
    long end = (seen + WIDTH - 1) / WIDTH * WIDTH;
    for (long i = seen; i < end; i++) row[i] = value;
    return end;
}

INLINE void clear(float *row, long from, long to) {
    for (long i = from; i < to; i++) row[i] = 0;
}

/* P = softmax(scale S) over what each row sees, 0 behind it; log_sums = log(sum(e^(scale S))). */
SWIFT_LLM_DISPATCH
void kernel_causal_softmax(
    float *scores, float *log_sums, long rows, long stride, long first_row, float scale) {
    for (long r = 0; r < rows; r++) {
        float *row = scores + r * stride;
        long seen = first_row + r + 1, end = fill_last_vector(row, seen, -INFINITY);
        vfloat peaks = LOAD(row), sums = {};
        for (long i = WIDTH; i < end; i += WIDTH) peaks = VMAX(peaks, LOAD(row + i));
        float peak = max_of(&peaks) * scale;
        for (long i = 0; i < end; i += WIDTH) {
            vfloat e = LOAD(row + i) * scale - peak;
            exponential(&e, &e);
            STORE(row + i, e);
            sums += e;
        }
        float total = sum_of(&sums), share = 1.0f / total;
        for (long i = 0; i < end; i += WIDTH) STORE(row + i, LOAD(row + i) * share);
        clear(row, seen, stride);
        log_sums[r] = peak + logf(total);
    }
}

/* P = e^(scale S - log_sum), 0 behind what each row sees. */
SWIFT_LLM_DISPATCH
void kernel_causal_probabilities(
    float *scores, const float *log_sums, long rows, long stride, long first_row, float scale) {
    for (long r = 0; r < rows; r++) {
        float *row = scores + r * stride;
        long seen = first_row + r + 1, end = fill_last_vector(row, seen, -INFINITY);
        for (long i = 0; i < end; i += WIDTH) {
            vfloat e = LOAD(row + i) * scale - log_sums[r];
            exponential(&e, &e);
            STORE(row + i, e);
        }
        clear(row, seen, stride);
    }
}

/* dS = P (dP - dot) scale */
SWIFT_LLM_DISPATCH
void kernel_attention_score_gradient(
    float *d_scores, const float *probabilities, const float *output_dots, long rows, long stride,
    float scale) {
    for (long r = 0; r < rows; r++) {
        float *d = d_scores + r * stride;
        const float *p = probabilities + r * stride;
        float dot = output_dots[r];
        for (long i = 0; i < stride; i += WIDTH)
            STORE(d + i, LOAD(p + i) * (LOAD(d + i) - dot) * scale);
    }
}

/* Gives `value` to what lies before the window of each row: its last `window` scores. */
SWIFT_LLM_DISPATCH
void kernel_fill_before_window(
    float *scores, long rows, long stride, long first_row, long window, float value) {
    for (long r = 0; r < rows; r++) {
        float *row = scores + r * stride;
        for (long i = 0; i < first_row + r + 1 - window; i++) row[i] = value;
    }
}
