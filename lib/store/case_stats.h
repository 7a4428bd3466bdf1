/* Cases in numbers. */
#ifndef SS_STORE_CASE_STATS_H
#define SS_STORE_CASE_STATS_H

#include "store/sla.h"

struct ss_case_stats {
    int64_t total, status[SS_CASE_STATUSES];
    int64_t priority[4], category[7]; /* of those that are not over */
    int64_t resolution[4];
    int64_t sla[5];                                              /* by enum ss_sla_state */
    int64_t loss, recovered, confirmed_loss;                     /* confirmed: of cases resolved as fraud */
    int64_t resolved, resolved_us_sum, opened_24h, resolved_24h; /* the sum of their times */
};

/* Of cases created since `since_us` (0: all). */
int ss_case_stats(struct ss_db *db, const struct ss_sla *sla, int64_t now_us, int64_t since_us,
                  struct ss_case_stats *stats) SS_MUST_CHECK;

/* Those that are not over, and of them those past their deadline. */
int ss_cases_open(struct ss_db *db, int64_t now_us, int64_t *open, int64_t *breached) SS_MUST_CHECK;

struct ss_case_load {
    int64_t user_id, active, breached;
    struct ss_str name, email;
};
/* Who works on how many, the busiest first; texts live until `each` returns. */
int ss_case_loads(struct ss_db *db, int64_t now_us, int (*each)(void *arg, const struct ss_case_load *load),
                  void *arg) SS_MUST_CHECK;

/* One line about a case's customer. 1: found, 0: nothing is known. */
struct ss_case_customer {
    int64_t first_us, last_us, payments, amount, alerts, blocked, fraud, cases;
    double risk; /* 0..1 now; NaN: no score yet */
};
int ss_case_customer(struct ss_db *db, struct ss_str user_id, int64_t now_us,
                     struct ss_case_customer *customer) SS_MUST_CHECK;

#endif
