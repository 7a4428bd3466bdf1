/* The desks of all partitions that one process looks after. */
#ifndef SS_ALERT_DESKS_H
#define SS_ALERT_DESKS_H

#include "alert/desk.h"

#define SS_DESKS_MAX 4096

/* Zeroed: none. */
struct ss_desks {
    struct ss_desk *at[SS_DESKS_MAX];
    int n;
    struct ss_desk_counts gone; /* of those that were closed */
};

/* SS_EUSAGE beyond SS_DESKS_MAX. */
int ss_desks_open(struct ss_desks *desks, const struct ss_desk_options *opt, struct ss_schema *schema,
                  struct ss_desk **desk) SS_MUST_CHECK;
/* Accepts NULL. */
void ss_desks_close(struct ss_desks *desks, struct ss_desk *desk);
/* All together, those that were closed included. */
struct ss_desk_counts ss_desks_counts(const struct ss_desks *desks);

#endif
