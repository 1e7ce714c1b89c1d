/* The ways of computing with quantised weights, from one source, and the choice among them. */
#include "quantized_unpack.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define WAY(name) JOIN(JOIN(name, _), SUFFIX)

/* What a way has: the groups and rows that its registers hold, instructions for numbers in F16, and DOT:
 * sum += four products of bytes of q with four signed ones at x, in each lane. A wide q has 8 bits, other
 * ones 6 at most. */
INLINE int quad_at(const signed char *x) {
    int quad;
    memcpy(&quad, x, sizeof quad);
    return quad;
}

#define SUFFIX plain
#define TARGET
#define HAS_HALVES 0
#define FEW_GROUPS 1
#define EXACT_ROWS 4
#define EXACT_GROUPS 1
#define INTEGER_ROWS 2
#define INTEGER_FEW 4
#define DOT(sum, q, x, is_wide) \
    for (int i_ = 0; i_ < 4; i_++) (sum) += (vint)((q) >> 8 * i_ & 255) * (int)(x)[i_]
#include "quantized_exact.inc"
#include "quantized_integer.inc"
#undef SUFFIX
#undef TARGET
#undef HAS_HALVES
#undef DOT

#if defined(__x86_64__)
#define HAS_HALVES 1

/* A vector of 64 bytes as two registers. */
typedef union {
    vint whole;
    __m256i parts[2];
} two_registers;

#define SUFFIX avx2
#define TARGET __attribute__((target("arch=x86-64-v3")))
/* Pairs of products are summed in 16 bits, which hold them where q has 6; wide ones are widened. */
TARGET INLINE void dot_avx2(vint *sum, const vuint *q, const signed char *x, int is_wide) {
    two_registers s = {*sum}, w = {(vint)*q};
    __m256i quad = _mm256_set1_epi32(quad_at(x));
    for (int i = 0; i < 2; i++) {
        __m256i own = w.parts[i], products;
        if (is_wide) {
            __m256i low = _mm256_set1_epi32(0x00ff00ff);
            __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(quad, 8), 8);
            products = _mm256_add_epi32(
                _mm256_madd_epi16(_mm256_and_si256(own, low), even),
                _mm256_madd_epi16(_mm256_srli_epi16(own, 8), _mm256_srai_epi16(quad, 8)));
        } else
            products = _mm256_madd_epi16(_mm256_maddubs_epi16(own, quad), _mm256_set1_epi16(1));
        s.parts[i] = _mm256_add_epi32(s.parts[i], products);
    }
    *sum = s.whole;
}
#define DOT(sum, q, x, is_wide) dot_avx2(&(sum), &(q), x, is_wide)
#include "quantized_exact.inc"
#include "quantized_integer.inc"
#undef SUFFIX
#undef TARGET
#undef DOT

#define SUFFIX avx_vnni
#define TARGET __attribute__((target("arch=x86-64-v3,avxvnni")))
TARGET INLINE void dot_avx_vnni(vint *sum, const vuint *q, const signed char *x) {
    two_registers s = {*sum}, w = {(vint)*q};
    __m256i quad = _mm256_set1_epi32(quad_at(x));
    for (int i = 0; i < 2; i++)
        s.parts[i] = _mm256_dpbusd_avx_epi32(s.parts[i], w.parts[i], quad);
    *sum = s.whole;
}
#define DOT(sum, q, x, is_wide) dot_avx_vnni(&(sum), &(q), x)
#include "quantized_integer.inc"
#undef SUFFIX
#undef TARGET
#undef DOT

#undef FEW_GROUPS
#undef EXACT_ROWS
#undef EXACT_GROUPS
#undef INTEGER_ROWS
#undef INTEGER_FEW
#define FEW_GROUPS 4
#define EXACT_ROWS 8
#define EXACT_GROUPS 3
#define INTEGER_ROWS 8
#define INTEGER_FEW 8

#define SUFFIX avx512
#define TARGET __attribute__((target("arch=x86-64-v4")))
TARGET INLINE void dot_avx512(vint *sum, const vuint *q, const signed char *x, int is_wide) {
    __m512i own = (__m512i)*q, quad = _mm512_set1_epi32(quad_at(x)), products;
    if (is_wide) {
        __m512i even = _mm512_srai_epi16(_mm512_slli_epi16(quad, 8), 8);
        products = _mm512_add_epi32(
            _mm512_madd_epi16(_mm512_and_si512(own, _mm512_set1_epi32(0x00ff00ff)), even),
            _mm512_madd_epi16(_mm512_srli_epi16(own, 8), _mm512_srai_epi16(quad, 8)));
    } else
        products = _mm512_madd_epi16(_mm512_maddubs_epi16(own, quad), _mm512_set1_epi16(1));
    *sum += (vint)products;
}
#define DOT(sum, q, x, is_wide) dot_avx512(&(sum), &(q), x, is_wide)
#include "quantized_exact.inc"
#include "quantized_integer.inc"
#undef SUFFIX
#undef TARGET
#undef DOT

#define SUFFIX avx512_vnni
#define TARGET __attribute__((target("arch=x86-64-v4,avx512vnni")))
TARGET INLINE void dot_avx512_vnni(vint *sum, const vuint *q, const signed char *x) {
    *sum = (vint)_mm512_dpbusd_epi32((__m512i)*sum, (__m512i)*q, _mm512_set1_epi32(quad_at(x)));
}
#define DOT(sum, q, x, is_wide) dot_avx512_vnni(&(sum), &(q), x)
#include "quantized_integer.inc"
#undef SUFFIX
#undef TARGET
#undef DOT
#endif

typedef struct {
    const char *name;
    void (*decode)(float *, long, const quantized_weights *, long, long);
    void (*exact)(
        float *, long, const quantized_weights *, long, long, long, const float *, long, long,
        float *);
    void (*panel)(integer_block *, const float *, long, long, long, int);
    void (*integer)(
        float *, long, const quantized_weights *, long, long, long, const integer_block *, long,
        unsigned char *);
} way;

static const way ways[QUANTIZED_WAY_COUNT] = {
    [QUANTIZED_PLAIN] = {"plain", decode_plain, exact_plain, integer_panel_plain, integer_plain},
#if defined(__x86_64__)
    [QUANTIZED_AVX2] = {"AVX2", decode_avx2, exact_avx2, integer_panel_avx2, integer_avx2},
    [QUANTIZED_AVX_VNNI] = {
        "AVX-VNNI", decode_avx2, exact_avx2, integer_panel_avx_vnni, integer_avx_vnni},
    [QUANTIZED_AVX512] = {
        "AVX-512", decode_avx512, exact_avx512, integer_panel_avx512, integer_avx512},
    [QUANTIZED_AVX512_VNNI] = {
        "AVX-512 VNNI", decode_avx512, exact_avx512, integer_panel_avx512_vnni,
        integer_avx512_vnni},
#endif
};

const char *kernel_quantized_way_name(int way) { return ways[way].name ? ways[way].name : "none"; }

int kernel_quantized_way_is_possible(int way) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    switch (way) {
    case QUANTIZED_PLAIN: return 1;
    case QUANTIZED_AVX2: return __builtin_cpu_supports("x86-64-v3") != 0;
    case QUANTIZED_AVX_VNNI:
        return __builtin_cpu_supports("x86-64-v3") && __builtin_cpu_supports("avxvnni");
    case QUANTIZED_AVX512: return __builtin_cpu_supports("x86-64-v4") != 0;
    default:
        return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni");
    }
#else
    return way == QUANTIZED_PLAIN;
#endif
}

void kernel_quantized_decode(
    int way, float *out, long stride, quantized_weights w, long group, long count) {
    ways[way].decode(out, stride, &w, group, count);
}

long kernel_quantized_scratch(long depth) { return depth * 3 * LANES; }

void kernel_quantized_product(
    int way, float *out, long stride, quantized_weights w, long group, long count, long outputs,
    const float *x, long x_stride, long rows, float *scratch) {
    ways[way].exact(out, stride, &w, group, count, outputs, x, x_stride, rows, scratch);
}

void kernel_integer_panel(
    int way, integer_block *out, const float *x, long stride, long rows, long depth, int type) {
    ways[way].panel(out, x, stride, rows, depth, type);
}

long kernel_integer_scratch(long depth) { return depth / BLOCK * 704; }

void kernel_integer_product(
    int way, float *out, long stride, quantized_weights w, long group, long count, long outputs,
    const integer_block *panels, long rows, unsigned char *scratch) {
    ways[way].integer(out, stride, &w, group, count, outputs, panels, rows, scratch);
}
