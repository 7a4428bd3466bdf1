/*
 * A log-linear histogram of non-negative integers (nanoseconds, mostly): 64 steps per power of two, so a
 * quantile is within 1.6 % of the truth, in constant memory (after HdrHistogram, G. Tene).
 */
#ifndef SS_BASE_HISTOGRAM_H
#define SS_BASE_HISTOGRAM_H

#include <stdint.h>

#define SS_HISTOGRAM_SLOTS (64 * 59)

struct ss_histogram {
    uint64_t count, max;
    uint64_t slot[SS_HISTOGRAM_SLOTS];
};

void ss_histogram_add(struct ss_histogram *h, uint64_t value, uint64_t times);
/* The smallest recorded step that at least the share q of the values do not pass; 0 when empty. */
uint64_t ss_histogram_quantile(const struct ss_histogram *h, double q);
/* How many values are at most `value`, to the same 1.6 %. */
uint64_t ss_histogram_below(const struct ss_histogram *h, uint64_t value);
void ss_histogram_merge(struct ss_histogram *into, const struct ss_histogram *from);
/* Takes away what was there already when `then` was copied from `h`. The greatest that stays is known to its
 * step. */
void ss_histogram_since(struct ss_histogram *h, const struct ss_histogram *then);

#endif
