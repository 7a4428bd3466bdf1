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
    uint64_t requests, payments, answered, us_sum, alerts;
};

struct ss_metrics {
    struct ss_facts facts;
    struct ss_route_metrics route[SS_ROUTES_MAX], *last;
    int routes;
    uint64_t requests, payments, payment_us_sum; /* payments: those answered 201 */
    struct ss_second second[SS_SECONDS];
    uint64_t seconds;
};

#endif
