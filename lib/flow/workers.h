/* A pool of threads that all call one function at the same time and wait for each other: one phase of a
 * stage. */
#ifndef SS_FLOW_WORKERS_H
#define SS_FLOW_WORKERS_H

#include "base/attr.h"

struct ss_workers;

/* n >= 1 workers, the calling thread being the first. NULL (with a message) when threads cannot be made. */
struct ss_workers *ss_workers_new(int n) SS_MUST_CHECK;
void ss_workers_free(struct ss_workers *workers); /* accepts NULL */
int ss_workers_count(const struct ss_workers *workers);
/* Calls job(arg, w, n) in every worker, returns when all have: 0, or the error of the lowest failed worker,
 * whose message becomes the caller's. */
int ss_workers_run(struct ss_workers *workers, int (*job)(void *arg, int w, int n), void *arg) SS_MUST_CHECK;

#endif
