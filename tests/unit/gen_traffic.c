#include "base/err.h"
#include "base/time.h"
#include "gen/place.h"
#include "gen/traffic.h"
#include "tests/tap.h"
#include <math.h>

static struct ss_gen_event *events; /* of the stream at hand */
static size_t n_events;
static struct ss_gen gen;

static void make(const struct ss_gen_options *wish)
{
    struct ss_gen_options opt = *wish;
    free(events);
    events = NULL;
    n_events = 0;
    if (ss_gen_settle(&opt) < 0 || ss_gen_init(&gen, &opt) < 0) {
        ok(false, "a stream begins: %s", ss_err_text());
        exit(done());
    }
    for (size_t cap = 0;; n_events++) {
        if (n_events == cap)
            events = realloc(events, (cap = cap ? cap * 2 : 4096) * sizeof *events);
        if (ss_gen_next(&gen, &events[n_events]) <= 0)
            break;
    }
}

static struct ss_gen_options only(enum ss_scenario scenario, double share, uint64_t count)
{
    struct ss_gen_options opt;
    ss_gen_defaults(&opt);
    ss_gen_set_fraud(&opt, 0);
    opt.share[scenario] = share;
    opt.count = count;
    return opt;
}

static uint64_t digest_of(uint64_t seed)
{
    struct ss_gen_options opt;
    uint64_t h = 0;
    ss_gen_defaults(&opt);
    opt.seed = seed;
    opt.count = 20000;
    make(&opt);
    for (size_t i = 0; i < n_events; i++) {
        uint64_t x =
            h ^ (uint64_t)events[i].at_us * 31 ^ (uint64_t)events[i].pay.cents * 131 ^ events[i].pay.customer;
        h = ss_splitmix64(&x);
    }
    ss_gen_free(&gen);
    return h;
}

static void seeds(void)
{
    uint64_t one = digest_of(1);
    ok(one == digest_of(1), "the same seed makes the same payments");
    ok(one != digest_of(2), "another seed makes others");
}

static void shape(void)
{
    struct ss_gen_options opt;
    ss_gen_defaults(&opt);
    opt.count = 300000;
    opt.share[SS_VELOCITY_BURST] = 0.01;
    make(&opt);
    size_t frauds = 0, disorder = 0, ids = 0, not_positive = 0;
    for (size_t i = 0; i < n_events; i++) {
        frauds += events[i].pay.scenario != SS_GENUINE;
        disorder += i && events[i].pay.time_us < events[i - 1].pay.time_us;
        ids += events[i].pay.no != i;
        not_positive += events[i].pay.cents <= 0;
    }
    ok(n_events == opt.count, "as many payments as asked for");
    ok(disorder == 0, "times never go back");
    ok(ids == 0, "payments are numbered in their order");
    ok(not_positive == 0, "amounts are positive");
    double share = (double)frauds / (double)n_events;
    ok(fabs(share - 0.0182) < 0.0025, "the share of fraud is the sum of the scenarios' (%.4f)", share);
    double days = (double)(events[n_events - 1].at_us - opt.start_us) / (double)SS_DAY_US;
    ok(fabs((double)n_events / days / 10000 - 1) < 0.05, "two payments a day for each customer (%.0f a day)",
       (double)n_events / days);
    ss_gen_free(&gen);
}

/* Nobody who is not behind a VPN moves faster than an airliner. */
static void speeds(void)
{
    struct ss_gen_options opt = only(SS_NIGHT, 0, 200000);
    make(&opt);
    const struct ss_payment **last = calloc(gen.pop.customers, sizeof *last);
    size_t fast = 0, hidden = 0, away = 0;
    for (size_t i = 0; last && i < n_events; i++) {
        const struct ss_payment *p = &events[i].pay, *q = last[p->customer];
        hidden += p->risk_place != 0;
        if (p->risk_place)
            continue;
        away += p->place != gen.pop.customer[p->customer].home;
        if (q)
            fast += ss_place_km(p->place, q->place) * 3.6e9 / (double)(p->time_us - q->time_us + 1) > 1000;
        last[p->customer] = p;
    }
    free(last);
    ok(fast == 0, "honest customers never travel faster than 1000 km/h (%zu do)", fast);
    ok(away > n_events / 100, "but they do travel (%zu payments away from home)", away);
    ok(hidden > 0 && hidden < n_events / 200, "a few hide behind a VPN (%zu)", hidden);
    ss_gen_free(&gen);
}

static bool has_share(enum ss_scenario scenario, double want, double *got)
{
    size_t n = 0, other = 0;
    for (size_t i = 0; i < n_events; i++) {
        n += events[i].pay.scenario == (uint8_t)scenario;
        other += events[i].pay.scenario != (uint8_t)scenario && events[i].pay.scenario != SS_GENUINE;
    }
    *got = (double)n / (double)n_events;
    return other == 0 && fabs(*got / want - 1) < 0.25;
}

static void shares(void)
{
    for (int s = SS_GENUINE + 1; s < SS_SCENARIOS; s++) {
        struct ss_gen_options opt = only((enum ss_scenario)s, 0.02, 150000);
        double got;
        make(&opt);
        bool near = has_share((enum ss_scenario)s, 0.02, &got);
        ok(near, "%s comes with the share asked for (%.4f for 0.02)", ss_scenario_name((enum ss_scenario)s),
           got);
        ss_gen_free(&gen);
    }
}

static void bursts(void)
{
    struct ss_gen_options opt = only(SS_VELOCITY_BURST, 0.02, 50000);
    make(&opt);
    size_t lonely = 0, n = 0;
    for (size_t i = 2000; i + 2000 < n_events; i++) {
        const struct ss_payment *p = &events[i].pay;
        size_t near = 0;
        if (p->scenario != SS_VELOCITY_BURST)
            continue;
        for (size_t j = i - 200; j < i + 200; j++) {
            const struct ss_payment *q = &events[j].pay;
            near += q->scenario == SS_VELOCITY_BURST && q->customer == p->customer && q->card == p->card &&
                    llabs(q->time_us - p->time_us) <= 55 * SS_SECOND_US;
        }
        n++;
        lonely += near < 3;
    }
    ok(n > 500 && lonely == 0, "a velocity burst is at least 3 payments by one card within 55 s (%zu of %zu)",
       lonely, n);
    ss_gen_free(&gen);
}

static void theft(void)
{
    struct ss_gen_options opt = only(SS_COMPROMISED_MERCHANT, 0.02, 100000);
    make(&opt);
    /* Within a compromise no payment there is genuine: 0 follows 1 only after 28 days. */
    int64_t *first = calloc(gen.pop.merchants, sizeof *first);
    size_t genuine_within = 0, n = 0;
    for (size_t i = 0; first && i < n_events; i++) {
        const struct ss_payment *p = &events[i].pay;
        if (p->scenario && !first[p->merchant])
            first[p->merchant] = p->time_us;
        else if (!p->scenario && first[p->merchant] &&
                 p->time_us < gen.pop.merchant[p->merchant].stolen_until_us)
            genuine_within++;
        n += p->scenario != 0;
    }
    free(first);
    ok(n > 0 && genuine_within == 0, "every payment at a compromised merchant is fraud");
    ss_gen_free(&gen);
}

static void ring(void)
{
    struct ss_gen_options opt = only(SS_SHARED_DEVICE_RING, 0.02, 100000);
    make(&opt);
    struct {
        uint32_t device, account[16];
        int n;
    } rings[2048] = {0};
    int n_rings = 0, large = 0, small = 0;
    for (size_t i = 0; i < n_events; i++) {
        const struct ss_payment *p = &events[i].pay;
        if (!p->scenario)
            continue;
        int r = 0, k = 0;
        while (r < n_rings && rings[r].device != p->device)
            r++;
        if (r == 2048)
            break;
        n_rings += r == n_rings;
        rings[r].device = p->device;
        while (k < rings[r].n && rings[r].account[k] != p->customer)
            k++;
        if (k == rings[r].n && k < 16)
            rings[r].account[rings[r].n++] = p->customer;
    }
    for (int r = 0; r < n_rings; r++) {
        large += rings[r].n > 8;
        small += rings[r].n < 4;
    }
    /* Those cut off by the start or the end of the stream are smaller. */
    ok(n_rings > 50 && large == 0 && small < n_rings / 3,
       "a ring is 4 to 8 accounts on one device (%d of %d, %d larger)", n_rings - small - large, n_rings,
       large);
    ss_gen_free(&gen);
}

static void nights(void)
{
    struct ss_gen_options opt = only(SS_NIGHT, 0.02, 100000);
    make(&opt);
    size_t day = 0, n = 0;
    for (size_t i = 0; i < n_events; i++) {
        const struct ss_payment *p = &events[i].pay;
        if (p->scenario != SS_NIGHT)
            continue;
        int hour = ss_gen_local_hour(gen.pop.customer[p->customer].home, p->time_us);
        n++;
        day += hour < 2 || hour > 5;
    }
    ok(n > 500 && day == 0, "night fraud is at night where the customer lives (%zu of %zu by day)", day, n);
    ss_gen_free(&gen);
}

static void travels(void)
{
    struct ss_gen_options opt = only(SS_IMPOSSIBLE_TRAVEL, 0.02, 100000);
    make(&opt);
    size_t near = 0, n = 0;
    for (size_t i = 0; i < n_events; i++) {
        const struct ss_payment *p = &events[i].pay;
        if (p->scenario == SS_IMPOSSIBLE_TRAVEL) {
            n++;
            near += p->channel != SS_CARD_PRESENT;
        }
    }
    ok(n > 500 && near == 0, "impossible travels are made at counters");
    ss_gen_free(&gen);
}

static void noise(void)
{
    struct ss_gen_options opt = only(SS_NIGHT, 0.01, 100000);
    opt.malformed = 0.02;
    opt.late = 0.03;
    opt.duplicate = 0.04;
    make(&opt);
    double malformed = 0, late = 0, again = 0, disorder = 0, too_late = 0;
    bool *seen = calloc(n_events * 2, sizeof *seen);
    int64_t newest = INT64_MIN;
    for (size_t i = 0; seen && i < n_events; i++) {
        const struct ss_gen_event *e = &events[i];
        disorder += i && e->at_us < events[i - 1].at_us;
        malformed += e->kind == SS_GEN_MALFORMED;
        if (e->kind == SS_GEN_PAYMENT && seen[e->pay.no])
            again++;
        else if (e->pay.time_us < newest && e->kind == SS_GEN_PAYMENT)
            late++;
        too_late += e->pay.time_us + opt.late_by_us < e->at_us && !seen[e->pay.no];
        if (e->kind == SS_GEN_PAYMENT)
            seen[e->pay.no] = true;
        if (e->pay.time_us > newest)
            newest = e->pay.time_us;
    }
    free(seen);
    double n = (double)n_events;
    ok(fabs(malformed / n - 0.02) < 0.003, "the share of malformed lines (%.4f)", malformed / n);
    ok(fabs(again / n - 0.04) < 0.004, "the share of duplicates (%.4f)", again / n);
    ok(late / n > 0.02 && late / n < 0.031, "the share of late records (%.4f)", late / n);
    ok(disorder == 0 && too_late == 0, "lines come in the order of their coming, none later than allowed");
    ss_gen_free(&gen);
}

static void labels(void)
{
    struct ss_gen_options opt = only(SS_VELOCITY_BURST, 0.05, 20000);
    opt.labels = false;
    opt.label_delay_us = 6 * SS_HOUR_US;
    make(&opt);
    size_t n_labels = 0, wrong = 0, disorder = 0, next = 0;
    for (size_t i = 0; i < n_events; i++) {
        disorder += i && events[i].at_us < events[i - 1].at_us;
        if (events[i].kind != SS_GEN_LABEL)
            continue;
        n_labels++;
        wrong += events[i].pay.no != next++ || events[i].at_us != events[i].pay.time_us + opt.label_delay_us;
    }
    ok(n_events - n_labels == opt.count, "labels do not count as payments");
    ok(n_labels == opt.count, "each payment gets its label");
    ok(wrong == 0 && disorder == 0, "at the time of the payment and the delay, in order");
    ss_gen_free(&gen);
}

static void tiny(void)
{
    struct ss_gen_options opt;
    ss_gen_defaults(&opt);
    opt.customers = opt.merchants = opt.devices = 1;
    opt.count = 5000;
    make(&opt);
    ok(n_events == 5000, "one customer, one merchant, one device are enough");
    ss_gen_free(&gen);
    opt.rate = 1000;
    make(&opt);
    ok(n_events == 5000, "even at a thousand payments a second");
    ss_gen_free(&gen);
}

int main(void)
{
    seeds();
    shape();
    speeds();
    shares();
    bursts();
    theft();
    ring();
    nights();
    travels();
    noise();
    labels();
    tiny();
    free(events);
    return done();
}
