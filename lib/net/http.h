/*
 * A client for HTTP and for sending mail by SMTP, through libcurl, whose only user is http.c. One `struct
 * ss_http` a thread: it keeps its connection open between calls to the same host.
 *
 * Messages about failures never show a URL or a header: there may be secrets in them.
 */
#ifndef SS_NET_HTTP_H
#define SS_NET_HTTP_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include <stdatomic.h>
#include <stdint.h>

struct ss_http;

int ss_http_new(struct ss_http **http) SS_MUST_CHECK;
void ss_http_free(struct ss_http *http); /* accepts NULL */

struct ss_http_request {
    const char *url;           /* http:// or https:// */
    const char *const *header; /* "Name: value", headers of them */
    int headers;
    struct ss_str body;
    int64_t timeout_us;         /* for all of it */
    const atomic_bool *give_up; /* the call ends soon after this becomes true; may be NULL */
};

struct ss_http_reply {
    int status;             /* 200, 404, ... */
    int64_t retry_after_us; /* what the server asks for; 0: nothing */
    struct ss_buf *body;    /* of the caller, appended to up to its ceiling; NULL: not wanted */
};

/* 0 when an answer came, whatever its status; redirects are not followed. SS_EAWAY when none did, with the
 * reason ("could not connect", "timed out"). */
int ss_http_post(struct ss_http *http, const struct ss_http_request *req,
                 struct ss_http_reply *reply) SS_MUST_CHECK;
/* The same, without the request's body. */
int ss_http_get(struct ss_http *http, const struct ss_http_request *req,
                struct ss_http_reply *reply) SS_MUST_CHECK;

struct ss_smtp_request {
    const char *url;   /* smtp://host[:port] or smtps://host[:port] */
    const char *login; /* "user:password", or NULL. With one the connection must be encrypted. */
    const char *from, *to;
    struct ss_str message; /* RFC 5322, lines end in CRLF */
    int64_t timeout_us;
    const atomic_bool *give_up;
};

/* SS_EAWAY when the server did not take the message. */
int ss_smtp_send(struct ss_http *http, const struct ss_smtp_request *req) SS_MUST_CHECK;

#endif
