/* Records as listeners are told of them: short, and without what only some may see. */
#ifndef SS_WEB_ITEMS_H
#define SS_WEB_ITEMS_H

#include "base/buf.h"
#include "base/str.h"

/* What listeners are told of a record's line: {"txn_id":..,"timestamp":..,"user_id":..,"amount":..,...,
 * "score":..,"level":..,"action":..}. */
void ss_payment_item(struct ss_str line, struct ss_buf *to);
/* The same with what its `alert` member says; false (and nothing) without one. */
bool ss_alert_item(struct ss_str line, struct ss_buf *to);

#endif
