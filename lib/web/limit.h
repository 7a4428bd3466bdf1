/*
 * How often an address may try something that guesses: a token bucket each (burst, then a steady rate). A
 * table of fixed size: where a set of it is full, the bucket that is fullest makes room, so that flooding it
 * with addresses forgets those who did nothing first. An IPv6 address counts as its /64. Any thread.
 */
#ifndef SS_WEB_LIMIT_H
#define SS_WEB_LIMIT_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

struct ss_limit;

/* `burst` tries at once, then one more every `refill_us`. */
int ss_limit_new(double burst, int64_t refill_us, struct ss_limit **limit) SS_MUST_CHECK;
void ss_limit_free(struct ss_limit *limit); /* accepts NULL */
/* 0: go on; otherwise how many seconds to wait. */
int ss_limit_take(struct ss_limit *limit, const char *address, int64_t now_us) SS_MUST_CHECK;
/* Gives one back: the try was none. */
void ss_limit_give(struct ss_limit *limit, const char *address, int64_t now_us);
/* As ss_limit_take, without taking: is it used up? */
int ss_limit_look(struct ss_limit *limit, const char *address, int64_t now_us) SS_MUST_CHECK;

#endif
