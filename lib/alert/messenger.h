/*
 * Tells destinations of alerts: where each goes by the routes, kept in the spool until it has arrived, sent
 * by the delivery's threads. One for a process, whatever partitions its alerts come from.
 */
#ifndef SS_ALERT_MESSENGER_H
#define SS_ALERT_MESSENGER_H

#include "alert/deliver.h"
#include "alert/message.h"

struct ss_messenger {
    const char *path; /* of the routes; NULL: there are none, and nothing is told */
    struct ss_routes routes;
    struct ss_spool *spool;
    struct ss_delivery *delivery;
    struct ss_delivery_counts before;         /* of deliveries that a reload has ended */
    struct ss_str place[SS_DESTINATIONS_MAX]; /* the destinations' names */
    struct ss_buf message;
    bool silent; /* what is told has been told before */
    bool added;  /* to the spool, since the last commit */
};

void ss_messenger_init(struct ss_messenger *m);
/* Reads the routes and begins with what the spool holds. Close it in any case. */
int ss_messenger_open(struct ss_messenger *m, const char *routes, const char *spool) SS_MUST_CHECK;
void ss_messenger_close(struct ss_messenger *m);

/* Puts a message for each of the group's places into what the next commit makes durable. `facts` and `rec`
 * may be NULL. */
int ss_messenger_tell(struct ss_messenger *m, enum ss_event event, const struct ss_group *group,
                      const struct ss_facts *facts, const struct ss_record *rec) SS_MUST_CHECK;
/* What was told is on disk when it returns 0, and on its way. */
int ss_messenger_commit(struct ss_messenger *m) SS_MUST_CHECK;

typedef void ss_places_renamed(void *arg, const struct ss_str *before, uint32_t n_before,
                               const struct ss_str *now, uint32_t n);
/* Reads the routes again; groups are told of the new numbers of places by `renamed`. The spool stays, and
 * what is under way is broken off and sent again. Where the file has a fault, all stays as it is. */
int ss_messenger_reload(struct ss_messenger *m, ss_places_renamed *renamed, void *arg) SS_MUST_CHECK;
/* Of all deliveries, those before a reload included. */
struct ss_delivery_counts ss_messenger_counts(const struct ss_messenger *m);

#endif
