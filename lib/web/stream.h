/*
 * Payments that are not decided here but handed on to a stream, such as a topic of Kafka, whose readers
 * decide them: POST /api/v1/payments/stream answers 202 once the stream has acknowledged the payment, never
 * before. What is refused is what POST /api/v1/payments refuses. Whoever gets no answer, or a 503, sends the
 * payment again with the same txn_id: the stream may have it twice then, and its readers count it once.
 *
 * One thread calls all but `up`.
 */
#ifndef SS_WEB_STREAM_H
#define SS_WEB_STREAM_H

#include "web/web.h"
#include <stdatomic.h>

/* Where they go. */
struct ss_stream_out {
    /* One payment's line, without its newline. SS_EDATA: the stream takes none of this length. */
    int (*put)(void *ctx, struct ss_str key, struct ss_str line);
    /* Waits until all that was put is acknowledged; negative: none of it may be called so. */
    int (*sync)(void *ctx);
    void *ctx;
    const char *name; /* what clients are told: a topic's name */
    const char *key;  /* the field whose value is the key */
};

struct ss_stream {
    atomic_bool up; /* where this is not set, payments are refused at once; its owner's to set */
    struct ss_stream_desk *desk;
};

#define SS_STREAM_MAX 1024 /* calls at once */

/* `out` is copied; what it points to must outlive the stream. */
int ss_stream_open(struct ss_stream *stream, const struct ss_stream_out *out) SS_MUST_CHECK;
void ss_stream_close(struct ss_stream *stream);

/* Answers n calls of POST /api/v1/payments/stream, at most SS_STREAM_MAX. 0, or why the stream is away. */
int ss_stream_calls(struct ss_stream *stream, struct ss_call **calls, size_t n);

extern const struct ss_route ss_routes_stream[];

#endif
