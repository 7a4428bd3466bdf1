/*
 * A rule file's text looked at for its author: everything that is wrong with it, not only what comes first,
 * each with its place and how to mend it; then what ss-rules --check and --test find.
 */
#ifndef SS_RULE_REVIEW_H
#define SS_RULE_REVIEW_H

#include "rule/check.h"

#define SS_REVIEW_ERRORS 20 /* more are not looked for */

enum ss_review_kind {
    SS_REVIEW_ERROR,   /* the set is refused */
    SS_REVIEW_WARNING, /* it works, and not as meant perhaps */
    SS_REVIEW_TEST,    /* a test of a rule fails */
};

struct ss_review_note {
    enum ss_review_kind kind;
    uint32_t line, column;    /* in bytes, first = 1; 0: not known */
    struct ss_str rule;       /* p == NULL: of no rule */
    struct ss_str text, hint; /* hint.p == NULL: none */
};

struct ss_review {
    void (*note)(void *ctx, const struct ss_review_note *note); /* texts live until it returns */
    void *ctx;
    /* Who wrote the text may not choose which files we read: a list's file must be a bare name, or stand in
     * this text already, which whoever runs the program has chosen (p == NULL: any will do). */
    struct ss_str trusted;
    const struct ss_census *sample; /* as for ss_ruleset_check; may be NULL */
    /* Counted. */
    unsigned errors, warnings, passed, failed;
};

/*
 * Fills `schema`, which has been made, with what the set asks for. *set (the caller frees it) is NULL when
 * there are errors. Returns 0 also then; SS_ENOMEM, or what stands in the way of reading the lists.
 */
int ss_rules_review(struct ss_str text, const struct ss_ruleset_options *options, struct ss_schema *schema,
                    struct ss_review *review, struct ss_ruleset **set) SS_MUST_CHECK;

#endif
