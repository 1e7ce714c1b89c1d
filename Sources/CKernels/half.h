/* Numbers in F16, as two bytes. */
#ifndef HALF_H
#define HALF_H

/* A number in F16 as a float, which is exact. */
INLINE float half(const unsigned char *p) {
    unsigned bits = (unsigned)p[0] | (unsigned)p[1] << 8;
    unsigned value = (bits & 0x7fff) << 13, exponent = value & 0x0f800000;
    float y;
    value += (127 - 15) << 23;
    if (exponent == 0x0f800000) value += (128 - 16) << 23;
    if (exponent == 0) {
        const unsigned one = 113u << 23;
        float low;
        value += 1u << 23;
        memcpy(&y, &value, sizeof y);
        memcpy(&low, &one, sizeof low);
        y -= low;
        memcpy(&value, &y, sizeof y);
    }
    value |= (bits & 0x8000) << 16;
    memcpy(&y, &value, sizeof y);
    return y;
}

/* Writes a float that is no NaN to the nearest in F16, to the even one of two. */
INLINE void put_half(unsigned char *p, float x) {
    unsigned bits, sign;
    memcpy(&bits, &x, sizeof bits);
    sign = bits >> 16 & 0x8000;
    bits &= 0x7fffffff;
    unsigned value;
    if (bits >= 0x47800000)
        value = 0x7c00;
    else if (bits < 0x38800000) {
        /* Below the normal numbers: the sum with 0.5 has the bits at its end, rounded by the addition. */
        const unsigned magic = 126u << 23;
        float y, add;
        memcpy(&y, &bits, sizeof y);
        memcpy(&add, &magic, sizeof add);
        y += add;
        memcpy(&value, &y, sizeof y);
        value -= magic;
    } else
        value = (bits - (112u << 23) + 0xfff + (bits >> 13 & 1)) >> 13;
    value |= sign;
    p[0] = (unsigned char)value;
    p[1] = (unsigned char)(value >> 8);
}

#endif
