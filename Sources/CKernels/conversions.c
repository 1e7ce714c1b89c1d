#include <stdint.h>
#include <string.h>

#include "dispatch.h"
#include "reductions.h"

SWIFT_LLM_DISPATCH
void kernel_round_to_bfloat16(unsigned short *restrict out, const float *restrict a, long count) {
    for (long i = 0; i < count; ++i) {
        uint32_t bits;
        memcpy(&bits, &a[i], sizeof bits);
        // Half of the last place that stays, less one where that is even: ties go to even.
        uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        // The sum would carry the fraction of a NaN into its exponent.
        uint32_t quiet = bits >> 16 | 0x40;
        out[i] = (unsigned short)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
    }
}
