/* Soft bounds of scores and logits: y = c tanh(x / c). */
#include "CKernels.h"
#include "vector.h"

/* tanh x: 1 - 2 / (e^2x + 1), and the odd series to x^11 where that would cancel. */
INLINE void tangent(vfloat *y, const vfloat *x_in) {
    vfloat x = *x_in, e = 2.0f * x, s = x * x;
    exponential(&e, &e);
    vfloat far = 1.0f - 2.0f / (e + 1.0f);
    vfloat p = s * -8.86323553e-3f + 2.18694885e-2f;
    p = p * s - 5.39682540e-2f;
    p = p * s + 1.33333333e-1f;
    p = p * s - 3.33333333e-1f;
    vfloat near = p * s * x + x;
    vint is_near = s < 0.0625f;
    *y = (vfloat)(((vint)near & is_near) | ((vint)far & ~is_near));
}

SWIFT_LLM_DISPATCH
void kernel_soft_cap(
    float *out, float *slopes, const float *x, float scale, float cap, long n) {
    float factor = scale / cap;
    vfloat v;
    for (long i = 0; i < n; i += WIDTH) {
        long count = n - i < WIDTH ? n - i : WIDTH;
        if (count == WIDTH) v = LOAD(x + i); else load_part(&v, x + i, count, 0);
        v *= factor;
        tangent(&v, &v);
        vfloat slope = 1.0f - v * v;
        v *= cap;
        store_part(out + i, &v, count);
        if (slopes) store_part(slopes + i, &slope, count);
    }
}

SWIFT_LLM_DISPATCH
void kernel_soft_cap_backward(float *dx, const float *dy, const float *y, float cap, long n) {
    float factor = 1.0f / cap;
    for (long i = 0; i < n; i++) {
        float t = y[i] * factor;
        dx[i] = dy[i] * (1.0f - t * t);
    }
}
