/* GELU (Hendrycks and Gimpel, 2016), in the tanh form that GPT-2 uses and in the exact form.
 *
 *   tanh:  y = x/2 (1 + tanh u),    u = sqrt(2/pi) (x + 0.044715 x^3)
 *   exact: y = x/2 (1 + erf(x / sqrt 2))
 */
#include "elements.h"

#define ROOT_2_OVER_PI 0.7978845608f
#define CUBIC 0.044715f

/* s = (1 + tanh u) / 2 = 1 / (1 + e^-2u) */
INLINE void half_one_plus_tanh(vfloat *s, const vfloat *x_in) {
    vfloat x = *x_in, e = -2.0f * ROOT_2_OVER_PI * (x + CUBIC * x * x * x);
    exponential(&e, &e);
    *s = 1.0f / (1.0f + e);
}

INLINE void gelu_tanh(vfloat *y, const vfloat *x) {
    vfloat s;
    half_one_plus_tanh(&s, x);
    *y = *x * s;
}

/* dy/dx = s + x s (1 - s) 2 du/dx */
INLINE void gelu_tanh_slope(vfloat *slope, const vfloat *x_in) {
    vfloat s, x = *x_in;
    half_one_plus_tanh(&s, &x);
    vfloat du = ROOT_2_OVER_PI * (1.0f + 3.0f * CUBIC * x * x);
    *slope = s + x * s * (1.0f - s) * 2.0f * du;
}

/* Normal distribution function by erfc (Abramowitz and Stegun 7.1.26, |error| <= 1.5e-7). */
INLINE void normal_cdf(vfloat *y, const vfloat *x_in) {
    vfloat x = *x_in, z = VMAX(x, -x) * 0.7071067812f, e = -z * z;
    exponential(&e, &e);
    vfloat t = 1.0f / (1.0f + 0.3275911f * z);
    vfloat p = t * 1.061405429f - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    vfloat tail = 0.5f * p * t * e, upper = 1.0f - tail;
    vint positive = x > 0.0f;
    *y = (vfloat)(((vint)upper & positive) | ((vint)tail & ~positive));
}

INLINE void gelu_exact(vfloat *y, const vfloat *x) {
    vfloat cdf;
    normal_cdf(&cdf, x);
    *y = *x * cdf;
}

INLINE void gelu_exact_slope(vfloat *slope, const vfloat *x_in) {
    vfloat x = *x_in, cdf, density = -0.5f * x * x;
    normal_cdf(&cdf, &x);
    exponential(&density, &density);
    *slope = cdf + x * 0.3989422804f * density;
}

#define KERNELS "gelu.inc"
#include "both_elements.inc"
