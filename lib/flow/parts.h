/*
 * The memories of a chain, one for each partition of its input: at any time the one that is in use lies in
 * the stages' states (stage.h: part_at), and the others beside them. A chain is born with number 0, all there
 * is where the input has no partitions.
 */
#ifndef SS_FLOW_PARTS_H
#define SS_FLOW_PARTS_H

#include "flow/chain.h"

/* Makes a memory for this number, empty, and puts it in use. Numbers are small: they index an array. */
int ss_chain_part_open(struct ss_chain *chain, int part) SS_MUST_CHECK;
/* Puts that one in use, between two batches. */
int ss_chain_part_use(struct ss_chain *chain, int part) SS_MUST_CHECK;
/* Forgets it; number 0, which stays, is in use then. */
void ss_chain_part_close(struct ss_chain *chain, int part);
bool ss_chain_part_is_open(const struct ss_chain *chain, int part);
/* The last stage that has a memory; -1: none has. */
int ss_chain_last_memory(const struct ss_chain *chain);
/* How far back memories may reach: the most that a stage says; INT64_MAX: to the beginning. */
int64_t ss_chain_memory_us(const struct ss_chain *chain);
/*
 * What a stage tells of itself, the numbers of its memories summed up. `largest`, or NULL, gets those of the
 * memory that has most, each number by itself: limits hold for each memory. Between two batches.
 */
void ss_chain_status(struct ss_chain *chain, int link, struct ss_stage_status *sum,
                     struct ss_stage_status *largest);

#endif
