/*
 * The feature engine: a plan at work on a stream. ss-features is a thin stage around it, ss-score embeds it
 * where records come without features.
 *
 * State is split into SS_FEATURE_SHARDS parts by the hash of the entity's key. A worker owns the shards whose
 * number modulo the workers is its own; each shard sees its records in input order, and has its own share of
 * the memory limit. So the bytes that come out depend on nothing but the records before them: not on workers,
 * batches, or when the state was saved and loaded.
 *
 * One batch:   prepare (one thread), then for each phase p < SS_FEATURE_PHASES, for all workers w at once:
 *              work(engine, p, w, workers, batch), with a barrier between phases.
 *
 * What is added to a record: rec->features and the member "features":{"set":..,NAME:VALUE,..}; "late":true
 * where one of its entities has seen a later event time before. Records without a well-formed timestamp or
 * amount are rejected. Label records are taken in and passed on as they are.
 */
#ifndef SS_FEATURE_ENGINE_H
#define SS_FEATURE_ENGINE_H

#include "feature/plan.h"
#include "record/batch.h"

#define SS_FEATURE_SHARDS 64
#define SS_FEATURE_PHASES (1 + 2 * SS_FEATURE_LEVELS)

/* Defaults: what late records may be late by and still find all events of their windows; bytes of state. */
#define SS_FEATURE_LATE_BOUND_US ((int64_t)86400 * 1000000)
#define SS_FEATURE_MAX_MEMORY    ((size_t)4 << 30)

struct ss_feature_config {
    size_t max_memory;     /* bytes of state; 0: the default */
    int64_t late_bound_us; /* 0: the default */
};

struct ss_feature_stats {
    uint64_t records, late, labels; /* labels: late ones that found a payment */
    uint64_t expired;               /* entities that no window needed any more */
    uint64_t evicted, cut;          /* entities and events given up for the memory limit */
    uint64_t entities, bytes;       /* now */
};

struct ss_feature_engine;

/* How far back in event time an engine's state may reach; INT64_MAX: something in it is never forgotten. */
int64_t ss_feature_plan_memory_us(const struct ss_feature_plan *plan, const struct ss_feature_config *config);

/* The plan must outlive the engine. */
int ss_feature_engine_new(const struct ss_feature_plan *plan, int workers,
                          const struct ss_feature_config *config,
                          struct ss_feature_engine **engine) SS_MUST_CHECK;
void ss_feature_engine_free(struct ss_feature_engine *engine); /* accepts NULL */

int ss_feature_engine_prepare(struct ss_feature_engine *engine, const struct ss_batch *batch) SS_MUST_CHECK;
int ss_feature_engine_work(struct ss_feature_engine *engine, int phase, int worker, int workers,
                           struct ss_batch *batch) SS_MUST_CHECK;
/* All of it in the calling thread, for any number of workers that the engine was made for. */
int ss_feature_engine_run(struct ss_feature_engine *engine, struct ss_batch *batch) SS_MUST_CHECK;

void ss_feature_engine_stats(const struct ss_feature_engine *engine, struct ss_feature_stats *stats);

/*
 * State out and in, as a stream of bytes with a checksum at its end. `write` and `read` return 0 or a
 * negative error; `read` fills all of `len` or fails. Loading wants a new engine with the same feature file;
 * the number of workers may differ. SS_EDATA with the reason (another feature file, another version,
 * damaged).
 */
typedef int ss_feature_write(void *to, const void *bytes, size_t len);
typedef int ss_feature_read(void *from, void *bytes, size_t len);
int ss_feature_engine_save(const struct ss_feature_engine *engine, ss_feature_write *write,
                           void *to) SS_MUST_CHECK;
int ss_feature_engine_load(struct ss_feature_engine *engine, ss_feature_read *read, void *from) SS_MUST_CHECK;

#endif
