/* An alert as JSON. */
#ifndef SS_WEB_ALERT_H
#define SS_WEB_ALERT_H

#include "base/buf.h"
#include "store/alerts.h"

void ss_alert_put(const struct ss_alert_row *alert, struct ss_buf *to);

#endif
