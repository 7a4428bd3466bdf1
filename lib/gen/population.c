#include "gen/population.h"
#include "base/err.h"
#include "gen/place.h"
#include <stdlib.h>

const struct ss_category_info ss_categories[SS_CATEGORIES] = {
    [SS_GROCERY] = {"grocery", "5411", 25, 42, 1000, 4},
    [SS_GAS_STATION] = {"gas_station", "5541", 15, 45, 600, 0},
    [SS_RESTAURANT] = {"restaurant", "5812", 20, 32, 1000, 15},
    [SS_ONLINE] = {"online", "5964", 15, 55, 1250, 100},
    [SS_RETAIL] = {"retail", "5311", 10, 80, 1250, 25},
    [SS_TRAVEL] = {"travel", "4722", 5, 260, 1200, 60},
    [SS_ENTERTAINMENT] = {"entertainment", "7832", 5, 36, 1100, 45},
    [SS_HEALTHCARE] = {"healthcare", "8011", 3, 90, 1200, 10},
    [SS_UTILITIES] = {"utilities", "4900", 2, 110, 700, 80},
};

uint8_t ss_hours[SS_HOUR_KINDS][168];

/* Local hours 0..23 on working days and at weekends: office people, people at home, night workers, owls. */
static const uint8_t rhythm[SS_HOUR_KINDS][2][24] = {
    {{4, 2, 1, 1, 1, 4, 14, 60, 80, 60, 50, 70, 150, 120, 60, 60, 90, 170, 200, 170, 120, 80, 40, 14},
     {10, 5, 2, 1, 1, 2, 6, 20, 60, 120, 170, 190, 190, 170, 160, 160, 160, 160, 160, 140, 110, 80, 50, 24}},
    {{2, 1, 1, 1, 1, 3, 10, 40, 110, 170, 190, 180, 150, 120, 120, 140, 150, 140, 110, 80, 60, 40, 16, 6},
     {3, 1, 1, 1, 1, 2, 6, 24, 80, 150, 190, 190, 160, 130, 120, 130, 130, 120, 100, 80, 60, 40, 20, 8}},
    {{90, 80, 70, 60, 50, 60, 90, 100, 60, 30, 20, 20, 30, 50, 80, 110, 130, 140, 130, 110, 90, 90, 100, 100},
     {100, 90,  80,  60,  50,  50,  60,  70,  60,  50,  50,  60,
      80,  100, 120, 130, 140, 140, 130, 120, 110, 110, 110, 110}},
    {{60, 40, 24, 12, 5, 2, 2, 10, 30, 50, 70, 90, 130, 120, 90, 90, 110, 140, 170, 180, 180, 160, 130, 90},
     {130, 110, 80,  40,  14,  5,   3,   5,   10,  30,  70,  110,
      140, 150, 140, 140, 150, 160, 170, 180, 190, 190, 180, 150}},
};

static void make_hours(void)
{
    for (int k = 0; k < SS_HOUR_KINDS; k++)
        for (int h = 0; h < 168; h++)
            ss_hours[k][h] = (uint8_t)(rhythm[k][h >= 120][h % 24] * 255 / 200); /* 200 is the liveliest */
}

enum ss_category ss_pick_category(struct ss_rng *rng)
{
    uint32_t r = (uint32_t)ss_rng_below(rng, 100);
    for (int c = 0; c < SS_CATEGORIES; c++) {
        if (r < ss_categories[c].weight)
            return (enum ss_category)c;
        r -= ss_categories[c].weight;
    }
    return SS_GROCERY;
}

static uint32_t cell_of(uint16_t place, bool online, enum ss_category category)
{
    return (online ? ss_n_places : place) * SS_CATEGORIES + category;
}

uint32_t ss_pick_merchant(const struct ss_population *pop, struct ss_rng *rng, uint16_t place, bool online,
                          enum ss_category category)
{
    uint32_t cell = cell_of(place, online, category);
    uint32_t from = pop->cell_start[cell], to = pop->cell_start[cell + 1];
    if (from == to) {
        from = pop->cell_start[cell_of(place, online, 0)];
        to = pop->cell_start[cell_of(place, online, 0) + SS_CATEGORIES];
    }
    if (from == to) {
        from = 0;
        to = pop->merchants;
    }
    uint32_t n = to - from;
    uint64_t a = ss_rng_below(rng, n), b = ss_rng_below(rng, n);
    return pop->cell_merchant[from + (a < b ? a : b)];
}

uint32_t ss_favourite(const struct ss_population *pop, uint32_t customer, uint32_t n)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, pop->seed ^ ((uint64_t)customer << 8 | n));
    enum ss_category category = ss_pick_category(&rng);
    bool online = ss_rng_below(&rng, 100) < ss_categories[category].online_percent;
    return ss_pick_merchant(pop, &rng, pop->customer[customer].home, online, category);
}

static int make_merchants(struct ss_population *pop, struct ss_rng *rng)
{
    uint32_t weight[64], cells = (ss_n_places + 1) * SS_CATEGORIES;
    struct ss_alias by_residents;
    for (uint32_t p = 0; p < ss_n_places; p++)
        weight[p] = ss_places[p].residents + 8u; /* where nobody lives there are shops for travellers */
    if (ss_alias_init(&by_residents, weight, ss_n_places) < 0)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < pop->merchants; i++) {
        struct ss_merchant *m = &pop->merchant[i];
        m->category = (uint8_t)ss_pick_category(rng);
        m->online = ss_rng_below(rng, 100) < ss_categories[m->category].online_percent;
        m->place = (uint16_t)ss_alias_pick(&by_residents, rng);
        m->lat = ss_places[m->place].lat + ss_sample_normal(rng) / 6; /* sd about 2 km */
        m->lon = ss_places[m->place].lon + ss_sample_normal(rng) / 5;
        m->log2_price = ss_sample_normal(rng) * 600 / 1024;
        m->stolen_until_us = INT64_MIN;
        pop->cell_start[cell_of(m->place, m->online, m->category) + 1]++;
    }
    ss_alias_free(&by_residents);
    for (uint32_t c = 0; c < cells; c++)
        pop->cell_start[c + 1] += pop->cell_start[c];
    uint32_t *at = malloc(cells * sizeof *at);
    if (!at)
        return ss_fail(SS_ENOMEM, "out of memory for merchants");
    memcpy(at, pop->cell_start, cells * sizeof *at);
    for (uint32_t i = 0; i < pop->merchants; i++) {
        const struct ss_merchant *m = &pop->merchant[i];
        pop->cell_merchant[at[cell_of(m->place, m->online, m->category)]++] = i;
    }
    free(at);
    return 0;
}

static void make_habits(struct ss_population *pop, uint32_t i, struct ss_rng *rng)
{
    struct ss_customer *c = &pop->customer[i];
    struct ss_rhythm *own = &pop->rhythm[i];
    uint64_t r = ss_rng_below(rng, 100);
    own->utc_hours = ss_places[c->home].utc_hours;
    own->hours = r < 50 ? 0 : r < 82 ? 1 : r < 88 ? 2 : 3;
    own->pay_day = (uint8_t)(ss_rng_below(rng, 4) ? 25 + ss_rng_below(rng, 4) : 1 + ss_rng_below(rng, 24));
    c->cards = (uint8_t)(1 + (ss_rng_below(rng, 100) < 35) + (ss_rng_below(rng, 100) < 8));
    c->online_percent = (uint8_t)ss_sample_between(rng, 0, 30);
    c->wallet_percent = (uint8_t)(ss_rng_below(rng, 3) ? 5 : 60);
    c->dormant = ss_rng_below(rng, 100) < 3;
    c->log2_spend = ss_sample_normal(rng) * 700 / 1024;
    c->activity = (uint32_t)(ss_sample_exp2(10240 + ss_sample_normal(rng) * 3 / 4) >> 16);
    if (c->dormant)
        c->activity = c->activity / 24 + 1;
}

static int make_customers(struct ss_population *pop, struct ss_rng *rng)
{
    uint32_t weight[64];
    struct ss_alias by_residents;
    for (uint32_t p = 0; p < ss_n_places; p++)
        weight[p] = ss_places[p].residents;
    if (ss_alias_init(&by_residents, weight, ss_n_places) < 0)
        return SS_ENOMEM;
    for (uint32_t p = 0; p < ss_n_places; p++)
        weight[p] = 10 + ss_places[p].residents / 4u;
    for (uint32_t i = 0; i < pop->customers; i++) {
        struct ss_customer *c = &pop->customer[i];
        *c = (struct ss_customer){.last_us = INT64_MIN / 2,
                                  .away_until_us = INT64_MIN,
                                  .stolen_until_us = INT64_MIN,
                                  .home_ip = (uint32_t)(ss_rng_next(rng) >> 40)};
        c->home = c->last_at = (uint16_t)ss_alias_pick(&by_residents, rng);
        c->lat = ss_places[c->home].lat + ss_sample_normal(rng) / 4;
        c->lon = ss_places[c->home].lon + ss_sample_normal(rng) / 3;
        /* Neighbouring customers share the second device, as families share a tablet. */
        c->device[0] = i % pop->devices;
        c->device[1] = ss_rng_below(rng, 100) < 45 ? (pop->customers + i / 2) % pop->devices : SS_NO_DEVICE;
        make_habits(pop, i, rng);
        pop->n_dormant += c->dormant;
    }
    ss_alias_free(&by_residents);
    return ss_alias_init(&pop->travel_to, weight, ss_n_places);
}

/* Things that are known only once all customers are there. */
static int index_customers(struct ss_population *pop)
{
    uint32_t *activity = malloc(pop->customers * sizeof *activity), n = 0;
    uint64_t sum = 0, hours = 0;
    pop->dormant = malloc((pop->n_dormant + 1) * sizeof *pop->dormant);
    if (!activity || !pop->dormant) {
        free(activity);
        return ss_fail(SS_ENOMEM, "out of memory for customers");
    }
    uint64_t week[SS_HOUR_KINDS] = {0};
    for (int k = 0; k < SS_HOUR_KINDS; k++)
        for (int h = 0; h < 168; h++)
            week[k] += ss_hours[k][h];
    for (uint32_t i = 0; i < pop->customers; i++) {
        const struct ss_customer *c = &pop->customer[i];
        activity[i] = c->activity;
        sum += c->activity;
        hours += c->activity * week[pop->rhythm[i].hours];
        if (c->dormant)
            pop->dormant[n++] = i;
    }
    pop->mean_hours = (double)hours / (double)sum / 168 / 256;
    int err = ss_alias_init(&pop->by_activity, activity, pop->customers);
    free(activity);
    return err;
}

int ss_population_init(struct ss_population *pop, const struct ss_gen_options *opt)
{
    struct ss_rng rng;
    *pop = (struct ss_population){.seed = opt->seed * 0x9e3779b97f4a7c15u,
                                  .customers = opt->customers,
                                  .merchants = opt->merchants,
                                  .devices = opt->devices};
    ss_sample_init();
    make_hours();
    ss_rng_seed(&rng, opt->seed ^ 0x706f70756c617465u);
    pop->customer = malloc(pop->customers * sizeof *pop->customer);
    pop->rhythm = malloc(pop->customers * sizeof *pop->rhythm);
    pop->merchant = malloc(pop->merchants * sizeof *pop->merchant);
    pop->cell_merchant = malloc(pop->merchants * sizeof *pop->cell_merchant);
    pop->cell_start = calloc((ss_n_places + 1) * SS_CATEGORIES + 1, sizeof *pop->cell_start);
    if (!pop->customer || !pop->rhythm || !pop->merchant || !pop->cell_merchant || !pop->cell_start)
        return ss_fail(SS_ENOMEM, "out of memory for %u customers and %u merchants", pop->customers,
                       pop->merchants);
    if (make_merchants(pop, &rng) < 0 || make_customers(pop, &rng) < 0)
        return SS_ENOMEM;
    return index_customers(pop);
}

void ss_population_free(struct ss_population *pop)
{
    ss_alias_free(&pop->by_activity);
    ss_alias_free(&pop->travel_to);
    free(pop->customer);
    free(pop->rhythm);
    free(pop->merchant);
    free(pop->cell_merchant);
    free(pop->cell_start);
    free(pop->dormant);
    *pop = (struct ss_population){0};
}
