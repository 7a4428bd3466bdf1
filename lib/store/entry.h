/* What the store takes from a payment: the columns of its row, and what it is counted under. Inside lib/store
 * only. */
#ifndef SS_STORE_ENTRY_H
#define SS_STORE_ENTRY_H

#include "record/decision.h"
#include "store/db.h"

#define SS_ENTRY_REASONS 8

/* Texts live in the arena given to ss_entry_read; p == NULL is null. */
struct ss_entry {
    struct ss_str txn_id, user, card, merchant, device, ip, location;
    struct ss_str country, category, channel, currency;
    int64_t seq;                          /* only of one that was loaded */
    int64_t time_us, amount, latency_us;  /* latency_us < 0: not known */
    double score;                         /* NaN: none */
    int level, action, label;             /* label -1: not known */
    const struct ss_decision *decision;   /* may be NULL */
    struct ss_str code[SS_ENTRY_REASONS]; /* of the score's reasons */
    int codes;
    struct ss_str reason; /* one sentence, for people */
    struct ss_str rules;  /* ["burst"]: those that fired; p == NULL: none */
    struct ss_str alert_id, alert_key;
    int64_t alert_count, alert_first_us, alert_last_us;
    struct ss_str record; /* its line, without the newline */
};

/* From a record whose fields lie at their slots. SS_EDATA with the reason when it cannot be stored,
 * SS_ENOMEM. `line` is room for the line. */
int ss_entry_read(struct ss_entry *row, const struct ss_record *rec, struct ss_buf *line,
                  struct ss_arena *arena) SS_MUST_CHECK;
/* The parts of a stored payment that it is counted under, from its columns: SS_ENTRY_COLUMNS, selected from
 * payments. Good as long as the arena and the row of `rows`. */
#define SS_ENTRY_COLUMNS                                                                                    \
    "seq, time_us, amount, score, level, action, label, user_id, merchant_id, category, channel, country, " \
    "currency, latency_us, record"
#define SS_ENTRY_COLUMN_COUNT 15
int ss_entry_load(struct ss_entry *row, const struct ss_rows *rows, struct ss_arena *arena) SS_MUST_CHECK;

/* The id of a payment or a label as it is stored: SS_EDATA for one that is missing, too long, or has a NUL.
 */
int ss_entry_id(const struct ss_record *rec, struct ss_arena *arena, struct ss_str *txn_id) SS_MUST_CHECK;

#endif
