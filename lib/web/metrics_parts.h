/* What metrics.c and prometheus.c share. */
#ifndef SS_WEB_METRICS_PARTS_H
#define SS_WEB_METRICS_PARTS_H

#include "json/cursor.h"
#include "web/metrics.h"

#define SS_ROUTES_MAX 512
#define SS_SECONDS    11 /* rates are of the last ten */

struct ss_route_metrics {
    const struct ss_route *route; /* NULL: what has none */
    struct ss_histogram *us;
    uint64_t sum_us;
    uint64_t answers[6]; /* by the status's first digit */
};

struct ss_second {
    int64_t ns;
    uint64_t requests, payments, us_sum, alerts;
    struct ss_histogram decided_us;
};

struct ss_metrics {
    struct ss_facts facts;
    struct ss_route_metrics route[SS_ROUTES_MAX], *last;
    int routes;
    uint64_t requests;
    struct ss_histogram payment_us; /* of those answered 201 */
    uint64_t payment_us_sum;
    struct ss_second second[SS_SECONDS];
    uint64_t seconds;
};

/* Decisions until now, submitted and of the live input: each from when it was whole until it was answered or
 * durable. */
void ss_metrics_decided(const struct ss_metrics *metrics, struct ss_histogram *us);

#endif
