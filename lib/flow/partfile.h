/*
 * The state of one partition of a topic in a file of its own, with the positions it stands for:
 *
 *   DIR/TOPIC-PARTITION.state      the newest: sections (snapshot.h) "partition" (whose, up to where) and one
 *                                  for each stage with a memory
 *   DIR/TOPIC-PARTITION.state.1    the one before
 *
 * Written aside, synced, renamed, the directory synced: after a crash at any moment one of the two is whole.
 */
#ifndef SS_FLOW_PARTFILE_H
#define SS_FLOW_PARTFILE_H

#include "flow/chain.h"

/* Of the partition that is in use. Only reads the chain, so that a forked child may do it. SS_ECREATE,
 * SS_EIO. */
int ss_partfile_save(const char *dir, const struct ss_part *part, const struct ss_chain *chain) SS_MUST_CHECK;

/*
 * The newest one that is whole, of this group, and not beyond the positions in `part`: 1, its positions in
 * `part` and its state in the chain, whose partition in use has seen nothing; 0 where there is none. One
 * that is damaged, of another version, or lies beyond, is renamed with a warning. SS_EDATA for a state of
 * other stages or files.
 */
int ss_partfile_load(const char *dir, struct ss_part *part, struct ss_chain *chain) SS_MUST_CHECK;

#endif
