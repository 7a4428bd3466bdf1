#include "gen/traffic.h"
#include "base/err.h"
#include "base/time.h"
#include "gen/attack.h"
#include "gen/place.h"
#include <stdlib.h>

#define LABELS_MAX    ((size_t)1 << 26)
#define NS_PER_SECOND 1e9
#define FAVOURITES    6

/* Chances in ordinary life. */
#define AT_FAVOURITE SS_CHANCE(0.55)
#define STARTS_TRIP  SS_CHANCE(0.008)
#define BIG_PURCHASE SS_CHANCE(0.007)
#define SMALL_CHANGE SS_CHANCE(0.01)  /* a coffee, a song */
#define GOES_ON      SS_CHANCE(0.04)  /* a shopping round of 1 to 4 more payments follows */
#define PAYS_TWICE   SS_CHANCE(0.004) /* again at the same place within a minute, sometimes more than once */
#define NEW_PHONE    SS_CHANCE(0.0025)
#define GUEST_DEVICE SS_CHANCE(0.0025)
#define HONEST_VPN   SS_CHANCE(0.004)
#define NO_PAY_DAY   SS_CHANCE(0.75) /* activity outside the three days from pay-day on */
/* Ordinary payments that follow from another one, for each that does not: 0.04 * 2.5 + 0.004 * 1.19. */
#define FOLLOWERS    0.10475
#define PAY_DAY_MEAN (0.75 + 0.25 * 3 / 30.4)

int ss_gen_local_hour(uint16_t place, int64_t time_us)
{
    int64_t hours = ss_floor_div(time_us, SS_HOUR_US) + ss_places[place].utc_hours;
    return (int)(hours - ss_floor_div(hours, 24) * 24);
}

uint16_t ss_gen_place_now(const struct ss_customer *c, int64_t time_us)
{
    return time_us < c->away_until_us ? c->away_at : c->home;
}

uint32_t ss_gen_new_device(struct ss_gen *gen)
{
    return gen->next_device++;
}

int64_t ss_gen_usd_cents(const struct ss_gen *gen, uint32_t customer, int64_t usd_cents)
{
    int64_t cents = usd_cents * ss_places[gen->pop.customer[customer].home].per_usd / 100;
    return cents < 1 ? 1 : cents;
}

/* Prices end as prices do: some round, some just below. */
static int64_t price_like(int64_t cents, uint64_t r)
{
    int64_t units = cents / 100;
    if (units < 2 || (r & 7) > 1)
        return cents;
    return (r & 7) == 0 ? units * 100 : units * 100 - 1;
}

static void set_device(struct ss_gen *gen, struct ss_rng *rng, struct ss_payment *pay, struct ss_customer *c)
{
    uint64_t r = ss_rng_next(rng);
    if ((uint32_t)r < NEW_PHONE)
        c->device[0] = ss_gen_new_device(gen);
    pay->device = c->device[1] != SS_NO_DEVICE && (r >> 32 & 3) == 0 ? c->device[1] : c->device[0];
    if (~(uint32_t)r < GUEST_DEVICE)
        pay->device = ss_gen_new_device(gen);
    if (pay->place == c->home && (r >> 34 & 3)) {
        pay->ip = c->home_ip;
    } else { /* a carrier's or a hotel's address, shared by many */
        uint64_t x = pay->place * 512u + (r >> 36 & 511);
        pay->ip = (uint32_t)(ss_splitmix64(&x) >> 40);
    }
}

static void set_location(struct ss_rng *rng, struct ss_payment *pay, const struct ss_customer *c,
                         const struct ss_merchant *m)
{
    if (pay->channel != SS_ONLINE_CHANNEL) {
        pay->lat = m->lat;
        pay->lon = m->lon;
    } else if (pay->place == c->home) {
        pay->lat = c->lat;
        pay->lon = c->lon;
    } else {
        uint64_t r = ss_rng_next(rng);
        pay->lat = ss_places[pay->place].lat + (int32_t)(r & 255) - 128;
        pay->lon = ss_places[pay->place].lon + (int32_t)(r >> 8 & 255) - 128;
    }
}

void ss_gen_usual(struct ss_gen *gen, struct ss_rng *rng, struct ss_payment *pay, uint32_t customer,
                  uint32_t merchant, int64_t time_us, int32_t extra)
{
    struct ss_customer *c = &gen->pop.customer[customer];
    const struct ss_merchant *m = &gen->pop.merchant[merchant];
    const struct ss_category_info *category = &ss_categories[m->category];
    uint64_t r = ss_rng_next(rng);
    *pay =
        (struct ss_payment){.time_us = time_us - time_us % 1000, .customer = customer, .merchant = merchant};
    pay->place = ss_gen_place_now(c, time_us);
    if (m->online || m->place != pay->place)
        pay->channel = SS_ONLINE_CHANNEL;
    else
        pay->channel = (r & 127) * 100 < c->wallet_percent * 128u ? SS_MOBILE : SS_CARD_PRESENT;
    r >>= 7;
    pay->card = (r & 15) < 12 ? 0 : (uint8_t)((r >> 4 & 7) % c->cards);
    r >>= 7;
    if (pay->channel != SS_CARD_PRESENT)
        set_device(gen, rng, pay, c);
    set_location(rng, pay, c, m);
    int32_t x = ss_sample_log2(category->median_usd * 100) + c->log2_spend + m->log2_price + extra +
                ss_sample_normal(rng) * category->sigma / 1024;
    int64_t cents = (int64_t)(ss_sample_exp2(x) >> 16);
    pay->cents = price_like(ss_gen_usd_cents(gen, customer, cents), r);
}

/* Hours that a journey takes, door to door. */
static int64_t journey_us(uint16_t from, uint16_t to)
{
    return from == to ? 0 : SS_HOUR_US + (int64_t)ss_place_km(from, to) * SS_HOUR_US / 600;
}

/* Begins and ends journeys; nobody is anywhere sooner than a journey takes. */
static void travel(struct ss_gen *gen, struct ss_customer *c, int64_t t)
{
    int64_t rested = t - c->last_us;
    if (t >= c->away_until_us && c->last_at == c->home && ss_sample_chance(&gen->rng, STARTS_TRIP)) {
        uint16_t to = (uint16_t)ss_alias_pick(&gen->pop.travel_to, &gen->rng);
        if (to != c->home && rested > journey_us(c->home, to)) {
            c->away_at = to;
            c->away_until_us = t + ss_sample_between(&gen->rng, SS_DAY_US, 9 * SS_DAY_US);
        }
    }
    uint16_t place = ss_gen_place_now(c, t);
    if (place != c->last_at && rested < journey_us(c->last_at, place)) {
        c->away_at = c->last_at; /* still there */
        c->away_until_us = c->last_us + journey_us(c->last_at, place);
        place = c->last_at;
    }
    c->last_at = place;
}

static uint32_t choose_merchant(struct ss_gen *gen, uint32_t customer, uint16_t place)
{
    const struct ss_customer *c = &gen->pop.customer[customer];
    struct ss_rng *rng = &gen->rng;
    uint64_t r = ss_rng_next(rng);
    if (place == c->home && (uint32_t)r < AT_FAVOURITE) {
        uint32_t a = (uint32_t)(r >> 32 & 0xffff) * FAVOURITES >> 16,
                 b = (uint32_t)(r >> 48) * FAVOURITES >> 16;
        return ss_favourite(&gen->pop, customer, a < b ? a : b);
    }
    enum ss_category category = ss_pick_category(rng);
    bool online = (r >> 32 & 0xffff) * 100 < c->online_percent * 65536u ||
                  (r >> 48) * 100 < ss_categories[category].online_percent * 65536u;
    if (online && ss_categories[category].online_percent == 0)
        category = SS_ONLINE;
    return ss_pick_merchant(&gen->pop, rng, place, online, category);
}

static int follow_up(struct ss_gen *gen, const struct ss_payment *pay)
{
    struct ss_rng *rng = &gen->rng;
    uint64_t r = ss_rng_next(rng);
    struct ss_payment next = *pay;
    if ((uint32_t)r < GOES_ON) {
        int64_t t = pay->time_us, n = 1 + (int64_t)(r >> 62);
        next.kind = SS_FOLLOW;
        for (int64_t i = 0; i < n; i++) {
            t += ss_sample_between(rng, 3 * SS_MINUTE_US, 40 * SS_MINUTE_US);
            if (ss_queue_push(&gen->queue, t, &next) < 0)
                return SS_ENOMEM;
        }
    } else if (~(uint32_t)r < PAYS_TWICE) {
        int64_t t = pay->time_us, n = 1 + ((r >> 56 & 7) == 0) + ((r >> 56 & 31) == 0) * 2;
        next.kind = SS_REPEAT;
        for (int64_t i = 0; i < n; i++) {
            t += ss_sample_between(rng, 9 * SS_SECOND_US, n > 1 ? 20 * SS_SECOND_US : 50 * SS_SECOND_US);
            if (ss_queue_push(&gen->queue, t, &next) < 0)
                return SS_ENOMEM;
        }
    }
    return 0;
}

static void hide_place(struct ss_gen *gen, struct ss_payment *pay)
{
    uint64_t r = ss_rng_next(&gen->rng);
    pay->risk_place = (uint8_t)(1 + (r & 0xff) % SS_HONEST_RISK_PLACES);
    pay->place = (uint16_t)ss_alias_pick(&gen->pop.travel_to, &gen->rng);
    pay->lat = ss_places[pay->place].lat;
    pay->lon = ss_places[pay->place].lon;
}

/* An ordinary payment of the customer at time t; `again` is the merchant of a payment made twice. */
static int ordinary(struct ss_gen *gen, uint32_t customer, int64_t t, enum ss_payment_kind kind,
                    uint32_t again, struct ss_payment *pay)
{
    struct ss_rng *rng = &gen->rng;
    struct ss_customer *c = &gen->pop.customer[customer];
    int days = gen->month_day - gen->pop.rhythm[customer].pay_day;
    int32_t extra = days >= 0 && days < 3 ? 350 : 0;
    travel(gen, c, t);
    uint32_t merchant = kind == SS_REPEAT ? again : choose_merchant(gen, customer, c->last_at);
    if (ss_sample_chance(rng, BIG_PURCHASE))
        extra += (int32_t)ss_sample_between(rng, 1600, 3400);
    else if (ss_sample_chance(rng, SMALL_CHANGE))
        extra -= (int32_t)ss_sample_between(rng, 2000, 6000);
    ss_gen_usual(gen, rng, pay, customer, merchant, t, extra);
    c->last_us = t;
    if (pay->channel == SS_ONLINE_CHANNEL && ss_sample_chance(rng, HONEST_VPN))
        hide_place(gen, pay);
    if (gen->pop.merchant[merchant].stolen_until_us > t) {
        pay->scenario = SS_COMPROMISED_MERCHANT;
    } else if (c->stolen_until_us > t && ss_rng_below(rng, 3) == 0) {
        pay->scenario = SS_COMPROMISED_CUSTOMER;
        pay->cents *= 5;
    } else if (gen->pending_travels && pay->channel == SS_CARD_PRESENT && ss_attack_travel(gen, pay) < 0) {
        return SS_ENOMEM;
    }
    return kind == SS_PAY ? follow_up(gen, pay) : 0;
}

static void set_hour(struct ss_gen *gen, int64_t t)
{
    struct ss_civil civil;
    ss_time_to_civil(t, &civil);
    gen->week_hour = civil.weekday * 24 + civil.hour;
    gen->month_day = civil.day;
    gen->hour_ends_us = (ss_floor_div(t, SS_HOUR_US) + 1) * SS_HOUR_US;
}

/* Is this a time at which the customer pays? */
static bool likes(struct ss_gen *gen, uint32_t customer, int64_t t)
{
    const struct ss_rhythm *own = &gen->pop.rhythm[customer];
    uint64_t r = ss_rng_next(&gen->rng);
    int days = gen->month_day - own->pay_day, hour = gen->week_hour + own->utc_hours;
    hour += hour < 0 ? 168 : hour >= 168 ? -168 : 0;
    return (r & 255) < ss_hours[own->hours][hour] &&
           ((days >= 0 && days < 3) || (uint32_t)(r >> 32) < NO_PAY_DAY) &&
           t - gen->pop.customer[customer].last_us >= gen->min_gap_us;
}

static int64_t ordinary_time(const struct ss_gen *gen)
{
    return gen->opt.start_us + gen->next_ns / 1000;
}

/* The next payment of the ordinary process: false when its time passes without one. */
static bool thin(struct ss_gen *gen, int64_t *t, uint32_t *customer)
{
    *t = ordinary_time(gen);
    gen->next_ns += ss_sample_exponential(&gen->rng, gen->gap_ns);
    if (*t >= gen->hour_ends_us)
        set_hour(gen, *t);
    /* By the customers' hours a payment may fall out; at a fixed rate another customer makes it. */
    for (int tries = gen->opt.rate > 0 ? 64 : 1; tries; tries--) {
        *customer = ss_alias_pick(&gen->pop.by_activity, &gen->rng);
        if (likes(gen, *customer, *t))
            return true;
    }
    return gen->opt.rate > 0;
}

/* The next payment by time, whatever its origin. */
static int next_payment(struct ss_gen *gen, struct ss_payment *pay, int64_t *at)
{
    for (;;) {
        int64_t queued = ss_queue_next(&gen->queue), t = ordinary_time(gen);
        if (gen->next_attack_us < queued && gen->next_attack_us < t) {
            if (ss_attack_next(gen) < 0)
                return SS_ENOMEM;
        } else if (queued <= t) {
            struct ss_payment due;
            *at = queued;
            ss_queue_pop(&gen->queue, &due);
            if (queued >= gen->hour_ends_us)
                set_hour(gen, queued);
            if (due.kind == SS_PAY || due.kind == SS_PRINTED) {
                *pay = due;
                return 0;
            }
            return ordinary(gen, due.customer, queued, (enum ss_payment_kind)due.kind, due.merchant, pay);
        } else {
            uint32_t customer;
            if (thin(gen, at, &customer))
                return ordinary(gen, customer, *at, SS_PAY, 0, pay);
        }
    }
}

static int label_later(struct ss_gen *gen, const struct ss_payment *pay)
{
    struct ss_label_ring *ring = &gen->labels;
    if (ring->n == ring->cap) {
        size_t cap = ring->cap ? ring->cap * 2 : 1024;
        struct ss_payment *to = cap <= LABELS_MAX ? malloc(cap * sizeof *to) : NULL;
        if (!to)
            return ss_fail(SS_ENOMEM, "more than %zu labels are waiting for their time", ring->n);
        for (size_t i = 0; i < ring->n; i++)
            to[i] = ring->pay[(ring->first + i) & (ring->cap - 1)];
        free(ring->pay);
        *ring = (struct ss_label_ring){to, 0, ring->n, cap};
    }
    ring->pay[(ring->first + ring->n++) & (ring->cap - 1)] = *pay;
    return 0;
}

static bool pop_label(struct ss_gen *gen, int64_t until_us, struct ss_gen_event *event)
{
    struct ss_label_ring *ring = &gen->labels;
    if (!ring->n || ring->pay[ring->first].time_us + gen->opt.label_delay_us > until_us)
        return false;
    event->kind = SS_GEN_LABEL;
    event->pay = ring->pay[ring->first];
    event->at_us = event->pay.time_us + gen->opt.label_delay_us;
    ring->first = (ring->first + 1) & (ring->cap - 1);
    ring->n--;
    return true;
}

/* The first coming of a payment: its number, its label's time, and whether it is late, doubled or spoilt.
 * 1 when it is to be printed now. */
static int admit(struct ss_gen *gen, struct ss_payment *pay, int64_t at)
{
    struct ss_rng *rng = &gen->noise_rng;
    pay->no = gen->next_no++;
    if (gen->opt.label_delay_us > 0 && label_later(gen, pay) < 0)
        return SS_ENOMEM;
    if (!(gen->malformed_chance | gen->duplicate_chance | gen->late_chance))
        return 1;
    uint64_t r = ss_rng_next(rng), s = ss_rng_next(rng);
    if ((uint32_t)r < gen->malformed_chance) {
        gen->malformed = *pay;
        gen->malformed.no = gen->next_no++;
        gen->has_malformed = true;
    }
    struct ss_payment again = *pay;
    again.kind = SS_PRINTED;
    if (r >> 32 < gen->duplicate_chance &&
        ss_queue_push(&gen->queue, at + ss_sample_exponential(rng, 20 * SS_SECOND_US), &again) < 0)
        return SS_ENOMEM;
    if ((uint32_t)s >= gen->late_chance)
        return 1;
    int64_t due = at + ss_sample_between(rng, SS_SECOND_US < gen->opt.late_by_us ? SS_SECOND_US : 1,
                                         gen->opt.late_by_us);
    return ss_queue_push(&gen->queue, due, &again);
}

int ss_gen_next(struct ss_gen *gen, struct ss_gen_event *event)
{
    if (gen->opt.count && gen->lines == gen->opt.count)
        return pop_label(gen, INT64_MAX, event);
    while (!gen->has_held && !gen->has_malformed) {
        int now = 1;
        if (next_payment(gen, &gen->held, &gen->held_at_us) < 0)
            return SS_ENOMEM;
        if (gen->held.kind != SS_PRINTED && (now = admit(gen, &gen->held, gen->held_at_us)) < 0)
            return now;
        gen->has_held = now;
    }
    if (pop_label(gen, gen->held_at_us, event))
        return 1;
    *event = (struct ss_gen_event){.kind = SS_GEN_PAYMENT, .at_us = gen->held_at_us};
    if (gen->has_malformed) {
        event->kind = SS_GEN_MALFORMED;
        event->damage = ss_rng_next(&gen->noise_rng);
        event->pay = gen->malformed;
        gen->has_malformed = false;
    } else {
        event->pay = gen->held;
        gen->has_held = false;
    }
    gen->lines++;
    return 1;
}

int ss_gen_init(struct ss_gen *gen, const struct ss_gen_options *opt)
{
    *gen = (struct ss_gen){.opt = *opt, .next_device = opt->devices};
    ss_queue_init(&gen->queue, SS_QUEUE_CEILING);
    if (ss_population_init(&gen->pop, opt) < 0)
        return SS_ENOMEM;
    ss_rng_seed(&gen->rng, opt->seed ^ 0x74726166666963u);
    ss_rng_seed(&gen->attack_rng, opt->seed ^ 0x61747461636bu);
    ss_rng_seed(&gen->noise_rng, opt->seed ^ 0x6e6f697365u);
    uint64_t mix = opt->seed * 0x9e3779b97f4a7c15u ^ (uint64_t)opt->start_us;
    gen->txn_prefix = (uint32_t)(ss_splitmix64(&mix) >> 40);
    double once = 1 - opt->malformed - opt->duplicate, fraud = 0;
    double rate = opt->rate > 0 ? opt->rate : opt->event_rate;
    gen->malformed_chance = SS_CHANCE(opt->malformed / once > 1 ? 1 : opt->malformed / once);
    gen->duplicate_chance = SS_CHANCE(opt->duplicate / once > 1 ? 1 : opt->duplicate / once);
    gen->late_chance = SS_CHANCE(opt->late);
    for (int i = 1; i < SS_SCENARIOS; i++)
        if (i != SS_COMPROMISED_MERCHANT && i != SS_COMPROMISED_CUSTOMER)
            fraud += opt->share[i];
    double ordinary_rate = rate * (1 - fraud) / (1 + FOLLOWERS), each_s = opt->customers / ordinary_rate;
    gen->min_gap_us = (int64_t)((each_s / 20 < 90 ? each_s / 20 : 90) * 1e6);
    if (!(opt->rate > 0))
        ordinary_rate /= gen->pop.mean_hours * PAY_DAY_MEAN;
    gen->gap_ns = (int64_t)(NS_PER_SECOND / ordinary_rate);
    gen->next_ns = ss_sample_exponential(&gen->rng, gen->gap_ns);
    set_hour(gen, opt->start_us);
    return ss_attack_init(gen, rate);
}

void ss_gen_free(struct ss_gen *gen)
{
    ss_population_free(&gen->pop);
    ss_queue_free(&gen->queue);
    ss_alias_free(&gen->by_scenario);
    free(gen->labels.pay);
    gen->labels = (struct ss_label_ring){0};
}
