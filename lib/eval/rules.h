/*
 * How good each rule is, from the decisions of the records that fired it.
 *
 * A table evaluates rules when its groups are sets of them: the group of a row is the set of rules that
 * fired, as ss_eval_rule_set writes it. There are few distinct sets, so a row costs no more than with one
 * rule. Shadow rules are kept apart: they changed nothing, and what they add is measured against the live
 * ones.
 */
#ifndef SS_EVAL_RULES_H
#define SS_EVAL_RULES_H

#include "eval/table.h"
#include "record/decision.h"

#define SS_EVAL_OVERLAPS      5
#define SS_EVAL_OVERLAP_RULES 4096 /* more are not compared with each other: 64 MiB */

struct ss_eval_overlap {
    uint32_t rule; /* which of ss_eval_rules.rule */
    size_t hits;   /* records on which both fired */
};

struct ss_eval_rule {
    struct ss_str id; /* the table's */
    bool shadow;
    size_t hits, frauds, genuine, unlabelled;
    size_t immature;             /* hits whose label may not have come yet */
    double fraud_amount, amount; /* of the frauds and of the genuine payments; in currency units */
    /* Payments on which no other live rule fired. */
    size_t only_frauds, only_genuine;
    double only_fraud_amount, only_amount;
    struct ss_eval_overlap overlap[SS_EVAL_OVERLAPS]; /* the most first */
    int overlaps;
};

struct ss_eval_rules {
    struct ss_eval_rule *rule; /* live ones first, then by hits, then by id; owned */
    size_t n, live;
    size_t fired, missed; /* frauds on which a live rule fired, and none */
    size_t records;       /* that were looked at, labelled or not */
    size_t immature;      /* of these: the label may not have come yet */
};

/* The set of a decision's rules, in the arena; p == NULL when none fired. SS_ENOMEM. */
int ss_eval_rule_set(struct ss_eval_table *table, const struct ss_decision *decision, struct ss_arena *arena,
                     struct ss_str *set) SS_MUST_CHECK;

/* Of a detailed table whose groups are sets of rules, which must outlive the result. SS_ENOMEM. */
int ss_eval_rules_make(const struct ss_eval_table *table, int64_t label_delay_us,
                       struct ss_eval_rules *rules) SS_MUST_CHECK;
void ss_eval_rules_free(struct ss_eval_rules *rules);

/* Whether a row of a detailed table is younger than the delay at the end of the stream. 0: never. */
static inline bool ss_eval_is_immature(const struct ss_eval_table *table, size_t i, int64_t label_delay_us)
{
    return label_delay_us && SS_EVAL_DETAIL(table, time_us, i) > table->newest_us - label_delay_us;
}

#endif
