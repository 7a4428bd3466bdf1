/*
 * HTTP/1 as bytes (RFC 9112), without a socket: a request's head, and its body. Strict where leniency lets
 * one request be taken for two: lines end with CR LF, no blanks before a colon, no folded lines, one length.
 */
#ifndef SS_WEB_HTTP1_H
#define SS_WEB_HTTP1_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include <stdint.h>

enum ss_header {
    SS_H_NONE, /* any other */
    SS_H_HOST,
    SS_H_CONTENT_LENGTH,
    SS_H_TRANSFER_ENCODING,
    SS_H_CONTENT_TYPE,
    SS_H_AUTHORIZATION,
    SS_H_COOKIE,
    SS_H_ORIGIN,
    SS_H_USER_AGENT,
    SS_H_ACCEPT,
    SS_H_ACCEPT_ENCODING,
    SS_H_IF_MATCH,
    SS_H_IF_NONE_MATCH,
    SS_H_IDEMPOTENCY_KEY,
    SS_H_LAST_EVENT_ID,
    SS_H_FORWARDED_FOR, /* of several the last: who wrote it stood nearest */
    SS_H_FORWARDED_PROTO,
    SS_H_EXPECT,
    SS_H_CONNECTION,
    SS_H_UPGRADE,
    SS_H_WEBSOCKET_KEY,
    SS_H_WEBSOCKET_VERSION,
    SS_HEADERS
};

#define SS_HTTP1_HEAD   ((size_t)16384) /* bytes of a whole head */
#define SS_HTTP1_TARGET ((size_t)8192)
#define SS_HTTP1_FIELDS 100

/* A request's head, pointing into the bytes it was read from. */
struct ss_http1 {
    int version;                       /* 10 or 11; 20 when another reader filled this */
    struct ss_str method, path, query; /* still percent-encoded; query without '?' */
    struct ss_str header[SS_HEADERS];  /* p == NULL: absent; of several the first, mostly */
    bool repeated[SS_HEADERS];
    bool chunked;
    int64_t length; /* of the body; -1: not said */
};

/* Which header this name is (any case). */
enum ss_header ss_header_of(struct ss_str name);
/* One of the words in a list separated by commas, in any case. */
bool ss_header_lists(struct ss_str list, const char *word);

/*
 * Reads a head that begins at p. Returns its bytes; 0: more are needed (*scanned remembers how far was
 * looked, 0 at first); or the negated status that answers it: -400, -411, -414, -431, -501, -505, with the
 * reason as the thread's message.
 */
int ss_http1_head(const char *p, size_t n, size_t *scanned, struct ss_http1 *out) SS_MUST_CHECK;

/* What of a head is the same for every version: fills `length` and `chunked`, and checks that there is one
 * Host and one meaning of where the body ends. 0 or the negated status. */
int ss_http1_check(struct ss_http1 *head) SS_MUST_CHECK;

/* A chunked body, decoded as it comes. Zeroed at first. */
struct ss_chunks {
    int at; /* its own */
    uint64_t left;
    unsigned digits, extra;
};

/*
 * Takes what it can of p: body bytes are appended to `to`. *taken says how many bytes were used. 1: the body
 * is complete; 0: more is needed; negative: it is malformed (-400), or more than `max` bytes (-413).
 */
int ss_chunks_take(struct ss_chunks *chunks, const char *p, size_t n, size_t max, struct ss_buf *to,
                   size_t *taken) SS_MUST_CHECK;

#endif
