/* A payment's text with some of its fields another way: for what-if. */
#ifndef SS_WEB_VARIANT_H
#define SS_WEB_VARIANT_H

#include "web/web.h"

/* `text`, an object, with the member set to `json` (added where it is missing). In the call's arena. */
struct ss_str ss_variant(struct ss_call *call, struct ss_str text, const char *key, struct ss_str json);
/* With an id and a time where it has none: the present, or for a store that lives in the past the newest
 * payment's time. *err is a failure of the database. */
struct ss_str ss_variant_completed(struct ss_call *call, struct ss_str text, int *err);

#endif
