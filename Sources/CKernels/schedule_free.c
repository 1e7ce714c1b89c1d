/* Schedule-Free AdamW (Defazio et al., 2024) over n parameters y, with the iterates z and their average x.
 *
 *   g = gradient * gradient_scale,   v = beta2 v + (1 - beta2) g^2
 *   d = g / (sqrt(v / (1 - beta2^t)) + epsilon) + decay y
 *   z = z - rate d,   x = x + share (z - x),   y = z + beta1 (x - z)
 */
#include <math.h>

#include "elements.h"
#include "parity.h"

/* A fused multiply-add rounds once where the default clone rounds twice, and y must come out alike in both
 * functions. */
#pragma STDC FP_CONTRACT OFF

INLINE float point(float z, float x, float beta1) { return z + beta1 * (x - z); }

INLINE void update(
    float *parameters, float *iterates, float *second_moments, float *averages,
    const float *gradients, long n, const kernel_schedule_free_settings *s, bfloat16 *rounded,
    kernel_parity *found, kernel_parity *written) {
    const float rate = s->learning_rate, scale = s->gradient_scale, share = s->share;
    const float beta1 = s->beta1, beta2 = s->beta2, decay = s->weight_decay;
    const float root = 1.0f / sqrtf(s->second_correction), epsilon = s->epsilon;
    kernel_parity old = {0, 0, 0, 0}, new = {0, 0, 0, 0};
    for (long i = 0; i < n; i++) {
        float y = parameters[i], z = iterates[i], v = second_moments[i], x = averages[i];
        old.weights ^= bits_of(y);
        old.first_moments ^= bits_of(z);
        old.second_moments ^= bits_of(v);
        old.third ^= bits_of(x);
        float g = gradients[i] * scale;
        v = beta2 * v + (1.0f - beta2) * g * g;
        z -= rate * (g / (sqrtf(v) * root + epsilon) + decay * y);
        x += share * (z - x);
        y = point(z, x, beta1);
        parameters[i] = y;
        iterates[i] = z;
        second_moments[i] = v;
        averages[i] = x;
        if (rounded) rounded[i] = narrow_bfloat16(y);
        new.weights ^= bits_of(y);
        new.first_moments ^= bits_of(z);
        new.second_moments ^= bits_of(v);
        new.third ^= bits_of(x);
    }
    *found = old;
    *written = new;
}

SWIFT_LLM_DISPATCH
void kernel_schedule_free(
    float *parameters, float *iterates, float *second_moments, float *averages,
    const float *gradients, long n, const kernel_schedule_free_settings *settings,
    kernel_parity *found, kernel_parity *written) {
    update(
        parameters, iterates, second_moments, averages, gradients, n, settings, NULL, found,
        written);
}

SWIFT_LLM_DISPATCH
void kernel_schedule_free_bf16(
    float *parameters, float *iterates, float *second_moments, float *averages,
    const float *gradients, long n, const kernel_schedule_free_settings *settings,
    bfloat16 *rounded, kernel_parity *found, kernel_parity *written) {
    update(
        parameters, iterates, second_moments, averages, gradients, n, settings, rounded, found,
        written);
}

SWIFT_LLM_DISPATCH
void kernel_schedule_free_point(
    float *parameters, const float *iterates, const float *averages, long n, float beta1) {
    for (long i = 0; i < n; i++) parameters[i] = point(iterates[i], averages[i], beta1);
}
