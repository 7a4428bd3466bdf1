/* The cities in which synthetic customers live, shops stand, travellers stay and thieves sit. */
#ifndef SS_GEN_PLACE_H
#define SS_GEN_PLACE_H

#include <stdint.h>

struct ss_place {
    const char *name, *country, *currency; /* ISO 3166-1, ISO 4217 */
    int32_t lat, lon;                      /* 1/10000 degree */
    int8_t utc_hours;                      /* standard time; summer time is not modelled */
    uint16_t residents;                    /* relative number of customers at home here, 0 = none */
    uint16_t per_usd;                      /* units of the currency for 100 US dollars, rounded */
};

extern const struct ss_place ss_places[];
extern const uint32_t ss_n_places;

/* What fraud is said to come from when it hides where it is. */
extern const char *const ss_risk_places[];
#define SS_RISK_PLACES 6
/* The first so many are also what an honest customer behind a VPN or a company proxy looks like. */
#define SS_HONEST_RISK_PLACES 2

/* Kilometres, whole, equirectangular: good enough for "could one have travelled this far". */
uint32_t ss_place_km(uint32_t a, uint32_t b);

#endif
