#include "store/recount.h"
#include "base/err.h"
#include "store/label.h"

/* After so many the counts are written, to keep what is merged in memory small. */
#define RECOUNT_AT_ONCE 10000

int ss_counted(struct ss_db *db, struct ss_counted *counted, int64_t *newest)
{
    struct ss_rows *rows;
    *counted = (struct ss_counted){0};
    *newest = 0;
    int err = ss_db_query(db, "SELECT seq, upto, parts, (SELECT max(seq) FROM payments) FROM counted",
                          SS_NO_ARGS, &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        *counted = (struct ss_counted){ss_rows_int(rows, 0), ss_rows_int(rows, 1), (int)ss_rows_int(rows, 2)};
        *newest = ss_rows_int(rows, 3);
    }
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}

int ss_counted_set(struct ss_db *db, const struct ss_counted *counted)
{
    int64_t n =
        ss_db_exec(db, "UPDATE counted SET seq = $1, upto = $2, parts = $3",
                   SS_ARGS(ss_arg_int(counted->seq), ss_arg_int(counted->upto), ss_arg_int(counted->parts)));
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

/* Counts up to RECOUNT_AT_ONCE payments behind *seq, none behind `last`, in the parts from `part` on, and
 * moves *seq; *more: there may be further ones. */
static int count_some(struct ss_db *db, struct ss_tally *tally, struct ss_arena *arena, int64_t *seq,
                      int64_t last, int part, bool *more)
{
    struct ss_rows *rows;
    int64_t n = 0;
    int err =
        ss_db_query(db,
                    "SELECT " SS_ENTRY_COLUMNS ", EXISTS (SELECT 1 FROM alerts WHERE alerts.seq = p.seq) "
                    "FROM payments p WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
                    SS_ARGS(ss_arg_int(*seq), ss_arg_int(last), ss_arg_int(RECOUNT_AT_ONCE)), &rows);
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
    return err < 0 ? err : ss_tally_write_from(tally, db, part);
}

int ss_recount(struct ss_db *db, struct ss_tally *tally, struct ss_arena *arena)
{
    struct ss_counted counted;
    int64_t newest;
    int err = ss_counted(db, &counted, &newest);
    if (err || counted.seq >= newest)
        return err;
    for (bool more = counted.parts > 0; more && !err;)
        err = count_some(db, tally, arena, &counted.seq, counted.upto, counted.parts, &more);
    for (bool more = true; more && !err;)
        err = count_some(db, tally, arena, &counted.seq, newest, 0, &more);
    counted.upto = counted.parts = 0;
    return err ? err : ss_counted_set(db, &counted);
}
