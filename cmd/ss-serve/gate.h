/*
 * Where a request goes: its route, whether this person may, and to which thread. The loop's thread, except
 * for ss_gate_pass.
 */
#ifndef SS_SERVE_GATE_H
#define SS_SERVE_GATE_H

#include "cmd/ss-serve/task.h"

struct ss_writer;
struct ss_readers;
struct ss_streamer;

struct ss_gate {
    struct ss_web *web;
    struct ss_db *db; /* the loop's own connection, for quick reads */
    struct ss_writer *writer;
    struct ss_readers *readers;
    struct ss_streamer *streamer; /* NULL: none */
    /* Called with a task, from any thread, when its answer is there. */
    void (*done)(void *arg, struct ss_task *task);
    void *arg;
    const char *ui; /* the dashboard's files, from disk instead of memory; NULL: from memory */
    bool stopping;  /* nothing new is begun: 503 */
};

#define SS_BODY_DEFAULT ((size_t)64 << 10)

/* After the request's head: false when it is answered already (no such route, may not). Otherwise its body
 * may have up to *body_max bytes. */
bool ss_gate_enter(struct ss_gate *gate, struct ss_task *task, size_t *body_max);
/* With the request whole: true when the answer is there, false when it will come through `done`. */
bool ss_gate_go(struct ss_gate *gate, struct ss_task *task);
/* By a worker that has run a part of the call: on to where it goes next, or to `done`. */
void ss_gate_pass(struct ss_gate *gate, struct ss_task *task);

#endif
