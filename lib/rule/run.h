/* Expressions that libjq runs: in this process, or in the child. */
#ifndef SS_RULE_RUN_H
#define SS_RULE_RUN_H

#include "rule/graph.h"

/* OK: `e` runs in this process. Otherwise what the parser's states mean, with a message. */
enum ss_syntax ss_run_libjq(struct ss_exprs *set, struct ss_expr *e, const struct ss_ast *ast, char *message,
                            size_t message_size);
enum ss_syntax ss_run_child(struct ss_exprs *set, struct ss_expr *e, char *message, size_t message_size);

enum ss_outcome ss_run_record(struct ss_exprs *set, const struct ss_expr *e, struct ss_val *out);
/* The child's answer for the current record. */
enum ss_outcome ss_run_answer(struct ss_exprs *set, const struct ss_expr *e, struct ss_val *out);

#endif
