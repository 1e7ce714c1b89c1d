/* Matrices of bfloat16 as floats: the same numbers, in rows of `out_stride` floats. Rows of the source
 * are `stride` elements apart. */
#include "elements.h"

SWIFT_LLM_DISPATCH
void kernel_widen_rows(
    float *out, const bfloat16 *x, long rows, long columns, long out_stride, long stride) {
    for (long r = 0; r < rows; r++) {
        float *to = out + r * out_stride;
        const bfloat16 *from = x + r * stride;
        for (long c = 0; c < columns; c++) to[c] = widen_bfloat16(from[c]);
    }
}

/* One stage of transposing 16 x 16: pairs of rows `d` apart exchange the lanes that lie `d` apart. Lane
 * l of the lower row is that of the other row where l has the bit d, and so on. */
#define LOWER(l, d) ((l) & (d) ? (l) - (d) + WIDTH : (l))
#define UPPER(l, d) ((l) & (d) ? (l) + WIDTH : (l) + (d))
#define LANES(PICK, d)                                                                        \
    PICK(0, d), PICK(1, d), PICK(2, d), PICK(3, d), PICK(4, d), PICK(5, d), PICK(6, d),       \
        PICK(7, d), PICK(8, d), PICK(9, d), PICK(10, d), PICK(11, d), PICK(12, d), PICK(13, d), \
        PICK(14, d), PICK(15, d)
#define EXCHANGE(v, d)                                                      \
    for (int i = 0; i < WIDTH; i++)                                         \
        if (!(i & (d))) {                                                   \
            vfloat a = v[i], b = v[i + (d)];                                \
            v[i] = __builtin_shufflevector(a, b, LANES(LOWER, d));          \
            v[i + (d)] = __builtin_shufflevector(a, b, LANES(UPPER, d));    \
        }

INLINE void widen_square(float *out, const bfloat16 *x, long out_stride, long stride) {
    vfloat v[WIDTH];
    for (int i = 0; i < WIDTH; i++) load_bfloat16(&v[i], x + i * stride);
    EXCHANGE(v, 8)
    EXCHANGE(v, 4)
    EXCHANGE(v, 2)
    EXCHANGE(v, 1)
    for (int i = 0; i < WIDTH; i++) STORE(out + i * out_stride, v[i]);
}

SWIFT_LLM_DISPATCH
void kernel_widen_transposed(
    float *out, const bfloat16 *x, long rows, long columns, long out_stride, long stride) {
    for (long r = 0; r < rows; r += WIDTH)
        for (long c = 0; c < columns; c += WIDTH) {
            float *to = out + r * out_stride + c;
            const bfloat16 *from = x + c * stride + r;
            if (r + WIDTH <= rows && c + WIDTH <= columns) {
                widen_square(to, from, out_stride, stride);
                continue;
            }
            for (long i = 0; i < WIDTH && r + i < rows; i++)
                for (long j = 0; j < WIDTH && c + j < columns; j++)
                    to[i * out_stride + j] = widen_bfloat16(from[j * stride + i]);
        }
}
