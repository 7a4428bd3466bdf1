/* ?fields=a,b: of an answer's object, or of each item of a list, the members named; the rest is left out. */
#ifndef SS_WEB_FIELDS_H
#define SS_WEB_FIELDS_H

#include "base/attr.h"
#include "web/web.h"

/* Rewrites call->res.body where ?fields is there. Unknown names are ignored: an object may lack them today.
 */
int ss_fields_apply(struct ss_call *call) SS_MUST_CHECK;

#endif
