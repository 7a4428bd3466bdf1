/*
 * All that happened in a case in one order: what was done, what was written, what was attached, and the
 * alerts that it holds (at the time they were raised).
 */
#ifndef SS_STORE_TIMELINE_H
#define SS_STORE_TIMELINE_H

#include "base/arena.h"
#include "store/db.h"

enum ss_happening { SS_HAPPENED_ALERT, SS_HAPPENED_ACTIVITY, SS_HAPPENED_COMMENT, SS_HAPPENED_EVIDENCE };
extern const char *const ss_happenings[];

struct ss_timeline_item {
    int64_t time_us;
    enum ss_happening kind;
    int64_t id; /* of its kind; an alert's seq */
    /*            activity   comment    evidence   alert   */
    struct ss_str actor;  /* who        who        who     -        */
    struct ss_str action; /* action     -          type    level    */
    struct ss_str first;  /* old_value  content    name    alert id */
    struct ss_str second; /* new_value  -          sha256  reason   */
    struct ss_str third;  /* detail     -          -       txn_id   */
    int64_t number;       /* -          internal   size    amount   */
    int64_t edited_us;
};

struct ss_timeline_page {
    bool internal; /* comments that are not for viewers too */
    bool down;     /* newest first */
    bool has_key;  /* behind this one: */
    int64_t time_us, kind, id;
    int64_t limit;
};

/* Texts live until `each` returns. */
int ss_timeline_list(struct ss_db *db, int64_t case_id, const struct ss_timeline_page *page,
                     int (*each)(void *arg, const struct ss_timeline_item *item), void *arg,
                     bool *more) SS_MUST_CHECK;

#endif
