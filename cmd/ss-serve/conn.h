/*
 * A connection that speaks HTTP/1, and what becomes of it: one request after the other, a WebSocket, or a
 * stream of events. It knows bytes; the socket is http.c's. All by the loop's thread.
 */
#ifndef SS_SERVE_CONN_H
#define SS_SERVE_CONN_H

#include "cmd/ss-serve/deadline.h"
#include "cmd/ss-serve/gate.h"
#include "cmd/ss-serve/head.h"
#include "web/http1.h"
#include "web/hub.h"

#define SS_SECOND_NS ((int64_t)1000000000)

/* ---- what the connections share ---- */

struct ss_loop_counts {
    int connections, feeds, under_way; /* now */
    uint64_t accepted, requests, refused;
};

struct ss_loop {
    struct ss_gate *gate;
    struct ss_hub *hub;
    const char *allow_origin; /* NULL: other sites' pages read nothing */
    bool log_requests;
    int64_t timeout_us; /* for a request to come: to its head's end, and from there to its body's */
    /* An answer leaves. */
    void (*answered)(void *arg, const struct ss_task *task, int64_t now_ns);
    void *arg;
    struct ss_task_pool pool;
    struct ss_buf out; /* an answer on its way to the socket */
    struct ss_deadlines head, body, idle, stall, linger;
    struct ss_conn *feeds;
    struct ss_loop_counts counts;
    int64_t second, feeds_checked_ns;
    char date[32];
};

void ss_loop_init(struct ss_loop *loop);
/* About once a second: whose time is over, who may no longer listen, who is to be asked whether they are
 * there. */
void ss_loop_check(struct ss_loop *loop, int64_t now_ns);
/* The head of an answer. */
void ss_loop_head(struct ss_loop *loop, struct ss_task *task, struct ss_head *head);
/* The answer has left: counted, logged, the task given back. */
void ss_loop_leave(struct ss_loop *loop, struct ss_task *task);

/* ---- the socket, by http.c ---- */

struct ss_sock;

#define SS_SOCK_ROOM 32 /* writable bytes before what is written */

/* What does not go at once is kept and goes when it can. 0, or -1 when the connection is lost. */
int ss_sock_write(struct ss_sock *sock, char *p, size_t n) SS_MUST_CHECK;
bool ss_sock_pending(struct ss_sock *sock); /* something is kept: ss_conn_writable comes when it has gone */
void ss_sock_read(struct ss_sock *sock, bool on);
void ss_sock_half_close(struct ss_sock *sock); /* the client sees the end, and may finish what it sends */
void ss_sock_kill(struct ss_sock *sock);       /* soon; ss_conn_closed follows */
/* The answer to a WebSocket's key (RFC 6455, 4.2.2): base64 of a SHA-1. */
bool ss_sock_accept_key(struct ss_str key, char out[32]) SS_MUST_CHECK;

/* ---- a connection ---- */

enum ss_phase { SS_AT_HEAD, SS_AT_BODY, SS_WAITING, SS_EVENTS, SS_WEBSOCKET, SS_ENDING };

struct ss_conn {
    struct ss_loop *loop;
    struct ss_sock *sock;
    char address[48];
    bool secure;
    enum ss_phase phase;
    struct ss_buf in; /* bytes that wait to be read as something */
    size_t scanned;
    bool reading, inside, over; /* over: to be closed, as soon as the call from the socket returns */
    struct ss_deadline deadline;
    /* The request. */
    struct ss_task *task;
    int version;
    bool keep, chunked;
    size_t body_max;
    uint64_t body_left;
    struct ss_chunks chunks;
    /* The feed. */
    struct ss_conn *next, *before; /* of loop->feeds */
    struct ss_listener *listener;
    struct ss_actor who;
    struct ss_buf message; /* what a WebSocket says, until it is complete: */
    bool in_message;       /* more of it is to come */
    int64_t heard_ns, pinged_ns;
};

/* NULL when out of memory. `sock` is told later, before anything else. */
struct ss_conn *ss_conn_new(struct ss_loop *loop, const char *address, bool secure);
/* From the socket; -1: close it. */
int ss_conn_bytes(struct ss_conn *conn, const char *p, size_t n) SS_MUST_CHECK;
int ss_conn_writable(struct ss_conn *conn) SS_MUST_CHECK;
void ss_conn_closed(struct ss_conn *conn); /* frees it */
/* Its task's answer is there. */
void ss_conn_done(struct ss_conn *conn);
/* The end, once what is kept has left. */
void ss_conn_end(struct ss_conn *conn);

/* ---- feeds (feed.c) ---- */

/* The answer to a request for a feed: its call has run, with the spec in call->state. */
void ss_feed_open(struct ss_conn *conn, const struct ss_http1 *head);
/* A WebSocket's bytes: how many were used. */
size_t ss_feed_bytes(struct ss_conn *conn, const char *p, size_t n);
void ss_feed_push(void *conn); /* what there is goes out; for ss_hub_options.wake */
void ss_feed_close(struct ss_conn *conn);
void ss_feed_check(struct ss_loop *loop, int64_t now_ns);
/* The server goes: listeners are told. */
void ss_feed_stop(struct ss_loop *loop);

/* For feed.c: writes n bytes at loop->out.p + SS_SOCK_ROOM. */
void ss_conn_write(struct ss_conn *conn, char *p, size_t n);
void ss_conn_answer(struct ss_conn *conn);

#endif
