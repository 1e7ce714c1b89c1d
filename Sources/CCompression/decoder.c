#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "CCompression.h"

struct ccompression_decoder {
    int format;
    z_stream deflate;
    bz_stream bzip;
    lzma_stream xz;
    ZSTD_DStream *zstd;
};

/* More memory than this for the window of a stream is refused. */
static const uint64_t memory_limit = (uint64_t)1 << 28;
static const int zstd_window_log = 27;

static int begin(ccompression_decoder *d) {
    switch (d->format) {
    case CCOMPRESSION_GZIP: return inflateInit2(&d->deflate, 15 + 16) == Z_OK;
    case CCOMPRESSION_DEFLATE: return inflateInit2(&d->deflate, -15) == Z_OK;
    case CCOMPRESSION_BZIP2: return BZ2_bzDecompressInit(&d->bzip, 0, 0) == BZ_OK;
    case CCOMPRESSION_XZ: {
        lzma_stream fresh = LZMA_STREAM_INIT;
        d->xz = fresh;
        return lzma_stream_decoder(&d->xz, memory_limit, 0) == LZMA_OK;
    }
    case CCOMPRESSION_ZSTD:
        d->zstd = ZSTD_createDStream();
        return d->zstd != NULL
            && !ZSTD_isError(
                ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, zstd_window_log));
    default: return 0;
    }
}

static void end(ccompression_decoder *d) {
    switch (d->format) {
    case CCOMPRESSION_GZIP:
    case CCOMPRESSION_DEFLATE: inflateEnd(&d->deflate); break;
    case CCOMPRESSION_BZIP2: BZ2_bzDecompressEnd(&d->bzip); break;
    case CCOMPRESSION_XZ: lzma_end(&d->xz); break;
    case CCOMPRESSION_ZSTD: ZSTD_freeDStream(d->zstd); break;
    }
}

ccompression_decoder *ccompression_decoder_create(int format) {
    ccompression_decoder *d = calloc(1, sizeof *d);
    if (d == NULL) return NULL;
    d->format = format;
    if (begin(d)) return d;
    free(d);
    return NULL;
}

void ccompression_decoder_free(ccompression_decoder *d) {
    if (d == NULL) return;
    end(d);
    free(d);
}

int ccompression_decoder_reset(ccompression_decoder *d) {
    switch (d->format) {
    case CCOMPRESSION_GZIP:
    case CCOMPRESSION_DEFLATE:
        return inflateReset(&d->deflate) == Z_OK ? CCOMPRESSION_MORE : CCOMPRESSION_NO_MEMORY;
    case CCOMPRESSION_ZSTD:
        ZSTD_DCtx_reset(d->zstd, ZSTD_reset_session_only);
        return CCOMPRESSION_MORE;
    case CCOMPRESSION_BZIP2: {
        bz_stream fresh = {0};
        BZ2_bzDecompressEnd(&d->bzip);
        d->bzip = fresh;
        return begin(d) ? CCOMPRESSION_MORE : CCOMPRESSION_NO_MEMORY;
    }
    default:
        end(d);
        return begin(d) ? CCOMPRESSION_MORE : CCOMPRESSION_NO_MEMORY;
    }
}

static unsigned bounded(size_t size) { return size > 1u << 30 ? 1u << 30 : (unsigned)size; }

static int decode_deflate(
    z_stream *s, const uint8_t *in, size_t in_size, size_t *consumed, uint8_t *out,
    size_t out_size, size_t *produced) {
    unsigned in_part = bounded(in_size), out_part = bounded(out_size);
    s->next_in = (Bytef *)in;
    s->avail_in = in_part;
    s->next_out = out;
    s->avail_out = out_part;
    int status = inflate(s, Z_NO_FLUSH);
    *consumed = in_part - s->avail_in;
    *produced = out_part - s->avail_out;
    if (status == Z_STREAM_END) return CCOMPRESSION_MEMBER_END;
    if (status == Z_OK || status == Z_BUF_ERROR) return CCOMPRESSION_MORE;
    return status == Z_MEM_ERROR ? CCOMPRESSION_NO_MEMORY : CCOMPRESSION_DAMAGED;
}

static int decode_bzip(
    bz_stream *s, const uint8_t *in, size_t in_size, size_t *consumed, uint8_t *out,
    size_t out_size, size_t *produced) {
    unsigned in_part = bounded(in_size), out_part = bounded(out_size);
    s->next_in = (char *)in;
    s->avail_in = in_part;
    s->next_out = (char *)out;
    s->avail_out = out_part;
    int status = BZ2_bzDecompress(s);
    *consumed = in_part - s->avail_in;
    *produced = out_part - s->avail_out;
    if (status == BZ_STREAM_END) return CCOMPRESSION_MEMBER_END;
    if (status == BZ_OK) return CCOMPRESSION_MORE;
    return status == BZ_MEM_ERROR ? CCOMPRESSION_NO_MEMORY : CCOMPRESSION_DAMAGED;
}

static int decode_xz(
    lzma_stream *s, const uint8_t *in, size_t in_size, size_t *consumed, uint8_t *out,
    size_t out_size, size_t *produced) {
    s->next_in = in;
    s->avail_in = in_size;
    s->next_out = out;
    s->avail_out = out_size;
    lzma_ret status = lzma_code(s, LZMA_RUN);
    *consumed = in_size - s->avail_in;
    *produced = out_size - s->avail_out;
    if (status == LZMA_STREAM_END) return CCOMPRESSION_MEMBER_END;
    if (status == LZMA_OK || status == LZMA_BUF_ERROR) return CCOMPRESSION_MORE;
    return status == LZMA_MEM_ERROR || status == LZMA_MEMLIMIT_ERROR ? CCOMPRESSION_NO_MEMORY
                                                                      : CCOMPRESSION_DAMAGED;
}

static int decode_zstd(
    ZSTD_DStream *s, const uint8_t *in, size_t in_size, size_t *consumed, uint8_t *out,
    size_t out_size, size_t *produced) {
    ZSTD_inBuffer input = {in, in_size, 0};
    ZSTD_outBuffer output = {out, out_size, 0};
    size_t status = ZSTD_decompressStream(s, &output, &input);
    *consumed = input.pos;
    *produced = output.pos;
    if (ZSTD_isError(status)) return CCOMPRESSION_DAMAGED;
    return status == 0 ? CCOMPRESSION_MEMBER_END : CCOMPRESSION_MORE;
}

int ccompression_decode(
    ccompression_decoder *d, const uint8_t *in, size_t in_size, size_t *consumed, uint8_t *out,
    size_t out_size, size_t *produced) {
    *consumed = *produced = 0;
    switch (d->format) {
    case CCOMPRESSION_GZIP:
    case CCOMPRESSION_DEFLATE:
        return decode_deflate(&d->deflate, in, in_size, consumed, out, out_size, produced);
    case CCOMPRESSION_BZIP2:
        return decode_bzip(&d->bzip, in, in_size, consumed, out, out_size, produced);
    case CCOMPRESSION_XZ:
        return decode_xz(&d->xz, in, in_size, consumed, out, out_size, produced);
    default: return decode_zstd(d->zstd, in, in_size, consumed, out, out_size, produced);
    }
}

uint32_t ccompression_checksum(uint32_t checksum, const uint8_t *input, size_t input_size) {
    return input_size == 0 ? checksum : (uint32_t)crc32_z(checksum, input, input_size);
}
