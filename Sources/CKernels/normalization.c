/* Layer norm (Ba et al., 2016) over rows of C floats.
 *
 *   y = (x - mean) rstd gain + bias,   rstd = 1 / sqrt(variance + epsilon)
 *   n = (x - mean) rstd,  g = dy gain
 *   dx = rstd (g - average(g) - n average(g n)),   dgain = sum dy n,   dbias = sum dy
 */
#include <math.h>

#include "elements.h"

/* Two passes over a row that stays in the first-level cache: mean, then centred squares. */
INLINE float row_sum(const float *x, long n) {
    vfloat sum = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) sum += LOAD(x + i);
    if (i < n) {
        vfloat part;
        load_part(&part, x + i, n - i, 0);
        sum += part;
    }
    return sum_of(&sum);
}

INLINE float row_centred_squares(const float *x, float mean, long n) {
    vfloat sum = {};
    long i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        vfloat d = LOAD(x + i) - mean;
        sum += d * d;
    }
    if (i < n) {
        vfloat part;
        load_part(&part, x + i, n - i, mean);
        sum += (part - mean) * (part - mean);
    }
    return sum_of(&sum);
}

#define KERNELS "normalization.inc"
#include "both_elements.inc"
