/* AdamW (Loshchilov and Hutter, 2019) over n parameters.
 *
 *   g = gradient * gradient_scale
 *   m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
 *   p = p (1 - rate decay) - rate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)
 */
#include <math.h>

#include "elements.h"
#include "parity.h"

INLINE void update(
    float *parameters, float *first_moments, float *second_moments, const float *gradients,
    long n, const kernel_adamw_settings *s, bfloat16 *rounded, kernel_parity *found,
    kernel_parity *written) {
    const float shrink = 1.0f - s->learning_rate * s->weight_decay;
    const float step = s->learning_rate / s->first_correction;
    const float root = 1.0f / sqrtf(s->second_correction);
    const float scale = s->gradient_scale, beta1 = s->beta1, beta2 = s->beta2;
    const float epsilon = s->epsilon;
    unsigned old_p = 0, old_m = 0, old_v = 0, new_p = 0, new_m = 0, new_v = 0;
    for (long i = 0; i < n; i++) {
        old_p ^= bits_of(parameters[i]);
        old_m ^= bits_of(first_moments[i]);
        old_v ^= bits_of(second_moments[i]);
        float g = gradients[i] * scale;
        float m = beta1 * first_moments[i] + (1.0f - beta1) * g;
        float v = beta2 * second_moments[i] + (1.0f - beta2) * g * g;
        first_moments[i] = m;
        second_moments[i] = v;
        float p = parameters[i] * shrink - step * m / (sqrtf(v) * root + epsilon);
        parameters[i] = p;
        if (rounded) rounded[i] = narrow_bfloat16(p);
        new_p ^= bits_of(p);
        new_m ^= bits_of(m);
        new_v ^= bits_of(v);
    }
    *found = (kernel_parity){old_p, old_m, old_v, 0};
    *written = (kernel_parity){new_p, new_m, new_v, 0};
}

SWIFT_LLM_DISPATCH
void kernel_adamw(
    float *parameters, float *first_moments, float *second_moments, const float *gradients,
    long n, const kernel_adamw_settings *settings, kernel_parity *found, kernel_parity *written) {
    update(
        parameters, first_moments, second_moments, gradients, n, settings, NULL, found, written);
}

/* Writes the new parameters rounded, too. */
SWIFT_LLM_DISPATCH
void kernel_adamw_bf16(
    float *parameters, float *first_moments, float *second_moments, const float *gradients,
    long n, const kernel_adamw_settings *settings, bfloat16 *rounded, kernel_parity *found,
    kernel_parity *written) {
    update(
        parameters, first_moments, second_moments, gradients, n, settings, rounded, found,
        written);
}

SWIFT_LLM_DISPATCH
unsigned kernel_parity_of(const float *a, long n) {
    unsigned parity = 0;
    for (long i = 0; i < n; i++) parity ^= bits_of(a[i]);
    return parity;
}
