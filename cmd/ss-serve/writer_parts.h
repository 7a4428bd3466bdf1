/* What the writer's files share: writer.c (the thread), transact.c, chores.c. */
#ifndef SS_SERVE_WRITER_PARTS_H
#define SS_SERVE_WRITER_PARTS_H

#include "cmd/ss-serve/flusher.h"
#include "cmd/ss-serve/writer.h"
#include "store/prune.h"
#include "web/submit.h"

/* Lines of the input that wait for their commit. */
struct ss_writer_lines {
    const struct ss_str *line;
    size_t n, rejected;
    int err;
    bool there;
};

struct ss_writer {
    struct ss_writer_options opt;
    struct ss_web *web;
    struct ss_submit *submit;
    struct ss_flusher *flusher;
    pthread_t thread;
    bool runs;
    unsigned redials; /* of the store's connection, when the store was last known to be ours */
    /* Between threads. */
    pthread_mutex_t lock;
    pthread_cond_t more, lines_done;
    struct ss_task *first, *last;
    int waiting;
    int wanted; /* as many are waited for, for a moment; 0: none */
    struct ss_writer_lines lines;
    bool closing, reload;
    struct ss_writer_counts counts;
    /* The thread's own. */
    struct ss_call *payment[SS_SUBMIT_MAX];
    struct ss_buf told;
    int last_n; /* how many were taken last */
    struct ss_prune_policy policy;
    struct ss_prune_run prune; /* under way while `pruning` */
    bool pruning;
    uint64_t looked_taken; /* payments that had been taken at looked_ns */
    int64_t pruned_ns, saved_ns, swept_ns, looked_ns, watched_ns, headed_ns, saved_seq;
};

/* ---- transact.c ---- */

/* Does what the tasks ask, payments among them as one batch, and hands them on with their answers; what is
 * only tried first, the rest in one transaction. */
void ss_writer_transact(struct ss_writer *writer, struct ss_task *tasks);
/* Nothing of it was done: 503. */
void ss_writer_refuse(struct ss_writer *writer, struct ss_task *tasks);
/* By the flusher's thread: a batch of payments is on the disk, or may not be. */
void ss_writer_flushed(void *writer, struct ss_promise *promise, int err);
/* Is the store still this server's? SS_EAWAY where another has it, and this one is told to end. */
int ss_writer_keep_claim(struct ss_writer *writer) SS_MUST_CHECK;
/* A writing transaction; its end: committed, or all of it undone. Health hears of either. */
int ss_writer_begin(struct ss_writer *writer) SS_MUST_CHECK;
int ss_writer_end(struct ss_writer *writer, int err, int64_t begun_ns) SS_MUST_CHECK;
/* Listeners hear of the last transaction's payments. */
void ss_writer_tell(struct ss_writer *writer);
/* The store was there, or not. */
void ss_writer_note(struct ss_writer *writer, int err, int64_t took_ns);

/* ---- chores.c ---- */

/* What is to be done once a second, a minute, an hour; after each round of work. */
void ss_writer_chores(struct ss_writer *writer);
/* Where the audit log ends, as a message. */
void ss_writer_tell_head(struct ss_db *db);

#endif
