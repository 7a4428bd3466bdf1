/*
 * An interner: distinct texts to dense numbers 0, 1, 2, ... in the order they first came. Keys are copied
 * into the map's own memory and stay where they are until it is freed. Open addressing, at most 7/8 full. For
 * dictionaries, names and categories; entity state has its own table (lib/feature).
 */
#ifndef SS_BASE_MAP_H
#define SS_BASE_MAP_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

struct ss_map {
    struct ss_str *key; /* key[id], n of them */
    uint64_t *hash;     /* hash[id] */
    uint32_t *slot;     /* id + 1, or 0 */
    uint32_t n, cap, slots, ceiling;
    struct ss_arena text;
};

/* At most `ceiling` keys. */
void ss_map_init(struct ss_map *map, uint32_t ceiling);
void ss_map_free(struct ss_map *map);
/* The number of `key`, added when new; negative (SS_ENOMEM) beyond the ceiling. */
int64_t ss_map_add(struct ss_map *map, struct ss_str key) SS_MUST_CHECK;
/* The number of `key`, or -1. */
int64_t ss_map_find(const struct ss_map *map, struct ss_str key);

#endif
