#include <snappy-c.h>

#include "CCompression.h"

int ccompression_unsnappy(
    const uint8_t *input, size_t input_size, uint8_t *output, size_t output_size) {
    size_t size = 0;
    if (snappy_uncompressed_length((const char *)input, input_size, &size) != SNAPPY_OK
        || size != output_size)
        return CCOMPRESSION_DAMAGED;
    return snappy_uncompress((const char *)input, input_size, (char *)output, &size) == SNAPPY_OK
        ? 0 : CCOMPRESSION_DAMAGED;
}
