/* Filters that lists of alerts and cases share. Faults are collected as by the other readers of web.h. */
#ifndef SS_WEB_FILTER_H
#define SS_WEB_FILTER_H

#include "web/web.h"

/* ?status=open,escalated: the set of those of the NULL-terminated words; 0: absent. */
unsigned ss_query_set(struct ss_call *call, const char *name, const char *const *words);
/* ?assigned_to=7, me, none: a user, or -1 for none; 0: absent. `me` of who is no user finds nothing. */
int64_t ss_query_user(struct ss_call *call, const char *name);

#endif
