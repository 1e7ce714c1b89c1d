#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "CCompression.h"

struct ccompression_encoder {
    int format;
    z_stream deflate;
    ZSTD_CStream *zstd;
};

ccompression_encoder *ccompression_encoder_create(int format, int level) {
    ccompression_encoder *e = calloc(1, sizeof *e);
    if (e == NULL) return NULL;
    e->format = format;
    if (format == CCOMPRESSION_GZIP) {
        if (deflateInit2(&e->deflate, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK)
            return e;
    } else {
        e->zstd = ZSTD_createCStream();
        if (e->zstd != NULL
            && !ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, level))
            && !ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_checksumFlag, 1)))
            return e;
        ZSTD_freeCStream(e->zstd);
    }
    free(e);
    return NULL;
}

void ccompression_encoder_free(ccompression_encoder *e) {
    if (e == NULL) return;
    if (e->format == CCOMPRESSION_GZIP) deflateEnd(&e->deflate);
    ZSTD_freeCStream(e->zstd);
    free(e);
}

static int encode_deflate(
    z_stream *s, const uint8_t *in, size_t in_size, size_t *consumed, uint8_t *out,
    size_t out_size, size_t *produced, int is_last) {
    s->next_in = (Bytef *)in;
    s->avail_in = (unsigned)in_size;
    s->next_out = out;
    s->avail_out = (unsigned)out_size;
    int status = deflate(s, is_last ? Z_FINISH : Z_NO_FLUSH);
    *consumed = in_size - s->avail_in;
    *produced = out_size - s->avail_out;
    if (status == Z_STREAM_END) return CCOMPRESSION_MEMBER_END;
    return status == Z_OK || status == Z_BUF_ERROR ? CCOMPRESSION_MORE : CCOMPRESSION_NO_MEMORY;
}

int ccompression_encode(
    ccompression_encoder *e, const uint8_t *in, size_t in_size, size_t *consumed, uint8_t *out,
    size_t out_size, size_t *produced, int is_last) {
    *consumed = *produced = 0;
    if (e->format == CCOMPRESSION_GZIP)
        return encode_deflate(
            &e->deflate, in, in_size, consumed, out, out_size, produced, is_last);
    ZSTD_inBuffer input = {in, in_size, 0};
    ZSTD_outBuffer output = {out, out_size, 0};
    size_t status = ZSTD_compressStream2(
        e->zstd, &output, &input, is_last ? ZSTD_e_end : ZSTD_e_continue);
    *consumed = input.pos;
    *produced = output.pos;
    if (ZSTD_isError(status)) return CCOMPRESSION_NO_MEMORY;
    return is_last && status == 0 ? CCOMPRESSION_MEMBER_END : CCOMPRESSION_MORE;
}
