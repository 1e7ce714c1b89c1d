/* From the blocks of ggml to groups of 16 outputs; see quantized_layout.h and dequantize.c. */
#include "quantized_layout.h"

typedef unsigned char byte;

long kernel_quantized_group_bytes(int type, long depth) {
    int is_kept = (type >= Q4_0 && type <= Q4_1) || (type >= Q5_0 && type <= Q8_0)
        || (type >= Q4_K && type <= Q6_K);
    return is_kept ? group_bytes(type, depth) : 0;
}

INLINE unsigned quad_of(const byte *q) {
    unsigned quad;
    memcpy(&quad, q, sizeof quad);
    return quad;
}

INLINE void put_quad(byte *vector, int lane, unsigned quad) {
    memcpy(vector + 4 * lane, &quad, sizeof quad);
}

/* The 32 integers of a block, or of sub-blocks s of a block of 256, as they are kept. */
INLINE void halves_of_bytes(byte *q, const byte *x) {
    for (int i = 0; i < 16; i++) q[i] = x[i] & 15;
    for (int i = 0; i < 16; i++) q[16 + i] = x[i] >> 4;
}

INLINE void add_fifths(byte *q, const byte *bits) {
    for (int i = 0; i < 32; i++) q[i] |= (byte)((bits[i / 8] >> i % 8 & 1) << 4);
}

INLINE void integers_of(byte *q, const byte *x, int type, int s) {
    const byte *low = x + s / 4 * 64 + s % 2 * 32;
    switch (type) {
    case Q4_0: halves_of_bytes(q, x + 2); break;
    case Q4_1: halves_of_bytes(q, x + 4); break;
    case Q5_0: halves_of_bytes(q, x + 6); add_fifths(q, x + 2); break;
    case Q5_1: halves_of_bytes(q, x + 8); add_fifths(q, x + 4); break;
    case Q8_0: for (int i = 0; i < 32; i++) q[i] = x[2 + i] ^ 0x80; break;
    case Q4_K:
        for (int i = 0; i < 32; i++) q[i] = x[16 + s / 2 * 32 + i] >> s % 2 * 4 & 15;
        break;
    case Q5_K:
        for (int i = 0; i < 32; i++)
            q[i] = (byte)((x[48 + s / 2 * 32 + i] >> s % 2 * 4 & 15) | (x[16 + i] >> s & 1) << 4);
        break;
    case Q6_K:
        for (int i = 0; i < 32; i++) {
            int high = x[128 + s / 4 * 32 + i] >> s % 4 * 2 & 3;
            q[i] = (byte)((low[i] >> s % 4 / 2 * 4 & 15) | high << 4);
        }
        break;
    }
}

INLINE void put_integers(
    byte *integers, byte *uppers, const byte *q, int lane, int type) {
    if (type == Q8_0) {
        for (int j = 0; j < QUADS; j++) put_quad(integers + 64 * j, lane, quad_of(q + 4 * j));
        return;
    }
    for (int j = 0; j < 4; j++) {
        unsigned low = quad_of(q + 4 * j) & 0x0f0f0f0f, high = quad_of(q + 16 + 4 * j) & 0x0f0f0f0f;
        put_quad(integers + 64 * j, lane, low | high << 4);
    }
    unsigned fifths = 0, pairs[2] = {0, 0};
    for (int j = 0; j < QUADS; j++) {
        fifths |= (quad_of(q + 4 * j) >> 4 & 0x01010101) << j;
        pairs[j / 4] |= (quad_of(q + 4 * j) >> 4 & 0x03030303) << 2 * (j % 4);
    }
    if (upper_bytes(type) == 64) put_quad(uppers, lane, fifths);
    for (int i = 0; i < 2 && upper_bytes(type) == 128; i++)
        put_quad(uppers + 64 * i, lane, pairs[i]);
}

INLINE int put_half_of(byte *scales, int lane, const byte *x) {
    scales[2 * lane] = x[0];
    scales[2 * lane + 1] = x[1];
    return (x[1] & 0x7c) != 0x7c;
}

/* Writes the scales of a block; returns whether they are finite. */
INLINE int put_scales(byte *scales, const byte *x, int lane, int type) {
    if (type == Q6_K) {
        for (int s = 0; s < 16; s++) scales[32 + LANES * s + lane] = x[192 + s];
        return put_half_of(scales, lane, x + 208);
    }
    int is_finite = put_half_of(scales, lane, x);
    if (has_minimum(type)) is_finite &= put_half_of(scales + 32, lane, x + 2);
    if (!is_k(type)) return is_finite;
    const byte *bits = x + 4;
    for (int s = 0; s < 8; s++) {
        int scale = s < 4 ? bits[s] & 63 : (bits[4 + s] & 15) | (bits[s - 4] >> 2 & 48);
        int least = s < 4 ? bits[4 + s] & 63 : bits[4 + s] >> 4 | (bits[s] >> 2 & 48);
        scales[64 + LANES * s + lane] = (byte)scale;
        scales[192 + LANES * s + lane] = (byte)least;
    }
    return is_finite;
}

/* Bytes of a block of ggml. */
INLINE long file_bytes(int type) {
    switch (type) {
    case Q4_0: return 18;
    case Q4_1: return 20;
    case Q5_0: return 22;
    case Q5_1: return 24;
    case Q8_0: return 34;
    case Q4_K: return 144;
    case Q5_K: return 176;
    default: return 210;
    }
}

INLINE int pack_output(group_places to, const byte *x, long depth, int lane, int type) {
    int is_finite = 1, parts = is_k(type) ? 8 : 1;
    byte *integers = (byte *)to.integers, *uppers = (byte *)to.uppers, *scales = (byte *)to.scales;
    for (long k = 0; k < depth; k += BLOCK * parts, x += file_bytes(type)) {
        is_finite &= put_scales(scales, x, lane, type);
        scales += scale_bytes(type);
        for (int s = 0; s < parts; s++) {
            byte q[BLOCK];
            integers_of(q, x, type, s);
            put_integers(integers, uppers, q, lane, type);
            integers += integer_bytes(type);
            uppers += upper_bytes(type);
        }
    }
    return is_finite;
}

INLINE int pack(
    byte *group, long depth, const byte *const *outputs, int count, int type) {
    quantized_weights w = {group, depth, type};
    int is_finite = 1;
    memset(group, 0, (unsigned long)group_bytes(type, depth));
    for (int lane = 0; lane < count; lane++)
        is_finite &= pack_output(places_of(&w, 0, type), outputs[lane], depth, lane, type);
    return is_finite;
}

int kernel_quantized_pack(
    byte *group, int type, long depth, const byte *const *outputs, int count) {
    switch (type) {
    case Q4_0: return pack(group, depth, outputs, count, Q4_0);
    case Q4_1: return pack(group, depth, outputs, count, Q4_1);
    case Q5_0: return pack(group, depth, outputs, count, Q5_0);
    case Q5_1: return pack(group, depth, outputs, count, Q5_1);
    case Q8_0: return pack(group, depth, outputs, count, Q8_0);
    case Q4_K: return pack(group, depth, outputs, count, Q4_K);
    case Q5_K: return pack(group, depth, outputs, count, Q5_K);
    default: return pack(group, depth, outputs, count, Q6_K);
    }
}
