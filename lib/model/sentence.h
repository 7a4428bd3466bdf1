/*
 * What a feature's value means, in words a person understands: "12 payments by this user in one minute".
 * Built from the feature's definition, so that it needs no text beside the feature file.
 */
#ifndef SS_MODEL_SENTENCE_H
#define SS_MODEL_SENTENCE_H

#include "base/buf.h"
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

/* "count", "ratio", "hour", ... as the feature language calls them; SS_ABOUT_OTHER when it is none. */
enum ss_about_kind ss_about_kind_of(const char *function);
/* A short code that groups like reasons, such as high_velocity, unusual_amount, new_device, risky_merchant.
 */
void ss_about_code(const struct ss_about *about, struct ss_buf *to);
/* The sentence for a number (NaN = missing) or, where text.p, for a text. */
void ss_about_sentence(const struct ss_about *about, double value, struct ss_str text, struct ss_buf *to);

#endif
