/*
 * The entities of one group in one shard: an open-addressing index of tagged numbers over chunks of 64-byte
 * entities, so that a look-up is two cache lines, both prefetched across the records of a batch.
 * Keys are 128-bit hashes: no id is kept, and any id length costs the same.
 *
 * There is no list of what was used when: a hand goes round over the entities as new ones are made, so that
 * touching an entity costs nothing beside its own lines. Numbers of freed entities are used again.
 */
#ifndef SS_FEATURE_TABLE_H
#define SS_FEATURE_TABLE_H

#include "feature/pool.h"
#include "feature/row.h"

struct ss_entity {
    struct ss_key key;
    int64_t at_us;     /* event time of the record that touched it last */
    char *log;         /* ring of events in order of (time, arrival); NULL when empty */
    char *block;       /* late labels, life set, then (when large) win set; see plan.h */
    uint32_t first, n; /* events [first, first + n) by sequence number; place = number & mask */
    uint32_t next;     /* in the free list */
    uint8_t cap_log2;  /* of the ring */
    uint8_t large;     /* keeps a win set; small ones compute windows from their few events */
    uint8_t live;
    uint8_t dormant; /* holds only what no window ends */
    uint32_t id, spare;
};

_Static_assert(sizeof(struct ss_entity) == 64, "one cache line an entity");

#define SS_ENTITY_CHUNK 32

struct ss_table {
    uint64_t *slot; /* tag << 32 | id; 0 empty */
    uint32_t slots, n;
    struct ss_entity **chunk;
    uint32_t made, chunk_cap; /* entities ever made; ids are 1..made */
    uint32_t freed;           /* free list through `next` */
    uint32_t hand;            /* the entity last looked at */
};

static inline struct ss_entity *ss_table_entity(const struct ss_table *table, uint32_t id)
{
    return &table->chunk[(id - 1) / SS_ENTITY_CHUNK][(id - 1) % SS_ENTITY_CHUNK];
}

static inline void ss_table_prefetch_slot(const struct ss_table *table, struct ss_key key)
{
    if (table->slots)
        __builtin_prefetch(&table->slot[(uint32_t)key.a & (table->slots - 1)]);
}

/* The entity that the first slot points to: nearly always the right one. Nothing but a hint. */
static inline void ss_table_prefetch_entity(const struct ss_table *table, struct ss_key key)
{
    uint32_t id = table->slots ? (uint32_t)table->slot[(uint32_t)key.a & (table->slots - 1)] : 0;
    if (id)
        __builtin_prefetch(ss_table_entity(table, id));
}

/* NULL when there is none. */
struct ss_entity *ss_table_find(const struct ss_table *table, struct ss_key key);
/* Finds or makes a zeroed entity (*made then). NULL when out of memory. */
struct ss_entity *ss_table_add(struct ss_table *table, struct ss_memory *memory, struct ss_key key,
                               bool *made);
/* Takes an entity out; its log and block must be gone. */
void ss_table_remove(struct ss_table *table, struct ss_entity *ent);
/* The next live entity on the hand's way round; NULL when there is none. */
struct ss_entity *ss_table_next(struct ss_table *table);
/* Room for ids 1..n and an index of `slots` (a power of two), as a loaded state needs. */
int ss_table_restore(struct ss_table *table, struct ss_memory *memory, uint32_t made,
                     uint32_t slots) SS_MUST_CHECK;
void ss_table_index(struct ss_table *table, struct ss_entity *ent);

#endif
