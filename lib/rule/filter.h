/*
 * Which expressions can be true for a record, all at once. Most rules are conjunctions of comparisons of a
 * field with a number: `.features.n >= 3 and .amount > 100`. For each field, the numbers it is compared with
 * are sorted; a value falls between two of them (or on one), and a bitmap made beforehand says which
 * expressions that leaves possible. The bitmaps of all fields ANDed are the candidates: one search and one
 * AND a field, however many rules there are (the bit-vector scheme of packet classification: Lakshman and
 * Stiliadis, SIGCOMM 1998). Comparisons with strings
 * (== and !=) work alike, by a dictionary.
 *
 * 100 rules of three such comparisons over 40 fields: see tests/bench/rules.c for what that costs.
 */
#ifndef SS_RULE_FILTER_H
#define SS_RULE_FILTER_H

#include "rule/graph.h"

/* For the expressions added so far; replaces an earlier one. */
int ss_filter_build(struct ss_exprs *set) SS_MUST_CHECK;
void ss_filter_free(struct ss_filter *filter);
/* Works out `maybe` for the current record. */
void ss_filter_run(struct ss_exprs *set);

struct ss_ranked;

struct ss_filter {
    struct ss_ranked *ranked;
    const struct ss_feature_names *names; /* whose vectors the `feature` numbers are about */
    uint32_t n, words;
    uint64_t *all;        /* every expression possible */
    uint64_t *decided;    /* expressions that are nothing but predicates of the filter */
    const uint64_t **row; /* of each ranked field, for the current record */
    uint64_t *maybe;
    uint64_t tick; /* of the record that `maybe` is about */
    bool exact;    /* for that record: every field could be read */
};

/* Bits of the current record's candidates, worked out once a record. */
static inline const uint64_t *ss_filter_maybe(struct ss_exprs *set)
{
    if (set->filter->tick != set->tick[0])
        ss_filter_run(set);
    return set->filter->maybe;
}

/* Its bit alone decides: a candidate is true. */
static inline bool ss_filter_decides(const struct ss_filter *f, uint32_t expr)
{
    return f->exact && f->decided[expr / 64] >> (expr % 64) & 1;
}

#endif
