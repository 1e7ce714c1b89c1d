#ifndef QUANTIZE_H
#define QUANTIZE_H

/* quantize.c: floats as `blocks` blocks of a type of ggml, whose values dequantize.c gives back. All floats
 * are finite; which scales fit the type is the caller's to know. Blocks of 32 are those of gguf-py to the
 * bit; those of 256 (K) have the scales of the least weighted squares among several starts. */
void kernel_quantize_q4_0(unsigned char *y, const float *x, long blocks);
void kernel_quantize_q4_1(unsigned char *y, const float *x, long blocks);
void kernel_quantize_q5_0(unsigned char *y, const float *x, long blocks);
void kernel_quantize_q5_1(unsigned char *y, const float *x, long blocks);
void kernel_quantize_q8_0(unsigned char *y, const float *x, long blocks);
void kernel_quantize_q4_k(unsigned char *y, const float *x, long blocks);
void kernel_quantize_q5_k(unsigned char *y, const float *x, long blocks);
void kernel_quantize_q6_k(unsigned char *y, const float *x, long blocks);

#endif
