/* A comparison as people and as scripts read it. */
#ifndef SS_EVAL_DIFF_REPORT_H
#define SS_EVAL_DIFF_REPORT_H

#include "base/buf.h"
#include "eval/diff.h"
#include "eval/gate.h"

#define SS_DIFF_RULES_SHOWN 40 /* in the text; JSON has all */

/* A gate as it was written, and what it parsed to. */
struct ss_diff_gate {
    struct ss_str text;
    struct ss_gate gate;
};

void ss_diff_text(const struct ss_diff *diff, const struct ss_diff_gate *gate, size_t gates, bool color,
                  struct ss_buf *to);
/* One line, newline included. What is not defined is null. */
void ss_diff_json(const struct ss_diff *diff, const struct ss_diff_gate *gate, size_t gates,
                  struct ss_buf *to);

/* The rules' numbers, those that changed most first, then by name. NULL when out of memory. */
uint32_t *ss_diff_rules_sorted(const struct ss_diff *diff) SS_MUST_CHECK;
struct ss_diff_sum ss_diff_fired(const struct ss_diff_rule *rule, enum ss_fired_in in);

#endif
