/*
 * Alerts that are not over: one for each key, into which later payments of that key go instead of making an
 * alert of their own.
 *
 * An alert takes in payments for `window_us` of event time from its first payment (or, with `extend`, from
 * its latest); for `cooldown_us` more, payments of its key are held back and counted. Then it is over and
 * leaves the table, told by `ended`. Whether a person has closed it changes none of that, unless they ask.
 *
 * At most `ceiling` alerts, some 220 bytes each: one more ends the one that has been longest without change.
 */
#ifndef SS_ALERT_GROUP_H
#define SS_ALERT_GROUP_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_GROUP_KEY     136 /* longer keys are cut, and end in ~ and their hash */
#define SS_GROUP_CEILING ((uint32_t)1 << 18)

struct ss_sink;
struct ss_source;

struct ss_group {
    uint64_t id;                          /* of the alert */
    int64_t first_us, last_us, anchor_us; /* anchor: what the window is counted from */
    uint64_t hash;
    uint32_t count, told, suppressed; /* payments in it; count when last told; held back */
    uint32_t messages;                /* told about it so far */
    uint32_t places;                  /* a bit for each destination that was told */
    uint32_t prev, next;              /* in order of change, index + 1 */
    uint8_t level, closed;            /* enum ss_level, the highest; a person has closed it */
    uint8_t key_n;
    char key[SS_GROUP_KEY];
};

struct ss_groups_options {
    int64_t window_us, cooldown_us;
    bool extend;
    uint32_t ceiling; /* 0: SS_GROUP_CEILING */
    /* A group leaves; it is gone after the call. A negative result ends the call that it came from. */
    int (*ended)(void *arg, const struct ss_group *group);
    void *arg;
};

struct ss_groups;

int ss_groups_new(const struct ss_groups_options *opt, struct ss_groups **groups) SS_MUST_CHECK;
void ss_groups_free(struct ss_groups *groups);

/* Sets a group's key, cut where it is too long. */
void ss_group_key(struct ss_group *group, struct ss_str key);

enum ss_join {
    SS_JOIN_NEW,   /* nothing of that key: the payment may open one */
    SS_JOIN_OPEN,  /* it goes into *group */
    SS_JOIN_QUIET, /* it is held back by *group */
    SS_JOIN_APART, /* older than the window before *group: an alert of its own that opens nothing */
};

/* Where a payment of this key at this time belongs. *group is good until the next call with `groups`. */
int ss_groups_find(struct ss_groups *groups, struct ss_str key, int64_t time_us, enum ss_join *join,
                   struct ss_group **group) SS_MUST_CHECK;
/* Opens a group with count 1; `key` as in the find that said SS_JOIN_NEW. */
int ss_groups_open(struct ss_groups *groups, struct ss_str key, int64_t time_us,
                   struct ss_group **group) SS_MUST_CHECK;
/* Counts a payment into an open group. */
void ss_groups_join(struct ss_groups *groups, struct ss_group *group, int64_t time_us);
/* The group of a key, whatever the time, or NULL. */
struct ss_group *ss_groups_of_key(struct ss_groups *groups, struct ss_str key);
/* Forgets a group without a word. */
void ss_groups_drop(struct ss_groups *groups, struct ss_group *group);
/* Event time has reached `time_us`: lets go of what is over. */
int ss_groups_expire(struct ss_groups *groups, int64_t time_us) SS_MUST_CHECK;
/* Lets go of all. */
int ss_groups_end_all(struct ss_groups *groups) SS_MUST_CHECK;
/* The first group in order of change, and the one after; NULL at the end. For saving. */
const struct ss_group *ss_groups_first(const struct ss_groups *groups);
const struct ss_group *ss_groups_next(const struct ss_groups *groups, const struct ss_group *group);
/* Adds a group as it was saved, behind the others. */
int ss_groups_restore(struct ss_groups *groups, const struct ss_group *saved) SS_MUST_CHECK;
uint32_t ss_groups_count(const struct ss_groups *groups);
/* How many were ended early because the table was full. */
uint64_t ss_groups_pushed_out(const struct ss_groups *groups);

#endif
