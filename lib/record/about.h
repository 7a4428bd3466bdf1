/*
 * What a model's input is, for people: filled from a feature file (feature/about.h), put into words where a
 * score is explained (model/sentence.h).
 */
#ifndef SS_RECORD_ABOUT_H
#define SS_RECORD_ABOUT_H

#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

/* The functions of the feature language, and what else an input can be. */
enum ss_about_kind {
    SS_ABOUT_OTHER, /* computed from others: only its name can be said */
    SS_ABOUT_COUNT,
    SS_ABOUT_SUM,
    SS_ABOUT_MEAN,
    SS_ABOUT_STD,
    SS_ABOUT_MIN,
    SS_ABOUT_MAX,
    SS_ABOUT_DISTINCT,
    SS_ABOUT_FIRST,
    SS_ABOUT_LAST,
    SS_ABOUT_GAP,
    SS_ABOUT_RATIO,
    SS_ABOUT_ZSCORE,
    SS_ABOUT_PERCENTILE,
    SS_ABOUT_SPEED,
    SS_ABOUT_DISTANCE,
    SS_ABOUT_HOUR,
    SS_ABOUT_WEEKDAY,
    SS_ABOUT_WEEKEND,
    SS_ABOUT_NIGHT,
    SS_ABOUT_AGE,
    SS_ABOUT_FIELD,    /* a number of the record itself */
    SS_ABOUT_TEXT,     /* a text of the record */
    SS_ABOUT_ISOLATION /* the forest's score */
};

#define SS_ABOUT_KEYS 4

/* An input's definition; texts are borrowed, p == NULL where there is none. */
struct ss_about {
    enum ss_about_kind kind;
    struct ss_str name;               /* the feature */
    struct ss_str argument;           /* the field it looks at */
    struct ss_str key[SS_ABOUT_KEYS]; /* by what */
    uint32_t keys;
    int64_t window_us; /* 0: ever, or `calendar` */
    int64_t delay_us;
    const char *calendar; /* "day", "week", "month", or NULL */
    bool of_frauds;       /* where label == 1 */
    struct ss_str where;  /* another condition, as written */
};

#endif
