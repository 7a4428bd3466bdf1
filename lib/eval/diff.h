/*
 * What a change would have done: two decisions about each payment of one history, counted side by side.
 *
 * Everything is a sum over pairs, so memory does not grow with the stream but with the rules, the currencies
 * and the customers who were alerted while genuine (about 40 bytes and the id for each), all with ceilings.
 * Amounts are summed as 1/10000 units in 128 bits, whatever their currency; `currency` keeps them apart too.
 */
#ifndef SS_EVAL_DIFF_H
#define SS_EVAL_DIFF_H

#include "base/attr.h"
#include "base/map.h"
#include "eval/cost.h"
#include "record/decision.h"

enum ss_side { SS_OLD, SS_NEW, SS_SIDES };
enum ss_truth { SS_GENUINE, SS_FRAUD, SS_UNKNOWN, SS_TRUTHS }; /* what the label says */

#define SS_DIFF_UNDECIDED      SS_ACTIONS /* the action of a record that has no decision */
#define SS_DIFF_ACTIONS        (SS_ACTIONS + 1)
#define SS_DIFF_RULES_MAX      100000
#define SS_DIFF_USERS_MAX      50000000
#define SS_DIFF_CURRENCIES_MAX 1000
#define SS_DIFF_EXAMPLES_MAX   1000

/* One side of one payment. Texts are borrowed; p == NULL: the record has none. */
struct ss_diff_row {
    struct ss_str txn, user, currency;
    int64_t time_us, amount; /* amount: 1/10000 units, 0 when not known */
    bool has_time;
    enum ss_truth truth;
    int action; /* enum ss_action or SS_DIFF_UNDECIDED */
    enum ss_level level;
    double score;         /* NaN: none */
    const uint32_t *rule; /* numbers in ss_diff.rules of the rules that fired, shadow rules left out */
    uint32_t rules;
};

struct ss_diff_sum {
    uint64_t n;
    __int128 amount;
};

/* Where a rule fired. */
enum ss_fired_in { SS_ONLY_OLD, SS_BOTH, SS_ONLY_NEW, SS_FIRED_INS };

struct ss_diff_rule {
    struct ss_diff_sum fired[SS_FIRED_INS][SS_TRUTHS];
};

/* Alerts by whether each side alerts: [old][new]. */
struct ss_diff_alerts {
    struct ss_diff_sum of[SS_TRUTHS][2][2];
};

struct ss_diff_example {
    struct ss_diff_row *side[SS_SIDES]; /* owned copies */
    uint64_t number;                    /* of the pair: equal amounts keep the stream's order */
};

/* The dearest payments whose alert changed, high to low; [truth][1]: newly alerted, [truth][0]: no longer. */
struct ss_diff_examples {
    struct ss_diff_example *item;
    uint32_t n;
};

/* The hashes of the first decision of a side, and whether later ones differ. */
struct ss_diff_origin {
    char features[32], model[32], rules[32]; /* "" when not known */
    bool mixed;
};

struct ss_diff_options {
    enum ss_action alert;       /* actions from this one up are alerts (SS_REVIEW) */
    enum ss_level level;        /* of records without a decision: levels from this one up (SS_HIGH) */
    uint32_t examples;          /* of each kind */
    const struct ss_cost *cost; /* NULL: none */
};

struct ss_diff {
    struct ss_diff_options options;
    uint64_t pairs;
    struct ss_diff_sum action[SS_TRUTHS][SS_DIFF_ACTIONS][SS_DIFF_ACTIONS]; /* [old][new] */
    struct ss_diff_sum level[SS_LEVELS][SS_LEVELS];
    struct ss_diff_alerts alerts;
    struct ss_map rules, users, currencies;
    struct ss_diff_rule *rule;       /* for each of rules */
    struct ss_diff_alerts *currency; /* for each of currencies; records without one are in none */
    uint8_t *user;                   /* for each of users: 1 alerted while genuine by OLD, 2 by NEW */
    uint64_t *seen;                  /* for each of rules: where it last fired, for counting */
    uint32_t rule_cap, currency_cap, user_cap;
    uint64_t users_disturbed[SS_SIDES], users_newly, users_released;
    struct ss_diff_sum only[SS_SIDES]; /* records that the other side lacks */
    uint64_t displaced;                /* pairs found out of order */
    uint64_t differing;                /* pairs whose amount, time or label differ: not one history? */
    int64_t first_us, last_us;         /* event times of the pairs; first > last: none has one */
    struct ss_diff_examples examples[SS_TRUTHS][2];
    struct ss_diff_origin origin[SS_SIDES];
    /* Counted by the caller. */
    uint64_t rejected[SS_SIDES], labels; /* lines that are no record; labels on lines of their own */
};

void ss_diff_init(struct ss_diff *diff, const struct ss_diff_options *options);
void ss_diff_free(struct ss_diff *diff);

/*
 * Fills what a row has from a record's decision or, where that is NULL, its score (NULL: neither): action,
 * level, score, and the rules, numbered by `diff`, in the arena. SS_ENOMEM.
 */
int ss_diff_decide(struct ss_diff *diff, enum ss_side side, const struct ss_decision *decision,
                   const struct ss_score *score, struct ss_arena *arena,
                   struct ss_diff_row *row) SS_MUST_CHECK;

/* Two rows of one payment. The label is NEW's, or OLD's where NEW has none. SS_ENOMEM. */
int ss_diff_pair(struct ss_diff *diff, const struct ss_diff_row *old, const struct ss_diff_row *new_,
                 bool displaced) SS_MUST_CHECK;
/* A row of `side` that the other side lacks. */
void ss_diff_only(struct ss_diff *diff, enum ss_side side, const struct ss_diff_row *row);

/* A copy in one piece of memory that free(3) takes; NULL (with a message) when there is none. */
struct ss_diff_row *ss_diff_row_copy(const struct ss_diff_row *row, size_t *bytes) SS_MUST_CHECK;

/* --- what the sums come to --- */

struct ss_confusion ss_diff_confusion(const struct ss_diff_alerts *alerts, enum ss_side side);
/* Of one label: alerted by `side`. */
struct ss_diff_sum ss_diff_alerted(const struct ss_diff_alerts *alerts, enum ss_truth truth,
                                   enum ss_side side);
/* Calendar days (UTC) from the first record to the last, both counted; 0 when no record has a time. */
int64_t ss_diff_days(const struct ss_diff *diff);
double ss_diff_units(__int128 amount);
const char *ss_diff_action_name(int action); /* "(none)" for SS_DIFF_UNDECIDED */

#endif
