/*
 * What the counts say (the table `buckets`; 001_start.sql lists the dimensions): sums over spans of event
 * time, by steps of it or by keys. A year of hours answers in milliseconds; payments themselves are not
 * looked at, except where said.
 */
#ifndef SS_STORE_ANALYTICS_H
#define SS_STORE_ANALYTICS_H

#include "store/db.h"

struct ss_bucket {
    int64_t start_us;
    struct ss_str key; /* lives until `each` returns */
    int64_t payments, amount, alerts, blocked, fraud, genuine;
};

/* Called for each row; what it returns other than 0 ends the walk and is handed on. */
typedef int ss_bucket_each(void *arg, const struct ss_bucket *bucket);

/* The span [from_us, until_us) of event time; `step_us` 0: one row a key for the whole span. */
struct ss_bucket_span {
    const char *dim;
    int64_t from_us, until_us, step_us;
};

/* In order of time and key. Buckets belong to the step in which they start. */
int ss_buckets_by_time(struct ss_db *db, const struct ss_bucket_span *span, ss_bucket_each *each,
                       void *arg) SS_MUST_CHECK;
/* The keys of a span by most payments, at most `limit`. */
int ss_buckets_by_key(struct ss_db *db, const struct ss_bucket_span *span, int64_t limit,
                      ss_bucket_each *each, void *arg) SS_MUST_CHECK;

/* The newest payment's event time; 0 when there is none. */
int ss_newest_us(struct ss_db *db, int64_t *time_us) SS_MUST_CHECK;

/* Cards with the greatest scores in a span; from the payments at risk (level MEDIUM and above) themselves. */
struct ss_card_risk {
    struct ss_str card;
    int64_t payments, amount, alerts, last_us;
    double max_score;
    int level;
};
int ss_cards_at_risk(struct ss_db *db, int64_t from_us, int64_t until_us, int64_t limit,
                     int (*each)(void *arg, const struct ss_card_risk *card), void *arg) SS_MUST_CHECK;

/* The amounts of payments of level HIGH and above in each step of the span, from the payments themselves (an
 * index): for spans too short for hours. `step` counts from 0. */
int ss_value_at_risk(struct ss_db *db, const struct ss_bucket_span *span,
                     int (*each)(void *arg, int64_t step, int64_t amount), void *arg) SS_MUST_CHECK;

/* Cases created (or resolved) in each step of the span, by the wall clock; `step` counts from 0. */
int ss_cases_by_time(struct ss_db *db, const struct ss_bucket_span *span, bool resolved,
                     int (*each)(void *arg, int64_t step, int64_t n), void *arg) SS_MUST_CHECK;

/* Percentiles of latencies, from the counts of their steps. */
struct ss_latencies {
    int64_t n, step[320];
};
void ss_latencies_add(struct ss_latencies *lat, const struct ss_bucket *bucket);
/* The middle of the step that the share q lies in, microseconds; -1 without any. */
double ss_latencies_at(const struct ss_latencies *lat, double q);
double ss_latencies_mean(const struct ss_latencies *lat);

#endif
