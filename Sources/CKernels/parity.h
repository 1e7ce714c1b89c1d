/* What optimizers note of the bits that they find and write. */
#ifndef PARITY_H
#define PARITY_H

#include <string.h>

#include "elements.h"

INLINE unsigned bits_of(float x) {
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

#endif
