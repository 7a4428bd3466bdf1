/*
 * What people's work says of payments: the resolution of a case, or of an alert outside of one, labels all
 * payments of it (label.h). The source of such a label is "case:17" or "alert:9f2c..".
 */
#ifndef SS_STORE_VERDICT_H
#define SS_STORE_VERDICT_H

#include "base/arena.h"
#include "store/label.h"

struct ss_verdict_by {
    struct ss_str actor, note;
    int64_t now_us;
};

/*
 * SS_LABEL_UNKNOWN takes back what this case or alert said before: of each payment that it has the last word
 * on, the newest label from elsewhere counts again. *count: payments whose label is another one now. `arena`
 * is scratch, some hundred bytes a payment.
 */
int ss_verdict_case(struct ss_db *db, int64_t case_id, int label, const struct ss_verdict_by *by,
                    struct ss_arena *arena, int64_t *count) SS_MUST_CHECK;
int ss_verdict_alert(struct ss_db *db, struct ss_str alert_id, int label, const struct ss_verdict_by *by,
                     struct ss_arena *arena, int64_t *count) SS_MUST_CHECK;

/* Labels that were said, newest first. p == NULL: of any payment. */
struct ss_label_row {
    int64_t id, time_us;
    int label;
    struct ss_str txn_id, source, actor, note;
};
int ss_labels_list(struct ss_db *db, struct ss_str txn_id, int64_t before, int64_t limit,
                   struct ss_arena *arena, int (*each)(void *arg, const struct ss_label_row *row), void *arg,
                   bool *more) SS_MUST_CHECK;

#endif
