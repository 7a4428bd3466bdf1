/*
 * What a batch of payments says about customers (the tables `customers` and `links`), merged in memory and
 * written once a row. A link that was written today already costs a look into a cache: 2^17 of them, the
 * newest. Inside lib/store only.
 */
#ifndef SS_STORE_ENTITY_H
#define SS_STORE_ENTITY_H

#include "store/merge.h"
#include "store/entry.h"
#include "store/tally.h"

#define SS_RISK_HALF_US (7 * (int64_t)86400 * 1000000) /* of a score's part in a customer's risk */

struct ss_link_seen;

struct ss_entities {
    struct ss_merge customers, links;
    struct ss_link_seen *seen;
    struct ss_arena args;
};

int ss_entities_init(struct ss_entities *e) SS_MUST_CHECK;
void ss_entities_free(struct ss_entities *e);
/* Also what was taken for written is forgotten: after a rollback. */
void ss_entities_reset(struct ss_entities *e, bool committed);

/* A new payment and what it counts for. */
int ss_entities_add(struct ss_entities *e, const struct ss_entry *row,
                    const struct ss_counts *add) SS_MUST_CHECK;
/* A label that changed: `fraud` more payments of the customer are fraud. */
int ss_entities_label(struct ss_entities *e, struct ss_str user, int64_t time_us,
                      int64_t fraud) SS_MUST_CHECK;
/* Writes and empties it. */
int ss_entities_write(struct ss_entities *e, struct ss_db *db) SS_MUST_CHECK;

/* log2(score) + time / half-life, to six decimals; NaN for no score. And back: the risk at a time. */
double ss_heat(double score, int64_t time_us);
double ss_risk_at(double heat, int64_t time_us);

#endif
