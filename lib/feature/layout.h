/* Inside the compiler: from wanted windows to groups, window sets and their places in memory. */
#ifndef SS_FEATURE_LAYOUT_H
#define SS_FEATURE_LAYOUT_H

#include "feature/plan.h"

/* One window feature: its group and the accumulator that it reads. */
struct ss_layout_want {
    uint32_t feature, group;
    struct ss_acc acc;
};

struct ss_plan_builder {
    struct ss_feature_plan *plan;
    struct ss_schema *schema;
    uint32_t now;    /* the feature being compiled: names refer to those before it */
    uint32_t *ready; /* the level after whose windows a feature is known */
    uint32_t op_cap;
    struct ss_layout_want *want;
    uint32_t wants;
};

int ss_layout_add(struct ss_plan_builder *b, uint32_t feature, uint32_t keys, uint32_t level,
                  const struct ss_acc *acc) SS_MUST_CHECK;
int ss_layout_finish(struct ss_plan_builder *b) SS_MUST_CHECK;

#endif
