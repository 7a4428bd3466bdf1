/*
 * Long work over the API: asked for with a POST, answered 202 with the job's Location, done by a thread of
 * its own one job after the other, with progress, until it is done or cancelled. The store holds the jobs
 * (store/jobs.h), so that they outlive the process: what was running when it ended starts again.
 *
 * The thread reads through a connection of its own, in pages, and runs at the lowest priority, so that it
 * takes what payments leave over; it writes a row twice a second at most.
 */
#ifndef SS_WEB_JOBS_H
#define SS_WEB_JOBS_H

#include "store/jobs.h"
#include "web/web.h"

#define SS_JOBS_OPEN_MAX    50 /* that wait or run; further ones are refused */
#define SS_JOB_RESULT_BYTES ((size_t)32 << 20)

struct ss_job {
    const struct ss_job_row *row;
    struct ss_db *db; /* read only */
    struct ss_web *web;
    struct ss_arena arena;
    struct ss_buf result; /* JSON; what is there when it returns 0 */
    /* The runner's. */
    struct ss_jobs *jobs;
    struct ss_db *writer;
    int64_t told_ns;
    bool cancelled;
};

/* Tells how far it is, 0..1. False: leave at once with any result. Cheap: ask often. */
bool ss_job_goes_on(struct ss_job *job, double progress);

/* What kinds of jobs there are: lib/web/backtest.c and others. Runs one; an error becomes the job's. */
struct ss_job_kind {
    const char *name;
    int (*run)(struct ss_job *job);
};
extern const struct ss_job_kind ss_job_backtest;

struct ss_jobs_options {
    const char *store; /* as for ss_db_open; must outlive the jobs */
    struct ss_web *web;
    /* Tells listeners, from the jobs' thread; may be NULL. */
    void (*tell)(void *ctx, const char *topic, struct ss_str json);
    void *ctx;
    bool no_thread; /* jobs are run by ss_jobs_run: for tests */
};

/* Jobs that a process before left running wait again. */
int ss_jobs_new(const struct ss_jobs_options *options, struct ss_jobs **jobs) SS_MUST_CHECK;
/* A job that runs is put back, to start again with the next process. Accepts NULL. */
void ss_jobs_free(struct ss_jobs *jobs);
/* There is one to do, or one to stop: any thread. */
void ss_jobs_wake(struct ss_jobs *jobs);
/* Runs what waits, in the caller's thread; how many, or an error. */
int ss_jobs_run(struct ss_jobs *jobs) SS_MUST_CHECK;

/* The last thing a WRITE handler does that asks for a job: 202, or 429 when there are too many. */
int ss_job_ask(struct ss_call *call, const char *kind, struct ss_str params) SS_MUST_CHECK;

#endif
