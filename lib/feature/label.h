/*
 * Labels that come later than their payments. A label record {"type":"label","txn_id":..,"label":1,
 * "timestamp":..} changes the label of each known payment with that txn_id from its own timestamp on: a
 * record of an earlier event time, whenever it arrives, still sees what was known before.
 * Each entity keeps the label changes of its own events, in the order in which they take effect.
 */
#ifndef SS_FEATURE_LABEL_H
#define SS_FEATURE_LABEL_H

#include "feature/plan.h"
#include "feature/side.h"

struct ss_late_label {
    int64_t time_us;  /* takes effect */
    int64_t event_us; /* of this payment: its time and id */
    uint64_t txn;
    int8_t label, before;
    char pad[6];
};

/* Which entities hold events of a transaction: hash of txn_id to (entity, event time), several allowed.
 * Events that leave are not taken out one by one: when it is full, it is made anew from the logs
 * (ss_shard_index). */
struct ss_label_entry {
    uint64_t txn;
    int64_t event_us;
    uint32_t shard, entity; /* an entity's id; 0: an empty place */
};

struct ss_label_index {
    struct ss_label_entry *entry;
    size_t n, cap;
};

static inline bool ss_label_index_full(const struct ss_label_index *index)
{
    return (index->n + 1) * 4 > index->cap * 3;
}

void ss_label_index_free(struct ss_label_index *index);
/* Room for n entries. */
int ss_label_index_reserve(struct ss_label_index *index, size_t n) SS_MUST_CHECK;
int ss_label_index_add(struct ss_label_index *index, const struct ss_label_entry *entry) SS_MUST_CHECK;

#endif
