/* libwebsockets, for the files that know it: http.c and http2.c. */
#ifndef SS_SERVE_LWS_H
#define SS_SERVE_LWS_H

#include "cmd/ss-serve/conn.h"
#include <libwebsockets.h>

/* ---- http.c ---- */

struct ss_loop *ss_lws_loop(struct lws *wsi);
/* Of a whole connection, whatever it spoke; streams of HTTP/2 have no conn. */
void ss_lws_destroyed(struct lws *wsi);

/* ---- http2.c ---- */

/* One request: the library's memory, zeroed by it. */
struct ss_stream {
    struct lws *wsi;
    struct ss_task *task;
    size_t body_max, sent; /* sent: of the answer, its head counting as one byte */
    enum { READING = 1, WAITING, SENDING } phase;
};

/* The library's callback of a stream. */
int ss_http2_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n);
/* Its task's answer is there. */
void ss_http2_done(void *stream);

#endif
