/*
 * What a customer does: spend and risk by day, devices, places, merchants, and what is normal for them. Made
 * from their payments before a time, the newest SS_PROFILE_PAYMENTS of them, in one walk.
 */
#ifndef SS_STORE_PROFILE_H
#define SS_STORE_PROFILE_H

#include "base/arena.h"
#include "record/decision.h"
#include "store/db.h"

#define SS_PROFILE_PAYMENTS 5000
#define SS_PROFILE_VALUES   20 /* of a kind, by most payments; `distinct` says how many there are */
#define SS_PROFILE_DAYS     366

enum ss_profile_kind {
    SS_PROFILE_CARD,
    SS_PROFILE_DEVICE,
    SS_PROFILE_IP,
    SS_PROFILE_MERCHANT,
    SS_PROFILE_COUNTRY,
    SS_PROFILE_LOCATION,
    SS_PROFILE_CATEGORY,
    SS_PROFILE_CHANNEL,
    SS_PROFILE_KINDS
};
const char *ss_profile_kind_name(enum ss_profile_kind kind); /* "merchant" */

struct ss_profile_value {
    struct ss_str value;
    int64_t payments, amount, fraud, first_us, last_us;
};

struct ss_profile_day {
    int64_t start_us; /* of the day, UTC */
    int64_t payments, amount, blocked, fraud;
    double max_score; /* 0 without one */
};

struct ss_profile {
    int64_t payments; /* that were looked at */
    bool whole;       /* these are all there are */
    int64_t first_us, last_us;
    /* Amounts in 1/10000 units: mean, standard deviation (of the sample; 0 below two), median and 95th
     * percentile (the smallest amount that as many do not pass), greatest. */
    double mean, sd;
    int64_t median, p95, max;
    double gap_s;                 /* mean seconds between payments; 0 below two */
    int64_t hour[24], weekday[7]; /* payments by hour of the day and day of the week (Monday first), UTC */
    int64_t level[SS_LEVELS], action[SS_ACTIONS];
    struct ss_profile_value *value[SS_PROFILE_KINDS];
    size_t values[SS_PROFILE_KINDS];
    int64_t distinct[SS_PROFILE_KINDS];
    struct ss_profile_day *day; /* oldest first, those with payments, the newest SS_PROFILE_DAYS */
    size_t days;
};

/* Of the payments before until_us (0: all). All lies in the arena. No payments give a profile of zeroes. */
int ss_profile_make(struct ss_db *db, struct ss_str user_id, int64_t until_us, struct ss_arena *arena,
                    struct ss_profile *profile) SS_MUST_CHECK;

#endif
