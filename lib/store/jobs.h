/*
 * Long work asked for over the API, one row a job. A job waits, runs, and is done, failed or cancelled; one
 * that runs while somebody cancels it is `cancelling` until whoever runs it has seen that.
 */
#ifndef SS_STORE_JOBS_H
#define SS_STORE_JOBS_H

#include "base/arena.h"
#include "store/db.h"

enum ss_job_status {
    SS_JOB_WAITING,
    SS_JOB_RUNNING,
    SS_JOB_CANCELLING,
    SS_JOB_DONE,
    SS_JOB_FAILED,
    SS_JOB_CANCELLED,
    SS_JOB_STATUSES
};

const char *ss_job_status_name(enum ss_job_status status);

#define SS_JOB_RUNS_MAX 3 /* starts of one job, the later ones because the process ended */

struct ss_job_row {
    int64_t id, runs;
    enum ss_job_status status;
    double progress; /* 0..1 */
    struct ss_str kind, actor;
    struct ss_str params, result; /* JSON; result.p == NULL: none, or not read */
    struct ss_str error;          /* p == NULL: none */
    int64_t created_us, started_us, finished_us;
};

/* 1 with the job, its texts in the arena; 0: there is none. */
int ss_jobs_get(struct ss_db *db, int64_t id, struct ss_arena *arena, struct ss_job_row *job) SS_MUST_CHECK;
/* Newest first, those before the job `before` (0: all), of that status (-1: all) and kind (p == NULL: all);
 * without their results. */
int ss_jobs_list(struct ss_db *db, int status, struct ss_str kind, int64_t before, int64_t limit,
                 struct ss_rows **rows) SS_MUST_CHECK;
void ss_jobs_row(const struct ss_rows *rows, struct ss_job_row *job);
/* How many wait or run. */
int ss_jobs_open(struct ss_db *db, int64_t *n) SS_MUST_CHECK;

/* In the caller's writing transaction: */
int ss_jobs_add(struct ss_db *db, struct ss_str kind, struct ss_str params, struct ss_str actor,
                int64_t now_us, int64_t *id) SS_MUST_CHECK;
/* A waiting job is cancelled, a running one will be. */
int ss_jobs_cancel(struct ss_db *db, int64_t id, int64_t now_us) SS_MUST_CHECK;
/* Finished before `until_us`. The newest row stays, so that its number is not given again. */
int64_t ss_jobs_prune(struct ss_db *db, int64_t until_us) SS_MUST_CHECK;

/* By whoever runs jobs, each a transaction of its own: */

/* Jobs that were running when the process ended wait again, or have failed after SS_JOB_RUNS_MAX starts. */
int ss_jobs_recover(struct ss_db *db, int64_t now_us) SS_MUST_CHECK;
/* The oldest waiting job runs now: 1 with its id, 0 when none waits. */
int ss_jobs_claim(struct ss_db *db, int64_t now_us, int64_t *id) SS_MUST_CHECK;
/* 1: go on; 0: it is to be cancelled. */
int ss_jobs_progress(struct ss_db *db, int64_t id, double progress) SS_MUST_CHECK;
int ss_jobs_finish(struct ss_db *db, int64_t id, enum ss_job_status status, struct ss_str result,
                   struct ss_str error, int64_t now_us) SS_MUST_CHECK;
/* Back to where it waited: the process ends. */
int ss_jobs_put_back(struct ss_db *db, int64_t id) SS_MUST_CHECK;

#endif
