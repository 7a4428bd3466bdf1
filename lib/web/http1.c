#include "web/http1.h"
#include "base/err.h"
#include "base/number.h"
#include <strings.h>

static const struct {
    const char *name;
    enum ss_header header;
} names[] = {
    {"host", SS_H_HOST},
    {"content-length", SS_H_CONTENT_LENGTH},
    {"transfer-encoding", SS_H_TRANSFER_ENCODING},
    {"content-type", SS_H_CONTENT_TYPE},
    {"authorization", SS_H_AUTHORIZATION},
    {"cookie", SS_H_COOKIE},
    {"origin", SS_H_ORIGIN},
    {"user-agent", SS_H_USER_AGENT},
    {"accept", SS_H_ACCEPT},
    {"accept-encoding", SS_H_ACCEPT_ENCODING},
    {"if-match", SS_H_IF_MATCH},
    {"if-none-match", SS_H_IF_NONE_MATCH},
    {"idempotency-key", SS_H_IDEMPOTENCY_KEY},
    {"last-event-id", SS_H_LAST_EVENT_ID},
    {"x-forwarded-for", SS_H_FORWARDED_FOR},
    {"x-forwarded-proto", SS_H_FORWARDED_PROTO},
    {"expect", SS_H_EXPECT},
    {"connection", SS_H_CONNECTION},
    {"upgrade", SS_H_UPGRADE},
    {"sec-websocket-key", SS_H_WEBSOCKET_KEY},
    {"sec-websocket-version", SS_H_WEBSOCKET_VERSION},
};

enum ss_header ss_header_of(struct ss_str name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((names[i].name[0] | 0x20) == (name.p[0] | 0x20) && strlen(names[i].name) == name.n &&
            strncasecmp(names[i].name, name.p, name.n) == 0)
            return names[i].header;
    return SS_H_NONE;
}

bool ss_header_lists(struct ss_str list, const char *word)
{
    size_t n = strlen(word);
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        struct ss_str piece = {list.p, comma ? (size_t)(comma - list.p) : list.n};
        list.p += piece.n + (comma != NULL);
        list.n -= piece.n + (comma != NULL);
        piece = ss_str_trim(piece);
        if (piece.n == n && strncasecmp(piece.p, word, n) == 0)
            return true;
    }
    return false;
}

/* The negated status, with the reason as the message. */
static int fault(int status, const char *why)
{
    (void)ss_fail(SS_EDATA, "%s", why);
    return -status;
}

/* RFC 9110's token: what methods and names are made of. */
static bool is_token(struct ss_str s)
{
    static const char other[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == 0 || !strchr(other, c)))
            return false;
    }
    return s.n > 0;
}

/* "GET /a?b HTTP/1.1" */
static int read_request_line(struct ss_str line, struct ss_http1 *out)
{
    const char *first = memchr(line.p, ' ', line.n), *end = line.p + line.n;
    if (!first)
        return fault(400, "the first line is no request");
    out->method = (struct ss_str){line.p, (size_t)(first - line.p)};
    const char *target = first + 1, *second = memchr(target, ' ', (size_t)(end - target));
    if (!is_token(out->method) || !second || end - second != 9 || memcmp(second, " HTTP/", 6) != 0)
        return fault(400, "the first line is no request");
    if (memcmp(second, " HTTP/1.", 8) != 0 || (second[8] != '0' && second[8] != '1'))
        return fault(505, "HTTP/1.0 and 1.1 are spoken here");
    out->version = second[8] == '1' ? 11 : 10;
    if ((size_t)(second - target) > SS_HTTP1_TARGET)
        return fault(414, "the path is too long");
    for (const char *c = target; c < second; c++)
        if (*c <= ' ' || *c >= 0x7f || *c == '#')
            return fault(400, "the path has bytes that must be percent-encoded");
    /* A proxy's form, with the scheme and the host in front: what counts is the path. */
    for (const char *scheme = "http://"; scheme;
         scheme = strcmp(scheme, "http://") == 0 ? "https://" : NULL) {
        size_t n = strlen(scheme);
        if ((size_t)(second - target) > n && strncasecmp(target, scheme, n) == 0) {
            const char *slash = memchr(target + n, '/', (size_t)(second - target) - n);
            if (!slash)
                return fault(400, "the path does not begin with '/'");
            target = slash;
        }
    }
    bool star = second - target == 1 && *target == '*' && ss_str_is(out->method, "OPTIONS");
    if (target == second || (*target != '/' && !star))
        return fault(400, "the path does not begin with '/'");
    const char *mark = memchr(target, '?', (size_t)(second - target));
    out->path = (struct ss_str){target, (size_t)((mark ? mark : second) - target)};
    out->query = mark ? (struct ss_str){mark + 1, (size_t)(second - mark) - 1} : (struct ss_str){second, 0};
    return 0;
}

static int read_field(struct ss_str line, struct ss_http1 *out)
{
    const char *colon = memchr(line.p, ':', line.n);
    struct ss_str name = {line.p, colon ? (size_t)(colon - line.p) : 0};
    if (!colon || !is_token(name))
        return fault(400, "a header field has no name");
    struct ss_str value = {colon + 1, line.n - name.n - 1};
    while (value.n && (value.p[0] == ' ' || value.p[0] == '\t'))
        value.p++, value.n--;
    while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
        value.n--;
    for (size_t i = 0; i < value.n; i++)
        if (((unsigned char)value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f)
            return fault(400, "a header field has control characters");
    enum ss_header h = ss_header_of(name);
    if (h == SS_H_NONE)
        return 0;
    out->repeated[h] |= out->header[h].p != NULL;
    if (!out->header[h].p || h == SS_H_FORWARDED_FOR || h == SS_H_FORWARDED_PROTO)
        out->header[h] = value;
    return 0;
}

int ss_http1_check(struct ss_http1 *head)
{
    struct ss_str length = head->header[SS_H_CONTENT_LENGTH], coding = head->header[SS_H_TRANSFER_ENCODING];
    head->length = -1;
    head->chunked = false;
    if (head->version >= 11 && !head->header[SS_H_HOST].p)
        return fault(400, "a request has a Host");
    if (head->repeated[SS_H_HOST] || head->repeated[SS_H_AUTHORIZATION] ||
        head->repeated[SS_H_CONTENT_LENGTH] || head->repeated[SS_H_TRANSFER_ENCODING])
        return fault(400, "Host, Authorization, Content-Length and Transfer-Encoding are sent once");
    if (coding.p) {
        if (length.p || head->version != 11)
            return fault(400, "a body's end is said in one way");
        if (coding.n != 7 || strncasecmp(coding.p, "chunked", 7) != 0)
            return fault(501, "of transfer codings, chunked is known here");
        head->chunked = true;
    }
    if (!length.p)
        return 0;
    bool digits = length.n > 0 && length.n < 16;
    for (size_t i = 0; i < length.n && digits; i++)
        digits = length.p[i] >= '0' && length.p[i] <= '9';
    if (!digits || !ss_int_parse(length.p, length.n, &head->length))
        return fault(400, "Content-Length is not a number");
    return 0;
}

static int read_lines(const char *p, size_t n, struct ss_http1 *out)
{
    size_t at = 0;
    for (int lines = 0;; lines++) {
        const char *end = memchr(p + at, '\r', n - at);
        if (!end || (size_t)(end - p) + 1 >= n || end[1] != '\n')
            return fault(400, "a line does not end with CR LF");
        struct ss_str line = {p + at, (size_t)(end - p) - at};
        at += line.n + 2;
        if (memchr(line.p, '\n', line.n))
            return fault(400, "a line does not end with CR LF");
        if (line.n == 0 && lines > 0)
            return 0;
        if (lines > SS_HTTP1_FIELDS)
            return fault(431, "too many header fields");
        int status = lines == 0 ? read_request_line(line, out) : read_field(line, out);
        if (status)
            return status;
    }
}

int ss_http1_head(const char *p, size_t n, size_t *scanned, struct ss_http1 *out)
{
    /* RFC 9112, 2.2: an empty line before a request is passed over. One is enough. */
    size_t skip = n >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
    size_t from = *scanned > skip + 3 ? *scanned - 3 : skip;
    const char *end = from < n ? memmem(p + from, n - from, "\r\n\r\n", 4) : NULL;
    *scanned = n;
    if (!end) {
        /* Who ends lines otherwise would wait for ever. */
        const char *lf = n > skip ? memchr(p + skip, '\n', n - skip) : NULL;
        if (lf && (lf == p || lf[-1] != '\r'))
            return fault(400, "a line does not end with CR LF");
        return n > SS_HTTP1_HEAD ? fault(431, "the head is too long") : 0;
    }
    size_t size = (size_t)(end - p) + 4;
    if (size > SS_HTTP1_HEAD)
        return fault(431, "the head is too long");
    memset(out, 0, sizeof *out);
    int status = read_lines(p + skip, size - skip, out);
    if (!status)
        status = ss_http1_check(out);
    return status ? status : (int)size;
}

/* ---- chunks ---- */

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF, LINE, LINE_LF, COMPLETE };

#define EXTRA_MAX 4096 /* bytes of extensions and trailers together */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of framing. False when it has no place there. */
static bool step(struct ss_chunks *c, char byte)
{
    int digit;
    switch (c->at) {
    case SIZE:
        digit = hex_of(byte);
        if (digit >= 0) {
            c->left = c->left * 16 + (unsigned)digit;
            return ++c->digits <= 8;
        }
        c->at = byte == ';' ? EXTENSION : SIZE_LF;
        return c->digits > 0 && (byte == ';' || byte == '\r');
    case EXTENSION:
        if (byte == '\r')
            c->at = SIZE_LF;
        return byte != '\n' && ++c->extra < EXTRA_MAX;
    case SIZE_LF:
        c->at = c->left ? DATA : TRAILER;
        c->digits = 0;
        return byte == '\n';
    case DATA_CR: c->at = DATA_LF; return byte == '\r';
    case DATA_LF: c->at = SIZE; return byte == '\n';
    case TRAILER: /* at the start of a line */
        c->at = byte == '\r' ? TRAILER_LF : LINE;
        return byte != '\n' && ++c->extra < EXTRA_MAX;
    case TRAILER_LF: c->at = COMPLETE; return byte == '\n';
    case LINE:
        if (byte == '\r')
            c->at = LINE_LF;
        return byte != '\n' && ++c->extra < EXTRA_MAX;
    case LINE_LF: c->at = TRAILER; return byte == '\n';
    default: return false;
    }
}

int ss_chunks_take(struct ss_chunks *c, const char *p, size_t n, size_t max, struct ss_buf *to, size_t *taken)
{
    size_t at = 0;
    *taken = n;
    while (at < n && c->at != COMPLETE) {
        if (c->at != DATA) {
            if (!step(c, p[at++]))
                return fault(400, "the body's chunks are malformed");
            if (c->at == DATA && to->n + c->left > max)
                return fault(413, "the body is too large");
            continue;
        }
        size_t piece = n - at < c->left ? n - at : (size_t)c->left;
        ss_buf_put(to, p + at, piece);
        at += piece;
        c->left -= piece;
        if (c->left == 0)
            c->at = DATA_CR;
    }
    *taken = at;
    return c->at == COMPLETE;
}
