#include "gen/attack.h"
#include "base/err.h"
#include "base/time.h"
#include "gen/place.h"

#define MERCHANT_STOLEN_US (28 * SS_DAY_US)
#define CUSTOMER_STOLEN_US (14 * SS_DAY_US)
#define SCRIPT_MAX_US      (4 * SS_DAY_US)
#define FAR_KM             1500

/* Payments that an attack makes on average, as scripted below. */
static const double mean_size[SS_SCENARIOS] = {
    [SS_VELOCITY_BURST] = 6.2,  [SS_CARD_TESTING] = 7.25,     [SS_ACCOUNT_TAKEOVER] = 2.5,
    [SS_IMPOSSIBLE_TRAVEL] = 2, [SS_RISKY_LOCATION] = 1.5,    [SS_NIGHT] = 1.5,
    [SS_SLEEPER] = 5.5,         [SS_SHARED_DEVICE_RING] = 12,
};

/* Who attacks from where: one device, one address, one city. */
struct thief {
    uint32_t device, ip;
    uint16_t place;
    int32_t lat, lon;
    enum ss_scenario scenario;
};

static struct thief new_thief(struct ss_gen *gen, enum ss_scenario scenario)
{
    uint64_t r = ss_rng_next(&gen->attack_rng);
    struct thief thief = {.scenario = scenario, .ip = (uint32_t)(r >> 40), .device = ss_gen_new_device(gen)};
    thief.place = (uint16_t)ss_rng_below(&gen->attack_rng, ss_n_places);
    thief.lat = ss_places[thief.place].lat + (int32_t)(r & 511) - 256;
    thief.lon = ss_places[thief.place].lon + (int32_t)(r >> 9 & 511) - 256;
    return thief;
}

static uint32_t victim(struct ss_gen *gen)
{
    return ss_alias_pick(&gen->pop.by_activity, &gen->attack_rng);
}

static uint32_t shop(struct ss_gen *gen, uint16_t place, bool online, enum ss_category category)
{
    return ss_pick_merchant(&gen->pop, &gen->attack_rng, place, online, category);
}

/* An online shop where goods can be turned into money. */
static uint32_t fencing_shop(struct ss_gen *gen, uint16_t place)
{
    static const enum ss_category categories[] = {SS_ONLINE, SS_ONLINE, SS_RETAIL, SS_TRAVEL,
                                                  SS_ENTERTAINMENT};
    return shop(gen, place, true, categories[ss_rng_below(&gen->attack_rng, SS_COUNT(categories))]);
}

/* The customer's payment as the customer would make it, by a thief who has the customer's things. */
static void as_owner(struct ss_gen *gen, struct ss_payment *pay, enum ss_scenario scenario, uint32_t customer,
                     uint32_t merchant, int64_t t, int32_t extra)
{
    ss_gen_usual(gen, &gen->attack_rng, pay, customer, merchant, t, extra);
    pay->scenario = (uint8_t)scenario;
}

/* An online payment from the thief's own device. */
static void as_thief(struct ss_gen *gen, struct ss_payment *pay, const struct thief *thief, uint32_t customer,
                     uint32_t merchant, int64_t t, int32_t extra)
{
    as_owner(gen, pay, thief->scenario, customer, merchant, t, extra);
    pay->channel = SS_ONLINE_CHANNEL;
    pay->device = thief->device;
    pay->ip = thief->ip;
    pay->place = thief->place;
    pay->lat = thief->lat;
    pay->lon = thief->lon;
}

static int plan(struct ss_gen *gen, const struct ss_payment *pay)
{
    return pay->time_us < gen->opt.start_us ? 0 : ss_queue_push(&gen->queue, pay->time_us, pay);
}

/* A time up to `span` after t, within what scripts may last. */
static int64_t within(struct ss_gen *gen, int64_t t, int64_t span)
{
    return t +
           (int64_t)ss_rng_below(&gen->attack_rng, (uint64_t)(span < gen->script_us ? span : gen->script_us));
}

static int velocity_burst(struct ss_gen *gen, int64_t t)
{
    static const uint8_t sizes[20] = {3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9, 9, 10, 12};
    struct ss_rng *rng = &gen->attack_rng;
    struct thief thief = new_thief(gen, SS_VELOCITY_BURST);
    uint32_t c = victim(gen);
    bool own_device = ss_rng_below(rng, 100) < 40;
    uint16_t place = ss_gen_place_now(&gen->pop.customer[c], t);
    uint8_t card = (uint8_t)ss_rng_below(rng, gen->pop.customer[c].cards);
    for (int left = sizes[ss_rng_below(rng, 20)]; left; left--) {
        struct ss_payment pay;
        int64_t at = t + (int64_t)ss_rng_below(rng, 55 * SS_SECOND_US);
        enum ss_category category = ss_rng_below(rng, 100) < 70 ? SS_ONLINE : ss_pick_category(rng);
        uint32_t m = shop(gen, place, category == SS_ONLINE, category);
        if (own_device)
            as_owner(gen, &pay, SS_VELOCITY_BURST, c, m, at, 0);
        else
            as_thief(gen, &pay, &thief, c, m, at, 0);
        pay.card = card;
        pay.cents = ss_gen_usd_cents(gen, c, ss_sample_between(rng, 1000, 5000));
        if (plan(gen, &pay) < 0)
            return SS_ENOMEM;
    }
    return 0;
}

static int card_testing(struct ss_gen *gen, int64_t t)
{
    struct ss_rng *rng = &gen->attack_rng;
    struct thief thief = new_thief(gen, SS_CARD_TESTING);
    struct ss_payment pay;
    bool many_cards = ss_rng_below(rng, 2);
    uint32_t c = victim(gen), m = shop(gen, thief.place, true, SS_ONLINE);
    uint8_t card = (uint8_t)ss_rng_below(rng, gen->pop.customer[c].cards);
    int64_t at = t;
    for (int64_t left = ss_sample_between(rng, 4, 10); left; left--) {
        if (ss_rng_below(rng, 4) == 0)
            m = shop(gen, thief.place, true, SS_ONLINE);
        as_thief(gen, &pay, &thief, c, m, at, 0);
        pay.card = card;
        pay.cents = ss_gen_usd_cents(gen, c, ss_sample_between(rng, 1, 200));
        if (plan(gen, &pay) < 0)
            return SS_ENOMEM;
        at = within(gen, at + 4 * SS_SECOND_US, 150 * SS_SECOND_US);
        if (many_cards) {
            c = victim(gen);
            card = 0;
        }
    }
    if (many_cards || ss_rng_below(rng, 2))
        return 0;
    as_thief(gen, &pay, &thief, c, fencing_shop(gen, thief.place), within(gen, at, SS_HOUR_US), 0);
    pay.card = card;
    pay.cents = ss_gen_usd_cents(gen, c, ss_sample_between(rng, 30000, 150000));
    return plan(gen, &pay);
}

static int account_takeover(struct ss_gen *gen, int64_t t)
{
    struct ss_rng *rng = &gen->attack_rng;
    struct thief thief = new_thief(gen, SS_ACCOUNT_TAKEOVER);
    uint32_t c = victim(gen);
    bool new_email = ss_rng_below(rng, 10) < 3;
    for (int64_t left = ss_sample_between(rng, 1, 4); left; left--) {
        struct ss_payment pay;
        as_thief(gen, &pay, &thief, c, fencing_shop(gen, thief.place), t,
                 (int32_t)ss_sample_between(rng, 1800, 3600));
        pay.new_email = new_email;
        if (plan(gen, &pay) < 0)
            return SS_ENOMEM;
        t = within(gen, t + SS_MINUTE_US, SS_HOUR_US);
    }
    return 0;
}

int ss_attack_travel(struct ss_gen *gen, const struct ss_payment *follow)
{
    struct ss_rng *rng = &gen->attack_rng;
    uint16_t place = (uint16_t)ss_rng_below(rng, ss_n_places);
    if (ss_place_km(follow->place, place) < FAR_KM)
        return 0;
    gen->pending_travels--;
    int64_t most = gen->script_us < SS_HOUR_US ? gen->script_us : SS_HOUR_US;
    int64_t t = follow->time_us + ss_sample_between(rng, most / 10, most);
    for (int64_t left = ss_sample_between(rng, 1, 3); left; left--) {
        struct ss_payment pay;
        enum ss_category category = ss_rng_below(rng, 2) ? SS_RETAIL : ss_pick_category(rng);
        uint32_t m = shop(gen, place, false, category);
        as_owner(gen, &pay, SS_IMPOSSIBLE_TRAVEL, follow->customer, m, t,
                 (int32_t)ss_sample_between(rng, 0, 2200));
        pay.card = follow->card;
        pay.channel = SS_CARD_PRESENT;
        pay.place = place;
        pay.lat = ss_places[place].lat + (int32_t)ss_rng_below(rng, 512) - 256;
        pay.lon = ss_places[place].lon + (int32_t)ss_rng_below(rng, 512) - 256;
        if (plan(gen, &pay) < 0)
            return SS_ENOMEM;
        t += ss_sample_between(rng, 2 * SS_MINUTE_US, 30 * SS_MINUTE_US);
    }
    return 0;
}

static int risky_location(struct ss_gen *gen, int64_t t)
{
    struct ss_rng *rng = &gen->attack_rng;
    struct thief thief = new_thief(gen, SS_RISKY_LOCATION);
    uint32_t c = victim(gen);
    bool high = ss_rng_below(rng, 2), own_device = ss_rng_below(rng, 3) == 0;
    uint8_t risk = (uint8_t)(1 + ss_rng_below(rng, SS_RISK_PLACES));
    for (int64_t left = ss_sample_between(rng, 1, 2); left; left--) {
        struct ss_payment pay;
        as_thief(gen, &pay, &thief, c, fencing_shop(gen, thief.place), t,
                 (int32_t)ss_sample_between(rng, 800, 2600));
        if (own_device)
            pay.device = gen->pop.customer[c].device[0];
        if (high)
            pay.cents = ss_gen_usd_cents(gen, c, ss_sample_between(rng, 100000, 500000));
        pay.risk_place = risk;
        if (plan(gen, &pay) < 0)
            return SS_ENOMEM;
        t = within(gen, t + SS_MINUTE_US, 30 * SS_MINUTE_US);
    }
    return 0;
}

static int night(struct ss_gen *gen, int64_t t)
{
    struct ss_rng *rng = &gen->attack_rng;
    struct thief thief = new_thief(gen, SS_NIGHT);
    uint32_t c = victim(gen);
    /* Somebody where it is night now, else the first hours of the coming night. */
    int hour = ss_gen_local_hour(gen->pop.customer[c].home, t);
    for (int tries = 0; tries < 24 && (hour < 2 || hour > 4); tries++) {
        c = victim(gen);
        hour = ss_gen_local_hour(gen->pop.customer[c].home, t);
    }
    if (hour < 2 || hour > 4)
        t += ((26 - hour) % 24) * SS_HOUR_US - t % SS_HOUR_US + (int64_t)ss_rng_below(rng, 2 * SS_HOUR_US);
    bool own_device = ss_rng_below(rng, 2);
    for (int64_t left = ss_sample_between(rng, 1, 2); left; left--) {
        struct ss_payment pay;
        int32_t extra = (int32_t)ss_sample_between(rng, 1300, 3000);
        uint32_t m = fencing_shop(gen, gen->pop.customer[c].home);
        if (own_device)
            as_owner(gen, &pay, SS_NIGHT, c, m, t, extra);
        else
            as_thief(gen, &pay, &thief, c, m, t, extra);
        if (plan(gen, &pay) < 0)
            return SS_ENOMEM;
        t += ss_sample_between(rng, 2 * SS_MINUTE_US, 25 * SS_MINUTE_US);
    }
    return 0;
}

static int sleeper(struct ss_gen *gen, int64_t t)
{
    struct ss_rng *rng = &gen->attack_rng;
    const struct ss_population *pop = &gen->pop;
    uint32_t c = pop->n_dormant ? pop->dormant[ss_rng_below(rng, pop->n_dormant)] : victim(gen);
    int32_t extra = (int32_t)ss_sample_between(rng, 700, 1500);
    for (int64_t left = ss_sample_between(rng, 3, 8); left; left--) {
        struct ss_payment pay;
        as_owner(gen, &pay, SS_SLEEPER, c, fencing_shop(gen, pop->customer[c].home), t, extra);
        if (plan(gen, &pay) < 0)
            return SS_ENOMEM;
        extra += (int32_t)ss_rng_below(rng, 500);
        t = within(gen, t + 10 * SS_MINUTE_US, 9 * SS_HOUR_US);
    }
    return 0;
}

static int shared_device_ring(struct ss_gen *gen, int64_t t)
{
    struct ss_rng *rng = &gen->attack_rng;
    struct thief thief = new_thief(gen, SS_SHARED_DEVICE_RING);
    uint32_t shops[3];
    for (int i = 0; i < 3; i++)
        shops[i] = fencing_shop(gen, thief.place);
    for (int64_t accounts = ss_sample_between(rng, 4, 8); accounts; accounts--) {
        uint32_t c = victim(gen);
        for (int64_t left = ss_sample_between(rng, 1, 3); left; left--) {
            struct ss_payment pay;
            as_thief(gen, &pay, &thief, c, shops[ss_rng_below(rng, 3)], within(gen, t, SCRIPT_MAX_US),
                     (int32_t)ss_sample_between(rng, 0, 1600));
            if (plan(gen, &pay) < 0)
                return SS_ENOMEM;
        }
    }
    return 0;
}

static void steal_merchant(struct ss_gen *gen, int64_t t)
{
    gen->pop.merchant[ss_rng_below(&gen->attack_rng, gen->pop.merchants)].stolen_until_us =
        t + MERCHANT_STOLEN_US;
}

static void steal_customer(struct ss_gen *gen, int64_t t)
{
    gen->pop.customer[ss_rng_below(&gen->attack_rng, gen->pop.customers)].stolen_until_us =
        t + CUSTOMER_STOLEN_US;
}

int ss_attack_next(struct ss_gen *gen)
{
    int64_t t = gen->next_attack_us;
    enum ss_scenario scenario = (enum ss_scenario)ss_alias_pick(&gen->by_scenario, &gen->attack_rng);
    gen->next_attack_us += 1 + ss_sample_exponential(&gen->attack_rng, gen->attack_gap_us);
    switch (scenario) {
    case SS_VELOCITY_BURST: return velocity_burst(gen, t);
    case SS_CARD_TESTING: return card_testing(gen, t);
    case SS_ACCOUNT_TAKEOVER: return account_takeover(gen, t);
    case SS_RISKY_LOCATION: return risky_location(gen, t);
    case SS_NIGHT: return night(gen, t);
    case SS_SLEEPER: return sleeper(gen, t);
    case SS_SHARED_DEVICE_RING: return shared_device_ring(gen, t);
    case SS_IMPOSSIBLE_TRAVEL: gen->pending_travels += t >= gen->opt.start_us; return 0;
    case SS_COMPROMISED_MERCHANT:
        if (t >= gen->opt.start_us)
            steal_merchant(gen, t);
        return 0;
    case SS_COMPROMISED_CUSTOMER:
        if (t >= gen->opt.start_us)
            steal_customer(gen, t);
        return 0;
    default: return 0;
    }
}

/* What was stolen in the weeks before the start is still in use. */
static void stolen_before(struct ss_gen *gen, double per_second, int64_t lasts_us,
                          void (*steal)(struct ss_gen *, int64_t))
{
    if (!(per_second > 0))
        return;
    int64_t gap_us = (int64_t)(1e6 / per_second), t = gen->opt.start_us - lasts_us;
    while ((t += 1 + ss_sample_exponential(&gen->attack_rng, gap_us)) < gen->opt.start_us)
        steal(gen, t);
}

int ss_attack_init(struct ss_gen *gen, double payments_per_second)
{
    const struct ss_gen_options *opt = &gen->opt;
    uint32_t weight[SS_SCENARIOS] = {0};
    double sum = 0, *rate = gen->attack_rate;
    for (int i = 1; i < SS_SCENARIOS; i++) {
        if (i == SS_COMPROMISED_MERCHANT) /* a share of the merchants, all the time */
            rate[i] = opt->share[i] * opt->merchants / (MERCHANT_STOLEN_US / 1e6);
        else if (i == SS_COMPROMISED_CUSTOMER) /* a third of their payments */
            rate[i] = 3 * opt->share[i] * opt->customers / (CUSTOMER_STOLEN_US / 1e6);
        else
            rate[i] = opt->share[i] * payments_per_second / mean_size[i];
        sum += rate[i];
    }
    gen->next_attack_us = INT64_MAX;
    if (!(sum > 0))
        return 0;
    for (int i = 1; i < SS_SCENARIOS; i++)
        weight[i] = (uint32_t)(rate[i] / sum * 4e9 / SS_SCENARIOS);
    if (ss_alias_init(&gen->by_scenario, weight, SS_SCENARIOS) < 0)
        return SS_ENOMEM;
    stolen_before(gen, rate[SS_COMPROMISED_MERCHANT], MERCHANT_STOLEN_US, steal_merchant);
    stolen_before(gen, rate[SS_COMPROMISED_CUSTOMER], CUSTOMER_STOLEN_US, steal_customer);
    /* A short stream shows whole attacks too: they last no longer than a quarter of it, and the first of them
     * began that long before it. So few payments wait at a time, whatever the rate. */
    gen->script_us = SCRIPT_MAX_US;
    if (opt->count && (double)opt->count / payments_per_second * 1e6 / 4 < (double)SCRIPT_MAX_US)
        gen->script_us = (int64_t)((double)opt->count / payments_per_second * 1e6 / 4);
    if (gen->script_us < 10 * SS_MINUTE_US)
        gen->script_us = 10 * SS_MINUTE_US;
    gen->attack_gap_us = (int64_t)(1e6 / sum);
    gen->next_attack_us = opt->start_us - gen->script_us;
    gen->next_attack_us += ss_sample_exponential(&gen->attack_rng, gen->attack_gap_us);
    return 0;
}
