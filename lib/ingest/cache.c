#include "ingest/cache.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdlib.h>

#define SLOTS (2 * SS_CACHE_PLANS)

struct ss_plan_cache {
    const struct ss_planner *planner;
    struct ss_arena arena; /* of all plans */
    struct ss_plan plan[SS_CACHE_PLANS];
    uint16_t slot[SLOTS]; /* plan + 1 by hash, linear probing; 0 = free */
    uint32_t n, last;
    struct ss_str name[SS_PLAN_COLUMNS_MAX + 1];
};

struct ss_plan_cache *ss_plan_cache_new(const struct ss_planner *planner)
{
    struct ss_plan_cache *cache = calloc(1, sizeof *cache);
    if (cache)
        cache->planner = planner;
    else
        (void)ss_fail(SS_ENOMEM, "out of memory");
    return cache;
}

static void forget(struct ss_plan_cache *cache)
{
    ss_arena_free(&cache->arena);
    memset(cache->slot, 0, sizeof cache->slot);
    cache->n = cache->last = 0;
}

void ss_plan_cache_free(struct ss_plan_cache *cache)
{
    if (!cache)
        return;
    ss_arena_free(&cache->arena);
    free(cache);
}

static bool fits(const struct ss_plan *plan, const char *text, const struct ss_json_member *member, size_t n)
{
    if (plan->columns != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (plan->name[i].n != member[i].key_len ||
            memcmp(plan->name[i].p, text + member[i].key, member[i].key_len))
            return false;
    return true;
}

static uint64_t hash_keys(const char *text, const struct ss_json_member *member, size_t n)
{
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++)
        hash = ss_hash64_seed(text + member[i].key, member[i].key_len, hash);
    return hash;
}

struct ss_plan *ss_plan_cache_find(struct ss_plan_cache *cache, const char *text,
                                   const struct ss_json_member *member, size_t n)
{
    if (SS_LIKELY(cache->n && fits(&cache->plan[cache->last], text, member, n)))
        return &cache->plan[cache->last];
    uint64_t hash = hash_keys(text, member, n);
    uint32_t slot = (uint32_t)hash % SLOTS;
    for (; cache->slot[slot]; slot = (slot + 1) % SLOTS) {
        struct ss_plan *plan = &cache->plan[cache->slot[slot] - 1];
        if (plan->hash == hash && fits(plan, text, member, n)) {
            cache->last = cache->slot[slot] - 1u;
            return plan;
        }
    }
    if (cache->n == SS_CACHE_PLANS || cache->arena.allocated > SS_CACHE_BYTES) {
        forget(cache);
        slot = (uint32_t)hash % SLOTS;
    }
    uint32_t names = n > SS_PLAN_COLUMNS_MAX ? SS_PLAN_COLUMNS_MAX + 1 : (uint32_t)n;
    for (uint32_t i = 0; i < names; i++)
        cache->name[i] = (struct ss_str){text + member[i].key, member[i].key_len};
    struct ss_plan *plan = &cache->plan[cache->n];
    if (ss_plan_make(plan, cache->planner, cache->name, names, true, &cache->arena) < 0)
        return NULL;
    plan->hash = hash;
    cache->last = cache->n++;
    cache->slot[slot] = (uint16_t)cache->n;
    return plan;
}
