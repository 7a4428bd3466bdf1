/* Key figures: the strip above everything, and the summary. */
#ifndef SS_WEB_FIGURES_H
#define SS_WEB_FIGURES_H

#include "store/analytics.h"
#include "web/web.h"

int ss_kpis(struct ss_call *call);
int ss_summary(struct ss_call *call);

/* Counts of something in steps of time, for trends. Times outside are not counted. */
#define SS_STEPS_MAX 400
struct ss_steps {
    int64_t from_us, step_us;
    uint32_t n[SS_STEPS_MAX];
};
int64_t ss_steps_at(const struct ss_steps *steps, int64_t start_us);
/* Cases opened and resolved in each step of the span, by the wall clock. */
int ss_steps_of_cases(struct ss_call *call, const struct ss_bucket_span *span, struct ss_steps *opened,
                      struct ss_steps *resolved) SS_MUST_CHECK;

#endif
