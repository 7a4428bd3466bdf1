#include "base/map.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdlib.h>

void ss_map_init(struct ss_map *map, uint32_t ceiling)
{
    *map = (struct ss_map){.ceiling = ceiling};
    ss_arena_init(&map->text, 0);
}

void ss_map_free(struct ss_map *map)
{
    free(map->key);
    free(map->hash);
    free(map->slot);
    ss_arena_free(&map->text);
    *map = (struct ss_map){.ceiling = map->ceiling};
}

/* The slot that holds `key`, or the empty one where it belongs. */
static uint32_t probe(const struct ss_map *map, struct ss_str key, uint64_t hash)
{
    uint32_t mask = map->slots - 1, i = (uint32_t)hash & mask;
    for (; map->slot[i]; i = (i + 1) & mask) {
        uint32_t id = map->slot[i] - 1;
        if (map->hash[id] == hash && ss_str_eq(map->key[id], key))
            break;
    }
    return i;
}

static int grow(struct ss_map *map)
{
    uint32_t cap = map->cap ? map->cap * 2 : 14, slots = map->slots ? map->slots * 2 : 16;
    struct ss_str *key = realloc(map->key, cap * sizeof *key);
    if (key)
        map->key = key;
    uint64_t *hash = realloc(map->hash, cap * sizeof *hash);
    if (hash)
        map->hash = hash;
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (!key || !hash || !slot) {
        free(slot);
        return ss_fail(SS_ENOMEM, "out of memory for %u keys", cap);
    }
    free(map->slot);
    map->slot = slot;
    map->slots = slots;
    map->cap = cap;
    for (uint32_t id = 0; id < map->n; id++) {
        uint32_t i = (uint32_t)map->hash[id] & (slots - 1);
        while (slot[i])
            i = (i + 1) & (slots - 1);
        slot[i] = id + 1;
    }
    return 0;
}

int64_t ss_map_add(struct ss_map *map, struct ss_str key)
{
    uint64_t hash = ss_hash64(key.p, key.n);
    if (map->slots) {
        uint32_t i = probe(map, key, hash);
        if (map->slot[i])
            return map->slot[i] - 1;
    }
    if (map->n >= map->ceiling)
        return ss_fail(SS_ENOMEM, "more than %u distinct keys", map->ceiling);
    if (map->n == map->cap && grow(map) < 0)
        return SS_ENOMEM;
    char *copy = ss_arena_copy(&map->text, key.p, key.n);
    if (!copy)
        return SS_ENOMEM;
    uint32_t id = map->n++;
    map->key[id] = (struct ss_str){copy, key.n};
    map->hash[id] = hash;
    map->slot[probe(map, map->key[id], hash)] = id + 1;
    return id;
}

int64_t ss_map_find(const struct ss_map *map, struct ss_str key)
{
    if (!map->slots)
        return -1;
    uint32_t i = probe(map, key, ss_hash64(key.p, key.n));
    return map->slot[i] ? (int64_t)map->slot[i] - 1 : -1;
}
