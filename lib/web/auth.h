/*
 * Identity: who asks, and what the log says they did.
 */
#ifndef SS_WEB_AUTH_H
#define SS_WEB_AUTH_H

#include "web/web.h"

/*
 * Adds a line to the audit log, inside the change's own transaction: by whom and from where is in the call.
 * `old_json` and `new_json` hold what changed, {"status":"open"}; p == NULL where there is none. Never a
 * password, token or key.
 */
int ss_call_audit(struct ss_call *call, const char *action, struct ss_str subject, struct ss_str old_json,
                  struct ss_str new_json) SS_MUST_CHECK;

#endif
