/*
 * The sockets, TLS, and HTTP/2, by libwebsockets, which nothing else knows. It runs a thread of its own, the
 * loop's thread of all the rest. HTTP/1 and WebSockets are read by conn.h: the library's own reading of
 * HTTP/1 (4.1.6) takes a second request's head for its body when it comes right behind a first, and then does
 * not end; its HTTP/2 is offered only when asked for.
 */
#ifndef SS_SERVE_HTTP_H
#define SS_SERVE_HTTP_H

#include "cmd/ss-serve/conn.h"

struct ss_http;

struct ss_http_options {
    const char *listen;        /* "127.0.0.1:8080", "[::1]:0", "unix:/run/ss.sock" */
    const char *cert, *key;    /* PEM files; NULL: no TLS */
    bool http2;                /* offer it, with TLS */
    bool poll;                 /* plain poll(2) instead of libev's epoll; to compare them */
    struct ss_loop *loop;      /* gate, hub, answered and what else there is to say */
    void (*second)(void *arg); /* about once a second, by the loop's thread */
    void *arg;
};

/* Binds, but accepts nothing yet. SS_EUSAGE for an address that is none, SS_ECREATE when it is taken,
 * SS_ECONFIG for certificates. */
int ss_http_open(const struct ss_http_options *opt, struct ss_http **http) SS_MUST_CHECK;
/* "127.0.0.1:8080", with the port that 0 became. */
const char *ss_http_address(const struct ss_http *http);
int ss_http_start(struct ss_http *http) SS_MUST_CHECK;
/* From any thread: the task's answer is there; a list by `next`. */
void ss_http_done(struct ss_http *http, struct ss_task *tasks);
/* No more connections; waits until what is under way has been answered, at most grace_ms; then feeds are told
 * to go. Nothing is called back any more once it returns; the sockets end with the process. */
void ss_http_stop(struct ss_http *http, int grace_ms);
/* Reads the certificates again, soon. From any thread. */
void ss_http_reload(struct ss_http *http);

#endif
