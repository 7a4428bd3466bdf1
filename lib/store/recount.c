#include "store/recount.h"
#include "base/err.h"
#include "store/label.h"

/* After so many the counts are written, to keep what is merged in memory small. */
#define RECOUNT_AT_ONCE 10000

int ss_counted(struct ss_db *db, int64_t *counted, int64_t *newest)
{
    struct ss_rows *rows;
    *counted = *newest = 0;
    int err = ss_db_query(db, "SELECT seq, (SELECT max(seq) FROM payments) FROM counted", SS_NO_ARGS, &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        *counted = ss_rows_int(rows, 0);
        *newest = ss_rows_int(rows, 1);
    }
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}

int ss_counted_set(struct ss_db *db, int64_t seq)
{
    int64_t n = ss_db_exec(db, "UPDATE counted SET seq = $1", SS_ARGS(ss_arg_int(seq)));
    return n < 0 ? (int)n : 0;
}

struct ss_counts ss_counts_of(const struct ss_entry *row, bool opened_alert)
{
    return (struct ss_counts){.payments = 1,
                              .amount = row->amount,
                              .alerts = opened_alert,
                              .blocked = row->action == SS_BLOCK,
                              .fraud = row->label == SS_LABEL_FRAUD,
                              .genuine = row->label == SS_LABEL_GENUINE};
}

/* Adds up to RECOUNT_AT_ONCE payments behind *seq, and moves it; *more: there may be further ones. */
static int count_some(struct ss_db *db, struct ss_tally *tally, struct ss_arena *arena, int64_t *seq,
                      bool *more)
{
    struct ss_rows *rows;
    int64_t n = 0;
    int err =
        ss_db_query(db,
                    "SELECT " SS_ENTRY_COLUMNS ", EXISTS (SELECT 1 FROM alerts WHERE alerts.seq = p.seq) "
                    "FROM payments p WHERE seq > $1 ORDER BY seq LIMIT $2",
                    SS_ARGS(ss_arg_int(*seq), ss_arg_int(RECOUNT_AT_ONCE)), &rows);
    if (err)
        return err;
    for (; (err = ss_rows_next(rows)) > 0; n++) {
        struct ss_entry row;
        ss_arena_reset(arena);
        err = ss_entry_load(&row, rows, arena);
        const struct ss_counts add = ss_counts_of(&row, ss_rows_int(rows, SS_ENTRY_COLUMN_COUNT) != 0);
        err = err ? err : ss_tally_add(tally, &row, &add);
        if (err)
            break;
        *seq = row.seq;
    }
    ss_rows_free(rows);
    *more = n == RECOUNT_AT_ONCE;
    return err < 0 ? err : ss_tally_write(tally, db);
}

int ss_recount(struct ss_db *db, struct ss_tally *tally, struct ss_arena *arena)
{
    int64_t counted, newest;
    int err = ss_counted(db, &counted, &newest);
    if (err || counted >= newest)
        return err;
    for (bool more = true; more && !err;)
        err = count_some(db, tally, arena, &counted, &more);
    return err ? err : ss_counted_set(db, counted);
}
