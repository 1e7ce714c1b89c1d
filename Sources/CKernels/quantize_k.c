/* Floats as the blocks of ggml in 256 values (K): sub-blocks of 32 with a scale and a minimum of 6 bits each,
 * or of 16 with a scale of 8 bits. A sub-block is first fitted on its own: from several scales around the one
 * that its range gives, the integers of each are held, the scale (and the minimum) of least weighted squares
 * computed for them, and the best kept. Then the scales are rounded, and the integers taken anew.
 * Source for what is minimised and where the search starts: ggml-quants.c. */
#include "elements.h"
#include "quantize.h"
#include "half.h"

typedef unsigned char byte;

INLINE int nearest(float x) { return (int)__builtin_rintf(x); }

INLINE int clamped(int q, int low, int high) { return q < low ? low : q > high ? high : q; }

/* Of the values and integers of a sub-block, with weights. */
typedef struct {
    float w, x, q, qq, xq, xx;
} sums;

INLINE sums sums_of(const float *x, const float *w, const int *q, int count) {
    sums s = {0, 0, 0, 0, 0, 0};
    for (int i = 0; i < count; i++) {
        float l = (float)q[i];
        s.w += w[i];
        s.x += w[i] * x[i];
        s.q += w[i] * l;
        s.qq += w[i] * l * l;
        s.xq += w[i] * x[i] * l;
        s.xx += w[i] * x[i] * x[i];
    }
    return s;
}

typedef struct {
    /* x is about scale q - minimum, the minimum not below 0. */
    float scale, minimum, error;
} fit;

/* The best scale and minimum for integers that are held. */
INLINE fit fit_of(const sums *s) {
    float determinant = s->w * s->qq - s->q * s->q;
    fit f = {0, 0, 0};
    if (determinant > 0) {
        f.scale = (s->w * s->xq - s->x * s->q) / determinant;
        f.minimum = (s->q * s->xq - s->qq * s->x) / determinant;
    }
    if (!(determinant > 0) || f.minimum < 0) {
        f.minimum = 0;
        f.scale = s->qq > 0 ? s->xq / s->qq : 0;
    }
    f.error = s->xx + f.scale * f.scale * s->qq + f.minimum * f.minimum * s->w -
              2 * f.scale * s->xq + 2 * f.minimum * s->x - 2 * f.scale * f.minimum * s->q;
    return f;
}

/* A sub-block of 32 values: integers from 0 to `most`. */
INLINE fit fit_with_minimum(const float *x, int most, float start, int steps) {
    float low = x[0], high = x[0], squares = 0, w[32];
    int q[32];
    for (int i = 0; i < 32; i++) {
        if (x[i] < low) low = x[i];
        if (x[i] > high) high = x[i];
        squares += x[i] * x[i];
    }
    for (int i = 0; i < 32; i++) w[i] = __builtin_sqrtf(squares / 32) + __builtin_fabsf(x[i]);
    if (low > 0) low = 0;
    fit best = {0, -low, 0};
    if (high <= low) return best;
    for (int step = -1; step <= steps; step++) {
        float levels = (float)most + (step < 0 ? 0 : start + 0.1f * (float)step);
        for (int i = 0; i < 32; i++)
            q[i] = clamped(nearest(levels / (high - low) * (x[i] - low)), 0, most);
        sums s = sums_of(x, w, q, 32);
        fit f = fit_of(&s);
        if (step < 0 || f.error < best.error) best = f;
    }
    return best;
}

INLINE void fit_all(fit *fits, const float *x, int most, float start, int steps) {
    for (int s = 0; s < 8; s++) fits[s] = fit_with_minimum(x + 32 * s, most, start, steps);
}

/* Writes d, dmin and the scales and minima of 6 bits, and takes the integers. */
INLINE void take_with_minima(byte *y, int *q, const float *x, const fit *fits, int most) {
    float scale = 0, minimum = 0;
    for (int s = 0; s < 8; s++) {
        if (fits[s].scale > scale) scale = fits[s].scale;
        if (fits[s].minimum > minimum) minimum = fits[s].minimum;
    }
    put_half(y, scale / 63);
    put_half(y + 2, minimum / 63);
    float d = half(y), dmin = half(y + 2);
    for (int i = 4; i < 16; i++) y[i] = 0;
    for (int s = 0; s < 8; s++) {
        int a = scale > 0 ? clamped(nearest(63 / scale * fits[s].scale), 0, 63) : 0;
        int b = minimum > 0 ? clamped(nearest(63 / minimum * fits[s].minimum), 0, 63) : 0;
        if (s < 4) {
            y[4 + s] |= (byte)a;
            y[8 + s] |= (byte)b;
        } else {
            y[8 + s] = (byte)((a & 15) | (b & 15) << 4);
            y[s] |= (byte)(a >> 4 << 6);
            y[4 + s] |= (byte)(b >> 4 << 6);
        }
        float ds = d * (float)a, m = dmin * (float)b;
        for (int i = 32 * s; i < 32 * s + 32; i++)
            q[i] = ds > 0 ? clamped(nearest((x[i] + m) / ds), 0, most) : 0;
    }
}

/* The lower four bits: two sub-blocks in 32 bytes. */
INLINE void pack_pairs(byte *y, const int *q) {
    for (int s = 0; s < 8; s += 2)
        for (int i = 0; i < 32; i++)
            y[s * 16 + i] = (byte)((q[32 * s + i] & 15) | (q[32 * s + 32 + i] & 15) << 4);
}

SWIFT_LLM_DISPATCH
void kernel_quantize_q4_k(byte *y, const float *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 256, y += 144) {
        fit fits[8];
        int q[256];
        fit_all(fits, x, 15, -1, 20);
        take_with_minima(y, q, x, fits, 15);
        pack_pairs(y + 16, q);
    }
}

SWIFT_LLM_DISPATCH
void kernel_quantize_q5_k(byte *y, const float *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 256, y += 176) {
        fit fits[8];
        int q[256];
        fit_all(fits, x, 31, -0.5f, 15);
        take_with_minima(y, q, x, fits, 31);
        for (int i = 0; i < 32; i++) {
            byte high = 0;
            for (int s = 0; s < 8; s++) high |= (byte)(q[32 * s + i] >> 4 << s);
            y[16 + i] = high;
        }
        pack_pairs(y + 48, q);
    }
}

/* A sub-block of 16 values without a minimum: the scale for integers from -32 to 31. */
INLINE float fit_signed(const float *x) {
    float most = x[0], w[16], scale = 0, best = 0;
    int q[16];
    for (int i = 0; i < 16; i++) {
        if (__builtin_fabsf(x[i]) > __builtin_fabsf(most)) most = x[i];
        w[i] = x[i] * x[i];
    }
    if (!(__builtin_fabsf(most) > 1e-15f)) return 0;
    for (int step = -9; step <= 9; step++) {
        float levels = -(32 + 0.1f * (float)step) / most;
        for (int i = 0; i < 16; i++) q[i] = clamped(nearest(levels * x[i]), -32, 31);
        sums s = sums_of(x, w, q, 16);
        /* What the best scale for these integers explains of the squares. */
        if (s.qq > 0 && s.xq * s.xq > best * s.qq) {
            scale = s.xq / s.qq;
            best = s.xq * scale;
        }
    }
    return scale;
}

INLINE void pack_q6(byte *y, const int *q) {
    for (int i = 0; i < 192; i++) y[i] = 0;
    for (int i = 0; i < 256; i++) {
        int half = i / 128, part = i % 128 / 32, place = i % 32;
        y[half * 64 + part % 2 * 32 + place] |= (byte)((q[i] & 15) << part / 2 * 4);
        y[128 + half * 32 + place] |= (byte)(q[i] >> 4 << 2 * part);
    }
}

SWIFT_LLM_DISPATCH
void kernel_quantize_q6_k(byte *y, const float *x, long blocks) {
    for (long b = 0; b < blocks; b++, x += 256, y += 210) {
        float scales[16], most = 0;
        int q[256];
        for (int s = 0; s < 16; s++) {
            scales[s] = fit_signed(x + 16 * s);
            if (__builtin_fabsf(scales[s]) > __builtin_fabsf(most)) most = scales[s];
        }
        put_half(y + 208, most / -128);
        float d = half(y + 208);
        for (int s = 0; s < 16; s++) {
            int a = most != 0 ? clamped(nearest(-128 / most * scales[s]), -128, 127) : 0;
            float ds = d * (float)a;
            y[192 + s] = (byte)(signed char)a;
            for (int i = 16 * s; i < 16 * s + 16; i++)
                q[i] = 32 + (ds != 0 ? clamped(nearest(x[i] / ds), -32, 31) : 0);
        }
        pack_q6(y, q);
    }
}
