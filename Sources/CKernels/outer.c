/* The outer steps of training on islands (DiLoCo, Douillard et al., 2023).
 *
 * Nesterov SGD as torch.optim.SGD(nesterov=True) writes it, on g = delta * scale:
 *
 *   b = momentum b + g,   p = p - rate (g + momentum b)
 *
 * A block of 8-bit deltas is a float and a code for each element: x = scale * code, |code| <= 127, with
 * scale = max |x| / 127. */
#include <float.h>
#include <math.h>

#include "CKernels.h"
#include "dispatch.h"

/* A fused multiply-add rounds once where the default clone rounds twice. */
#pragma STDC FP_CONTRACT OFF

SWIFT_LLM_DISPATCH
void kernel_subtract(float *restrict out, const float *restrict a, const float *restrict b, long n) {
    for (long i = 0; i < n; ++i) out[i] = a[i] - b[i];
}

SWIFT_LLM_DISPATCH
void kernel_nesterov(
    float *restrict parameters, float *restrict momentum, const float *restrict deltas, long n,
    float rate, float decay, float scale) {
    for (long i = 0; i < n; ++i) {
        float g = deltas[i] * scale;
        float b = decay * momentum[i] + g;
        momentum[i] = b;
        parameters[i] -= rate * (g + decay * b);
    }
}

/* out = share out + (1 - share) b, as torch.lerp(b, out, share) computes it. */
SWIFT_LLM_DISPATCH
void kernel_mix(float *restrict out, const float *restrict b, long n, float share) {
    if (share < 0.5f) {
        for (long i = 0; i < n; ++i) out[i] = b[i] + share * (out[i] - b[i]);
    } else {
        for (long i = 0; i < n; ++i) out[i] -= (1.0f - share) * (out[i] - b[i]);
    }
}

SWIFT_LLM_DISPATCH
void kernel_swap(float *restrict a, float *restrict b, long n) {
    for (long i = 0; i < n; ++i) {
        float kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* A block with an element that is not finite decodes to NaN: a training that diverged must show. */
SWIFT_LLM_DISPATCH
void kernel_encode8(signed char *restrict codes, float *scale, const float *restrict x, long n) {
    float most = 0.0f;
    int is_finite = 1;
    for (long i = 0; i < n; ++i) {
        float size = fabsf(x[i]);
        is_finite &= size <= FLT_MAX;
        most = size > most ? size : most;
    }
    float unit = most / 127.0f;
    float inverse = unit > 0.0f ? 1.0f / unit : 0.0f;
    *scale = is_finite ? unit : NAN;
    for (long i = 0; i < n; ++i) {
        float code = is_finite ? x[i] * inverse : 0.0f;
        code = code < -127.0f ? -127.0f : code > 127.0f ? 127.0f : code;
        /* To the nearest, to the even one of two: 1.5 * 2^23 leaves no bits for a fraction. */
        codes[i] = (signed char)((code + 12582912.0f) - 12582912.0f);
    }
}

/* out += scale * codes, or out = scale * codes. */
SWIFT_LLM_DISPATCH
void kernel_decode8(
    float *restrict out, const signed char *restrict codes, float scale, long n, int adds) {
    if (adds) {
        for (long i = 0; i < n; ++i) out[i] += scale * (float)codes[i];
    } else {
        for (long i = 0; i < n; ++i) out[i] = scale * (float)codes[i];
    }
}
