#include "store/passed.h"
#include "base/err.h"

static int copy_line(const struct ss_rows *rows, int column, struct ss_arena *arena, struct ss_str *line)
{
    struct ss_str text = ss_rows_text(rows, column);
    line->n = text.n;
    line->p = ss_arena_copy(arena, text.p, text.n);
    return line->p ? 0 : SS_ENOMEM;
}

int ss_passed_find(struct ss_db *db, struct ss_str txn_id, struct ss_arena *arena, struct ss_str *line,
                   int64_t *seq)
{
    struct ss_rows *rows;
    *line = (struct ss_str){NULL, 0};
    int err = ss_db_query(db, "SELECT seq, record FROM payments WHERE txn_id = $1",
                          SS_ARGS(ss_arg_text(txn_id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err == 1) {
        *seq = ss_rows_int(rows, 0);
        err = copy_line(rows, 1, arena, line);
    }
    ss_rows_free(rows);
    return err;
}

int ss_passed_last(struct ss_db *db, int64_t *seq)
{
    return ss_db_int(db, "SELECT max(seq) FROM payments", SS_NO_ARGS, 0, seq);
}

int ss_passed_before(struct ss_db *db, int64_t span_us, int64_t *seq)
{
    int64_t newest;
    int err = ss_db_int(db, "SELECT max(time_us) FROM payments", SS_NO_ARGS, 0, &newest);
    if (!err)
        err = ss_db_int(db, "SELECT min(seq) FROM payments WHERE time_us > $1",
                        SS_ARGS(ss_arg_int(newest - span_us)), 1, seq);
    *seq -= 1;
    return err;
}

int64_t ss_passed_next(struct ss_db *db, int64_t *seq, struct ss_str *line, size_t n, struct ss_arena *arena)
{
    struct ss_rows *rows;
    int64_t got = 0;
    int err = ss_db_query(db, "SELECT seq, record FROM payments WHERE seq > $1 ORDER BY seq LIMIT $2",
                          SS_ARGS(ss_arg_int(*seq), ss_arg_int((int64_t)n)), &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) == 1) {
        err = copy_line(rows, 1, arena, &line[got]);
        if (err)
            break;
        *seq = ss_rows_int(rows, 0);
        got++;
    }
    ss_rows_free(rows);
    return err ? err : got;
}
