#include "web/auth.h"
#include "store/audit.h"

int ss_call_audit(struct ss_call *call, const char *action, struct ss_str subject, struct ss_str old_json,
                  struct ss_str new_json)
{
    const struct ss_audit entry = {
        .actor = *call->who.name ? call->who.name : "nobody",
        .action = action,
        .subject = subject,
        .old_value = old_json,
        .new_value = new_json,
        .address = *call->req.address ? call->req.address : NULL,
        .time_us = call->now_us,
    };
    return ss_audit_add(call->db, &entry);
}
