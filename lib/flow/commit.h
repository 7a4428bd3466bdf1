/*
 * Commit after flush: positions of an input that can be read again are committed only once everything made of
 * what lies before them has left durably; where the output works in transactions, positions, output and
 * rejects become lasting in one step. For inputs and outputs that have nothing to commit all of this is
 * nothing.
 */
#ifndef SS_FLOW_COMMIT_H
#define SS_FLOW_COMMIT_H

#include "io/port.h"

struct ss_commit {
    struct ss_sink *out, *rejects; /* rejects: NULL when they are only counted */
    int64_t last_ns;
};

/* Opens both sinks. SS_EUSAGE where transactions are asked for that this pair cannot hold. */
int ss_commit_open(struct ss_commit *commit, const char *output, const char *rejects) SS_MUST_CHECK;
/* SS_EUSAGE where the output's transactions want a position that this input does not have. */
int ss_commit_check(const struct ss_commit *commit, const struct ss_source *src) SS_MUST_CHECK;
/* Commits when it is time, or at once when `now`; the sinks must have been given all that there is. */
int ss_commit_turn(struct ss_commit *commit, struct ss_source *src, bool now) SS_MUST_CHECK;

#endif
