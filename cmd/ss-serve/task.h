/*
 * A request on its way through the threads: the API's call, and what the server keeps beside it. Tasks come
 * from a pool and keep their memory from one request to the next. The loop's thread takes them and gives them
 * back; in between each belongs to the one queue or thread that holds it.
 */
#ifndef SS_SERVE_TASK_H
#define SS_SERVE_TASK_H

#include "web/web.h"
#include <pthread.h>

struct ss_conn;

struct ss_task {
    struct ss_call call;
    struct ss_task *next;
    struct ss_conn *conn; /* whose answer it is; NULL once the client has gone. The loop's thread only */
    void *stream;         /* the same of HTTP/2 */
    struct ss_buf body;   /* of the request, as it comes in */
    int64_t whole_ns;     /* when the request was whole */
    struct ss_str accept_encoding;
    const char *allow;    /* "GET, POST": methods that the path has, for OPTIONS and 405 */
    const char *upgrade;  /* of a 426 */
    const char *encoding; /* of the answer's body; NULL: none */
    bool page;            /* the answer is one of the dashboard's files: it may load the others */
    bool lasting;         /* and never changes */
    bool head;            /* HEAD: the answer's body is not sent */
    bool options;         /* OPTIONS: answered from the table of routes */
    bool close;           /* the connection ends with the answer */
};

struct ss_task_pool {
    struct ss_task *free;
    int idle; /* tasks in `free` */
    struct ss_web *web;
};

struct ss_task *ss_task_take(struct ss_task_pool *pool);            /* NULL when out of memory */
void ss_task_give(struct ss_task_pool *pool, struct ss_task *task); /* accepts NULL */
void ss_task_pool_free(struct ss_task_pool *pool);

#endif
