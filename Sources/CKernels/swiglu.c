/* SwiGLU (Shazeer, 2020): y = a s(a) b with s(a) = 1 / (1 + e^-a).
 *
 *   da = dy b s (1 + a (1 - s)),   db = dy a s
 */
#include "CKernels.h"
#include "vector.h"

INLINE void logistic(vfloat *s, const vfloat *a) {
    vfloat e = -*a;
    exponential(&e, &e);
    *s = 1.0f / (1.0f + e);
}

INLINE void swiglu(vfloat *y, const vfloat *a, const vfloat *b) {
    vfloat s;
    logistic(&s, a);
    *y = *a * s * *b;
}

INLINE void swiglu_backward(
    vfloat *da, vfloat *db, const vfloat *dy, const vfloat *a, const vfloat *b) {
    vfloat s;
    logistic(&s, a);
    *da = *dy * *b * s * (1.0f + *a * (1.0f - s));
    *db = *dy * *a * s;
}

SWIFT_LLM_DISPATCH
void kernel_swiglu(float *out, const float *a, const float *b, long n) {
    vfloat x, y;
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        x = LOAD(a + i);
        y = LOAD(b + i);
        swiglu(&y, &x, &y);
        STORE(out + i, y);
    }
    if (i < n) {
        load_part(&x, a + i, n - i, 0);
        load_part(&y, b + i, n - i, 0);
        swiglu(&y, &x, &y);
        store_part(out + i, &y, n - i);
    }
}

SWIFT_LLM_DISPATCH
void kernel_swiglu_backward(
    float *da, float *db, const float *dy, const float *a, const float *b, long n) {
    vfloat g, x, y, dx, dy_out;
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        g = LOAD(dy + i);
        x = LOAD(a + i);
        y = LOAD(b + i);
        swiglu_backward(&dx, &dy_out, &g, &x, &y);
        STORE(da + i, dx);
        STORE(db + i, dy_out);
    }
    if (i < n) {
        load_part(&g, dy + i, n - i, 0);
        load_part(&x, a + i, n - i, 0);
        load_part(&y, b + i, n - i, 0);
        swiglu_backward(&dx, &dy_out, &g, &x, &y);
        store_part(da + i, &dx, n - i);
        store_part(db + i, &dy_out, n - i);
    }
}
