/*
 * State files: what a stage's `save` wrote, under a header and in checksummed blocks, so that a truncated or
 * damaged file is refused instead of half-loaded.
 *
 *   "SSSTATE1 " stage name "\n", then blocks: u32 length, bytes, u64 XXH3 of the bytes seeded with the
 * previous block's; a block of length 0 ends the file. Little-endian.
 */
#ifndef SS_FLOW_SNAPSHOT_H
#define SS_FLOW_SNAPSHOT_H

#include "flow/stage.h"

/* Written aside, synced and renamed: after a crash the old or the new state is there whole. */
int ss_snapshot_save(const char *path, const struct ss_stage *stage, const void *st) SS_MUST_CHECK;
/* 0 also when there is no such file yet (*found tells). SS_EDATA for a file that is not this stage's, or
 * damaged; SS_ECREATE where no state could be saved. */
int ss_snapshot_load(const char *path, const struct ss_stage *stage, void *st, bool *found) SS_MUST_CHECK;

#endif
