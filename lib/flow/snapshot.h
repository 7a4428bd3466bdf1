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

#define SS_SECTION_NAME 64

/* A named, checksummed piece of a file; a state file is one of them, a checkpoint (checkpoint.h) several. */
typedef int ss_section_save(const void *arg, struct ss_sink *to);
typedef int ss_section_load(void *arg, struct ss_source *from);

int ss_section_write(struct ss_sink *to, const char *name, ss_section_save *save,
                     const void *arg) SS_MUST_CHECK;
/* The next section of `from`, which must be called `name`; with a NULL name whatever it is called, and with a
 * NULL load only to see that it is whole. SS_EDATA where it is not, or where `load` leaves something. */
int ss_section_read(struct ss_source *from, const char *name, ss_section_load *load, void *arg) SS_MUST_CHECK;
/* A stage's state as a section. */
int ss_section_write_stage(struct ss_sink *to, const struct ss_stage *stage, const void *st) SS_MUST_CHECK;
int ss_section_read_stage(struct ss_source *from, const struct ss_stage *stage, void *st) SS_MUST_CHECK;
/* SS_EDATA when anything comes behind the last section. */
int ss_section_end(struct ss_source *from) SS_MUST_CHECK;

/* For those who write and read bytes without knowing of ports: `to` is a struct ss_sink, `from` a struct
 * ss_source. */
int ss_state_write(void *to, const void *bytes, size_t len) SS_MUST_CHECK;
int ss_state_read(void *from, void *bytes, size_t len) SS_MUST_CHECK;

/* Written aside, synced and renamed: after a crash the old or the new state is there whole. */
int ss_snapshot_save(const char *path, const struct ss_stage *stage, const void *st) SS_MUST_CHECK;
/* 0 also when there is no such file yet (*found tells). SS_EDATA for a file that is not this stage's, or
 * damaged; SS_ECREATE where no state could be saved. */
int ss_snapshot_load(const char *path, const struct ss_stage *stage, void *st, bool *found) SS_MUST_CHECK;

/* 0 when a state could be written there; a run that could not keep its state is refused at its start. */
int ss_snapshot_place(const char *path) SS_MUST_CHECK;

#endif
