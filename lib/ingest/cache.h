/* The plans of the JSON objects seen so far, by their keys: most objects of a stream have the same. */
#ifndef SS_INGEST_CACHE_H
#define SS_INGEST_CACHE_H

#include "ingest/plan.h"
#include "json/json.h"

/* When there are more plans, or they take more memory, all are forgotten: what is held stays bounded. */
#define SS_CACHE_PLANS 1024
#define SS_CACHE_BYTES ((size_t)16 << 20)

struct ss_plan_cache;

/* NULL when out of memory. */
struct ss_plan_cache *ss_plan_cache_new(const struct ss_planner *planner);
void ss_plan_cache_free(struct ss_plan_cache *cache); /* accepts NULL */
/* The plan for an object's members; NULL when out of memory. Valid until the next call. */
struct ss_plan *ss_plan_cache_find(struct ss_plan_cache *cache, const char *text,
                                   const struct ss_json_member *member, size_t n) SS_MUST_CHECK;

#endif
