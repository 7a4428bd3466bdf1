/*
 * Which payments alert, and which alerts go where: conditions on what was decided. All that are given must
 * hold; of the values of one, any may.
 */
#ifndef SS_ALERT_CHOICE_H
#define SS_ALERT_CHOICE_H

#include "base/attr.h"
#include "record/decision.h"

#define SS_CHOICE_VALUES 16

/* What a payment is judged by. */
struct ss_facts {
    enum ss_level level;                /* the decision's, else the score's */
    bool judged;                        /* it has a decision or a score at all */
    const struct ss_decision *decision; /* NULL: none */
};

struct ss_choice {
    bool has_level;
    enum ss_level level;                                         /* this one or a higher one */
    unsigned actions;                                            /* a bit for each enum ss_action; 0: any */
    struct ss_str tag[SS_CHOICE_VALUES], rule[SS_CHOICE_VALUES]; /* of rules that fired, live ones */
    uint32_t tags, rules;
};

/*
 * Adds a condition: level=HIGH, action=block,review, tag=LIST or rule=LIST; one given twice has the values of
 * both. Texts are kept as pointers into `value`. SS_ECONFIG for an unknown name or value.
 */
int ss_choice_add(struct ss_choice *choice, struct ss_str name, struct ss_str value) SS_MUST_CHECK;
bool ss_choice_is_empty(const struct ss_choice *choice);
bool ss_choice_matches(const struct ss_choice *choice, const struct ss_facts *facts);

/* What is known of a record: its decision, else its score. */
struct ss_facts ss_facts_of(const struct ss_record *rec, struct ss_arena *arena);
/* An allow-listed payment: it is allowed, and by a rule that says so. */
bool ss_facts_in_allow_lane(const struct ss_facts *facts);

#endif
