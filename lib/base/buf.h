/*
 * A growing byte buffer with a ceiling stated when it is made. Appending never fails in the middle of a
 * record: an append that would pass the ceiling (or finds no memory) sets `failed`, which sticks and is
 * checked once by ss_buf_check at the end of the piece of work. The bytes are not NUL-terminated unless
 * ss_buf_cstr is called.
 */
#ifndef SS_BASE_BUF_H
#define SS_BASE_BUF_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ss_buf {
    char *p;
    size_t n, cap, ceiling;
    bool failed;
};

void ss_buf_init(struct ss_buf *buf, size_t ceiling_bytes);
void ss_buf_free(struct ss_buf *buf);
/* Room for `more` bytes behind the end; NULL (and `failed`) when there is none. */
char *ss_buf_room(struct ss_buf *buf, size_t more);
/* 0, or SS_ENOMEM once any append has failed since the last reset. */
int ss_buf_check(const struct ss_buf *buf) SS_MUST_CHECK;
const char *ss_buf_cstr(struct ss_buf *buf);
void ss_buf_printf(struct ss_buf *buf, const char *fmt, ...) SS_PRINTF(2, 3);

static inline void ss_buf_reset(struct ss_buf *buf)
{
    buf->n = 0;
    buf->failed = false;
}

static inline void ss_buf_put(struct ss_buf *buf, const void *bytes, size_t len)
{
    if (len == 0) /* also of a buffer without memory yet */
        return;
    char *to = buf->cap - buf->n >= len ? buf->p + buf->n : ss_buf_room(buf, len);
    if (SS_LIKELY(to != NULL)) {
        memcpy(to, bytes, len);
        buf->n += len;
    }
}

static inline void ss_buf_puts(struct ss_buf *buf, const char *text)
{
    ss_buf_put(buf, text, strlen(text));
}

static inline void ss_buf_putc(struct ss_buf *buf, char c)
{
    ss_buf_put(buf, &c, 1);
}

#endif
