/*
 * Who pays and who is paid: customers with homes, habits, pay-days and hours; merchants with places,
 * categories and prices. Made from the seed alone; what changes as time goes by (travels, new devices,
 * thefts) is in the same structs, so that a payment touches two cache lines of its customer and one of its
 * merchant.
 */
#ifndef SS_GEN_POPULATION_H
#define SS_GEN_POPULATION_H

#include "gen/options.h"
#include "gen/sample.h"

enum ss_category {
    SS_GROCERY,
    SS_GAS_STATION,
    SS_RESTAURANT,
    SS_ONLINE,
    SS_RETAIL,
    SS_TRAVEL,
    SS_ENTERTAINMENT,
    SS_HEALTHCARE,
    SS_UTILITIES,
    SS_CATEGORIES
};

struct ss_category_info {
    const char *name, *mcc; /* ISO 18245 */
    uint32_t weight;        /* share of ordinary payments, percent */
    uint32_t median_usd;    /* of ordinary amounts */
    uint16_t sigma;         /* of log2(amount) in 1/1024 */
    uint8_t online_percent; /* merchants without a counter */
};
extern const struct ss_category_info ss_categories[SS_CATEGORIES];

struct ss_merchant {
    int32_t lat, lon;   /* 1/10000 degree */
    int32_t log2_price; /* relative to the category's median */
    uint16_t place;
    uint8_t category;
    bool online;
    int64_t stolen_until_us; /* its terminal is compromised until then */
};

#define SS_NO_PLACE  UINT16_MAX
#define SS_NO_DEVICE UINT32_MAX

struct ss_customer {
    int64_t last_us;         /* last ordinary payment */
    int64_t away_until_us;   /* in `away_at` until then */
    int64_t stolen_until_us; /* card data in other hands until then */
    uint32_t device[2];      /* SS_NO_DEVICE where there is no second */
    uint32_t activity;       /* relative */
    int32_t lat, lon;        /* home */
    int32_t log2_spend;      /* relative to everybody's median */
    uint32_t home_ip;        /* 24 bits */
    uint16_t home, away_at, last_at;
    uint8_t cards;          /* 1..3 */
    uint8_t online_percent; /* chance that a payment is made at home on a screen */
    uint8_t wallet_percent; /* chance that a payment at a counter is made by phone */
    bool dormant;           /* an account that is hardly ever used */
};

struct ss_rhythm {
    uint8_t hours;    /* which of SS_HOUR_KINDS */
    uint8_t pay_day;  /* of the month, 1..28 */
    int8_t utc_hours; /* at home */
};

#define SS_HOUR_KINDS 4
/* How likely a customer of that kind pays in each hour of the week (Monday 0 h first), 0..255. */
extern uint8_t ss_hours[SS_HOUR_KINDS][168];

struct ss_population {
    uint64_t seed;
    uint32_t customers, merchants, devices;
    struct ss_customer *customer;
    struct ss_merchant *merchant;
    struct ss_rhythm *rhythm; /* of each customer, apart: most customers looked at do not pay now */
    struct ss_alias by_activity;
    struct ss_alias travel_to; /* places by how often they are travelled to */
    /* Merchants of one kind: at a place and category, or online by category (place = ss_n_places). */
    uint32_t *cell_start, *cell_merchant;
    uint32_t *dormant, n_dormant;
    double mean_hours; /* mean over the week and over customers by activity of ss_hours, 0..1 */
};

int ss_population_init(struct ss_population *pop, const struct ss_gen_options *opt) SS_MUST_CHECK;
void ss_population_free(struct ss_population *pop);

/* A category as ordinary payments have them. */
enum ss_category ss_pick_category(struct ss_rng *rng);
/* A merchant of that category at that place (or online), the popular ones more often. Where there is none,
 * another one of the place, else any: `merchant` always exists. */
uint32_t ss_pick_merchant(const struct ss_population *pop, struct ss_rng *rng, uint16_t place, bool online,
                          enum ss_category category);

/* The n-th favourite merchant of a customer, the same whenever it is asked for: it is worked out anew, which
 * costs as much as to look it up in a large population. */
uint32_t ss_favourite(const struct ss_population *pop, uint32_t customer, uint32_t n);

#endif
