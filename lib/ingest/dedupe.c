#include "ingest/dedupe.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdlib.h>

int ss_dedupe_init(struct ss_dedupe *dedupe, uint32_t window)
{
    *dedupe = (struct ss_dedupe){0};
    if (!window)
        return 0;
    uint64_t buckets = 1;
    while (buckets * 2 < window)
        buckets *= 2;
    size_t bytes = buckets * sizeof *dedupe->bucket;
    dedupe->mask = buckets - 1;
    dedupe->bucket = aligned_alloc(sizeof *dedupe->bucket, bytes);
    if (!dedupe->bucket)
        return ss_fail(SS_ENOMEM, "out of memory for a window of %u ids", window);
    memset(dedupe->bucket, 0, bytes);
    return 0;
}

void ss_dedupe_free(struct ss_dedupe *dedupe)
{
    free(dedupe->bucket);
    *dedupe = (struct ss_dedupe){0};
}

uint64_t ss_dedupe_hash(struct ss_str id)
{
    uint64_t hash = ss_hash64(id.p, id.n);
    return hash + (hash == 0);
}

bool ss_dedupe_seen(struct ss_dedupe *dedupe, uint64_t hash)
{
    if (!dedupe->bucket)
        return false;
    uint64_t *way = dedupe->bucket[hash & dedupe->mask];
    bool seen = false;
    for (int i = 0; i < SS_DEDUPE_WAYS; i++)
        seen |= way[i] == hash;
    if (seen)
        return true;
    memmove(way + 1, way, (SS_DEDUPE_WAYS - 1) * sizeof *way);
    way[0] = hash;
    return false;
}
