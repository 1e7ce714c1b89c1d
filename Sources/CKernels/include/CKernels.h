/* The loops over elements. Forward and backward of an operation stand in one file.
 *
 * Rows are contiguous unless a stride (in floats) is given. `adds` != 0 adds to what is there,
 * 0 overwrites. Nothing here allocates, locks or looks at threads; sums run in an order that
 * depends on the sizes alone. */
#ifndef CKERNELS_H
#define CKERNELS_H

#include "bfloat16.h"
#include "cached_rows.h"
#include "dequantize.h"
#include "quantize.h"
#include "quantized.h"
#include "dispatch.h"
#include "divergence.h"
#include "minhash.h"
#include "optimizers.h"
#include "reductions.h"

/* elementwise.c */
void kernel_narrow(bfloat16 *out, const float *x, long n);
void kernel_widen(float *out, const bfloat16 *x, long n);
void kernel_add_bf16(bfloat16 *out, const bfloat16 *a, const bfloat16 *b, long n);
void kernel_add_bias_bf16(
    bfloat16 *out, const float *bias, long rows, long columns, long stride);
void kernel_column_sums_bf16(
    float *sums, const bfloat16 *x, long rows, long columns, long stride, int adds);
void kernel_row_dots(
    float *dots, const float *a, const float *b, long rows, long columns, long stride);
void kernel_row_dots_bf16(
    float *dots, const bfloat16 *a, const bfloat16 *b, long rows, long columns, long stride);
void kernel_add(float *out, const float *a, const float *b, long n);
void kernel_scale(float *out, const float *a, float scale, long n);
void kernel_multiply(float *out, const float *a, const float *b, long n);
void kernel_add_product(float *out, const float *a, const float *b, long n);
void kernel_fill(float *out, float value, long n);
void kernel_add_bias(float *out, const float *bias, long rows, long columns, long stride);
void kernel_column_sums(
    float *sums, const float *x, long rows, long columns, long stride, int adds);
double kernel_sum(const float *x, long n);
void kernel_transpose(float *out, const float *x, long rows, long columns);

/* widening.c: rows x columns of floats, of as many elements, or of columns x rows of them. */
void kernel_widen_rows(
    float *out, const bfloat16 *x, long rows, long columns, long out_stride, long stride);
void kernel_widen_transposed(
    float *out, const bfloat16 *x, long rows, long columns, long out_stride, long stride);

/* gelu.c */
void kernel_gelu_tanh(float *out, const float *x, long n);
void kernel_gelu_tanh_backward(float *dx, const float *dy, const float *x, long n);
void kernel_gelu_exact(float *out, const float *x, long n);
void kernel_gelu_exact_backward(float *dx, const float *dy, const float *x, long n);
void kernel_gelu_tanh_bf16(bfloat16 *out, const bfloat16 *x, long n);
void kernel_gelu_tanh_backward_bf16(
    bfloat16 *dx, const bfloat16 *dy, const bfloat16 *x, long n);
void kernel_gelu_exact_bf16(bfloat16 *out, const bfloat16 *x, long n);
void kernel_gelu_exact_backward_bf16(
    bfloat16 *dx, const bfloat16 *dy, const bfloat16 *x, long n);

/* normalization.c; dgain and dbias are those of the given rows alone. */
void kernel_layer_norm(
    float *out, float *means, float *rstds, const float *x, const float *gain, const float *bias,
    long rows, long columns, float epsilon);
void kernel_layer_norm_backward(
    float *dx, float *dgain, float *dbias, const float *dy, const float *x, const float *gain,
    const float *means, const float *rstds, long rows, long columns, int adds_dx);
void kernel_layer_norm_bf16(
    bfloat16 *out, float *means, float *rstds, const float *x, const float *gain,
    const float *bias, long rows, long columns, float epsilon);
void kernel_layer_norm_backward_bf16(
    float *dx, float *dgain, float *dbias, const bfloat16 *dy, const float *x, const float *gain,
    const float *means, const float *rstds, long rows, long columns, int adds_dx);

/* rms_norm.c; dgain is that of the given rows alone. */
void kernel_rms_norm(
    float *out, float *rstds, const float *x, const float *gain, long rows, long columns,
    float epsilon);
void kernel_rms_norm_backward(
    float *dx, float *dgain, const float *dy, const float *x, const float *gain,
    const float *rstds, long rows, long columns, int adds_dx);

/* swiglu.c */
void kernel_swiglu(float *out, const float *a, const float *b, long n);
void kernel_swiglu_backward(
    float *da, float *db, const float *dy, const float *a, const float *b, long n);

/* rotary.c; row r has `heads` heads of 2 * half + rest floats and the angles [r, half]; the heads begin
 * head_stride floats after each other; the direction is 1, or -1 to turn back. */
void kernel_rotate_heads(
    float *out, long out_stride, long out_head_stride, const float *x, long x_stride,
    long x_head_stride, const float *cosines, const float *sines, long rows, long heads, long half,
    long rest, float direction, int adds);

/* soft_cap.c; out = cap tanh(scale x / cap); slopes = 1 - (out / cap)^2 where they are not NULL. */
void kernel_soft_cap(
    float *out, float *slopes, const float *x, float scale, float cap, long n);
/* dx = dy (1 - (y / cap)^2) */
void kernel_soft_cap_backward(float *dx, const float *dy, const float *y, float cap, long n);

/* softmax.c */
void kernel_softmax(float *out, const float *x, long rows, long columns);
void kernel_softmax_backward(
    float *dx, const float *dy, const float *y, long rows, long columns, int adds);

/* A target below 0 is not counted: its loss and gradient are 0. Where cap is above 0, the logits are cap
 * tanh(z / cap), and the gradient is that of z. */
/* sums[r] = log(sum(e^row)): what kernel_cross_entropy subtracts the target's logit from. */
void kernel_log_sums(float *sums, const float *logits, long rows, long columns);
void kernel_cross_entropy(
    float *losses, const float *logits, const int *targets, long rows, long columns);
void kernel_cross_entropy_gradient(
    float *out, float *losses, const float *logits, const int *targets, long rows, long columns,
    float scale, float cap);
/* The entropy of softmax(row), the mean of the row, and 1 where no logit is above the target's, else 0. */
void kernel_logit_statistics(
    float *entropies, float *means, float *tops, const float *logits, const int *targets, long rows,
    long columns);
/* Overwrites the logits. */
void kernel_cross_entropy_gradient_bf16(
    bfloat16 *out, float *losses, float *logits, const int *targets, long rows, long columns,
    float scale, float cap);

/* attention.c; row r of a block sees its first first_row + r + 1 scores; the stride is a multiple of
 * 16. */
void kernel_causal_softmax(
    float *scores, float *log_sums, long rows, long stride, long first_row, float scale);
void kernel_causal_probabilities(
    float *scores, const float *log_sums, long rows, long stride, long first_row, float scale);
void kernel_fill_before_window(
    float *scores, long rows, long stride, long first_row, long window, float value);
void kernel_attention_score_gradient(
    float *d_scores, const float *probabilities, const float *output_dots, long rows, long stride,
    float scale);

/* rows.c; out = x w, or out += x w, with x a row: w is [depth, columns] with `stride` floats from row to
 * row, transposed [columns, depth]. */
void kernel_row_product(
    float *out, const float *x, const float *w, long depth, long columns, long stride, int adds);
void kernel_row_product_transposed(
    float *out, const float *x, const float *w, long depth, long columns, long stride, int adds);

void kernel_row_product_bf16(
    float *out, const float *x, const bfloat16 *w, long depth, long columns, long stride,
    int adds);
void kernel_row_product_transposed_bf16(
    float *out, const float *x, const bfloat16 *w, long depth, long columns, long stride,
    int adds);

/* row_blocks.c; the products of rows.c for `rows` rows of x, `x_stride` and `out_stride` floats apart, each
 * by the sums of its product alone. Not transposed, sums of `part` of the depth are added up. */
typedef struct {
    long rows, depth, columns, x_stride, stride, out_stride, part;
    int adds;
} row_block;

void kernel_row_block(float *out, const float *x, const float *w, row_block block);
void kernel_row_block_bf16(float *out, const float *x, const bfloat16 *w, row_block block);
void kernel_row_block_transposed(float *out, const float *x, const float *w, row_block block);
void kernel_row_block_transposed_bf16(
    float *out, const float *x, const bfloat16 *w, row_block block);

/* packed.c; blocks of 64 weights: floats or bfloat16. */
#define PACKED_BLOCK 64
#define PACKED_UPPER_BYTES 96
#define PACKED_LOWER_BYTES 128
typedef struct {
    unsigned char *blocks;    /* exponents and upper halves, PACKED_UPPER_BYTES each */
    unsigned char *lows;      /* lower halves, PACKED_LOWER_BYTES each; 0: bfloat16 */
    unsigned char *exponents; /* the least one of each block, or that the block is escaped */
    float *escaped;           /* the weights of blocks whose exponents lie too far apart */
    long block_bytes;         /* from one block to the next */
    long low_bytes;           /* from the lower halves of one block to those of the next */
} packed_weights;

/* Packs `count` blocks from number `first` on, `stride` floats from one to the next; for bfloat16 the
 * weights are rounded. Returns how many blocks are escaped: they still have to be kept by
 * kernel_pack_escaped, which numbers them from `number` on. */
long kernel_pack(packed_weights to, long first, const float *w, long count, long stride);
void kernel_pack_escaped(
    packed_weights to, long first, const float *w, long count, long stride, long number);
/* The product of kernel_row_product for 64 columns, whose blocks of all rows stand one after the other;
 * sums of `part` rows are added up. Transposed, the blocks of a column stand one after the other, and
 * columns follow each other; the depth is a multiple of 64. */
void kernel_packed_row_product(
    float *out, const float *x, packed_weights w, long first, long depth, long part);
void kernel_packed_row_product_transposed(
    float *out, const float *x, packed_weights w, long first, long depth, long columns);
/* The same of floats without reading their lower halves. out[c] is no farther from the product than the
 * length of x times errors[c]. */
void kernel_packed_row_product_estimates(
    float *out, const float *x, packed_weights w, long first, long depth, long columns);
void kernel_packed_estimate_errors(
    float *errors, packed_weights w, long first, long depth, long columns);
/* Adds length * errors to the estimates; returns the largest of what they are without them, NaN aside. */
float kernel_upper_bounds(float *estimates, const float *errors, float length, long n);

/* embedding.c */
void kernel_gather_rows(float *out, const float *table, const int *ids, long rows, long columns);
void kernel_scatter_add_rows(
    float *table, const float *rows_in, const int *ids, long rows, long stride, long first_column,
    long columns);

/* outer.c; the arrays do not overlap */
void kernel_subtract(float *restrict out, const float *restrict a, const float *restrict b, long n);
/* Nesterov SGD over n parameters; the deltas are multiplied with `scale` first. */
void kernel_nesterov(
    float *restrict parameters, float *restrict momentum, const float *restrict deltas, long n,
    float rate, float decay, float scale);
/* out = share out + (1 - share) b */
void kernel_mix(float *restrict out, const float *restrict b, long n, float share);
void kernel_swap(float *restrict a, float *restrict b, long n);
/* One block: x = scale * code, with 8 bits a code. */
void kernel_encode8(signed char *restrict codes, float *scale, const float *restrict x, long n);
void kernel_decode8(
    float *restrict out, const signed char *restrict codes, float scale, long n, int adds);

/* random.c */
typedef struct {
    unsigned long long seed;
    unsigned step, sequence, site;
    float rate; /* the share that becomes 0 */
} kernel_dropout_stream;

void kernel_philox(unsigned *out, unsigned long long key, const unsigned counter[4]);
void kernel_dropout(
    float *out, const float *x, long n, unsigned long first_element,
    const kernel_dropout_stream *stream);
void kernel_normal(
    float *out, long n, long first_element, float deviation, unsigned stream,
    unsigned long long seed);

/* processor.c; the clone that the loader picks: "x86-64-v4" (AVX-512), "x86-64-v3" (AVX2) ... */
const char *kernel_instruction_set(void);
/* The compiler that made these kernels, which decides bits too: "clang 21.0". */
const char *kernel_compiler(void);

/* subnormals.c; whether the calling thread takes numbers below 2^-126 for zero. */
int kernel_flushes_subnormals(void);

/* peak.c; runs independent chains of fused multiply-adds in registers, `rounds` links of each, and
 * returns the floating-point operations done. */
double kernel_fma_chains(long rounds);

/* waiting.c; `calls` counts the calls of those that wait on it. */
unsigned kernel_calls(const unsigned *calls);
/* Sleeps until somebody calls, unless that was done since `seen` was read; it may end early. */
void kernel_sleep(const unsigned *calls, unsigned seen);
/* Calls, and wakes at most `count` of those that sleep. */
void kernel_wake(unsigned *calls, int count);
/* Gives the processor to another thread that wants it. */
void kernel_yield(void);

/* Tells the processor that this thread waits on memory that another thread writes. */
static inline void kernel_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

#endif
