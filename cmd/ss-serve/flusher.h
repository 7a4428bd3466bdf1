/*
 * The flusher: a thread that waits for the disk, so that the writer need not. What the writer has committed
 * in one step (ss_db_commit_soon) is promised here; the flusher makes all that is there durable at once, and
 * only then are the batches done, in their order.
 *
 * When the disk refuses, what was promised is done with an error, and so is everything that comes after it
 * until ss_flusher_mended: the writer sees to it that all of it is written anew first.
 */
#ifndef SS_SERVE_FLUSHER_H
#define SS_SERVE_FLUSHER_H

#include "cmd/ss-serve/task.h"

#define SS_PROMISES 64

struct ss_flusher;

/* One committed batch. */
struct ss_promise {
    struct ss_promise *next;
    struct ss_task *tasks; /* whose answers wait */
    struct ss_buf told;    /* for listeners (web/submit.h) */
    size_t payments;
    int64_t begun_ns;
};

/* `done` is called by the flusher's thread; the promise is the flusher's again after it. */
int ss_flusher_open(struct ss_db *db, void (*done)(void *arg, struct ss_promise *promise, int err), void *arg,
                    struct ss_flusher **flusher) SS_MUST_CHECK;
/* Waits for all that is promised. Accepts NULL */
void ss_flusher_close(struct ss_flusher *flusher);

/* The writer's thread only: an empty promise, for which it may have to wait; and back with it. */
struct ss_promise *ss_flusher_take(struct ss_flusher *flusher);
void ss_flusher_put(struct ss_flusher *flusher, struct ss_promise *promise);
void ss_flusher_give(struct ss_flusher *flusher, struct ss_promise *promise); /* it was not needed */
/* How many tasks wait for the disk. */
int ss_flusher_busy(struct ss_flusher *flusher);
/* Waits until nothing is promised any more. */
void ss_flusher_drain(struct ss_flusher *flusher);
bool ss_flusher_failed(struct ss_flusher *flusher); /* the disk has refused */
void ss_flusher_mended(struct ss_flusher *flusher);

#endif
