#include "store/state.h"
#include "base/err.h"
#include "store/migrate.h"
#include "store/size.h"

static int ask(struct ss_db *db, const char *sql, int64_t *value)
{
    return ss_db_int(db, sql, SS_NO_ARGS, 0, value);
}

int ss_store_state_read(struct ss_db *db, struct ss_store_state *state)
{
    static const struct {
        const char *table, *sql;
    } counts[SS_STORE_COUNTS] = {
        {"payments", "SELECT count(*) FROM payments"},   {"alerts", "SELECT count(*) FROM alerts"},
        {"cases", "SELECT count(*) FROM cases"},         {"labels", "SELECT count(*) FROM labels"},
        {"customers", "SELECT count(*) FROM customers"}, {"lists", "SELECT count(*) FROM lists"},
        {"users", "SELECT count(*) FROM users"},         {"api_keys", "SELECT count(*) FROM api_keys"},
    };
    *state = (struct ss_store_state){0};
    int err = ss_migrate_state(db, &state->schema, &state->wants);
    if (!err)
        err = ss_store_bytes(db, &state->bytes);
    if (err || state->schema != state->wants)
        return err;
    for (size_t i = 0; i < SS_STORE_COUNTS && !err; i++) {
        state->count[i].table = counts[i].table;
        err = ask(db, counts[i].sql, &state->count[i].rows);
    }
    if (!err)
        err = ask(db, "SELECT min(time_us) FROM payments", &state->first_us);
    if (!err)
        err = ask(db, "SELECT max(time_us) FROM payments", &state->newest_us);
    if (!err)
        err = ask(db, "SELECT count(*) FROM cases WHERE status NOT IN ('resolved', 'closed')",
                  &state->open_cases);
    if (!err)
        err = ask(db, "SELECT count(*) FROM alerts WHERE status NOT IN ('resolved', 'false_positive')",
                  &state->open_alerts);
    return err;
}

int ss_store_check(struct ss_db *db, struct ss_buf *fault)
{
    struct ss_rows *rows;
    bool sound = false;
    if (ss_db_kind(db) != SS_SQLITE)
        return 0;
    int err = ss_db_query(db, "PRAGMA integrity_check(10)", SS_NO_ARGS, &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_str line = ss_rows_text(rows, 0);
        sound = ss_str_is(line, "ok");
        if (sound)
            break;
        ss_buf_puts(fault, fault->n ? "; " : "");
        ss_buf_put(fault, line.p, line.n);
    }
    ss_rows_free(rows);
    if (err < 0)
        return err;
    err = ss_buf_check(fault);
    return err ? err : sound;
}
