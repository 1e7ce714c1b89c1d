/* AdamW (Loshchilov and Hutter, 2019) over n parameters.
 *
 *   g = gradient * gradient_scale
 *   m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
 *   p = p (1 - rate decay) - rate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)
 */
#include <math.h>

#include "elements.h"

INLINE void update(
    float *parameters, float *first_moments, float *second_moments, const float *gradients,
    long n, const kernel_adamw_settings *s, bfloat16 *rounded) {
    const float shrink = 1.0f - s->learning_rate * s->weight_decay;
    const float step = s->learning_rate / s->first_correction;
    const float root = 1.0f / sqrtf(s->second_correction);
    const float scale = s->gradient_scale, beta1 = s->beta1, beta2 = s->beta2;
    const float epsilon = s->epsilon;
    for (long i = 0; i < n; i++) {
        float g = gradients[i] * scale;
        float m = beta1 * first_moments[i] + (1.0f - beta1) * g;
        float v = beta2 * second_moments[i] + (1.0f - beta2) * g * g;
        first_moments[i] = m;
        second_moments[i] = v;
        float p = parameters[i] * shrink - step * m / (sqrtf(v) * root + epsilon);
        parameters[i] = p;
        if (rounded) rounded[i] = narrow_bfloat16(p);
    }
}

SWIFT_LLM_DISPATCH
void kernel_adamw(
    float *parameters, float *first_moments, float *second_moments, const float *gradients,
    long n, const kernel_adamw_settings *settings) {
    update(parameters, first_moments, second_moments, gradients, n, settings, NULL);
}

/* Writes the new parameters rounded, too. */
SWIFT_LLM_DISPATCH
void kernel_adamw_bf16(
    float *parameters, float *first_moments, float *second_moments, const float *gradients,
    long n, const kernel_adamw_settings *settings, bfloat16 *rounded) {
    update(parameters, first_moments, second_moments, gradients, n, settings, rounded);
}
