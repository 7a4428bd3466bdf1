/*
 * Fraud: each scenario is an attack of several payments. Attacks begin as a Poisson process whose rate gives
 * each scenario its share of all payments.
 *
 * velocity_burst        3 to 12 payments of one card within 55 s
 * card_testing          4 to 10 payments below 2 units in a quarter of an hour, by one card or by many cards
 *                       on one device; sometimes a large one follows
 * account_takeover      new device, other city, sometimes a new address: 1 to 4 high amounts within 3 hours
 * impossible_travel     the card is used at a counter far away soon after its owner used it at home
 * compromised_merchant  every payment there for 28 days (Handbook, scenario 2)
 * compromised_customer  for 14 days a third of the customer's payments, at five times the amount (scenario 3)
 * risky_location        VPN, TOR, proxy and the like, mostly high amounts
 * night                 between 2 and 5 o'clock where the customer lives, amounts of several times the usual
 * sleeper               an account hardly ever used spends all it has within a day and a half
 * shared_device_ring    4 to 8 accounts on one device and address within some days
 */
#ifndef SS_GEN_ATTACK_H
#define SS_GEN_ATTACK_H

#include "gen/traffic.h"

/* Sets the rates and what is under way at the start. */
int ss_attack_init(struct ss_gen *gen, double payments_per_second) SS_MUST_CHECK;
/* Begins the attack that is due at gen->next_attack_us and sets the next one's time. */
int ss_attack_next(struct ss_gen *gen) SS_MUST_CHECK;
/* Follows the genuine payment `pay` with an impossible travel. */
int ss_attack_travel(struct ss_gen *gen, const struct ss_payment *pay) SS_MUST_CHECK;

#endif
