/*
 * Cases that open by themselves: an alert at or above setting cases.auto_level joins the open case of its
 * entity, or opens one. The entity is what its alert is grouped by (alert.key); where alerts are not grouped,
 * the customer. A case takes in alerts whose event time is within cases.auto_window_h of its newest alert;
 * after that the next one opens another case. So a burst of twelve is one case with twelve alerts.
 *
 * It runs for alerts only, on the way of a payment: joining costs four statements by primary keys and an
 * index.
 */
#ifndef SS_STORE_CASE_AUTO_H
#define SS_STORE_CASE_AUTO_H

#include "record/decision.h"
#include "store/sla.h"

struct ss_case_auto {
    bool on;
    int level; /* enum ss_level: from this one up */
    int64_t window_us;
    struct ss_sla sla;
};

/* `settings` may be NULL: the defaults. */
void ss_case_auto_of(const struct ss_settings *settings, struct ss_case_auto *how);

/* A payment that opened an alert or joined one; both rows are there already. */
struct ss_case_alert {
    struct ss_str alert_id, txn_id, key, user_id, card_id, currency; /* p == NULL: none */
    int64_t time_us, amount, count;                                  /* count: payments in the alert */
    int level;
    const struct ss_decision *decision; /* may be NULL */
};

struct ss_case_joined {
    int64_t case_id; /* 0: it is nobody's case */
    bool opened;
};

/* In the transaction that stores the payment. `arena` is scratch for a few hundred bytes. */
int ss_cases_from_alert(struct ss_db *db, const struct ss_case_auto *how, const struct ss_case_alert *alert,
                        int64_t now_us, struct ss_arena *arena, struct ss_case_joined *joined) SS_MUST_CHECK;

/*
 * What kind of fraud the rules that fired speak of, by the words of their ids and tags: card_testing,
 * takeover, velocity and so on; of several rules the one with the greatest score says it. `rules` is the JSON
 * array of ids that an alert keeps.
 */
enum ss_case_category ss_case_category_of(const struct ss_decision *decision);
enum ss_case_category ss_case_category_of_ids(struct ss_str rules);
enum ss_case_priority ss_case_priority_of(int level);
/* "Velocity fraud, customer 42", in the arena. */
struct ss_str ss_case_title(enum ss_case_category category, struct ss_str entity, struct ss_arena *arena);
/* "user_id:42" of an alert, in the arena; p == NULL: it has none. */
struct ss_str ss_case_entity(struct ss_str key, struct ss_str user_id, struct ss_str card_id,
                             struct ss_arena *arena);

#endif
