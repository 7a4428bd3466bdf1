/* Inside the engine: shards and what a worker does to one entity for one record. */
#ifndef SS_FEATURE_SHARD_H
#define SS_FEATURE_SHARD_H

#include "feature/engine.h"
#include "feature/label.h"
#include "feature/read.h"

/* Entities with at most this many events keep no window state: their windows are computed from the log. */
#define SS_ENTITY_SMALL 8

struct ss_shard {
    struct ss_memory memory[SS_FEATURE_LEVELS];
    struct ss_table *table; /* of each group */
};

struct ss_worker {
    struct ss_pool pool;
    struct ss_memory scratch_memory; /* of window sets of small entities: not counted */
    char **scratch;                  /* of each group */
    struct ss_label_index *labels;   /* of each group */
    bool labels_made;
    struct ss_feature_stats stats;
    struct ss_buf text;
};

struct ss_feature_engine {
    const struct ss_feature_plan *plan;
    struct ss_feature_config config;
    int workers;
    size_t limit[SS_FEATURE_LEVELS]; /* of a shard */
    struct ss_shard shard[SS_FEATURE_SHARDS];
    struct ss_worker *worker;
    char *rows; /* plan->row_bytes each */
    size_t row_mask;
    bool carry_told; /* it was looked whether the payments bring what is carried */
    bool labels;     /* a late label has come: transactions are indexed */
};

static inline uint32_t ss_shard_of(struct ss_key key)
{
    return (uint32_t)(key.b >> 58);
}

_Static_assert(SS_FEATURE_SHARDS == 64, "ss_shard_of takes six bits");

/* One payment at one of its entities: windows move, features are read, the event is kept. `hint` may be the
 * entity, as found a moment ago; it is looked at before it is believed. */
int ss_shard_payment(struct ss_feature_engine *engine, struct ss_worker *worker, uint32_t shard,
                     uint32_t group, struct ss_row *row, struct ss_entity *hint) SS_MUST_CHECK;
/* One late label at one group: every payment of that transaction in the worker's shards. */
int ss_shard_label(struct ss_feature_engine *engine, struct ss_worker *worker, uint32_t group,
                   const struct ss_row *row) SS_MUST_CHECK;
/* Indexes the transactions in the worker's logs anew. */
int ss_shard_index(struct ss_feature_engine *engine, int worker, int workers, uint32_t group) SS_MUST_CHECK;

void ss_shard_scope(const struct ss_feature_engine *engine, uint32_t shard, uint32_t group,
                    struct ss_entity *ent, struct ss_scope *sc);
/* One entity may not take a shard's whole share: beyond half of it, its oldest event goes before one comes.
 */
bool ss_shard_is_full(const struct ss_feature_engine *engine, const struct ss_scope *sc);
void ss_shard_expel(struct ss_scope *sc);
/* The payment as an event of the group's layout. */
void ss_shard_event(const struct ss_feature_plan *plan, const struct ss_group *group, struct ss_row *row,
                    char *event);
/* Bytes of an entity's block, with and without a win set. */
uint32_t ss_block_bytes(const struct ss_group *group, bool large);

#endif
