/* A label, with the counts it changes left in the caller's hands to be written with others. Inside lib/store
 * only. */
#ifndef SS_STORE_LABEL_APPLY_H
#define SS_STORE_LABEL_APPLY_H

#include "store/entity.h"
#include "store/label.h"
#include "store/tally.h"

int ss_label_apply(struct ss_db *db, const struct ss_label_said *said, struct ss_tally *tally,
                   struct ss_entities *entities, struct ss_arena *arena,
                   struct ss_label_change *change) SS_MUST_CHECK;
/* The label that waits for a payment, or `absent`; it waits no more. */
int ss_label_claim(struct ss_db *db, struct ss_str txn_id, int absent, int *label) SS_MUST_CHECK;
/* Does any label wait? */
int ss_label_waits(struct ss_db *db, bool *any) SS_MUST_CHECK;

#endif
