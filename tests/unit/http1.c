/* Requests as bytes: what is read, what is refused, and that it does not matter how the bytes come. */
#include "base/err.h"
#include "tests/tap.h"
#include "web/http1.h"

static struct ss_http1 head;

static int parse(const char *text, size_t n)
{
    size_t scanned = 0;
    return ss_http1_head(text, n, &scanned, &head);
}

static void reads(const char *text, const char *what)
{
    int got = parse(text, strlen(text));
    if (!ok(got == (int)strlen(text), "%s", what))
        printf("# got %d: %s\n", got, got < 0 ? ss_err_text() : "");
}

static void refuses(const char *text, int status, const char *what)
{
    int got = parse(text, strlen(text));
    if (!ok(got == -status, "%s is a %d", what, status))
        printf("# got %d\n", got);
}

#define H "Host: x\r\n"

static void test_reading(void)
{
    reads("GET /a/b?c=d&e HTTP/1.1\r\n" H "\r\n", "a request is read");
    is_text(head.method.p, head.method.n, "GET", "its method");
    is_text(head.path.p, head.path.n, "/a/b", "its path, without the query");
    is_text(head.query.p, head.query.n, "c=d&e", "its query");
    ok(head.version == 11 && head.length == -1 && !head.chunked, "its version and that it has no body");
    reads("GET /a%2Fb;x+y HTTP/1.1\r\n" H "\r\n", "a path is left as it was sent");
    is_text(head.path.p, head.path.n, "/a%2Fb;x+y", "percent signs and all");
    reads("GET http://x.y:80/a HTTP/1.1\r\n" H "\r\n", "a proxy's form is read");
    is_text(head.path.p, head.path.n, "/a", "as its path");
    reads("POST / HTTP/1.1\r\nhOsT:x\r\nCONTENT-length:\t 12 \r\n\r\n",
          "names have no case, values no blanks");
    ok(head.length == 12, "a length is a number");
    reads("POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n", "chunks are known");
    ok(head.chunked, "and told");
    reads("GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 needs no Host");
    reads("\r\nGET / HTTP/1.1\r\n" H "\r\n", "one empty line before a request is passed over");
    reads("GET / HTTP/1.1\r\n" H "X-Unknown: \x80\xff\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n",
          "unknown fields are passed over");
    is_text(head.header[SS_H_COOKIE].p, head.header[SS_H_COOKIE].n, "a=b", "of several the first is taken");
    ok(head.repeated[SS_H_COOKIE] && !head.repeated[SS_H_HOST], "and that there are more is told");
}

static void test_refusing(void)
{
    refuses("GET / HTTP/1.1\r\n\r\n", 400, "a request without a Host");
    refuses("GET / HTTP/1.1\r\n" H H "\r\n", 400, "one with two");
    refuses("GET / HTTP/2.0\r\n" H "\r\n", 505, "another version");
    refuses("GET / HTTP/1.2\r\n" H "\r\n", 505, "HTTP/1.2");
    refuses("GET /\r\n" H "\r\n", 400, "no version");
    refuses("GET  / HTTP/1.1\r\n" H "\r\n", 400, "two blanks");
    refuses("GET /a b HTTP/1.1\r\n" H "\r\n", 400, "a blank in the path");
    refuses("GET a HTTP/1.1\r\n" H "\r\n", 400, "a path without a slash");
    refuses("GET /\x01 HTTP/1.1\r\n" H "\r\n", 400, "a control character in the path");
    refuses("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400, "a byte above ASCII in the path");
    refuses("GE(T / HTTP/1.1\r\n" H "\r\n", 400, "a method that is no token");
    refuses("GET / HTTP/1.1\nHost: x\n\n", 400, "lines that end with LF");
    refuses("GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", 400, "a CR within a line");
    refuses("GET / HTTP/1.1\r\n" H "A: b\nC: d\r\n\r\n", 400, "an LF within a line");
    refuses("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", 400, "a folded line");
    refuses("GET / HTTP/1.1\r\n" H "A : b\r\n\r\n", 400, "a blank before a colon");
    refuses("GET / HTTP/1.1\r\n" H ": b\r\n\r\n", 400, "a field without a name");
    refuses("GET / HTTP/1.1\r\n" H "A\r\n\r\n", 400, "a field without a colon");
    refuses("GET / HTTP/1.1\r\n" H "A: \x7f\r\n\r\n", 400, "a control character in a field");
    refuses("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400, "two lengths");
    refuses("POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", 400, "a list of lengths");
    refuses("POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n", 400, "a signed length");
    refuses("POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n", 400, "a hexadecimal length");
    refuses("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400, "an empty length");
    refuses("POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n", 400,
            "a length past 64 bits");
    refuses("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
            "a length and chunks");
    refuses("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 400, "chunks in HTTP/1.0");
    refuses("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "another coding");
    refuses("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
            "chunks said twice");
    refuses("POST / HTTP/1.1\r\n" H "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
            "codings in two fields");
}

static void test_limits(void)
{
    static char text[40000];
    int n = snprintf(text, sizeof text, "GET /%09000d HTTP/1.1\r\n" H "\r\n", 0);
    ok(parse(text, (size_t)n) == -414, "a path of 9,000 bytes is a 414");
    n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H "A: %017000d\r\n\r\n", 0);
    ok(parse(text, (size_t)n) == -431, "a head of 17,000 bytes is a 431");
    ok(parse(text, 16300) == 0 && parse(text, 16500) == -431, "also before its end has come");
    n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H);
    for (int i = 0; i < 200; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "A: b\r\n");
    n += snprintf(text + n, sizeof text - (size_t)n, "\r\n");
    ok(parse(text, (size_t)n) == -431, "200 fields are a 431");
}

/* However a head is cut, it is read the same. */
static void test_cutting(void)
{
    static const char text[] = "POST /api?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    size_t whole = sizeof text - 1 - 3;
    bool same = true;
    for (size_t step = 1; step < 20; step++) {
        size_t scanned = 0;
        for (size_t n = step; n < whole && same; n += step)
            same = ss_http1_head(text, n, &scanned, &head) == 0;
        same &= ss_http1_head(text, sizeof text - 1, &scanned, &head) == (int)whole && head.length == 3;
    }
    ok(same, "a head that comes in pieces is read once it is whole");
}

static int chunks(const char *text, size_t step, size_t max, struct ss_buf *to, size_t *used)
{
    struct ss_chunks c = {0};
    size_t n = strlen(text), at = 0;
    int state = 0;
    ss_buf_reset(to);
    while (at < n && state == 0) {
        size_t taken, piece = n - at < step ? n - at : step;
        state = ss_chunks_take(&c, text + at, piece, max, to, &taken);
        at += taken;
    }
    *used = at;
    return state;
}

static void test_chunks(void)
{
    static const char text[] =
        "5\r\nhello\r\nA;x=\"y\"\r\n, world 12\r\n000\r\nTrailer: z\r\nB: c\r\n\r\nGET";
    struct ss_buf to;
    size_t used;
    bool same = true;
    ss_buf_init(&to, 1000);
    for (size_t step = 1; step < sizeof text; step++)
        same &= chunks(text, step, 100, &to, &used) == 1 && to.n == 15 &&
                memcmp(to.p, "hello, world 12", 15) == 0 && used == strlen(text) - 3;
    ok(same, "chunks are decoded however they are cut, and nothing behind them is taken");
    ok(chunks(text, 1000, 14, &to, &used) == -413, "more than may be is a 413");
    ok(chunks("ffffffff\r\n", 1000, 100, &to, &used) == -413, "before it has come");
    ok(chunks("fffffffff\r\n", 1000, 100, &to, &used) == -400, "a size of nine digits is none");
    ok(chunks("\r\n", 1000, 100, &to, &used) == -400, "a size without digits is none");
    ok(chunks("-1\r\n", 1000, 100, &to, &used) == -400, "nor is a negative one");
    ok(chunks("5 \r\nhello\r\n", 1000, 100, &to, &used) == -400, "nor one with a blank");
    ok(chunks("5\nhello\r\n", 1000, 100, &to, &used) == -400, "lines end with CR LF");
    ok(chunks("5\r\nhelloX", 1000, 100, &to, &used) == -400, "a chunk is as long as it says");
    ok(chunks("0\r\n\n", 1000, 100, &to, &used) == -400, "also the last line");
    ss_buf_free(&to);
}

static void test_lists(void)
{
    ok(ss_header_lists(SS_STR("keep-alive, Upgrade"), "upgrade"), "a word is found in a list");
    ok(!ss_header_lists(SS_STR("upgrades"), "upgrade") && !ss_header_lists(SS_STR(""), "upgrade"),
       "a part of one is not");
}

int main(void)
{
    test_reading();
    test_refusing();
    test_limits();
    test_cutting();
    test_chunks();
    test_lists();
    return done();
}
