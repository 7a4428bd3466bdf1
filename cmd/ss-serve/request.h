/*
 * From what the socket library has read of a request's head to the API's struct ss_request: the checks that
 * keep one request from being two (RFC 9112, section 6.3 and 11.2) are here, without a socket.
 */
#ifndef SS_SERVE_REQUEST_H
#define SS_SERVE_REQUEST_H

#include "cmd/ss-serve/task.h"

enum ss_header {
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
    SS_H_EXPECT,
    SS_H_CONNECTION,
    SS_HEADERS
};

#define SS_ARGS_MAX 64

/* The path and the query's pieces come decoded from the library; texts live as long as the task. */
struct ss_raw_request {
    int version;          /* 10, 11, 20; 0: something else */
    struct ss_str method; /* "GET" */
    struct ss_str path;
    struct ss_str arg[SS_ARGS_MAX]; /* "name=value" */
    int args;
    struct ss_str header[SS_HEADERS];
    bool repeated[SS_HEADERS];
    bool odd; /* a field that begins like a length and is none: "content-length :" */
};

/*
 * Fills the task's request. `length` is that of the body, -1 when it was not said. False when the request is
 * answered: what cannot be framed for certain ends the connection (task->close).
 */
bool ss_request_read(const struct ss_raw_request *raw, struct ss_task *task, int64_t *length);
/* Does an HTTP/1 connection stay after this request? */
bool ss_request_keeps(const struct ss_raw_request *raw);

#endif
