/*
 * The writer (the "desk" of web.h): the one thread that changes things. It takes all that waits at once,
 * payments as one batch through the pipeline and into the store, every other change in a part of the same
 * transaction that may be undone by itself, and commits them together. A batch of payments alone then goes
 * to the flusher (flusher.h) and is answered when it is on the disk, while the writer works on the next one;
 * other changes wait for the disk themselves. Nothing is answered before it is durable.
 *
 * When the store fails, nothing of the transaction is answered with success; payments that have moved the
 * pipeline's memory by then are kept and written before anything else, as soon as the store is back. Until
 * then the writer answers 503.
 */
#ifndef SS_SERVE_WRITER_H
#define SS_SERVE_WRITER_H

#include "cmd/ss-serve/gate.h"
#include "cmd/ss-serve/hosted.h"
#include "cmd/ss-serve/mover.h"
#include "base/histogram.h"

#define SS_WRITER_LIMIT 4096 /* that may wait */

struct ss_writer;

struct ss_writer_options {
    struct ss_gate *gate;
    struct ss_db *db;         /* the writer's own from now on */
    struct ss_hosted *hosted; /* NULL: none */
    struct ss_mover *mover;   /* of the store's log */
    int64_t save_every_us;    /* between snapshots */
    int64_t prune_every_us;   /* between two looks for what is to be deleted */
    const volatile int *stop; /* not 0: lines of the input wait for the store no longer */
};

struct ss_writer_counts {
    uint64_t commits, failed_commits;
    uint64_t payments, lines, writes, tries, rejected;
    struct ss_histogram lines_us; /* of the pipeline, from when they were read until they were durable */
    uint64_t lines_us_sum;
    bool store_fine;               /* the last transaction went through */
    char fault[256];               /* why not */
    struct ss_histogram commit_ns; /* from begin to commit */
    uint64_t commit_ns_sum;
    struct ss_histogram batch; /* payments in one */
    int64_t store_bytes;       /* -1: not known */
};

int ss_writer_open(const struct ss_writer_options *opt, struct ss_writer **writer) SS_MUST_CHECK;
/* False when too many wait already. From any thread. */
bool ss_writer_put(struct ss_writer *writer, struct ss_task *task) SS_MUST_CHECK;
/* Lines of the live input, by one thread: returns once they are committed (and told), or the store stays
 * away. *rejected counts those that are none. */
int ss_writer_take(struct ss_writer *writer, const struct ss_str *line, size_t n,
                   size_t *rejected) SS_MUST_CHECK;
/* The pipeline's files are read again, soon. */
void ss_writer_reload(struct ss_writer *writer);
int ss_writer_waiting(struct ss_writer *writer);
void ss_writer_counts(struct ss_writer *writer, struct ss_writer_counts *out);
/* Finishes what waits, takes the snapshot, closes the pipeline and the store. Accepts NULL. */
int ss_writer_close(struct ss_writer *writer) SS_MUST_CHECK;

#endif
