/* The only file that knows libzstd: reads Zstandard (RFC 8878), also several frames in a row. */
#include "base/err.h"
#include "io/transport.h"
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define IN_BYTES 131072

/* A frame may ask for a window of this many bytes (128 MiB) and no more: memory is bounded by us, not by it.
 */
#define WINDOW_LOG_MAX 27

struct zstd_source {
    struct ss_source base;
    struct ss_source *inner;
    ZSTD_DCtx *z;
    ZSTD_inBuffer in;
    size_t in_cap; /* IN_BYTES, or what the first read gave if that was more */
    bool within, ended;
    bool pending; /* the last read filled its space: more may come without further input */
};

static ssize_t zstd_read(struct ss_source *src, void *to, size_t cap)
{
    struct zstd_source *s = (struct zstd_source *)src;
    ZSTD_outBuffer out = {to, cap, 0};
    while (out.pos == 0) {
        if (s->in.pos == s->in.size && !s->ended && !s->pending) {
            ssize_t n = s->inner->ops->read(s->inner, (void *)s->in.src, s->in_cap);
            if (n < 0)
                return n;
            src->taken_bytes = s->inner->taken_bytes;
            s->in.pos = 0;
            s->in.size = (size_t)n;
            s->ended = n == 0;
        }
        if (s->in.pos == s->in.size && s->ended && !s->within)
            return 0;
        s->pending = false;
        size_t before = s->in.pos;
        size_t r = ZSTD_decompressStream(s->z, &out, &s->in);
        if (ZSTD_isError(r))
            return ss_fail(SS_EIO, "'%s' is damaged zstd data: %s", src->name, ZSTD_getErrorName(r));
        s->within = r != 0;
        if (s->ended && s->within && out.pos == 0 && s->in.pos == before)
            return ss_fail(SS_EIO, "'%s' ends in the middle of its zstd data", src->name);
    }
    s->pending = s->within && out.pos == out.size;
    return (ssize_t)out.pos;
}

static void zstd_close(struct ss_source *src)
{
    struct zstd_source *s = (struct zstd_source *)src;
    ZSTD_freeDCtx(s->z);
    s->inner->ops->close(s->inner);
    free((void *)s->in.src);
    free(s);
}

static const struct ss_source_ops ops = {.read = zstd_read, .close = zstd_close};

int ss_zstd_open(struct ss_source *inner, const void *head, size_t n, struct ss_source **src)
{
    struct zstd_source *s = calloc(1, sizeof *s);
    size_t in_cap = n > IN_BYTES ? n : IN_BYTES;
    void *in = malloc(in_cap);
    ZSTD_DCtx *z = ZSTD_createDCtx();
    if (!s || !in || !z || ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        ZSTD_freeDCtx(z);
        free(in);
        free(s);
        return ss_fail(SS_ENOMEM, "out of memory for zstd");
    }
    memcpy(in, head, n);
    s->base = (struct ss_source){
        .ops = &ops, .name = inner->name, .size_bytes = inner->size_bytes, .taken_bytes = inner->taken_bytes};
    s->inner = inner;
    s->z = z;
    s->in = (ZSTD_inBuffer){in, n, 0};
    s->in_cap = in_cap;
    s->within = true;
    *src = &s->base;
    return 0;
}
