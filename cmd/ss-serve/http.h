/*
 * The sockets: HTTP/1.1 and 2, TLS, WebSockets, by libwebsockets, which nothing else knows. It runs a thread
 * of its own, the loop's thread of all the rest.
 */
#ifndef SS_SERVE_HTTP_H
#define SS_SERVE_HTTP_H

#include "cmd/ss-serve/gate.h"
#include "web/hub.h"

struct ss_http;

struct ss_http_options {
    const char *listen;       /* "127.0.0.1:8080", "[::1]:0", "unix:/run/ss.sock" */
    const char *cert, *key;   /* PEM files; NULL: no TLS */
    const char *allow_origin; /* NULL: other sites' pages read nothing */
    bool log_requests;
    bool poll; /* plain poll(2) instead of libev's epoll; to compare them */
    struct ss_gate *gate;
    struct ss_hub *hub;
    /* By the loop's thread: an answer leaves; and about once a second. */
    void (*answered)(void *arg, const struct ss_task *task, int64_t now_ns);
    void (*second)(void *arg);
    void *arg;
};

struct ss_http_counts {
    int connections, feeds, under_way; /* now */
    uint64_t accepted, requests, refused;
};

/* Binds, but accepts nothing yet. SS_EUSAGE for an address that is none, SS_ECREATE when it is taken,
 * SS_ENOINPUT and SS_ECONFIG for certificates. */
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
/* For ss_hub_options. */
void ss_http_wake_listener(void *listener);
/* The loop's thread only. */
struct ss_http_counts ss_http_counts(const struct ss_http *http);

#endif
