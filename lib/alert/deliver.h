/*
 * Carries messages from the spool to their destinations, in threads of its own, so that neither a slow nor an
 * absent one holds up the stream.
 *
 * Messages of one key reach a destination in their order: the next one waits until the one before has arrived
 * or was given up. A try that fails is repeated after backoff * 2^(tries - 1), at most backoff_max, of which
 * between half and all is waited: how much follows from the message's id and the number of the try. Where
 * nobody answers at all, the whole destination waits.
 */
#ifndef SS_ALERT_DELIVER_H
#define SS_ALERT_DELIVER_H

#include "alert/routes.h"
#include "alert/spool.h"

struct ss_delivery;

/* Both must outlive it. Starts the threads, which begin with what the spool holds. */
int ss_delivery_start(const struct ss_routes *routes, struct ss_spool *spool,
                      struct ss_delivery **delivery) SS_MUST_CHECK;
/* There are new messages in the spool. Never waits for a delivery. */
void ss_delivery_wake(struct ss_delivery *delivery);
/*
 * Waits until everything is delivered or given up, `timeout_us` has passed, or `*stop` is not 0; returns how
 * many messages still wait (those for destinations that the routes no longer name included).
 */
uint64_t ss_delivery_drain(struct ss_delivery *delivery, int64_t timeout_us, const volatile int *stop);
struct ss_delivery_counts {
    uint64_t sent, dead, failed_tries;
};
/* Breaks off what is under way, joins the threads; what it came to in all. Accepts NULL. */
struct ss_delivery_counts ss_delivery_stop(struct ss_delivery *delivery);
struct ss_delivery_counts ss_delivery_counts(struct ss_delivery *delivery);

/* How long to wait before the try after `tries` failed ones (at least 1) of the message `id`. */
int64_t ss_delivery_backoff_us(const struct ss_destination *to, struct ss_str id, uint32_t tries);

#endif
