/*
 * The head of an answer: status and header fields, from a task whose call has been run. Without a socket: h1
 * heads are printed here, http2.c hands the fields of h2 ones to the socket library.
 */
#ifndef SS_SERVE_HEAD_H
#define SS_SERVE_HEAD_H

#include "cmd/ss-serve/task.h"

#define SS_HEAD_FIELDS 32

struct ss_field_line {
    const char *name; /* lower case, with the colon, as h2 needs it */
    struct ss_str value;
};

struct ss_head {
    int status;
    int n;
    struct ss_field_line field[SS_HEAD_FIELDS];
    char length[24], retry[24];
};

struct ss_head_options {
    const char *allow_origin; /* whose pages may read answers beside our own; NULL: nobody's */
    const char *date;         /* "Sun, 06 Nov 1994 08:49:37 GMT" */
};

/* Values live as long as the task. An answer of 204 or 304 has no body, nor has one to HEAD, though its
 * length is told. */
void ss_head_make(struct ss_head *head, struct ss_task *task, const struct ss_head_options *opt);
/* The status line and fields of HTTP/1; `version` is 10 or 11, `keep` says whether the connection stays. */
void ss_head_print(const struct ss_head *head, int version, bool keep, struct ss_buf *to);
/* Does this answer carry bytes? */
bool ss_head_has_body(const struct ss_task *task);
/* The text of the Date field for a second since 1970. */
void ss_head_date(int64_t second, char out[32]);

#endif
