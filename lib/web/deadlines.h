/* Deadlines of cases, watched while the server runs (store/sla.h says what they are). */
#ifndef SS_WEB_DEADLINES_H
#define SS_WEB_DEADLINES_H

#include "web/web.h"

/*
 * Marks what is due by now, in a transaction of its own, and tells listeners once it is committed. By the
 * desk's thread, outside of a transaction, once a second: while nothing is due it costs one look into an
 * index.
 */
int ss_deadlines_watch(struct ss_web *web, struct ss_db *db) SS_MUST_CHECK;

#endif
