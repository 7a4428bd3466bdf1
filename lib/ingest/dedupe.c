#include "ingest/dedupe.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdlib.h>

int ss_dedupe_init(struct ss_dedupe *dedupe, uint32_t window)
{
    *dedupe = (struct ss_dedupe){.cap = window};
    if (!window)
        return 0;
    uint32_t slots = 16;
    while (slots < window * (uint64_t)2)
        slots *= 2;
    dedupe->mask = slots - 1;
    dedupe->ring = calloc(window, sizeof *dedupe->ring);
    dedupe->table = calloc(slots, sizeof *dedupe->table);
    if (!dedupe->ring || !dedupe->table)
        return ss_fail(SS_ENOMEM, "out of memory for a window of %u ids", window);
    return 0;
}

void ss_dedupe_free(struct ss_dedupe *dedupe)
{
    free(dedupe->ring);
    free(dedupe->table);
    *dedupe = (struct ss_dedupe){0};
}

/* Linear probing: taking one out moves back those behind it that it had pushed on (Knuth 6.4, algorithm R).
 */
static void forget(struct ss_dedupe *d, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & d->mask;
    while (d->table[i] != hash)
        i = (i + 1) & d->mask;
    for (uint32_t k = i;;) {
        k = (k + 1) & d->mask;
        uint64_t h = d->table[k];
        if (!h)
            break;
        if (((k - (uint32_t)h) & d->mask) >= ((k - i) & d->mask)) {
            d->table[i] = h;
            i = k;
        }
    }
    d->table[i] = 0;
}

uint64_t ss_dedupe_hash(struct ss_str id)
{
    uint64_t hash = ss_hash64(id.p, id.n);
    return hash + (hash == 0);
}

bool ss_dedupe_seen(struct ss_dedupe *d, uint64_t hash)
{
    if (!d->cap)
        return false;
    uint32_t i = (uint32_t)hash & d->mask;
    for (; d->table[i]; i = (i + 1) & d->mask)
        if (d->table[i] == hash)
            return true;
    if (d->n == d->cap) {
        forget(d, d->ring[d->at]);
        i = (uint32_t)hash & d->mask;
        while (d->table[i])
            i = (i + 1) & d->mask;
    } else {
        d->n++;
    }
    d->table[i] = hash;
    d->ring[d->at] = hash;
    d->at = d->at + 1 == d->cap ? 0 : d->at + 1;
    return false;
}
