/* Streams of compressed bytes: gzip, zstd, bzip2 and xz behind one set of calls. */
#ifndef CCOMPRESSION_H
#define CCOMPRESSION_H

#include <stddef.h>
#include <stdint.h>

enum {
    CCOMPRESSION_GZIP = 1,
    CCOMPRESSION_ZSTD = 2,
    CCOMPRESSION_BZIP2 = 3,
    CCOMPRESSION_XZ = 4,
    /* Deflated bytes without a header, as in zip archives. */
    CCOMPRESSION_DEFLATE = 5,
};

/* The results of ccompression_decode; errors are below zero. */
enum {
    CCOMPRESSION_MORE = 0,
    CCOMPRESSION_MEMBER_END = 1,
    CCOMPRESSION_DAMAGED = -1,
    CCOMPRESSION_NO_MEMORY = -2,
};

typedef struct ccompression_decoder ccompression_decoder;
typedef struct ccompression_encoder ccompression_encoder;

/* NULL where there is no memory. */
ccompression_decoder *ccompression_decoder_create(int format);
void ccompression_decoder_free(ccompression_decoder *decoder);

/* Begins the next member or frame. */
int ccompression_decoder_reset(ccompression_decoder *decoder);

/* Decodes as much as fits; `consumed` and `produced` say how much it was. */
int ccompression_decode(
    ccompression_decoder *decoder, const uint8_t *input, size_t input_size, size_t *consumed,
    uint8_t *output, size_t output_size, size_t *produced);

/* Goes on with the checksum of zip archives (CRC-32), which begins at 0. */
uint32_t ccompression_checksum(uint32_t checksum, const uint8_t *input, size_t input_size);

/* Makes zstd or gzip, with the same bytes for the same calls. NULL where there is no memory. */
ccompression_encoder *ccompression_encoder_create(int format, int level);
void ccompression_encoder_free(ccompression_encoder *encoder);

/* Encodes; with `is_last` the stream ends, and the call is repeated until it returns
 * CCOMPRESSION_MEMBER_END. */
int ccompression_encode(
    ccompression_encoder *encoder, const uint8_t *input, size_t input_size, size_t *consumed,
    uint8_t *output, size_t output_size, size_t *produced, int is_last);

/* Decodes a whole block of snappy into exactly `output_size` bytes; 0, or CCOMPRESSION_DAMAGED. */
int ccompression_unsnappy(
    const uint8_t *input, size_t input_size, uint8_t *output, size_t output_size);

#endif
