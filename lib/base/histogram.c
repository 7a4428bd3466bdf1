#include "base/histogram.h"
#include <math.h>

/* Values below 64 have a slot each; above, the top six bits after the leading one choose it. */
static unsigned slot_of(uint64_t v)
{
    if (v < 64)
        return (unsigned)v;
    unsigned shift = 63 - (unsigned)__builtin_clzll(v) - 6;
    return 64 * (shift + 1) + (unsigned)((v >> shift) - 64);
}

static uint64_t slot_top(unsigned slot)
{
    if (slot < 64)
        return slot;
    unsigned shift = slot / 64 - 1;
    return (((uint64_t)(slot % 64) + 65) << shift) - 1;
}

void ss_histogram_add(struct ss_histogram *h, uint64_t value, uint64_t times)
{
    h->slot[slot_of(value)] += times;
    h->count += times;
    if (value > h->max)
        h->max = value;
}

uint64_t ss_histogram_quantile(const struct ss_histogram *h, double q)
{
    uint64_t want = (uint64_t)ceil(q * (double)h->count), seen = 0;
    if (want == 0)
        want = 1;
    for (unsigned i = 0; i < SS_HISTOGRAM_SLOTS; i++) {
        seen += h->slot[i];
        if (seen >= want && h->count)
            return slot_top(i) < h->max ? slot_top(i) : h->max;
    }
    return h->max;
}

uint64_t ss_histogram_below(const struct ss_histogram *h, uint64_t value)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i <= slot_of(value); i++)
        seen += h->slot[i];
    return seen;
}

void ss_histogram_merge(struct ss_histogram *into, const struct ss_histogram *from)
{
    for (unsigned i = 0; i < SS_HISTOGRAM_SLOTS; i++)
        into->slot[i] += from->slot[i];
    into->count += from->count;
    if (from->max > into->max)
        into->max = from->max;
}

void ss_histogram_since(struct ss_histogram *h, const struct ss_histogram *then)
{
    uint64_t max = 0;
    for (unsigned i = 0; i < SS_HISTOGRAM_SLOTS; i++) {
        h->slot[i] -= then->slot[i];
        if (h->slot[i])
            max = slot_top(i);
    }
    h->count -= then->count;
    h->max = max < h->max ? max : h->max;
}
