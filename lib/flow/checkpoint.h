/*
 * The state of a whole chain in one file, with the position that it belongs to: all that was passed before is
 * in it, and nothing of what came behind. Whoever keeps the records (a database, a topic) passes those behind
 * the position again and is where it was.
 *
 *   PATH     the newest: sections (snapshot.h) "checkpoint" (position, stages) and one for each stage's state
 *   PATH.1   the one before, used when the newest is damaged
 *
 * Written aside, synced, renamed; so after a crash at any moment one of the two is whole.
 */
#ifndef SS_FLOW_CHECKPOINT_H
#define SS_FLOW_CHECKPOINT_H

#include "flow/chain.h"

/* Between batches. Only reads the chain, so that a forked child may do it. SS_ECREATE, SS_EIO. */
int ss_checkpoint_save(const char *path, const struct ss_chain *chain, uint64_t position) SS_MUST_CHECK;

/*
 * Into a chain that has been started and has seen nothing. *found is false where there is no file. A damaged
 * file is renamed to PATH.damaged with a warning, and the one before it is used. SS_EDATA when neither is
 * whole, or where the state is of other stages, another feature file and so on: the chain is of no use then.
 */
int ss_checkpoint_load(const char *path, struct ss_chain *chain, uint64_t *position,
                       bool *found) SS_MUST_CHECK;

#endif
