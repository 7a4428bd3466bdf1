/*
 * What an evaluation keeps of each record: columns in blocks, 25 bytes a record and 24 more for a fraud.
 * Computing a report needs up to 16 further bytes a record while it sorts. Ids are interned once each (about
 * 40 bytes and their text). Nothing else grows with the stream, and both have ceilings.
 */
#ifndef SS_EVAL_TABLE_H
#define SS_EVAL_TABLE_H

#include "base/attr.h"
#include "base/map.h"
#include "record/record.h"

#define SS_EVAL_BLOCK  65536
#define SS_EVAL_NO_ID  UINT32_MAX
#define SS_EVAL_NO_DAY INT32_MIN

/* One record as it comes; texts are copied. p == NULL: the record has none. */
struct ss_eval_row {
    double score; /* finite */
    enum ss_level level;
    int label; /* 0 or 1 */
    bool has_time;
    int64_t time_us;
    int64_t amount; /* 1/10000 units; 0 when not known */
    struct ss_str card, entity, group, scenario;
};

struct ss_eval_block {
    double score[SS_EVAL_BLOCK];
    int32_t day[SS_EVAL_BLOCK]; /* since 1970-01-01, UTC */
    uint32_t card[SS_EVAL_BLOCK], entity[SS_EVAL_BLOCK], group[SS_EVAL_BLOCK];
    uint8_t flags[SS_EVAL_BLOCK];
};

#define SS_EVAL_LEVEL   7 /* mask */
#define SS_EVAL_FRAUD   8
#define SS_EVAL_DROPPED 16

struct ss_eval_fraud {
    uint32_t row, scenario;
    int64_t amount;
    double score;
};

struct ss_eval_table {
    struct ss_eval_block **block;
    size_t blocks, n, ceiling;
    struct ss_eval_fraud *fraud;
    size_t n_fraud, fraud_cap;
    struct ss_map cards, entities, groups, scenarios;
    int64_t *first_fraud; /* for each entity: time of its first labelled fraud, INT64_MAX when none */
    size_t first_cap;
    bool entity_is_card;       /* one dictionary and one column do for both */
    int64_t first_us, last_us; /* event time of the rows; first > last when there is none */
};

#define SS_EVAL_RECORDS_MAX 100000000 /* 4.1 GB at the peak */
#define SS_EVAL_IDS_MAX     50000000

void ss_eval_table_init(struct ss_eval_table *table, bool entity_is_card);
void ss_eval_table_free(struct ss_eval_table *table);
/* SS_ENOMEM when a ceiling is reached. */
int ss_eval_table_add(struct ss_eval_table *table, const struct ss_eval_row *row) SS_MUST_CHECK;
/* A labelled fraud of an entity, whether it is evaluated or not: what a later --drop-known looks at. */
int ss_eval_table_know(struct ss_eval_table *table, struct ss_str entity, int64_t time_us) SS_MUST_CHECK;

/*
 * Leaves out every row whose entity had a labelled fraud that was known when the row's day (UTC) began, that
 * is, one more than `delay_us` older than that moment. Returns how many rows were dropped.
 */
size_t ss_eval_table_drop_known(struct ss_eval_table *table, int64_t delay_us);

#define SS_EVAL_AT(table, column, i) ((table)->block[(i) / SS_EVAL_BLOCK]->column[(i) % SS_EVAL_BLOCK])

static inline bool ss_eval_dropped(const struct ss_eval_table *table, size_t i)
{
    return SS_EVAL_AT(table, flags, i) & SS_EVAL_DROPPED;
}

static inline bool ss_eval_is_fraud(const struct ss_eval_table *table, size_t i)
{
    return SS_EVAL_AT(table, flags, i) & SS_EVAL_FRAUD;
}

#endif
