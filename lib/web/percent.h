/* Percent-encoding (RFC 3986) of paths and queries. */
#ifndef SS_WEB_PERCENT_H
#define SS_WEB_PERCENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * Decodes into the arena; `plus` makes '+' a blank (queries). p == NULL when an escape is broken, or what
 * comes out holds a NUL or is no UTF-8: such bytes may not get any further.
 */
struct ss_str ss_percent_decode(struct ss_str text, bool plus, struct ss_arena *arena);
/* Appends the text with all but the unreserved characters (RFC 3986, 2.3) encoded. */
void ss_percent_put(struct ss_buf *to, struct ss_str text);
/* ?name=VALUE, or &name=VALUE where the address has a query already. */
void ss_percent_put_query(struct ss_buf *to, const char *name, struct ss_str value);

#endif
