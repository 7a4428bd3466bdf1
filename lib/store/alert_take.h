/* The alerts that a batch's payments open or join. Inside lib/store only. */
#ifndef SS_STORE_ALERT_TAKE_H
#define SS_STORE_ALERT_TAKE_H

#include "store/ledger.h"
#include "store/merge.h"
#include "store/entry.h"

struct ss_alerts {
    struct ss_merge merge;
    struct ss_arena args;
};

void ss_alerts_init(struct ss_alerts *alerts);
void ss_alerts_free(struct ss_alerts *alerts);
/* A new payment that carries an alert. `taken` learns on ss_alerts_write whether it opened or joined it. */
int ss_alerts_add(struct ss_alerts *alerts, const struct ss_entry *row, struct ss_taken *taken) SS_MUST_CHECK;
/* Writes and empties them. */
int ss_alerts_write(struct ss_alerts *alerts, struct ss_db *db, int64_t now_us) SS_MUST_CHECK;

#endif
