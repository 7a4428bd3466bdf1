/*
 * What a rule set's author should be told before it runs: mistakes that are no errors, and tests beside
 * rules.
 */
#ifndef SS_RULE_CHECK_H
#define SS_RULE_CHECK_H

#include "rule/ruleset.h"
#include "rule/census.h"

struct ss_check_sink {
    /* One line a finding: `rule` may be empty (a setting, a list). */
    void (*finding)(void *ctx, const struct ss_place *at, struct ss_str rule, const char *text);
    void *ctx;
};

/*
 * Finds: conditions that are always or never true, or cannot be (x > 10 and x < 5); rules that change
 * nothing; rules with the same condition; "less than" comparisons that a missing field makes true; lists that
 * are empty, double or unused. With a sample of records also: fields that no record has (a misspelt one,
 * mostly), comparisons of texts with numbers, and "less than" only where records do lack the field. `sample`
 * may be NULL. Returns how many, or SS_ENOMEM.
 */
int ss_ruleset_check(struct ss_ruleset *set, const struct ss_census *sample,
                     const struct ss_check_sink *to) SS_MUST_CHECK;

struct ss_selftest_sink {
    /* `why` is NULL where the rule did what its test says. */
    void (*result)(void *ctx, const struct ss_rule *rule, const struct ss_rule_test *test, const char *why);
    void *ctx;
};

/* Runs all tests of all rules against their conditions; a rule that fires must also give its reason. Rollout,
 * span and enabled play no part. 0, or SS_ENOMEM. */
int ss_ruleset_selftest(struct ss_ruleset *set, struct ss_schema *schema,
                        const struct ss_selftest_sink *to) SS_MUST_CHECK;

#endif
