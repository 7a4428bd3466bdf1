/*
 * Locking accounts: after so many failed sign-ins in a row an account is closed for a while, and for twice as
 * long after each further one, up to a day. Accounts that nobody has are counted in memory by the same rule,
 * so that being locked says nothing about who has one.
 */
#ifndef SS_WEB_LOCKOUT_H
#define SS_WEB_LOCKOUT_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

/* Until when, after this many failures; 0: not locked. */
int64_t ss_lockout_until(int64_t failures, int64_t after, int64_t minutes, int64_t now_us);

struct ss_strangers;

/* Bounded: who failed longest ago is forgotten first. Any thread. */
int ss_strangers_new(struct ss_strangers **strangers) SS_MUST_CHECK;
void ss_strangers_free(struct ss_strangers *strangers); /* accepts NULL */
/* Until when the name is locked; 0: it is not. */
int64_t ss_strangers_look(struct ss_strangers *strangers, struct ss_str name, int64_t now_us);
/* One more failure. Returns until when it is locked now; 0: not. */
int64_t ss_strangers_fail(struct ss_strangers *strangers, struct ss_str name, int64_t after, int64_t minutes,
                          int64_t now_us);

#endif
