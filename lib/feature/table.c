#include "feature/table.h"
#include "base/err.h"
#include <string.h>

static uint32_t tag_of(struct ss_key key)
{
    return (uint32_t)key.a;
}

struct ss_entity *ss_table_find(const struct ss_table *table, struct ss_key key)
{
    if (!table->slots)
        return NULL;
    uint32_t mask = table->slots - 1;
    for (uint32_t i = tag_of(key) & mask; table->slot[i]; i = (i + 1) & mask) {
        if ((uint32_t)(table->slot[i] >> 32) != tag_of(key))
            continue;
        struct ss_entity *ent = ss_table_entity(table, (uint32_t)table->slot[i]);
        if (ent->key.a == key.a && ent->key.b == key.b)
            return ent;
    }
    return NULL;
}

void ss_table_index(struct ss_table *table, struct ss_entity *ent)
{
    uint32_t mask = table->slots - 1, i = tag_of(ent->key) & mask;
    while (table->slot[i])
        i = (i + 1) & mask;
    table->slot[i] = (uint64_t)tag_of(ent->key) << 32 | ent->id;
}

static bool grow_index(struct ss_table *table, struct ss_memory *memory, uint32_t slots)
{
    uint64_t *old = table->slot;
    uint32_t old_slots = table->slots;
    uint64_t *slot = ss_memory_take(memory, slots * sizeof *slot);
    if (!slot)
        return false;
    memset(slot, 0, slots * sizeof *slot);
    table->slot = slot;
    table->slots = slots;
    for (uint32_t i = 0; i < old_slots; i++) {
        if (!old[i])
            continue;
        uint32_t k = (uint32_t)(old[i] >> 32) & (slots - 1);
        while (slot[k])
            k = (k + 1) & (slots - 1);
        slot[k] = old[i];
    }
    ss_memory_give(memory, old, old_slots * sizeof *old);
    return true;
}

static bool grow_chunks(struct ss_table *table, struct ss_memory *memory)
{
    uint32_t chunks = table->made / SS_ENTITY_CHUNK;
    if (chunks == table->chunk_cap) {
        uint32_t cap = table->chunk_cap ? table->chunk_cap * 2 : 4;
        struct ss_entity **chunk = ss_memory_take(memory, cap * sizeof(struct ss_entity *));
        if (!chunk)
            return false;
        if (table->chunk)
            memcpy(chunk, table->chunk, chunks * sizeof(struct ss_entity *));
        ss_memory_give(memory, table->chunk, table->chunk_cap * sizeof(struct ss_entity *));
        table->chunk = chunk;
        table->chunk_cap = cap;
    }
    table->chunk[chunks] = ss_memory_take(memory, SS_ENTITY_CHUNK * sizeof(struct ss_entity));
    return table->chunk[chunks] != NULL;
}

static struct ss_entity *entity_new(struct ss_table *table, struct ss_memory *memory)
{
    uint32_t id = table->freed;
    if (id) {
        table->freed = ss_table_entity(table, id)->next;
    } else {
        if (table->made % SS_ENTITY_CHUNK == 0 && !grow_chunks(table, memory))
            return NULL;
        id = ++table->made;
    }
    struct ss_entity *ent = ss_table_entity(table, id);
    *ent = (struct ss_entity){.id = id, .live = 1, .at_us = INT64_MIN};
    return ent;
}

struct ss_entity *ss_table_add(struct ss_table *table, struct ss_memory *memory, struct ss_key key,
                               bool *made)
{
    struct ss_entity *ent = ss_table_find(table, key);
    *made = !ent;
    if (ent)
        return ent;
    if (table->n * 4 >= table->slots * 3 && !grow_index(table, memory, table->slots ? table->slots * 2 : 8))
        return NULL;
    ent = entity_new(table, memory);
    if (!ent)
        return NULL;
    ent->key = key;
    table->n++;
    ss_table_index(table, ent);
    return ent;
}

struct ss_entity *ss_table_next(struct ss_table *table)
{
    for (uint32_t i = 0; i < table->made && table->n; i++) {
        table->hand = table->hand >= table->made ? 1 : table->hand + 1;
        struct ss_entity *ent = ss_table_entity(table, table->hand);
        if (ent->live)
            return ent;
    }
    return NULL;
}

void ss_table_remove(struct ss_table *table, struct ss_entity *ent)
{
    uint32_t mask = table->slots - 1, i = tag_of(ent->key) & mask;
    while ((uint32_t)table->slot[i] != ent->id)
        i = (i + 1) & mask;
    table->slot[i] = 0;
    for (uint32_t hole = i, j = (i + 1) & mask; table->slot[j]; j = (j + 1) & mask) {
        uint32_t home = (uint32_t)(table->slot[j] >> 32) & mask;
        if (((j - home) & mask) >= ((j - hole) & mask)) {
            table->slot[hole] = table->slot[j];
            table->slot[j] = 0;
            hole = j;
        }
    }
    ent->live = 0;
    ent->next = table->freed;
    table->freed = ent->id;
    table->n--;
}

int ss_table_restore(struct ss_table *table, struct ss_memory *memory, uint32_t made, uint32_t slots)
{
    if (slots && !grow_index(table, memory, slots))
        return SS_ENOMEM;
    while (table->made < made) {
        if (!grow_chunks(table, memory))
            return SS_ENOMEM;
        memset(table->chunk[table->made / SS_ENTITY_CHUNK], 0, SS_ENTITY_CHUNK * sizeof(struct ss_entity));
        uint32_t left = made - table->made;
        table->made += left < SS_ENTITY_CHUNK ? left : SS_ENTITY_CHUNK;
    }
    return 0;
}
