/* The layout of a group: the weights of 16 outputs, as many bytes as in ggml's blocks but for the scales
 * of Q4_K and Q5_K, which take a byte each.
 *
 * Four integers of an output that follow each other are a quad; a vector of 64 bytes has one quad of each
 * output. For 32 integers of each output: in 8 bits eight vectors (the integers plus 128); in 4 bits four
 * vectors, the lower halves of bytes for the quads 0 to 3, the upper ones for 4 to 7; a fifth bit
 * takes one more vector, bit j of a byte for quad j; a fifth and sixth two more, bits 2j and 2j + 1.
 *
 * All integers come first, then the upper bits, then the scales: of each 32 integers 16 numbers in F16
 * (and 16 least values); of the K types, of each 256 integers those, and a byte for each sub-block. */
#ifndef QUANTIZED_LAYOUT_H
#define QUANTIZED_LAYOUT_H

#include "elements.h"
#include "quantized.h"

enum { Q4_0 = 2, Q4_1 = 3, Q5_0 = 6, Q5_1 = 7, Q8_0 = 8, Q4_K = 12, Q5_K = 13, Q6_K = 14 };

#define LANES QUANTIZED_LANES
#define PANEL QUANTIZED_PANEL
#define BLOCK 32
#define QUADS 8

INLINE int is_k(int type) { return type >= Q4_K; }
INLINE int has_minimum(int type) {
    return type == Q4_1 || type == Q5_1 || type == Q4_K || type == Q5_K;
}

/* What an integer is kept more than it is. */
INLINE int offset_of(int type) {
    return type == Q4_0 ? 8 : type == Q5_0 ? 16 : type == Q8_0 ? 128 : type == Q6_K ? 32 : 0;
}

/* The scales of 32 integers: one, or one for each half. */
INLINE int halves_of(int type) { return type == Q6_K ? 2 : 1; }

/* Bytes of integers, upper bits and scales, for 32 integers of each output; of scales of the K types,
 * for 256. */
INLINE long integer_bytes(int type) { return type == Q8_0 ? 512 : 256; }
INLINE long upper_bytes(int type) {
    return type == Q6_K ? 128 : type == Q5_0 || type == Q5_1 || type == Q5_K ? 64 : 0;
}
INLINE long scale_bytes(int type) {
    return type == Q6_K ? 288 : is_k(type) ? 320 : has_minimum(type) ? 64 : 32;
}

/* The places of one group. */
typedef struct {
    const unsigned char *integers, *uppers, *scales;
} group_places;

INLINE long group_bytes(int type, long depth) {
    long blocks = depth / BLOCK;
    long scales = (is_k(type) ? blocks / 8 : blocks) * scale_bytes(type);
    return (blocks * (integer_bytes(type) + upper_bytes(type)) + scales + 63) / 64 * 64;
}

INLINE group_places places_of(const quantized_weights *w, long group, int type) {
    long blocks = w->depth / BLOCK;
    group_places p;
    p.integers = w->bytes + group * group_bytes(type, w->depth);
    p.uppers = p.integers + blocks * integer_bytes(type);
    p.scales = p.uppers + blocks * upper_bytes(type);
    return p;
}

#endif
