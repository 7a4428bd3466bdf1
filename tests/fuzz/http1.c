/* Any bytes as requests: heads, bodies in chunks, WebSocket frames. However they are cut, what is read is the
 * same. */
#include "web/http1.h"
#include "web/websocket.h"
#include <stdlib.h>
#include <string.h>

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool inside(struct ss_str s, const char *p, size_t n)
{
    return !s.p || (s.p >= p && s.p + s.n <= p + n);
}

static void heads(const char *p, size_t n)
{
    struct ss_http1 whole, part;
    size_t scanned = 0;
    int got = ss_http1_head(p, n, &scanned, &whole), again = 0;
    if (got > 0) {
        check((size_t)got <= n && inside(whole.path, p, n) && inside(whole.query, p, n));
        for (int i = 0; i < SS_HEADERS; i++)
            check(inside(whole.header[i], p, n));
        check(whole.path.n && (whole.path.p[0] == '/' || whole.path.p[0] == '*'));
        check(!(whole.chunked && whole.length >= 0));
    }
    scanned = 0;
    for (size_t at = 1; at <= n && again == 0; at++)
        again = ss_http1_head(p, at, &scanned, &part);
    check((got > 0) == (again > 0) && (got <= 0 || got == again));
}

static void chunks(const char *p, size_t n)
{
    struct ss_chunks a = {0}, b = {0};
    struct ss_buf one, other;
    size_t taken, at = 0;
    ss_buf_init(&one, 1 << 20);
    ss_buf_init(&other, 1 << 20);
    int whole = ss_chunks_take(&a, p, n, 4096, &one, &taken), part = 0;
    check(taken <= n && one.n <= 4096);
    while (at < n && part == 0) {
        size_t step;
        part = ss_chunks_take(&b, p + at, 1, 4096, &other, &step);
        at += step;
    }
    check(whole == part && one.n == other.n && (one.n == 0 || memcmp(one.p, other.p, one.n) == 0));
    check(whole != 1 || taken == at);
    ss_buf_free(&one);
    ss_buf_free(&other);
}

static void frames(const char *p, size_t n)
{
    char text[4096];
    while (n) {
        struct ss_ws_frame frame;
        int size = ss_ws_read(p, n, 4000, &frame);
        if (size <= 0)
            return;
        check((size_t)size <= n && frame.n <= 4000 && inside((struct ss_str){frame.payload, frame.n}, p, n));
        ss_ws_unmask(&frame, text);
        p += size;
        n -= (size_t)size;
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    char *copy = malloc(len + 1); /* of exactly this size, so that a look beyond it is seen */
    if (!copy)
        return 0;
    memcpy(copy, bytes, len);
    char *exact = realloc(copy, len ? len : 1);
    copy = exact ? exact : copy;
    heads(copy, len);
    chunks(copy, len);
    frames(copy, len);
    free(copy);
    return 0;
}
