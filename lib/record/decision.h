/*
 * The `decision` member: what is to be done about a payment, and which rules said so.
 *
 *   "decision":{"action":"block","level":"CRITICAL","score":0.95,
 *     "rules":[{"id":"velocity_burst","score":0.95,"action":"block","reason":"..."}],
 *     "by":{"features":"9be14c02","model":"3f2a91c0","rules":"77d0a1b2"}}
 *
 * A rule's entry also has "severity" and "tags" where the rule file states them. Behind "rules" stand, where
 * there are any, "shadow" (the same for rules that are only tried out: they changed nothing) and "errors"
 * ([{"id":"..","error":".."}]: rules that failed on this record).
 *
 * In one process stages find rec->decision, behind a pipe they read the member's text.
 */
#ifndef SS_RECORD_DECISION_H
#define SS_RECORD_DECISION_H

#include "base/attr.h"
#include "record/record.h"

/* Weakest first: of several the greatest is taken. */
enum ss_action { SS_ALLOW, SS_NOTIFY, SS_REVIEW, SS_CHALLENGE, SS_BLOCK, SS_ACTIONS };

const char *ss_action_name(enum ss_action action); /* "block" */
int ss_action_of(struct ss_str name);              /* -1 when it is none */

/* A rule that fired. */
struct ss_fired {
    struct ss_str id;
    double score;           /* its floor, or its weight in a weighted sum; NaN: it has none */
    int action;             /* enum ss_action, or -1: it only scores */
    struct ss_str reason;   /* p == NULL: none */
    struct ss_str severity; /* as the rule file says; p == NULL: none */
    const struct ss_str *tag;
    uint32_t tags;
};

/* A rule that failed. */
struct ss_failed {
    struct ss_str id, error;
};

struct ss_decision {
    enum ss_action action;
    enum ss_level level;
    double score; /* the final one, 0..1 */
    const struct ss_fired *rule, *shadow;
    const struct ss_failed *failed;
    uint32_t rules, shadows, failures;
    struct ss_str features, model, rule_set; /* short hashes; p == NULL: not known */
};

/*
 * Reads the member's value; texts without escapes point into `json`, the rest lies in the arena. Members of
 * other names are skipped. Any bytes may be given: SS_EDATA for what has not this shape or lacks a known
 * action, SS_ENOMEM.
 */
int ss_decision_parse(struct ss_str json, struct ss_arena *arena, struct ss_decision *decision) SS_MUST_CHECK;
/* Appends the member's value. */
void ss_decision_put(const struct ss_decision *decision, struct ss_buf *to);
/* The decision of a record, from this process or from its text; NULL (and no message) when it has none that
 * can be read. */
const struct ss_decision *ss_record_decision(const struct ss_record *rec, struct ss_arena *arena);

#endif
