#include "store/history.h"

#define COLUMNS "seq, time_us, label, action, record"

/* time_us + 0: the order is that of arrival, and no index on the time shall tempt anybody to sort. */
int ss_history_page(struct ss_db *db, int64_t after, int64_t last, int64_t from_us, int64_t until_us,
                    int64_t limit, struct ss_rows **rows)
{
    return ss_db_query(db,
                       "SELECT " COLUMNS " FROM payments WHERE seq > $1 AND seq <= $2 AND time_us + 0 >= $3"
                       " AND time_us + 0 < $4 ORDER BY seq LIMIT $5",
                       SS_ARGS(ss_arg_int(after), ss_arg_int(last), ss_arg_int(from_us), ss_arg_int(until_us),
                               ss_arg_int(limit)),
                       rows);
}

int ss_history_newest(struct ss_db *db, int64_t limit, struct ss_rows **rows)
{
    return ss_db_query(db, "SELECT " COLUMNS " FROM payments ORDER BY seq DESC LIMIT $1",
                       SS_ARGS(ss_arg_int(limit)), rows);
}

int ss_history_find(struct ss_db *db, struct ss_str txn_id, struct ss_rows **rows)
{
    return ss_db_query(db, "SELECT " COLUMNS " FROM payments WHERE txn_id = $1", SS_ARGS(ss_arg_text(txn_id)),
                       rows);
}

void ss_history_row(const struct ss_rows *rows, struct ss_past *past)
{
    *past = (struct ss_past){
        .seq = ss_rows_int(rows, 0),
        .time_us = ss_rows_int(rows, 1),
        .label = ss_rows_null(rows, 2) ? -1 : (int)ss_rows_int(rows, 2),
        .action = (int)ss_rows_int(rows, 3),
        .record = ss_rows_text(rows, 4),
    };
}

int ss_history_span(struct ss_db *db, int64_t from_us, int64_t until_us, int64_t limit, int64_t *n,
                    int64_t *first_seq, int64_t *last_seq)
{
    struct ss_rows *rows;
    *n = *first_seq = *last_seq = 0;
    int err =
        ss_db_query(db,
                    "SELECT count(*), min(seq), max(seq) FROM (SELECT seq FROM payments"
                    " WHERE time_us >= $1 AND time_us < $2 ORDER BY time_us DESC, seq DESC LIMIT $3) AS s",
                    SS_ARGS(ss_arg_int(from_us), ss_arg_int(until_us), ss_arg_int(limit)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        *n = ss_rows_int(rows, 0);
        *first_seq = ss_rows_int(rows, 1);
        *last_seq = ss_rows_int(rows, 2);
    }
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}
