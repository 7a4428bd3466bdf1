#include "store/customers.h"
#include "base/err.h"
#include "store/copy.h"
#include "store/entity.h"
#include "store/select.h"
#include <math.h>

#define COLUMNS "user_id, first_us, last_us, payments, amount, alerts, blocked, fraud, max_score, heat, note"
#define COLD    (-1e9) /* the heat of those without a score, below every other */

static void of_row(const struct ss_rows *rows, int64_t as_of_us, struct ss_customer_row *c)
{
    *c = (struct ss_customer_row){
        .user_id = ss_rows_text(rows, 0),
        .first_us = ss_rows_int(rows, 1),
        .last_us = ss_rows_int(rows, 2),
        .payments = ss_rows_int(rows, 3),
        .amount = ss_rows_int(rows, 4),
        .alerts = ss_rows_int(rows, 5),
        .blocked = ss_rows_int(rows, 6),
        .fraud = ss_rows_int(rows, 7),
        .max_score = ss_rows_real(rows, 8),
        .heat = ss_rows_real(rows, 9),
        .note = ss_rows_text(rows, 10),
    };
    c->risk = ss_risk_at(c->heat, as_of_us > c->last_us ? as_of_us : c->last_us);
}

int ss_customer_find(struct ss_db *db, struct ss_str user_id, int64_t as_of_us, struct ss_arena *arena,
                     struct ss_customer_row *customer)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT " COLUMNS " FROM customers WHERE user_id = $1",
                          SS_ARGS(ss_arg_text(user_id)), &rows);
    if (err)
        return err;
    int got = ss_rows_next(rows);
    if (got > 0) {
        of_row(rows, as_of_us, customer);
        err = ss_copy_text(arena, &customer->user_id);
        err = err ? err : ss_copy_text(arena, &customer->note);
    }
    ss_rows_free(rows);
    return err ? err : got;
}

int ss_customer_note(struct ss_db *db, struct ss_str user_id, struct ss_str note)
{
    int64_t n = ss_db_exec(db, "UPDATE customers SET note = $2 WHERE user_id = $1",
                           SS_ARGS(ss_arg_text(user_id), ss_arg_text(note)));
    return n < 0 ? (int)n : n > 0;
}

/* ---- lists ---- */

#define BEGINS_MAX "2000"

#define BEGINS(kinds)                                                                           \
    "user_id IN (SELECT user_id FROM (SELECT user_id FROM customers WHERE user_id >= ?1 AND "   \
    "user_id <= ?2 LIMIT " BEGINS_MAX ") AS own UNION ALL SELECT user_id FROM (SELECT user_id " \
    "FROM links WHERE kind IN (" kinds ") AND value >= ?1 AND value <= ?2 LIMIT " BEGINS_MAX ") AS things)"

static void add_filters(struct ss_select *q, const struct ss_customer_filter *f, struct ss_arena *arena)
{
    if (f->begins.p) {
        char *last = ss_arena_alloc(arena, f->begins.n + 4);
        if (!last)
            return; /* the arena has said so; the list is longer than asked for, and its texts fail */
        memcpy(last, f->begins.p, f->begins.n);
        memcpy(last + f->begins.n, "\xf4\x8f\xbf\xbf", 4); /* U+10FFFF: behind all that begins so */
        ss_select_where(q, f->no_addresses ? BEGINS("'card', 'device'") : BEGINS("'card', 'device', 'ip'"),
                        SS_ARGS(ss_arg_text(f->begins), ss_arg_text((struct ss_str){last, f->begins.n + 4})));
    }
    if (f->min_risk <= 0)
        return;
    ss_select_where(q, "heat >= ?1", SS_ARGS(ss_arg_real(ss_heat(f->min_risk, f->as_of_us) - 5e-7)));
    if (f->min_risk >= 0.5) /* as the index says it: risk is never above the greatest score */
        ss_select_where(q, "max_score >= 0.5", SS_NO_ARGS);
}

/* By id, by heat, and by the numbers: behind a key and order, upwards and downwards. */
#define BY(column)                                                                                \
    {                                                                                             \
        "(" column ", user_id) > (?1, ?2)", "ORDER BY " column ", user_id LIMIT ?1",              \
            "(" column ", user_id) < (?1, ?2)", "ORDER BY " column " DESC, user_id DESC LIMIT ?1" \
    }

static const char *const keys[][4] = {
    [SS_CUSTOMERS_BY_ID] = {"user_id > ?1", "ORDER BY user_id LIMIT ?1", "user_id < ?1",
                            "ORDER BY user_id DESC LIMIT ?1"},
    [SS_CUSTOMERS_BY_RISK] = BY("COALESCE(heat, -1e9)"),
    [SS_CUSTOMERS_BY_LAST] = BY("last_us"),
    [SS_CUSTOMERS_BY_PAYMENTS] = BY("payments"),
    [SS_CUSTOMERS_BY_AMOUNT] = BY("amount"),
    [SS_CUSTOMERS_BY_ALERTS] = BY("alerts"),
    [SS_CUSTOMERS_BY_FRAUD] = BY("fraud"),
};
/* The same where no heat is null, in the words of the index. */
static const char *const by_heat[4] = BY("heat");

int ss_customers_list(struct ss_db *db, const struct ss_customer_filter *f, struct ss_arena *arena,
                      int (*each)(void *arg, const struct ss_customer_row *customer), void *arg, bool *more)
{
    struct ss_select q;
    struct ss_rows *rows = NULL;
    bool risk = f->sort == SS_CUSTOMERS_BY_RISK;
    const char *const *key = (risk && f->min_risk > 0 ? by_heat : keys[f->sort]) + (f->down ? 2 : 0);
    *more = false;
    if (f->limit < 1)
        return 0;
    ss_select_init(&q, "SELECT " COLUMNS " FROM customers");
    add_filters(&q, f, arena);
    if (f->has_key && f->sort == SS_CUSTOMERS_BY_ID)
        ss_select_where(&q, key[0], SS_ARGS(ss_arg_text(f->user_id)));
    else if (f->has_key)
        ss_select_where(&q, key[0],
                        SS_ARGS(risk ? ss_arg_real(isnan(f->heat) ? COLD : f->heat) : ss_arg_int(f->key),
                                ss_arg_text(f->user_id)));
    ss_select_add(&q, key[1], SS_ARGS(ss_arg_int(f->limit + 1)));
    int err = ss_select_run(&q, db, &rows), got = 0;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        struct ss_customer_row c;
        if (n == f->limit) {
            *more = true;
            break;
        }
        of_row(rows, f->as_of_us, &c);
        err = each(arg, &c);
    }
    ss_rows_free(rows);
    ss_select_free(&q);
    return err ? err : got < 0 ? got : 0;
}

/* ---- links ---- */

static int walk_links(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n,
                      int (*each)(void *arg, const struct ss_link_row *link), void *arg)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, sql, args, n, &rows), got = 0;
    while (!err && (got = ss_rows_next(rows)) > 0) {
        const struct ss_link_row link = {ss_rows_text(rows, 0), ss_rows_text(rows, 1), ss_rows_text(rows, 2),
                                         ss_rows_int(rows, 3), ss_rows_int(rows, 4)};
        err = each(arg, &link);
    }
    ss_rows_free(rows);
    return err ? err : got < 0 ? got : 0;
}

#define LINK_COLUMNS "SELECT user_id, kind, value, first_us, last_us FROM links"

int ss_links_of_customer(struct ss_db *db, struct ss_str user_id, struct ss_str kind, int64_t limit,
                         int (*each)(void *arg, const struct ss_link_row *link), void *arg)
{
    if (!kind.p)
        return walk_links(db, LINK_COLUMNS " WHERE user_id = $1 ORDER BY last_us DESC, kind, value LIMIT $2",
                          SS_ARGS(ss_arg_text(user_id), ss_arg_int(limit)), each, arg);
    return walk_links(db,
                      LINK_COLUMNS " WHERE user_id = $1 AND kind = $3 ORDER BY last_us DESC, value LIMIT $2",
                      SS_ARGS(ss_arg_text(user_id), ss_arg_int(limit), ss_arg_text(kind)), each, arg);
}

int ss_links_of_thing(struct ss_db *db, struct ss_str kind, struct ss_str value, int64_t limit,
                      int (*each)(void *arg, const struct ss_link_row *link), void *arg)
{
    return walk_links(db,
                      LINK_COLUMNS " WHERE kind = $1 AND value = $2 ORDER BY last_us DESC, user_id LIMIT $3",
                      SS_ARGS(ss_arg_text(kind), ss_arg_text(value), ss_arg_int(limit)), each, arg);
}
