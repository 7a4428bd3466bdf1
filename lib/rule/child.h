/*
 * Expressions that are not known to end, in a child process: limited CPU time and memory, no files, no
 * environment, stdin and stdout closed off. It answers a batch at a time. When one evaluation takes longer
 * than the time limit, or ends the child, the expression is quarantined (an error from then on) and a new
 * child answers the rest.
 *
 * The child is forked from this process, so that it needs no program of its own. Its CPU limit and the
 * parent's clock both hold: the clock decides which expression is to blame, from a word of shared memory.
 */
#ifndef SS_RULE_CHILD_H
#define SS_RULE_CHILD_H

#include "rule/expr.h"
#include "rule/libjq.h"

struct ss_jq_child;

struct ss_jq_answer {
    enum ss_libjq_result result;
    struct ss_str text; /* JSON, or the error's message; valid until the next batch */
};

struct ss_jq_child *ss_jq_child_new(const struct ss_exprs_options *opt);
/* Ends and reaps the child. */
void ss_jq_child_free(struct ss_jq_child *child);
/* SS_ECONFIG with jq's message when it is no program. `text` and `where` live as long as the child. */
int ss_jq_child_add(struct ss_jq_child *child, struct ss_str text, struct ss_str where, int id,
                    uint32_t *program) SS_MUST_CHECK;
/* Evaluates every expression for every record of the batch. SS_EIO when no child can be started. */
int ss_jq_child_batch(struct ss_jq_child *child, const struct ss_batch *batch) SS_MUST_CHECK;
struct ss_jq_answer ss_jq_child_answer(const struct ss_jq_child *child, size_t record, uint32_t program);

#endif
