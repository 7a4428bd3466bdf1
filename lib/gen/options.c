#include "gen/options.h"
#include "base/err.h"
#include "base/time.h"

static const struct {
    const char *name;
    unsigned percent; /* of all fraud, by default */
} scenarios[SS_SCENARIOS] = {
    [SS_GENUINE] = {"", 0},
    [SS_VELOCITY_BURST] = {"velocity_burst", 18},
    [SS_CARD_TESTING] = {"card_testing", 12},
    [SS_ACCOUNT_TAKEOVER] = {"account_takeover", 14},
    [SS_IMPOSSIBLE_TRAVEL] = {"impossible_travel", 8},
    [SS_COMPROMISED_MERCHANT] = {"compromised_merchant", 10},
    [SS_COMPROMISED_CUSTOMER] = {"compromised_customer", 12},
    [SS_RISKY_LOCATION] = {"risky_location", 8},
    [SS_NIGHT] = {"night", 6},
    [SS_SLEEPER] = {"sleeper", 5},
    [SS_SHARED_DEVICE_RING] = {"shared_device_ring", 7},
};

const char *ss_scenario_name(enum ss_scenario scenario)
{
    return scenarios[scenario].name;
}

enum ss_scenario ss_scenario_of(struct ss_str name)
{
    for (int i = SS_GENUINE + 1; i < SS_SCENARIOS; i++)
        if (ss_str_is(name, scenarios[i].name))
            return (enum ss_scenario)i;
    return SS_GENUINE;
}

void ss_gen_set_fraud(struct ss_gen_options *opt, double share)
{
    for (int i = 0; i < SS_SCENARIOS; i++)
        opt->share[i] = share * scenarios[i].percent / 100;
}

void ss_gen_defaults(struct ss_gen_options *opt)
{
    struct ss_civil start = {.year = 2026, .month = 1, .day = 1};
    *opt = (struct ss_gen_options){
        .seed = 1,
        .count = 1000,
        .start_us = ss_time_from_civil(&start),
        .late_by_us = 10 * SS_MINUTE_US,
        .labels = true,
    };
    ss_gen_set_fraud(opt, 0.01);
}

static int check_share(double share, const char *what)
{
    if (!(share >= 0 && share <= 1))
        return ss_fail(SS_EUSAGE, "the share of '%s' is not between 0 and 1", what);
    return 0;
}

int ss_gen_settle(struct ss_gen_options *opt)
{
    double fraud = 0;
    for (int i = 1; i < SS_SCENARIOS; i++) {
        if (check_share(opt->share[i], scenarios[i].name) < 0)
            return SS_EUSAGE;
        fraud += opt->share[i];
    }
    if (fraud > 0.9)
        return ss_fail(SS_EUSAGE, "the shares of fraud add up to more than 0.9");
    if (check_share(opt->malformed, "malformed") < 0 || check_share(opt->late, "late") < 0 ||
        check_share(opt->duplicate, "duplicate") < 0)
        return SS_EUSAGE;
    if (opt->malformed + opt->duplicate > 0.5)
        return ss_fail(SS_EUSAGE, "the shares of malformed and duplicate lines add up to more than 0.5");
    double rate = opt->rate > 0 ? opt->rate : opt->event_rate;
    if (rate < 0 || rate > 1e8)
        return ss_fail(SS_EUSAGE, "the rate is not between 0 and 100000000 a second");
    if (!opt->customers) {
        /* No more than 20 payments a day each, or ordinary days would look like bursts. */
        double want = rate * 86400 / 20;
        opt->customers = want > 1000000 ? 1000000 : want > 5000 ? (uint32_t)want : 5000;
    }
    if (!opt->merchants)
        opt->merchants = opt->customers < 8000 ? 2000 : opt->customers / 4;
    if (!opt->devices)
        opt->devices = opt->customers + opt->customers / 2 + 1;
    if (opt->customers > SS_GEN_CUSTOMERS_MAX || opt->merchants > SS_GEN_MERCHANTS_MAX ||
        opt->devices > 1u << 30)
        return ss_fail(SS_EUSAGE, "more than %u customers or merchants, or too many devices",
                       SS_GEN_CUSTOMERS_MAX);
    if (!(rate > 0))
        opt->event_rate = 2.0 * opt->customers / 86400;
    return 0;
}
