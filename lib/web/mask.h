/*
 * Personal data that a role may not see whole: email and network addresses. Settings mask.viewer and
 * mask.analyst say for whom; administrators and services see all.
 */
#ifndef SS_WEB_MASK_H
#define SS_WEB_MASK_H

#include "web/web.h"

bool ss_masks(const struct ss_call *call);
/* 203.0.113.7 -> 203.0.x.x, 2001:db8::1 -> 2001:x, ann@example.com -> a***@example.com. In the call's arena.
 */
struct ss_str ss_mask_ip(struct ss_call *call, struct ss_str ip);
struct ss_str ss_mask_email(struct ss_call *call, struct ss_str email);
/* A record's line (an object) with its `ip` and `email` masked. */
void ss_mask_put(struct ss_buf *to, struct ss_str line);
/* The same in the call's arena, where the role asks for it; else the line itself. */
struct ss_str ss_mask_record(struct ss_call *call, struct ss_str line);

#endif
