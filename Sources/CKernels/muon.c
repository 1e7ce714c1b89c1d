/* Muon (Jordan et al., 2024) over n elements of matrices: what comes before and after their
 * orthogonalisation.
 *
 *   g = gradient * scale,   m = decay m + (1 - decay) g,   gradient = decay m + (1 - decay) g
 *   p = p shrink - rate direction
 */
#include "elements.h"
#include "parity.h"

/* A fused multiply-add rounds once where the default clone rounds twice. */
#pragma STDC FP_CONTRACT OFF

SWIFT_LLM_DISPATCH
void kernel_muon_momentum(
    float *momentum, float *gradients, long n, float decay, float scale, kernel_parity *found,
    kernel_parity *written) {
    const float rest = 1.0f - decay;
    unsigned old = 0, new = 0;
    for (long i = 0; i < n; i++) {
        old ^= bits_of(momentum[i]);
        float g = gradients[i] * scale;
        float m = momentum[i] + rest * (g - momentum[i]);
        momentum[i] = m;
        gradients[i] = m + rest * (g - m);
        new ^= bits_of(m);
    }
    *found = (kernel_parity){0, old, 0, 0};
    *written = (kernel_parity){0, new, 0, 0};
}

INLINE void update(
    float *parameters, const float *directions, long n, float rate, float shrink,
    bfloat16 *rounded, kernel_parity *found, kernel_parity *written) {
    unsigned old = 0, new = 0;
    for (long i = 0; i < n; i++) {
        old ^= bits_of(parameters[i]);
        float p = parameters[i] * shrink - rate * directions[i];
        parameters[i] = p;
        if (rounded) rounded[i] = narrow_bfloat16(p);
        new ^= bits_of(p);
    }
    found->weights = old;
    written->weights = new;
}

SWIFT_LLM_DISPATCH
void kernel_muon(
    float *parameters, const float *directions, long n, float rate, float shrink,
    kernel_parity *found, kernel_parity *written) {
    update(parameters, directions, n, rate, shrink, NULL, found, written);
}

SWIFT_LLM_DISPATCH
void kernel_muon_bf16(
    float *parameters, const float *directions, long n, float rate, float shrink,
    bfloat16 *rounded, kernel_parity *found, kernel_parity *written) {
    update(parameters, directions, n, rate, shrink, rounded, found, written);
}

SWIFT_LLM_DISPATCH
void kernel_scaled_sum(float *out, const float *a, long n, float share, float rest) {
    for (long i = 0; i < n; i++) out[i] = share * a[i] + rest * out[i];
}
