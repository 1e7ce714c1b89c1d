#ifndef DEQUANTIZE_H
#define DEQUANTIZE_H

/* dequantize.c: the values of `blocks` blocks of a type of ggml. Each product and each sum is rounded, as
 * gguf-py rounds them: a fused one would give other bits. */
void kernel_dequantize_f16(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q4_0(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q4_1(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q5_0(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q5_1(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q8_0(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q2_k(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q3_k(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q4_k(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q5_k(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_q6_k(float *out, const unsigned char *x, long blocks);
void kernel_dequantize_iq4_nl(float *out, const unsigned char *x, long blocks);

#endif
