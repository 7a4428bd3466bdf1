/*
 * Payments, and labels that come later, into the store: add some, write them in one transaction, and look
 * what became of each.
 *
 *   ss_ledger_add() ... ; ss_db_begin(db, true); ss_ledger_write(); ss_db_commit(db); ss_ledger_done(led,
 * true)
 *
 * Of a payment that is there already (its txn_id) nothing is written: a stream that is replayed leaves the
 * store as it was. A new one becomes a row of `payments`, and is counted in `buckets`, `customers` and
 * `links`; with an `alert` member it opens its alert or joins it. A label changes the payment and the counts
 * it is in (label.h). 001_start.sql says what the tables hold.
 *
 * What was added is copied and stays until ss_ledger_done, so that after a failed transaction (a database
 * that is locked or away) it can be written again. One ledger writes to one database, and belongs to one
 * thread at a time.
 */
#ifndef SS_STORE_LEDGER_H
#define SS_STORE_LEDGER_H

#include "record/record.h"
#include "store/db.h"

#define SS_LEDGER_ID    256 /* bytes; a longer id cannot be stored */
#define SS_LEDGER_WORD  64  /* the same for category, channel, country and currency */
#define SS_LEDGER_BYTES ((size_t)1 << 30)

struct ss_ledger;

enum ss_taken_as {
    SS_TAKEN_NEW,   /* a payment that was not there */
    SS_TAKEN_KNOWN, /* a payment or a label that was */
    SS_TAKEN_LABEL, /* a label, which may be for a payment that is not there yet */
    SS_TAKEN_NOT,   /* no payment and no label: nothing is stored of it */
};

struct ss_taken {
    enum ss_taken_as as;
    int64_t seq;       /* of a new payment: its place in the order of arrival, greater than all before it */
    bool opened_alert; /* a new payment with an alert that was not there */
    bool joined_alert; /* with one that was */
    int64_t case_id;   /* of a new payment with an alert, where cases open by themselves; 0: none */
    bool opened_case;  /* and it is a new one */
};

struct ss_case_auto;
struct ss_case_joined;

int ss_ledger_new(struct ss_ledger **led) SS_MUST_CHECK;
void ss_ledger_free(struct ss_ledger *led); /* accepts NULL */

/* Alerts open cases and join them (case_auto.h). Without it, or with NULL, they do not. `how` is copied; it
 * may be given again when the settings have changed. */
void ss_ledger_cases(struct ss_ledger *led, const struct ss_case_auto *how);

/*
 * Takes a copy of a record whose fields lie at their slots. latency_us is how long its decision took, for the
 * latency statistics; negative: not known. SS_EDATA with the reason for what cannot be stored ("no txn_id"),
 * which changes nothing; SS_ENOMEM beyond SS_LEDGER_BYTES.
 */
int ss_ledger_add(struct ss_ledger *led, const struct ss_record *rec, int64_t latency_us) SS_MUST_CHECK;
/* The same for a record's line. */
int ss_ledger_add_line(struct ss_ledger *led, struct ss_str line, int64_t latency_us) SS_MUST_CHECK;
/* How many were added since ss_ledger_done, and the bytes of their copies. */
size_t ss_ledger_count(const struct ss_ledger *led);
size_t ss_ledger_bytes(const struct ss_ledger *led);

/* Writes what was added, in the caller's writing transaction. now_us is the wall clock, for what records when
 * alerts were created. On an error roll back; what was added stays. */
int ss_ledger_write(struct ss_ledger *led, struct ss_db *db, int64_t now_us) SS_MUST_CHECK;

/*
 * The counts (`buckets`) follow the payments: every 512 payments they are written with them (all at once, or
 * after ss_ledger_spread a few with each of the next writes), in between by
 * ss_ledger_settle, in the caller's writing transaction and followed by ss_ledger_done as ss_ledger_write is
 * (call it before the commit of a write, or in a transaction of its own when some time has passed). A process
 * that dies before leaves nothing wrong: the next one's first write or settle counts what is missing.
 */
void ss_ledger_spread(struct ss_ledger *led);
int ss_ledger_settle(struct ss_ledger *led, struct ss_db *db) SS_MUST_CHECK;
/* How many payments are not counted yet; -1: not known before the next write or settle. */
int64_t ss_ledger_unsettled(const struct ss_ledger *led);

/* What became of the i-th one added; after ss_ledger_write and until ss_ledger_done. */
const struct ss_taken *ss_ledger_taken(const struct ss_ledger *led, size_t i);
/* The cases that it opened and joined, each once; as long as ss_ledger_taken. Returns how many. */
size_t ss_ledger_joined(const struct ss_ledger *led, const struct ss_case_joined **joined);
/* Forgets what was added, when its transaction was committed; otherwise (a rollback) call with committed
 * false: then what was added stays, and only what was taken for written is forgotten. */
void ss_ledger_done(struct ss_ledger *led, bool committed);

#endif
