/* What ss-gen's command line can ask for; one flat struct, filled with ss_gen_defaults and then changed. */
#ifndef SS_GEN_OPTIONS_H
#define SS_GEN_OPTIONS_H

#include "base/attr.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

enum ss_scenario {
    SS_GENUINE,
    SS_VELOCITY_BURST,
    SS_CARD_TESTING,
    SS_ACCOUNT_TAKEOVER,
    SS_IMPOSSIBLE_TRAVEL,
    SS_COMPROMISED_MERCHANT,
    SS_COMPROMISED_CUSTOMER,
    SS_RISKY_LOCATION,
    SS_NIGHT,
    SS_SLEEPER,
    SS_SHARED_DEVICE_RING,
    SS_SCENARIOS
};

enum ss_gen_format { SS_GEN_NDJSON, SS_GEN_CSV };

struct ss_gen_options {
    uint64_t seed;
    uint64_t count;    /* lines without labels that follow; 0 = endless */
    double rate;       /* payments a second of event time, all alike by day and night; 0 = by event_rate */
    double event_rate; /* mean payments a second of event time, by the customers' hours; 0 = 2 a day each */
    int64_t start_us;
    uint32_t customers, merchants, devices; /* 0 = chosen by ss_gen_settle */
    double share[SS_SCENARIOS];             /* of all payments, one each; [SS_GENUINE] is not used */
    double malformed, late, duplicate;      /* shares of all lines */
    int64_t late_by_us;                     /* a late record comes this much late at the most */
    bool labels;                            /* "label" and "scenario" in the payment */
    int64_t label_delay_us;                 /* > 0: records of type label follow this much later instead */
    enum ss_gen_format format;
};

#define SS_GEN_CUSTOMERS_MAX 4000000u
#define SS_GEN_MERCHANTS_MAX 4000000u

void ss_gen_defaults(struct ss_gen_options *opt);
/* Sets all scenarios to their default parts of an overall share. */
void ss_gen_set_fraud(struct ss_gen_options *opt, double share);
/* Chooses what was left open and checks the whole. SS_EUSAGE. */
int ss_gen_settle(struct ss_gen_options *opt) SS_MUST_CHECK;

const char *ss_scenario_name(enum ss_scenario scenario);
/* SS_GENUINE when there is none of that name. */
enum ss_scenario ss_scenario_of(struct ss_str name);

#endif
