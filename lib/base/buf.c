#include "base/buf.h"
#include "base/err.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void ss_buf_init(struct ss_buf *buf, size_t ceiling_bytes)
{
    *buf = (struct ss_buf){.ceiling = ceiling_bytes};
}

void ss_buf_free(struct ss_buf *buf)
{
    free(buf->p);
    *buf = (struct ss_buf){.ceiling = buf->ceiling};
}

char *ss_buf_room(struct ss_buf *buf, size_t more)
{
    if (buf->cap - buf->n >= more && buf->p)
        return buf->p + buf->n;
    if (more > buf->ceiling || buf->n > buf->ceiling - more) {
        buf->failed = true;
        return NULL;
    }
    size_t cap = buf->cap ? buf->cap : 256;
    while (cap < buf->n + more)
        cap *= 2;
    if (cap > buf->ceiling)
        cap = buf->ceiling;
    char *p = realloc(buf->p, cap ? cap : 1);
    if (!p) {
        buf->failed = true;
        return NULL;
    }
    buf->p = p;
    buf->cap = cap;
    return p + buf->n;
}

int ss_buf_check(const struct ss_buf *buf)
{
    if (buf->failed)
        return ss_fail(SS_ENOMEM, "text longer than %zu bytes, or out of memory", buf->ceiling);
    return 0;
}

const char *ss_buf_cstr(struct ss_buf *buf)
{
    char *end = ss_buf_room(buf, 1);
    if (!end)
        return "";
    *end = '\0';
    return buf->p;
}

void ss_buf_printf(struct ss_buf *buf, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int need = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (need < 0) {
        buf->failed = true;
        return;
    }
    char *to = ss_buf_room(buf, (size_t)need + 1);
    if (!to)
        return;
    va_start(ap, fmt);
    vsnprintf(to, (size_t)need + 1, fmt, ap);
    va_end(ap);
    buf->n += (size_t)need;
}
