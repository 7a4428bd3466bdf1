#include "store/label.h"
#include "base/err.h"
#include "store/ledger.h"
#include "store/label_apply.h"
#include "store/recount.h"

/* 1: the row was added, 0: it was there. */
static int64_t add_row(struct ss_db *db, const struct ss_label_said *said)
{
    return ss_db_exec(db,
                      "INSERT INTO labels (txn_id, label, source, actor, note, time_us) VALUES ($1, $2, $3, "
                      "$4, $5, $6) ON CONFLICT (txn_id, time_us, source) DO NOTHING",
                      SS_ARGS(ss_arg_text(said->txn_id), ss_arg_int(said->label), ss_arg_text(said->source),
                              ss_arg_text(said->actor), ss_arg_text(said->note), ss_arg_int(said->time_us)));
}

static int wait_for_payment(struct ss_db *db, const struct ss_label_said *said)
{
    int64_t n =
        ss_db_exec(db, "UPDATE labels SET waiting = 1 WHERE txn_id = $1 AND time_us = $2 AND source = $3",
                   SS_ARGS(ss_arg_text(said->txn_id), ss_arg_int(said->time_us), ss_arg_text(said->source)));
    return n < 0 ? (int)n : 0;
}

/* Has something newer been said? */
static int is_outdated(struct ss_db *db, const struct ss_label_said *said, bool *outdated)
{
    int64_t newest;
    int err = ss_db_int(db, "SELECT max(time_us) FROM labels WHERE txn_id = $1",
                        SS_ARGS(ss_arg_text(said->txn_id)), said->time_us, &newest);
    *outdated = !err && newest > said->time_us;
    return err;
}

static struct ss_counts share(int label, int by)
{
    return (struct ss_counts){.fraud = label == SS_LABEL_FRAUD ? by : 0,
                              .genuine = label == SS_LABEL_GENUINE ? by : 0};
}

/* Moves the payment from one column of its counts to the other. */
static int recount(const struct ss_entry *row, int label, struct ss_tally *tally,
                   struct ss_entities *entities)
{
    struct ss_counts change = share(row->label, -1), to = share(label, 1);
    change.fraud += to.fraud;
    change.genuine += to.genuine;
    int err = ss_tally_add(tally, row, &change);
    return err ? err : ss_entities_label(entities, row->user, row->time_us, change.fraud);
}

static int apply_to_payment(struct ss_db *db, const struct ss_label_said *said, struct ss_tally *tally,
                            struct ss_entities *entities, struct ss_arena *arena,
                            struct ss_label_change *change)
{
    struct ss_rows *rows;
    struct ss_entry row;
    bool outdated;
    int err = ss_db_query(db, "SELECT " SS_ENTRY_COLUMNS " FROM payments WHERE txn_id = $1",
                          SS_ARGS(ss_arg_text(said->txn_id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    change->known = err > 0;
    if (err > 0)
        err = ss_entry_load(&row, rows, arena);
    if (!err && change->known) {
        change->was = row.label;
        change->seq = row.seq;
        err = is_outdated(db, said, &outdated);
        change->changed = !err && !outdated && row.label != said->label;
        if (change->changed)
            err = recount(&row, said->label, tally, entities);
    }
    ss_rows_free(rows);
    if (err || !change->known)
        return err ? err : wait_for_payment(db, said);
    if (!change->changed)
        return 0;
    int64_t n = ss_db_exec(
        db, "UPDATE payments SET label = $2 WHERE txn_id = $1",
        SS_ARGS(ss_arg_text(said->txn_id), said->label < 0 ? ss_arg_null() : ss_arg_int(said->label)));
    return n < 0 ? (int)n : 0;
}

int ss_label_apply(struct ss_db *db, const struct ss_label_said *said, struct ss_tally *tally,
                   struct ss_entities *entities, struct ss_arena *arena, struct ss_label_change *change)
{
    *change = (struct ss_label_change){.was = SS_LABEL_UNKNOWN};
    if (!said->txn_id.n || said->label < SS_LABEL_UNKNOWN || said->label > SS_LABEL_FRAUD)
        return ss_fail(SS_EDATA, said->txn_id.n ? "no such label" : "no txn_id");
    int64_t added = add_row(db, said);
    if (added < 0)
        return (int)added;
    change->fresh = added > 0;
    return change->fresh ? apply_to_payment(db, said, tally, entities, arena, change) : 0;
}

int ss_labels_set(struct ss_db *db, const struct ss_label_said *said, size_t n,
                  struct ss_label_change *change)
{
    struct ss_label_change ignored;
    struct ss_tally tally;
    struct ss_entities entities;
    struct ss_arena arena;
    ss_tally_init(&tally);
    ss_arena_init(&arena, SS_LEDGER_BYTES);
    int err = ss_entities_init(&entities);
    /* Nothing may be left to be counted with the label that the payment has now. */
    err = err ? err : ss_recount(db, &tally, &arena);
    for (size_t i = 0; i < n && !err; i++)
        err = ss_label_apply(db, &said[i], &tally, &entities, &arena, change ? &change[i] : &ignored);
    err = err ? err : ss_tally_write(&tally, db);
    err = err ? err : ss_entities_write(&entities, db);
    ss_tally_free(&tally);
    ss_entities_free(&entities);
    ss_arena_free(&arena);
    return err;
}

int ss_label_set(struct ss_db *db, struct ss_str txn_id, int label, struct ss_str source, struct ss_str actor,
                 struct ss_str note, int64_t time_us, struct ss_label_change *change)
{
    const struct ss_label_said said = {txn_id, source, actor, note, label, time_us};
    return ss_labels_set(db, &said, 1, change);
}

int ss_label_waits(struct ss_db *db, bool *any)
{
    int64_t n;
    int err = ss_db_int(db, "SELECT 1 FROM labels WHERE waiting = 1 LIMIT 1", SS_NO_ARGS, 0, &n);
    *any = n != 0;
    return err;
}

int ss_label_claim(struct ss_db *db, struct ss_str txn_id, int absent, int *label)
{
    int64_t said;
    int err =
        ss_db_int(db, "SELECT label FROM labels WHERE txn_id = $1 ORDER BY time_us DESC, id DESC LIMIT 1",
                  SS_ARGS(ss_arg_text(txn_id)), absent, &said);
    *label = (int)said;
    if (err)
        return err;
    int64_t n = ss_db_exec(db, "UPDATE labels SET waiting = 0 WHERE txn_id = $1 AND waiting = 1",
                           SS_ARGS(ss_arg_text(txn_id)));
    return n < 0 ? (int)n : 0;
}
