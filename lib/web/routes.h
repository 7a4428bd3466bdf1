/* The tables of all groups of endpoints: one `ss_routes_GROUP` in a lib/web/GROUP.c. Made by
 * scripts/route-table. */
#ifndef SS_WEB_ROUTES_H
#define SS_WEB_ROUTES_H

#include "web/web.h"

extern const struct ss_route *const ss_route_tables[]; /* ends with NULL */

#endif
