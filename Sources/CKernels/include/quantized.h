#ifndef QUANTIZED_H
#define QUANTIZED_H

/* quantized*.c: products of rows with a matrix [out, in] whose weights stay in a type of ggml.
 *
 * The bits of a row of a product depend on that row and the matrix alone, whatever rows stand beside it.
 * The types are those of ggml by their codes: Q4_0 2, Q4_1 3, Q5_0 6, Q5_1 7, Q8_0 8, Q4_K 12, Q5_K 13,
 * Q6_K 14. */

/* Outputs whose weights lie side by side: a group. */
#define QUANTIZED_LANES 16
/* Rows of x that lie side by side: a panel. */
#define QUANTIZED_PANEL 8

typedef struct {
    const unsigned char *bytes; /* of the first group; 64-byte aligned */
    long depth;                 /* weights of an output */
    int type;
} quantized_weights;

/* The bytes of a group; 0 for a type that is not kept. */
long kernel_quantized_group_bytes(int type, long depth);

/* Writes a group of the weights of at most 16 outputs, each as ggml's blocks; the others are 0. Returns
 * whether all scales are finite. */
int kernel_quantized_pack(
    unsigned char *group, int type, long depth, const unsigned char *const *outputs, int count);

/* The ways in which a processor may compute; those of one family give the same bits. */
enum {
    QUANTIZED_PLAIN,
    QUANTIZED_AVX2,
    QUANTIZED_AVX_VNNI,
    QUANTIZED_AVX512,
    QUANTIZED_AVX512_VNNI,
    QUANTIZED_WAY_COUNT
};

const char *kernel_quantized_way_name(int way);
/* Whether this processor has the instructions. */
int kernel_quantized_way_is_possible(int way);

/* Writes the weights of `count` groups as floats, those of one depth side by side:
 * out[k stride + output]. They have the bits of kernel_dequantize_*. */
void kernel_quantized_decode(
    int way, float *out, long stride, quantized_weights w, long group, long count);

/* out[row][output] of `count` groups in exact arithmetic: each sum runs over the depth in its order. The
 * rows of out and x are so many floats apart; `outputs` are left from the first group on. `scratch` has
 * room for kernel_quantized_scratch floats; at most QUANTIZED_FEW_ROWS rows need none. */
#define QUANTIZED_FEW_ROWS 4
long kernel_quantized_scratch(long depth);
void kernel_quantized_product(
    int way, float *out, long stride, quantized_weights w, long group, long count, long outputs,
    const float *x, long x_stride, long rows, float *scratch);

/* 32 values of each row of a panel in 8 bits: x = scale q. The sums are those of 16 q each, times what
 * the type's integers are less than they are kept as; or of 32 q, times the scale. */
typedef struct {
    signed char q[QUANTIZED_PANEL][32];
    float scales[QUANTIZED_PANEL];
    int starts[2][QUANTIZED_PANEL];
    float sums[QUANTIZED_PANEL];
} integer_block;

/* Writes at most 8 rows of x, `stride` floats apart, as blocks for weights of a type. */
void kernel_integer_panel(
    int way, integer_block *out, const float *x, long stride, long rows, long depth, int type);
/* out[row][output] of `count` groups by products of integers. `scratch` has room for
 * kernel_integer_scratch bytes; at most QUANTIZED_INTEGER_FEW_ROWS rows need none. */
#define QUANTIZED_INTEGER_FEW_ROWS 24
long kernel_integer_scratch(long depth);
void kernel_integer_product(
    int way, float *out, long stride, quantized_weights w, long group, long count, long outputs,
    const integer_block *panels, long rows, unsigned char *scratch);

#endif
