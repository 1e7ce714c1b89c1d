/* Rotary positions (Su et al., 2021), with the halves of a head as the two coordinates of its
 * planes, as Hugging Face stores them: of a head of 2h floats, x[i] and x[i + h] turn by one angle.
 *
 *   y[i] = x[i] cos - x[i + h] sin,   y[i + h] = x[i + h] cos + x[i] sin
 *
 * What stands behind the planes of a head does not turn. */
#include "CKernels.h"
#include "vector.h"

/* y = x, or y += x. */
INLINE void take(float *y, const float *x, long n, int adds) {
    if (!adds) {
        memcpy(y, x, (unsigned long)n * sizeof(float));
        return;
    }
    for (long i = 0; i < n; i++) y[i] += x[i];
}

SWIFT_LLM_DISPATCH
void kernel_rotate_heads(
    float *out, long out_stride, long out_head_stride, const float *x, long x_stride,
    long x_head_stride, const float *cosines, const float *sines, long rows, long heads, long half,
    long rest, float direction, int adds) {
    float keep = adds ? 1.0f : 0.0f;
    for (long r = 0; r < rows; r++) {
        const float *c = cosines + r * half, *s = sines + r * half;
        for (long head = 0; head < heads; head++) {
            const float *first = x + r * x_stride + head * x_head_stride, *second = first + half;
            float *y = out + r * out_stride + head * out_head_stride, *z = y + half;
            if (!adds) memset(y, 0, (unsigned long)(2 * half) * sizeof(float));
            for (long i = 0; i < half; i++) {
                float turn = direction * s[i], a = first[i], b = second[i];
                y[i] = keep * y[i] + (a * c[i] - b * turn);
                z[i] = keep * z[i] + (b * c[i] + a * turn);
            }
            take(y + 2 * half, first + 2 * half, rest, adds);
        }
    }
}
