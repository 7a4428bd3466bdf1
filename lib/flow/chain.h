/* A pipeline of stages in one process: their states, opened, stepped and closed in order. */
#ifndef SS_FLOW_CHAIN_H
#define SS_FLOW_CHAIN_H

#include "base/histogram.h"
#include "flow/stage.h"
#include "flow/workers.h"

#define SS_CHAIN_MAX 16

struct ss_link {
    const struct ss_stage *stage;
    void *st; /* zeroed at first: argp parsers fill it */
    struct ss_env env;
    bool opened;                     /* close is due */
    int64_t busy_ns;                 /* spent in this stage, where the chain measures */
    uint64_t records;                /* that came to it */
    struct ss_histogram *latency_ns; /* of its share of a batch, for each record of it; NULL: not kept */
};

/* The memory of one partition, of each stage; NULL: there is none (flow/parts.h). */
struct ss_chain_part {
    void *memory[SS_CHAIN_MAX];
    int opened; /* stages whose part_close is due */
};

struct ss_chain {
    struct ss_link link[SS_CHAIN_MAX];
    int n;
    struct ss_chain_part *part;
    int parts, in_use; /* how many there are, the number of the one that lies in the stages */
    struct ss_schema schema;
    struct ss_workers *workers;
    struct ss_batch batch;
    bool measure; /* a clock read a batch and stage */
    /* Smaller batches are worked off by the calling thread: waking the others takes longer. */
    size_t alone_below;
};

int ss_chain_init(struct ss_chain *chain, int workers) SS_MUST_CHECK;
/* Appends a stage with a zeroed state, for its options to be parsed into. NULL beyond SS_CHAIN_MAX. */
struct ss_link *ss_chain_add(struct ss_chain *chain, const struct ss_stage *stage) SS_MUST_CHECK;
/* Opens all stages in order; `env` is what they share. Then loads --state where there is one. */
int ss_chain_open(struct ss_chain *chain, const struct ss_env *env) SS_MUST_CHECK;
/* As ss_chain_open, but no state is loaded. */
int ss_chain_start(struct ss_chain *chain, const struct ss_env *env) SS_MUST_CHECK;
/* Passes the batch through the stages from number `from` on. */
int ss_chain_step(struct ss_chain *chain, int from) SS_MUST_CHECK;
/* As ss_chain_step, of a silent batch: up to the last stage with a memory; and resets it. */
int ss_chain_replay(struct ss_chain *chain, int from) SS_MUST_CHECK;
/* Passes the batch through the stages that can be tried (stage.h); nothing is remembered. */
int ss_chain_trial(struct ss_chain *chain) SS_MUST_CHECK;
/* Lets a stage add its last records to the empty batch, of the partition in use; then those of the whole run.
 */
int ss_chain_finish(struct ss_chain *chain, int stage, bool whole) SS_MUST_CHECK;
/* Writes --state, once the output is flushed. */
int ss_chain_save(struct ss_chain *chain) SS_MUST_CHECK;
void ss_chain_free(struct ss_chain *chain);

#endif
