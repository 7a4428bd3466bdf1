/*
 * Labels that come later than their payments. A label record {"type":"label","txn_id":..,"label":1,
 * "timestamp":..} changes the label of each known payment with that txn_id from its own timestamp on: a
 * record of an earlier event time, whenever it arrives, still sees what was known before.
 * Each entity keeps the label changes of its own events, in the order in which they take effect.
 */
#ifndef SS_FEATURE_LABEL_H
#define SS_FEATURE_LABEL_H

#include "feature/plan.h"
#include "feature/window.h"

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

/* The entity's list of late labels, in order of the time from which they hold; NULL where the group has none.
 */
struct ss_side *ss_label_list(const struct ss_scope *sc);
/* Late labels take effect at their own time, and lose it again for records from before. Call it before the
 * windows move to `time_us`. */
void ss_label_seek(const struct ss_scope *sc, int64_t time_us);

#endif
