/* Where a batch goes: kept records to the output, rejects with reason and position to theirs. */
#ifndef SS_FLOW_OUTPUT_H
#define SS_FLOW_OUTPUT_H

#include "flow/commit.h"
#include "flow/input.h"
#include "flow/loop.h"

#define SS_PENDING_MAX 64

struct ss_output {
    struct ss_commit commit; /* the sinks */
    struct ss_buf out, reject;
    struct ss_loop_counts *counts;
    int key; /* slots of the fields that messages are keyed by; -1: by what the record's message was */
    int reject_key;
    /* Arrival times of what lies in `out`, for the latency histogram. */
    struct {
        int64_t arrived_ns;
        uint64_t n;
    } pending[SS_PENDING_MAX];
    int n_pending;
    /* Called before anything leaves; NULL: there is nothing to be done. */
    int (*secure)(void *arg);
    void *secure_arg;
    int64_t held_ns; /* since when something waits to leave; 0: nothing does */
};

/* Before the pipeline opens: asks the schema for what the outputs are keyed by. */
int ss_output_init(struct ss_output *output, const struct ss_loop_options *opt, struct ss_schema *schema,
                   struct ss_loop_counts *counts) SS_MUST_CHECK;
/* Outputs are opened last, so that a run that cannot begin leaves yesterday's alone. */
int ss_output_open(struct ss_output *output, const struct ss_loop_options *opt) SS_MUST_CHECK;
/* Writes what the batch holds, by each record's fate, and resets it. */
int ss_output_batch(struct ss_output *output, struct ss_batch *batch,
                    const struct ss_input *input) SS_MUST_CHECK;
/* While more input is there: may what waits go on waiting, so that it is made lasting together with more? */
bool ss_output_may_wait(const struct ss_output *output);
/* Hands everything to the sinks. */
int ss_output_flush(struct ss_output *output) SS_MUST_CHECK;
/* Lets messages go that wait for others, unless `more` come at once. */
int ss_output_push(struct ss_output *output, bool more) SS_MUST_CHECK;
/* Closes the sinks: as ss_sink_close, of the first that failed. */
int ss_output_close(struct ss_output *output) SS_MUST_CHECK;
void ss_output_free(struct ss_output *output);

#endif
