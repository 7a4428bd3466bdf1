/*
 * The stream of payments in the order of their times. Ordinary customers are one Poisson process, thinned by
 * each one's hours and pay-day, so that the next payment costs the same however many customers there are;
 * what follows from something (a shopping round, an attack, a late record) waits in a queue. Attacks are a
 * second Poisson process (attack.c).
 */
#ifndef SS_GEN_TRAFFIC_H
#define SS_GEN_TRAFFIC_H

#include "gen/population.h"
#include "gen/queue.h"

enum ss_gen_kind { SS_GEN_PAYMENT, SS_GEN_LABEL, SS_GEN_MALFORMED };

struct ss_gen_event {
    enum ss_gen_kind kind;
    int64_t at_us;   /* when it comes, in event time: never before the one before it */
    uint64_t damage; /* of a malformed one: random bits that say what is wrong with it */
    struct ss_payment pay;
};

/* Payments whose label is still to be told, oldest first. */
struct ss_label_ring {
    struct ss_payment *pay;
    size_t first, n, cap;
};

struct ss_gen {
    struct ss_gen_options opt;
    struct ss_population pop;
    struct ss_queue queue;
    struct ss_label_ring labels;
    struct ss_rng rng, attack_rng, noise_rng;
    uint32_t txn_prefix; /* 24 bits of the seed and the start, so that two runs do not share ids */
    uint32_t next_device;
    uint64_t next_no, lines;

    int64_t next_ns, gap_ns; /* the ordinary process, ns since the start */
    int64_t min_gap_us;      /* a customer needs this long between two errands */
    int64_t hour_ends_us;    /* how long the next two hold */
    int week_hour, month_day;

    int64_t next_attack_us, attack_gap_us;
    double attack_rate[SS_SCENARIOS]; /* attacks a second */
    struct ss_alias by_scenario;
    int64_t script_us;        /* no attack is planned for longer than this */
    uint32_t pending_travels; /* impossible travels that wait for a genuine payment to follow */

    uint32_t malformed_chance, duplicate_chance, late_chance;
    bool has_held, has_malformed;
    struct ss_payment held, malformed;
    int64_t held_at_us;
};

/* `opt` has been settled. A failed init is to be freed as well. */
int ss_gen_init(struct ss_gen *gen, const struct ss_gen_options *opt) SS_MUST_CHECK;
void ss_gen_free(struct ss_gen *gen);
/* 1 and the next event, 0 at the end, or SS_ENOMEM. */
int ss_gen_next(struct ss_gen *gen, struct ss_gen_event *event) SS_MUST_CHECK;

/* Pieces that attacks share with ordinary traffic. */

/* Fills in amount, merchant's place and channel details of a payment by `customer` at `merchant`, with the
 * amount 2^(extra/1024) times what is usual. Device, ip and place are the customer's own at that time. */
void ss_gen_usual(struct ss_gen *gen, struct ss_rng *rng, struct ss_payment *pay, uint32_t customer,
                  uint32_t merchant, int64_t time_us, int32_t extra);
int64_t ss_gen_usd_cents(const struct ss_gen *gen, uint32_t customer, int64_t usd_cents);
uint16_t ss_gen_place_now(const struct ss_customer *c, int64_t time_us);
/* A device that nobody has used before. */
uint32_t ss_gen_new_device(struct ss_gen *gen);
/* The local hour, 0..23. */
int ss_gen_local_hour(uint16_t place, int64_t time_us);

#endif
