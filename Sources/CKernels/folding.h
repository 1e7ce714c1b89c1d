/* Sums over the lanes of eight vectors at once. */
#ifndef FOLDING_H
#define FOLDING_H

#include "vector.h"

/* Of two vectors, the lanes in front of every 2 `half` lanes and those behind them, added up. */
#define LANES(at, half) LANES_##half(at)
#define LANES_8(at) (at) + 0, (at) + 1, (at) + 2, (at) + 3, (at) + 4, (at) + 5, (at) + 6, (at) + 7
#define LANES_4(at) (at) + 0, (at) + 1, (at) + 2, (at) + 3, (at) + 8, (at) + 9, (at) + 10, (at) + 11
#define LANES_2(at) (at) + 0, (at) + 1, (at) + 4, (at) + 5, (at) + 8, (at) + 9, (at) + 12, (at) + 13
#define LANES_1(at) (at) + 0, (at) + 2, (at) + 4, (at) + 6, (at) + 8, (at) + 10, (at) + 12, (at) + 14
#define FOLDED(a, b, half) \
    (__builtin_shufflevector(a, b, LANES(0, half), LANES(16, half)) \
     + __builtin_shufflevector(a, b, LANES(half, half), LANES(16 + half, half)))

/* sums[i] = sum_of(s[i]) for 8 vectors, in the very order of sum_of. */
INLINE void sums_of_8(float *sums, const vfloat *s) {
    vfloat ab = FOLDED(s[0], s[1], 8), cd = FOLDED(s[2], s[3], 8);
    vfloat ef = FOLDED(s[4], s[5], 8), gh = FOLDED(s[6], s[7], 8);
    vfloat abcd = FOLDED(ab, cd, 4), efgh = FOLDED(ef, gh, 4);
    vfloat all = FOLDED(abcd, efgh, 2);
    vfloat last = FOLDED(all, all, 1);
    memcpy(sums, &last, 8 * sizeof *sums);
}

#endif
