/*
 * Keeps a memory for each partition of an input (stage.h: part_at): loads it when the partition comes, writes
 * snapshots of it now and then and when the partition goes, always of committed positions, and forgets it
 * then. Snapshots are written by a forked child while the stream goes on; only those of partitions that go,
 * and the last ones, are waited for.
 */
#ifndef SS_FLOW_KEEPER_H
#define SS_FLOW_KEEPER_H

#include "base/histogram.h"
#include "flow/aside.h"
#include "flow/chain.h"

struct ss_keeper_options {
    const char *dir;    /* --state, or NULL: memories are made anew from the topic */
    int64_t rebuild_us; /* --rebuild; negative: as far as the stages' memories reach */
    int64_t every_us;   /* --snapshot-every; 0: the default */
};

struct ss_keeper {
    struct ss_part_keeper base;
    struct ss_chain *chain;
    struct ss_source *src; /* NULL: the input has no partitions */
    struct ss_keeper_options opt;
    int64_t last_ns;
    struct ss_part *saved, *saving; /* by number: what the newest file stands for; what the child writes */
    int n_saved, n_saving;
    struct ss_aside aside;
    uint64_t snapshots, failed;
    struct ss_histogram pause_ns; /* of the process, for a child */
};

/* Where `src` has partitions and the chain a memory. SS_EUSAGE, SS_ECREATE. */
int ss_keeper_open(struct ss_keeper *keeper, struct ss_chain *chain, struct ss_source *src,
                   const struct ss_keeper_options *opt) SS_MUST_CHECK;
/* Puts the memory in use that the next bytes belong to; in *piece what they are. False: there are none. */
bool ss_keeper_next(struct ss_keeper *keeper, struct ss_piece *piece, int *err);
/* Between two batches, after a commit may have been: snapshots when it is time. */
int ss_keeper_turn(struct ss_keeper *keeper) SS_MUST_CHECK;
/* Snapshots of all that is committed. */
int ss_keeper_end(struct ss_keeper *keeper) SS_MUST_CHECK;
/* "state":{..}, for --stats. */
void ss_keeper_stats(const struct ss_keeper *keeper, struct ss_buf *json);
void ss_keeper_free(struct ss_keeper *keeper);

#endif
