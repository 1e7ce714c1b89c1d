/* The blocks of ggml as floats. A block is a scale d in F16, in some types a second number (m, or the
 * scale of the minima), and small integers q: d q, d q + m, or (d s) q - (dmin t) with a scale s and a
 * minimum t for each sub-block. Bytes are little-endian.
 * Source: ggml-quants.c and gguf-py's quants.py, whose names are kept. */
#include "elements.h"
#include "half.h"

#pragma STDC FP_CONTRACT OFF

typedef unsigned char byte;

SWIFT_LLM_DISPATCH
void kernel_dequantize_f16(float *out, const byte *x, long blocks) {
    for (long i = 0; i < blocks; i++) out[i] = half(x + 2 * i);
}

SWIFT_LLM_DISPATCH
void kernel_dequantize_q4_0(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 18, out += 32) {
        float d = half(x);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)((x[2 + i] & 15) - 8);
            out[16 + i] = d * (float)((x[2 + i] >> 4) - 8);
        }
    }
}

SWIFT_LLM_DISPATCH
void kernel_dequantize_q4_1(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 20, out += 32) {
        float d = half(x), m = half(x + 2);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)(x[4 + i] & 15) + m;
            out[16 + i] = d * (float)(x[4 + i] >> 4) + m;
        }
    }
}

/* The upper bits of 32 integers lie in four bytes. */
INLINE int upper(const byte *bits, int i) { return (bits[i / 8] >> i % 8 & 1) << 4; }

SWIFT_LLM_DISPATCH
void kernel_dequantize_q5_0(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 22, out += 32) {
        float d = half(x);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)(((x[6 + i] & 15) | upper(x + 2, i)) - 16);
            out[16 + i] = d * (float)(((x[6 + i] >> 4) | upper(x + 2, 16 + i)) - 16);
        }
    }
}

SWIFT_LLM_DISPATCH
void kernel_dequantize_q5_1(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 24, out += 32) {
        float d = half(x), m = half(x + 2);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)((x[8 + i] & 15) | upper(x + 4, i)) + m;
            out[16 + i] = d * (float)((x[8 + i] >> 4) | upper(x + 4, 16 + i)) + m;
        }
    }
}

SWIFT_LLM_DISPATCH
void kernel_dequantize_q8_0(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 34, out += 32) {
        float d = half(x);
        for (int i = 0; i < 32; i++) out[i] = (float)(signed char)x[2 + i] * d;
    }
}

/* Scales, 64 bytes of four integers each, d, dmin. */
SWIFT_LLM_DISPATCH
void kernel_dequantize_q2_k(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 84, out += 256) {
        float d = half(x + 80), dmin = half(x + 82);
        for (int s = 0; s < 16; s++) {
            float dl = d * (float)(x[s] & 15), ml = dmin * (float)(x[s] >> 4);
            const byte *q = x + 16 + s / 8 * 32 + s % 2 * 16;
            for (int i = 0; i < 16; i++)
                out[16 * s + i] = dl * (float)(q[i] >> s % 8 / 2 * 2 & 3) - ml;
        }
    }
}

/* 32 bytes of upper bits, 64 of two lower bits each, 12 of scales in 6 bits, d. */
SWIFT_LLM_DISPATCH
void kernel_dequantize_q3_k(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 110, out += 256) {
        float d = half(x + 108);
        const byte *scales = x + 96;
        for (int s = 0; s < 16; s++) {
            int low = scales[s % 8] >> s / 8 * 4 & 15, high = scales[8 + s % 4] >> s / 4 * 2 & 3;
            float dl = d * (float)((low | high << 4) - 32);
            const byte *q = x + 32 + s / 8 * 32 + s % 2 * 16, *h = x + s % 2 * 16;
            for (int i = 0; i < 16; i++) {
                int bits = q[i] >> s % 8 / 2 * 2 & 3, isLower = ~h[i] >> s / 2 & 1;
                out[16 * s + i] = dl * (float)(bits - 4 * isLower);
            }
        }
    }
}

/* Scale and minimum of sub-block s, 6 bits each. */
INLINE int scale_k(const byte *x, int s) {
    return s < 4 ? x[s] & 63 : (x[4 + s] & 15) | (x[s - 4] >> 2 & 48);
}

INLINE int minimum_k(const byte *x, int s) {
    return s < 4 ? x[4 + s] & 63 : x[4 + s] >> 4 | (x[s] >> 2 & 48);
}

/* d, dmin, 12 bytes of scales and minima, 128 of two integers each. */
SWIFT_LLM_DISPATCH
void kernel_dequantize_q4_k(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 144, out += 256)
        for (int s = 0; s < 8; s++) {
            float d = half(x) * (float)scale_k(x + 4, s);
            float m = half(x + 2) * (float)minimum_k(x + 4, s);
            const byte *q = x + 16 + s / 2 * 32;
            for (int i = 0; i < 32; i++) out[32 * s + i] = d * (float)(q[i] >> s % 2 * 4 & 15) - m;
        }
}

/* d, dmin, 12 bytes of scales and minima, 32 of upper bits, 128 of two integers each. */
SWIFT_LLM_DISPATCH
void kernel_dequantize_q5_k(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 176, out += 256)
        for (int s = 0; s < 8; s++) {
            float d = half(x) * (float)scale_k(x + 4, s);
            float m = half(x + 2) * (float)minimum_k(x + 4, s);
            const byte *q = x + 48 + s / 2 * 32, *h = x + 16;
            for (int i = 0; i < 32; i++) {
                int bits = (q[i] >> s % 2 * 4 & 15) | (h[i] >> s & 1) << 4;
                out[32 * s + i] = d * (float)bits - m;
            }
        }
}

/* 128 bytes of two lower halves each, 64 of four upper pairs each, 16 scales, d. */
SWIFT_LLM_DISPATCH
void kernel_dequantize_q6_k(float *out, const byte *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 210, out += 256)
        for (int s = 0; s < 16; s++) {
            float d = half(x + 208) * (float)(signed char)x[192 + s];
            const byte *low = x + s / 8 * 64 + s % 4 * 16, *high = x + 128 + s / 8 * 32 + s % 2 * 16;
            for (int i = 0; i < 16; i++) {
                int bits = (low[i] >> s % 8 / 4 * 4 & 15) | (high[i] >> s % 8 / 2 * 2 & 3) << 4;
                out[16 * s + i] = d * (float)(bits - 32);
            }
        }
}

SWIFT_LLM_DISPATCH
void kernel_dequantize_iq4_nl(float *out, const byte *x, long blocks) {
    static const float values[16] = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    for (long b = 0; b < blocks; b++, x += 18, out += 32) {
        float d = half(x);
        for (int i = 0; i < 16; i++) {
            out[i] = d * values[x[2 + i] & 15];
            out[16 + i] = d * values[x[2 + i] >> 4];
        }
    }
}
