/* The only file that knows zlib: reads gzip (RFC 1952), also several members in a row. */
#include "base/err.h"
#include "io/transport.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_BYTES 65536

struct gzip_source {
    struct ss_source base;
    struct ss_source *inner;
    z_stream z;
    bool between; /* a member has ended, the next has not begun */
    bool ended;
    bool pending; /* the last read filled its space: more may come without further input */
    unsigned char *in;
    size_t in_cap; /* IN_BYTES, or what the first read gave if that was more */
};

static int refill(struct gzip_source *g)
{
    ssize_t n = g->inner->ops->read(g->inner, g->in, g->in_cap);
    if (n < 0)
        return (int)n;
    g->base.taken_bytes = g->inner->taken_bytes;
    g->z.next_in = g->in;
    g->z.avail_in = (unsigned)n;
    g->ended = n == 0;
    return 0;
}

static ssize_t gzip_read(struct ss_source *src, void *to, size_t cap)
{
    struct gzip_source *g = (struct gzip_source *)src;
    g->z.next_out = to;
    g->z.avail_out = cap > 1u << 30 ? 1u << 30 : (unsigned)cap;
    unsigned room = g->z.avail_out;
    while (room && g->z.avail_out == room) {
        if (g->z.avail_in == 0 && !g->ended && !g->pending) {
            int err = refill(g);
            if (err < 0)
                return err;
        }
        if (g->z.avail_in == 0 && g->ended && !g->pending)
            return g->between ? 0 : ss_fail(SS_EIO, "'%s' ends in the middle of its gzip data", src->name);
        g->pending = false;
        if (g->between && g->z.avail_in == 0)
            continue;
        if (g->between) {
            inflateReset(&g->z);
            g->between = false;
        }
        int r = inflate(&g->z, Z_NO_FLUSH);
        if (r == Z_STREAM_END)
            g->between = true;
        else if (r != Z_OK && r != Z_BUF_ERROR)
            return ss_fail(SS_EIO, "'%s' is damaged gzip data", src->name);
    }
    g->pending = g->z.avail_out == 0;
    return (ssize_t)(room - g->z.avail_out);
}

static void gzip_close(struct ss_source *src)
{
    struct gzip_source *g = (struct gzip_source *)src;
    inflateEnd(&g->z);
    g->inner->ops->close(g->inner);
    free(g->in);
    free(g);
}

static const struct ss_source_ops ops = {.read = gzip_read, .close = gzip_close};

int ss_gzip_open(struct ss_source *inner, const void *head, size_t n, struct ss_source **src)
{
    struct gzip_source *g = calloc(1, sizeof *g);
    size_t in_cap = n > IN_BYTES ? n : IN_BYTES;
    unsigned char *in = malloc(in_cap);
    if (!g || !in || inflateInit2(&g->z, 16 + MAX_WBITS) != Z_OK) {
        free(in);
        free(g);
        return ss_fail(SS_ENOMEM, "out of memory for gzip");
    }
    memcpy(in, head, n);
    g->in = in;
    g->in_cap = in_cap;
    g->z.next_in = in;
    g->z.avail_in = (unsigned)n;
    g->base = (struct ss_source){
        .ops = &ops, .name = inner->name, .size_bytes = inner->size_bytes, .taken_bytes = inner->taken_bytes};
    g->inner = inner;
    *src = &g->base;
    return 0;
}
