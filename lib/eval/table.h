/*
 * What an evaluation keeps of each record: columns in blocks, 25 bytes a record and 24 more for a fraud, 16
 * more where amounts and times of all are asked for.
 * Computing a report needs up to 16 further bytes a record while it sorts. Ids are interned once each (about
 * 40 bytes and their text), among them those of payments whose label has not come yet (32 bytes more).
 * Nothing else grows with the stream, and all have ceilings.
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
    int label;              /* 0, 1 or -1: not known yet; `txn` is how it may come later */
    bool has_time, alerted; /* alerted: by its decision */
    int64_t time_us;
    int64_t amount; /* 1/10000 units; 0 when not known */
    struct ss_str txn, card, entity, group, scenario;
};

struct ss_eval_block {
    double score[SS_EVAL_BLOCK];
    int32_t day[SS_EVAL_BLOCK]; /* since 1970-01-01, UTC */
    uint32_t card[SS_EVAL_BLOCK], entity[SS_EVAL_BLOCK], group[SS_EVAL_BLOCK];
    uint8_t flags[SS_EVAL_BLOCK];
};

/* Kept where asked for: 16 bytes a record. */
struct ss_eval_detail {
    int64_t amount[SS_EVAL_BLOCK], time_us[SS_EVAL_BLOCK]; /* time: INT64_MIN where not known */
};

#define SS_EVAL_LEVEL   7 /* mask */
#define SS_EVAL_FRAUD   8
#define SS_EVAL_DROPPED 16
#define SS_EVAL_UNKNOWN 32 /* no label yet */
#define SS_EVAL_ALERTED 64 /* by its decision */

struct ss_eval_fraud {
    uint32_t row, scenario;
    int64_t amount;
    double score;
};

/* A payment whose label may come later. */
struct ss_eval_pending {
    int64_t time_us, amount;
    uint32_t row, scenario, entity; /* row: SS_EVAL_NO_ID when it will not be evaluated */
    int8_t label;
    bool has_time;
};

struct ss_eval_table {
    struct ss_eval_block **block;
    struct ss_eval_detail **detail; /* as many as blocks, where `detailed` */
    size_t blocks, n, ceiling;
    struct ss_eval_fraud *fraud;
    size_t n_fraud, fraud_cap;
    struct ss_map cards, entities, groups, scenarios, pending_txns;
    struct ss_eval_pending *pending; /* for each of pending_txns */
    size_t pending_cap;
    int64_t *first_fraud; /* for each entity: time of its first labelled fraud, INT64_MAX when none */
    size_t first_cap;
    struct ss_map rules; /* ids of rules, where groups are sets of them: see rules.h */
    int64_t newest_us;   /* of all the stream; INT64_MIN when nothing has a time */
    bool detailed;       /* set before the first record is added */
    bool entity_is_card; /* one dictionary does for both */
    int64_t since_us;    /* frauds before it are not remembered */
};

#define SS_EVAL_RECORDS_MAX 100000000 /* 4.1 GB at the peak */
#define SS_EVAL_IDS_MAX     50000000
#define SS_EVAL_RULES_MAX   100000

void ss_eval_table_init(struct ss_eval_table *table, bool entity_is_card, int64_t since_us);
void ss_eval_table_free(struct ss_eval_table *table);
/*
 * Adds a record to evaluate: one with a score whose label is known or, where it has a txn, may come later.
 * SS_ENOMEM when a ceiling is reached.
 */
int ss_eval_table_add(struct ss_eval_table *table, const struct ss_eval_row *row) SS_MUST_CHECK;
/* Only remembers the fraud (or the payment whose label may come) of an entity, for dropping the known. */
int ss_eval_table_know(struct ss_eval_table *table, const struct ss_eval_row *row) SS_MUST_CHECK;
/* Any record of the stream, also one that is not evaluated, has this time. */
void ss_eval_table_time(struct ss_eval_table *table, int64_t time_us);
/* The label of a payment added before without one; of several the last counts. Others are passed over. */
void ss_eval_table_label(struct ss_eval_table *table, struct ss_str txn, int label);
/* Once, after the last record: gives the labels that came to their records. */
int ss_eval_table_settle(struct ss_eval_table *table) SS_MUST_CHECK;

/*
 * Then, where wanted: leaves out every row whose entity had a fraud that was known when the row's day (UTC)
 * began, that is, one more than `delay_us` older than that moment.
 */
void ss_eval_table_drop_known(struct ss_eval_table *table, int64_t delay_us);

#define SS_EVAL_AT(table, column, i)     ((table)->block[(i) / SS_EVAL_BLOCK]->column[(i) % SS_EVAL_BLOCK])
#define SS_EVAL_DETAIL(table, column, i) ((table)->detail[(i) / SS_EVAL_BLOCK]->column[(i) % SS_EVAL_BLOCK])

static inline bool ss_eval_counts(const struct ss_eval_table *table, size_t i)
{
    return !(SS_EVAL_AT(table, flags, i) & (SS_EVAL_DROPPED | SS_EVAL_UNKNOWN));
}

static inline bool ss_eval_is_fraud(const struct ss_eval_table *table, size_t i)
{
    return SS_EVAL_AT(table, flags, i) & SS_EVAL_FRAUD;
}

#endif
