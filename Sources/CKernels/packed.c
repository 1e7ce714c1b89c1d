/* Weights packed without loss, and one row times a matrix of them: decoding reads each weight once
 * and waits for the memory, so that fewer bytes are more tokens a second.
 *
 * The exponents of neighbouring weights lie close together: of 64 weights the largest is mostly less
 * than 2^16 times the smallest. So a weight keeps sign and mantissa, and four bits for its exponent.
 * A block of 64 where they do not suffice stands elsewhere as it is. */
#include "elements.h"

/* A block: for each of 16 lanes the exponents of its four weights, four bits each; then a byte of
 * sign and upper mantissa for each weight. The lower 16 bits of the mantissas stand behind it or in an
 * array of their own. */
#define VECTORS (PACKED_BLOCK / WIDTH)
#define BLOCK PACKED_BLOCK
#define CODE_BYTES (WIDTH * 2)
#define CODE_BITS 4
#define LAST_CODE 15
/* Instead of a block's least exponent; the block then begins with its number among those like it. */
#define ESCAPED 255

#define SIGN_AND_UPPER 0x807f0000u
/* In place of a lower half: the middle of what it can be. */
#define MIDDLE 0x8000u
/* While packing, which jumps from row to row. */
#define BLOCKS_AHEAD 16
#define FETCH_AHEAD(at) __builtin_prefetch((const char *)(at) + 8192)

typedef signed char vbyte __attribute__((vector_size(16), aligned(1), may_alias));

#define LOAD_HALVES(p) __builtin_convertvector(*(const vhalf *)(p), vuint)

/* What is read of a weight: of bfloat16 there are no lower halves, of floats they can be left. */
enum reading { BFLOAT16, WHOLE, UPPER };

INLINE unsigned char *block_at(const packed_weights *w, long number) {
    return w->blocks + number * w->block_bytes;
}

INLINE unsigned char *lows_at(const packed_weights *w, long number) {
    return w->lows + number * w->low_bytes;
}

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
INLINE int pack_block(unsigned char *block, const vuint bits[VECTORS], unsigned least) {
    vuint codes = {}, beyond = {};
    for (int j = 0; j < VECTORS; j++) {
        vuint code = (bits[j] >> 23 & 255) - least;
        beyond |= code & ~LAST_CODE;
        codes |= code << CODE_BITS * j;
        vuint top = (bits[j] >> 24 & 0x80) | (bits[j] >> 16 & 0x7f);
        *(vbyte *)(block + CODE_BYTES + j * WIDTH) = __builtin_convertvector(top, vbyte);
    }
    *(vhalf *)block = __builtin_convertvector(codes, vhalf);
    unsigned any = 0;
    for (int i = 0; i < WIDTH; i++) any |= beyond[i];
    return any == 0;
}

SWIFT_LLM_DISPATCH
long kernel_pack(packed_weights to, long first, const float *w, long count, long stride) {
    long escaped = 0;
    for (long b = 0; b < count; b++, w += stride) {
        vuint bits[VECTORS];
        for (int j = 0; j < VECTORS; j++)
            __builtin_prefetch(w + BLOCKS_AHEAD * stride + j * WIDTH);
        load_unpacked(bits, w, to.lows != 0);
        unsigned largest = largest_exponent(bits);
        unsigned least = largest < LAST_CODE ? 0 : largest - LAST_CODE;
        int fits = pack_block(block_at(&to, first + b), bits, least);
        for (int j = 0; j < VECTORS && to.lows; j++)
            *(vhalf *)(lows_at(&to, first + b) + j * WIDTH * 2) =
                __builtin_convertvector(bits[j] & 0xffff, vhalf);
        to.exponents[first + b] = fits ? least : ESCAPED;
        escaped += !fits;
    }
    return escaped;
}

SWIFT_LLM_DISPATCH
void kernel_pack_escaped(
    packed_weights to, long first, const float *w, long count, long stride, long number) {
    for (long b = 0; b < count; b++) {
        if (to.exponents[first + b] != ESCAPED) continue;
        vuint bits[VECTORS];
        load_unpacked(bits, w + b * stride, to.lows != 0);
        memcpy(to.escaped + number * BLOCK, bits, sizeof bits);
        memcpy(block_at(&to, first + b), &number, sizeof number);
        number++;
    }
}

INLINE void load_escaped(vfloat out[VECTORS], const packed_weights *w, const unsigned char *block) {
    long place;
    memcpy(&place, block, sizeof place);
    const float *plain = w->escaped + place * BLOCK;
    for (int j = 0; j < VECTORS; j++) {
        out[j] = LOAD(plain + j * WIDTH);
        /* The next one. */
        __builtin_prefetch(plain + BLOCK + j * WIDTH);
    }
}

INLINE void unpack(
    vfloat out[VECTORS], const packed_weights *w, long number, enum reading reading) {
    const unsigned char *block = block_at(w, number);
    const unsigned char *lows = reading == WHOLE ? lows_at(w, number) : 0;
    for (int line = 0; line < 128; line += 64) FETCH_AHEAD(block + line);
    for (int line = 0; line < 128 && lows; line += 64) FETCH_AHEAD(lows + line);
    unsigned least = w->exponents[number];
    if (__builtin_expect(least == ESCAPED, 0)) return load_escaped(out, w, block);
    vuint codes = LOAD_HALVES(block), least_bits = (vuint){} + (least << 23);
    for (int j = 0; j < VECTORS; j++) {
        vbyte top = *(const vbyte *)(block + CODE_BYTES + j * WIDTH);
        vuint bits = (vuint)__builtin_convertvector(top, vint) << 16 & SIGN_AND_UPPER;
        if (lows) bits |= LOAD_HALVES(lows + j * WIDTH * 2);
        if (reading == UPPER) bits |= MIDDLE;
        vuint code = codes << (23 - CODE_BITS * j) & (LAST_CODE << 23);
        out[j] = (vfloat)(bits | (code + least_bits));
    }
}

INLINE void row_product(
    float *out, const float *x, const packed_weights *w, long first, long depth, long part,
    enum reading reading) {
    vfloat sums[VECTORS] = {};
    for (long start = 0; start < depth; start += part) {
        vfloat part_sums[VECTORS] = {};
        long end = start + part < depth ? start + part : depth;
        for (long r = start; r < end; r++) {
            vfloat row[VECTORS];
            unpack(row, w, first + r, reading);
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
    if (w.lows)
        row_product(out, x, &w, first, depth, part, WHOLE);
    else
        row_product(out, x, &w, first, depth, part, BFLOAT16);
}

/* The order of `dot` in rows.inc. */
INLINE float dot(
    const float *x, const packed_weights *w, long first, long depth, enum reading reading) {
    vfloat sums[VECTORS] = {};
    for (long i = 0; i < depth; i += BLOCK) {
        vfloat row[VECTORS];
        unpack(row, w, first + i / BLOCK, reading);
        for (int j = 0; j < VECTORS; j++) sums[j] += LOAD(x + i + j * WIDTH) * row[j];
    }
    for (int j = 1; j < VECTORS; j++) sums[0] += sums[j];
    return sum_of(&sums[0]);
}

SWIFT_LLM_DISPATCH
void kernel_packed_row_product_transposed(
    float *out, const float *x, packed_weights w, long first, long depth, long columns) {
    for (long c = 0; c < columns; c++, first += depth / BLOCK)
        out[c] = w.lows ? dot(x, &w, first, depth, WHOLE) : dot(x, &w, first, depth, BFLOAT16);
}

SWIFT_LLM_DISPATCH
void kernel_packed_row_product_estimates(
    float *out, const float *x, packed_weights w, long first, long depth, long columns) {
    for (long c = 0; c < columns; c++, first += depth / BLOCK) out[c] = dot(x, &w, first, depth, UPPER);
}

SWIFT_LLM_DISPATCH
void kernel_packed_estimate_errors(
    float *out, packed_weights w, long first, long depth, long columns) {
    /* Each of both sums adds a product to a lane depth / 64 times and the lanes 7 times: twice what
     * that many roundings may give, and of two operations where there is no fused one. */
    float rounding = 4 * (depth / BLOCK + 7) * 0x1p-24f;
    /* Squares of the smallest weights are 0. */
    float least = __builtin_sqrtf(depth) * 0x1p-70f;
    for (long c = 0; c < columns; c++, first += depth / BLOCK) {
        vfloat lost = {}, all = {};
        for (long i = 0; i < depth; i += BLOCK) {
            vfloat whole[VECTORS], upper[VECTORS];
            unpack(whole, &w, first + i / BLOCK, WHOLE);
            unpack(upper, &w, first + i / BLOCK, UPPER);
            for (int j = 0; j < VECTORS; j++) {
                vfloat difference = whole[j] - upper[j];
                lost += difference * difference;
                all += whole[j] * whole[j];
            }
        }
        float length = __builtin_sqrtf(sum_of(&all));
        out[c] = 1.001f * (__builtin_sqrtf(sum_of(&lost)) + rounding * length) + least;
    }
}

SWIFT_LLM_DISPATCH
float kernel_upper_bounds(float *estimates, const float *errors, float length, long n) {
    float largest = -__builtin_inff();
    for (long i = 0; i < n; i++) {
        /* And what the smallest products lose. */
        float error = length * errors[i] + 0x1p-120f;
        float lower = estimates[i] - error;
        estimates[i] += error;
        largest = lower > largest && lower < __builtin_inff() ? lower : largest;
    }
    return largest;
}
