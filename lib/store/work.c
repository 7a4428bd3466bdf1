#include "store/work.h"

static int walk(struct ss_rows *rows, bool is_case, int (*each)(void *arg, const struct ss_work *work),
                void *arg)
{
    int err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_work work = {
            .is_case = is_case, .id = ss_rows_text(rows, 0), .status = ss_rows_text(rows, 1)};
        if (is_case) {
            work.title = ss_rows_text(rows, 2);
            work.case_id = ss_rows_int(rows, 3);
        }
        err = each(arg, &work);
        if (err)
            break;
    }
    ss_rows_free(rows);
    return err;
}

int ss_payment_work(struct ss_db *db, struct ss_str txn_id, struct ss_str alert_id,
                    int (*each)(void *arg, const struct ss_work *work), void *arg)
{
    struct ss_rows *rows;
    int err =
        ss_db_query(db, "SELECT id, status FROM alerts WHERE id = $1", SS_ARGS(ss_arg_text(alert_id)), &rows);
    err = err ? err : walk(rows, false, each, arg);
    err = err ? err
              : ss_db_query(
                    db,
                    "SELECT number, status, title, id FROM cases WHERE id IN (SELECT case_id FROM "
                    "case_payments "
                    "WHERE txn_id = $1) OR id IN (SELECT case_id FROM alerts WHERE id = $2) ORDER BY id",
                    SS_ARGS(ss_arg_text(txn_id), ss_arg_text(alert_id)), &rows);
    return err ? err : walk(rows, true, each, arg);
}

int ss_customer_work(struct ss_db *db, struct ss_str user_id, int64_t limit,
                     int (*each)(void *arg, const struct ss_work *work), void *arg)
{
    struct ss_rows *rows;
    int err =
        ss_db_query(db, "SELECT id, status FROM alerts WHERE user_id = $1 ORDER BY time_us DESC LIMIT $2",
                    SS_ARGS(ss_arg_text(user_id), ss_arg_int(limit)), &rows);
    err = err ? err : walk(rows, false, each, arg);
    err =
        err ? err
            : ss_db_query(
                  db,
                  "SELECT number, status, title, id FROM cases WHERE user_id = $1 ORDER BY id DESC LIMIT $2",
                  SS_ARGS(ss_arg_text(user_id), ss_arg_int(limit)), &rows);
    return err ? err : walk(rows, true, each, arg);
}
