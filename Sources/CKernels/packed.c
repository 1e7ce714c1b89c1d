/* Weights packed without loss, and one row times a matrix of them: decoding reads each weight once
 * and waits for the memory, so that fewer bytes are more tokens a second.
 *
 * The exponents of neighbouring weights lie close together: of 64 weights the largest is mostly less
 * than 2^16 times the smallest. So a weight keeps sign and mantissa, and four bits for its exponent.
 * A block of 64 where they do not suffice stands elsewhere as it is. */
#include "elements.h"

/* A block: for each of 16 lanes the exponents of its four weights, four bits each; then a byte of
 * sign and upper mantissa for each weight, and, of floats, the lower 16 bits of the mantissa. */
#define VECTORS (PACKED_BLOCK / WIDTH)
#define BLOCK PACKED_BLOCK
#define CODE_BYTES (WIDTH * 2)
#define BFLOAT16_BYTES PACKED_BFLOAT16_BYTES
#define FLOAT_BYTES PACKED_FLOAT_BYTES
#define CODE_BITS 4
#define LAST_CODE 15
/* Instead of a block's least exponent; the block then begins with its number among those like it. */
#define ESCAPED 255

#define SIGN_AND_UPPER 0x807f0000u
/* While packing, which jumps from row to row. */
#define BLOCKS_AHEAD 16
#define FETCH_AHEAD(at) __builtin_prefetch((const char *)(at) + 8192)

typedef signed char vbyte __attribute__((vector_size(16), aligned(1), may_alias));

#define LOAD_HALVES(p) __builtin_convertvector(*(const vhalf *)(p), vuint)

/* Floats, or, without their lower halves, floats rounded to bfloat16. */
INLINE void load_unpacked(vuint bits[VECTORS], const float *w, int has_lows) {
    for (int j = 0; j < VECTORS; j++) {
        vfloat x = LOAD(w + j * WIDTH);
        if (!has_lows) {
            bfloat16 rounded[WIDTH];
            store_bfloat16(rounded, &x);
            load_bfloat16(&x, rounded);
        }
        bits[j] = (vuint)x;
    }
}

INLINE unsigned largest_exponent(const vuint bits[VECTORS]) {
    vuint largest = {};
    for (int j = 0; j < VECTORS; j++)
        largest = __builtin_elementwise_max(largest, bits[j] >> 23 & 255);
    unsigned result = 0;
    for (int i = 0; i < WIDTH; i++) result = largest[i] > result ? largest[i] : result;
    return result;
}

/* Whether the exponents of all weights fit their codes. */
INLINE int pack_block(
    unsigned char *block, const vuint bits[VECTORS], unsigned least, int has_lows) {
    vuint codes = {}, beyond = {};
    for (int j = 0; j < VECTORS; j++) {
        vuint code = (bits[j] >> 23 & 255) - least;
        beyond |= code & ~LAST_CODE;
        codes |= code << CODE_BITS * j;
        vuint top = (bits[j] >> 24 & 0x80) | (bits[j] >> 16 & 0x7f);
        *(vbyte *)(block + CODE_BYTES + j * WIDTH) = __builtin_convertvector(top, vbyte);
        if (has_lows)
            *(vhalf *)(block + BFLOAT16_BYTES + j * WIDTH * 2) =
                __builtin_convertvector(bits[j] & 0xffff, vhalf);
    }
    *(vhalf *)block = __builtin_convertvector(codes, vhalf);
    unsigned any = 0;
    for (int i = 0; i < WIDTH; i++) any |= beyond[i];
    return any == 0;
}

INLINE long pack(
    packed_weights to, long first, const float *w, long count, long stride, int has_lows) {
    long bytes = has_lows ? FLOAT_BYTES : BFLOAT16_BYTES, escaped = 0;
    for (long b = 0; b < count; b++) {
        vuint bits[VECTORS];
        for (int j = 0; j < VECTORS; j++)
            __builtin_prefetch(w + (b + BLOCKS_AHEAD) * stride + j * WIDTH);
        load_unpacked(bits, w + b * stride, has_lows);
        unsigned largest = largest_exponent(bits);
        unsigned least = largest < LAST_CODE ? 0 : largest - LAST_CODE;
        int fits = pack_block(to.blocks + (first + b) * bytes, bits, least, has_lows);
        to.exponents[first + b] = fits ? least : ESCAPED;
        escaped += !fits;
    }
    return escaped;
}

SWIFT_LLM_DISPATCH
long kernel_pack(packed_weights to, long first, const float *w, long count, long stride) {
    return to.has_lows ? pack(to, first, w, count, stride, 1)
                       : pack(to, first, w, count, stride, 0);
}

SWIFT_LLM_DISPATCH
void kernel_pack_escaped(
    packed_weights to, long first, const float *w, long count, long stride, long number) {
    long bytes = to.has_lows ? FLOAT_BYTES : BFLOAT16_BYTES;
    for (long b = 0; b < count; b++) {
        if (to.exponents[first + b] != ESCAPED) continue;
        vuint bits[VECTORS];
        load_unpacked(bits, w + b * stride, to.has_lows);
        memcpy(to.escaped + number * BLOCK, bits, sizeof bits);
        memcpy(to.blocks + (first + b) * bytes, &number, sizeof number);
        number++;
    }
}

INLINE void unpack(vfloat out[VECTORS], const packed_weights *w, long number, int has_lows) {
    long bytes = has_lows ? FLOAT_BYTES : BFLOAT16_BYTES;
    const unsigned char *block = w->blocks + number * bytes;
    for (long line = 0; line < bytes; line += 64) FETCH_AHEAD(block + line);
    unsigned least = w->exponents[number];
    if (__builtin_expect(least == ESCAPED, 0)) {
        long place;
        memcpy(&place, block, sizeof place);
        const float *plain = w->escaped + place * BLOCK;
        for (int j = 0; j < VECTORS; j++) {
            out[j] = LOAD(plain + j * WIDTH);
            /* The next one. */
            __builtin_prefetch(plain + BLOCK + j * WIDTH);
        }
        return;
    }
    vuint codes = LOAD_HALVES(block), least_bits = (vuint){} + (least << 23);
    for (int j = 0; j < VECTORS; j++) {
        vbyte top = *(const vbyte *)(block + CODE_BYTES + j * WIDTH);
        vuint bits = (vuint)__builtin_convertvector(top, vint) << 16 & SIGN_AND_UPPER;
        if (has_lows) bits |= LOAD_HALVES(block + BFLOAT16_BYTES + j * WIDTH * 2);
        vuint code = codes << (23 - CODE_BITS * j) & (LAST_CODE << 23);
        out[j] = (vfloat)(bits | (code + least_bits));
    }
}

INLINE void row_product(
    float *out, const float *x, const packed_weights *w, long first, long depth, long part,
    int has_lows) {
    vfloat sums[VECTORS] = {};
    for (long start = 0; start < depth; start += part) {
        vfloat part_sums[VECTORS] = {};
        long end = start + part < depth ? start + part : depth;
        for (long r = start; r < end; r++) {
            vfloat row[VECTORS];
            unpack(row, w, first + r, has_lows);
            for (int j = 0; j < VECTORS; j++) part_sums[j] += x[r] * row[j];
        }
        for (int j = 0; j < VECTORS; j++)
            sums[j] = start == 0 ? part_sums[j] : sums[j] + part_sums[j];
    }
    for (int j = 0; j < VECTORS; j++) STORE(out + j * WIDTH, sums[j]);
}

SWIFT_LLM_DISPATCH
void kernel_packed_row_product(
    float *out, const float *x, packed_weights w, long first, long depth, long part) {
    if (w.has_lows)
        row_product(out, x, &w, first, depth, part, 1);
    else
        row_product(out, x, &w, first, depth, part, 0);
}

/* The order of `dot` in rows.inc. */
INLINE float dot(const float *x, const packed_weights *w, long first, long blocks, int has_lows) {
    vfloat sums[VECTORS] = {};
    for (long b = 0; b < blocks; b++) {
        vfloat row[VECTORS];
        unpack(row, w, first + b, has_lows);
        for (int j = 0; j < VECTORS; j++) sums[j] += LOAD(x + b * BLOCK + j * WIDTH) * row[j];
    }
    for (int j = 1; j < VECTORS; j++) sums[0] += sums[j];
    return sum_of(&sums[0]);
}

SWIFT_LLM_DISPATCH
void kernel_packed_row_product_transposed(
    float *out, const float *x, packed_weights w, long first, long depth, long columns) {
    long blocks = depth / BLOCK;
    for (long c = 0; c < columns; c++)
        out[c] = w.has_lows ? dot(x, &w, first + c * blocks, blocks, 1)
                            : dot(x, &w, first + c * blocks, blocks, 0);
}
