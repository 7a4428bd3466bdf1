#include "store/case_links.h"
#include "record/decision.h"
#include "store/case_row.h"
#include "store/select.h"

static int done(int64_t n)
{
    return n < 0 ? (int)n : 0;
}

/* Amounts in another currency than the case's are not added up. */
static void add_amount(struct ss_case *c, int64_t amount)
{
    c->amount += amount;
    c->loss += amount;
    if (c->amount < 0)
        c->amount = 0;
    if (c->loss < 0)
        c->loss = 0;
}

/* ---- alerts ---- */

struct alert {
    struct ss_str txn_id, user_id, card_id, currency;
    int64_t case_id, time_us;
};

static int find_alert(struct ss_db *db, struct ss_str id, struct ss_arena *arena, struct alert *a)
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db, "SELECT txn_id, user_id, card_id, currency, case_id, last_us FROM alerts WHERE id = $1",
        SS_ARGS(ss_arg_text(id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        *a = (struct alert){.txn_id = ss_rows_copy(rows, 0, arena),
                            .user_id = ss_rows_copy(rows, 1, arena),
                            .card_id = ss_rows_copy(rows, 2, arena),
                            .currency = ss_rows_copy(rows, 3, arena),
                            .case_id = ss_rows_int(rows, 4),
                            .time_us = ss_rows_int(rows, 5)};
    ss_rows_free(rows);
    return err;
}

#define OF_ALERT "(p.alert_id = $2 OR p.txn_id = $3)"

static int add_alerts_payments(struct ss_db *db, struct ss_case *c, struct ss_str id, const struct alert *a,
                               int64_t now_us)
{
    int64_t amount;
    int err = ss_db_int(
        db,
        "SELECT CAST(sum(p.amount) AS BIGINT) FROM payments p WHERE " OF_ALERT
        " AND COALESCE(p.currency, $4, '') = COALESCE($4, p.currency, '') AND NOT EXISTS (SELECT 1 "
        "FROM case_payments cp WHERE cp.case_id = $1 AND cp.txn_id = p.txn_id)",
        SS_ARGS(ss_arg_int(c->id), ss_arg_text(id), ss_arg_text(a->txn_id), ss_arg_text(c->currency)), 0,
        &amount);
    if (err)
        return err;
    add_amount(c, amount);
    return done(
        ss_db_exec(db,
                   "INSERT INTO case_payments (case_id, txn_id, added_us) SELECT CAST($1 AS BIGINT), "
                   "p.txn_id, CAST($4 AS BIGINT) "
                   "FROM payments p WHERE " OF_ALERT " ON CONFLICT (case_id, txn_id) DO NOTHING",
                   SS_ARGS(ss_arg_int(c->id), ss_arg_text(id), ss_arg_text(a->txn_id), ss_arg_int(now_us))));
}

int ss_case_add_alert(struct ss_db *db, struct ss_case *c, struct ss_str id, int64_t now_us,
                      struct ss_arena *arena, enum ss_link *link, int64_t *other)
{
    struct alert a = {0};
    int found = find_alert(db, id, arena, &a);
    *other = found > 0 ? a.case_id : 0;
    *link = found <= 0           ? SS_LINK_MISSING
            : a.case_id == c->id ? SS_LINK_THERE
            : a.case_id          ? SS_LINK_ELSEWHERE
                                 : SS_LINK_DONE;
    if (found < 0 || *link != SS_LINK_DONE)
        return found < 0 ? found : 0;
    if (!c->currency.p)
        c->currency = a.currency;
    if (!c->user_id.p)
        c->user_id = a.user_id;
    if (!c->card_id.p)
        c->card_id = a.card_id;
    int err = add_alerts_payments(db, c, id, &a, now_us);
    c->alerts++;
    if (a.time_us > c->last_alert_us)
        c->last_alert_us = a.time_us;
    return err ? err
               : done(ss_db_exec(db, "UPDATE alerts SET case_id = $1, version = version + 1 WHERE id = $2",
                                 SS_ARGS(ss_arg_int(c->id), ss_arg_text(id))));
}

int ss_case_drop_alert(struct ss_db *db, struct ss_case *c, struct ss_str id, enum ss_link *link)
{
    int64_t amount,
        n = ss_db_exec(
            db, "UPDATE alerts SET case_id = NULL, version = version + 1 WHERE id = $1 AND case_id = $2",
            SS_ARGS(ss_arg_text(id), ss_arg_int(c->id)));
    *link = n > 0 ? SS_LINK_DONE : SS_LINK_MISSING;
    if (n <= 0)
        return (int)n;
    c->alerts--;
    /* Its payments go with it, but for one that opened another alert of the case. */
    int err = ss_db_int(
        db,
        "SELECT CAST(sum(p.amount) AS BIGINT) FROM payments p JOIN case_payments cp ON cp.case_id = "
        "$1 AND cp.txn_id = p.txn_id WHERE (p.alert_id = $2 OR p.txn_id = (SELECT txn_id FROM alerts "
        "WHERE id = $2)) AND COALESCE(p.currency, $3, '') = COALESCE($3, p.currency, '') AND NOT "
        "EXISTS (SELECT 1 FROM alerts a WHERE a.txn_id = p.txn_id AND a.case_id = $1)",
        SS_ARGS(ss_arg_int(c->id), ss_arg_text(id), ss_arg_text(c->currency)), 0, &amount);
    if (err)
        return err;
    add_amount(c, -amount);
    return done(
        ss_db_exec(db,
                   "DELETE FROM case_payments WHERE case_id = $1 AND (txn_id IN (SELECT txn_id FROM payments "
                   "WHERE alert_id = $2) OR txn_id = (SELECT txn_id FROM alerts WHERE id = $2)) AND NOT "
                   "EXISTS (SELECT 1 FROM alerts a WHERE a.txn_id = case_payments.txn_id AND a.case_id = $1)",
                   SS_ARGS(ss_arg_int(c->id), ss_arg_text(id))));
}

/* ---- payments ---- */

struct payment {
    struct ss_str user_id, card_id, currency;
    int64_t amount;
};

static int find_payment(struct ss_db *db, struct ss_str txn_id, struct ss_arena *arena, struct payment *p)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT user_id, card_id, currency, amount FROM payments WHERE txn_id = $1",
                          SS_ARGS(ss_arg_text(txn_id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        *p = (struct payment){.user_id = ss_rows_copy(rows, 0, arena),
                              .card_id = ss_rows_copy(rows, 1, arena),
                              .currency = ss_rows_copy(rows, 2, arena),
                              .amount = ss_rows_int(rows, 3)};
    ss_rows_free(rows);
    return err;
}

static bool same_currency(const struct ss_case *c, struct ss_str currency)
{
    return !c->currency.p || !currency.p || ss_str_eq(c->currency, currency);
}

int ss_case_add_payment(struct ss_db *db, struct ss_case *c, struct ss_str txn_id, int64_t now_us,
                        struct ss_arena *arena, enum ss_link *link)
{
    struct payment p;
    int found = find_payment(db, txn_id, arena, &p);
    *link = SS_LINK_MISSING;
    if (found <= 0)
        return found;
    int64_t n =
        ss_db_exec(db,
                   "INSERT INTO case_payments (case_id, txn_id, added_us) VALUES ($1, $2, $3) ON CONFLICT "
                   "(case_id, txn_id) DO NOTHING",
                   SS_ARGS(ss_arg_int(c->id), ss_arg_text(txn_id), ss_arg_int(now_us)));
    *link = n > 0 ? SS_LINK_DONE : SS_LINK_THERE;
    if (n <= 0)
        return (int)n;
    if (same_currency(c, p.currency))
        add_amount(c, p.amount);
    if (!c->currency.p)
        c->currency = p.currency;
    if (!c->user_id.p)
        c->user_id = p.user_id;
    if (!c->card_id.p)
        c->card_id = p.card_id;
    return 0;
}

int ss_case_drop_payment(struct ss_db *db, struct ss_case *c, struct ss_str txn_id, enum ss_link *link)
{
    struct ss_arena arena;
    struct payment p;
    int64_t n = ss_db_exec(db, "DELETE FROM case_payments WHERE case_id = $1 AND txn_id = $2",
                           SS_ARGS(ss_arg_int(c->id), ss_arg_text(txn_id)));
    *link = n > 0 ? SS_LINK_DONE : SS_LINK_MISSING;
    if (n <= 0)
        return (int)n;
    ss_arena_init(&arena, (size_t)1 << 16);
    int found = find_payment(db, txn_id, &arena, &p);
    if (found > 0 && same_currency(c, p.currency))
        add_amount(c, -p.amount);
    ss_arena_free(&arena);
    return found < 0 ? found : 0;
}

int ss_case_payments(struct ss_db *db, int64_t case_id, bool whole, int64_t limit,
                     int (*each)(void *arg, const struct ss_case_payment *payment), void *arg, bool *more)
{
    struct ss_rows *rows;
    *more = false;
    int err = ss_db_query(
        db,
        whole
            ? "SELECT p.txn_id, p.user_id, p.card_id, p.merchant_id, p.category, p.country, p.channel, "
              "p.currency, "
              "p.alert_id, p.time_us, p.amount, cp.added_us, p.score, p.level, p.action, COALESCE(p.label, "
              "-1), "
              "p.record FROM case_payments cp JOIN payments p ON p.txn_id = cp.txn_id WHERE cp.case_id = $1 "
              "ORDER "
              "BY p.time_us DESC, p.seq DESC LIMIT $2"
            : "SELECT p.txn_id, p.user_id, p.card_id, p.merchant_id, p.category, p.country, p.channel, "
              "p.currency, "
              "p.alert_id, p.time_us, p.amount, cp.added_us, p.score, p.level, p.action, COALESCE(p.label, "
              "-1) "
              "FROM case_payments cp JOIN payments p ON p.txn_id = cp.txn_id WHERE cp.case_id = $1 ORDER BY "
              "p.time_us DESC, p.seq DESC LIMIT $2",
        SS_ARGS(ss_arg_int(case_id), ss_arg_int(limit + 1)), &rows);
    int got = 0;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        struct ss_case_payment p;
        struct ss_str *const texts[] = {&p.txn_id,  &p.user_id, &p.card_id,  &p.merchant_id, &p.category,
                                        &p.country, &p.channel, &p.currency, &p.alert_id};
        if (n == limit) {
            *more = true;
            break;
        }
        for (size_t i = 0; i < SS_COUNT(texts); i++)
            *texts[i] = ss_rows_text(rows, (int)i);
        p.time_us = ss_rows_int(rows, 9);
        p.amount = ss_rows_int(rows, 10);
        p.added_us = ss_rows_int(rows, 11);
        p.score = ss_rows_real(rows, 12);
        p.level = ss_clamp(ss_rows_int(rows, 13), SS_LEVELS);
        p.action = ss_clamp(ss_rows_int(rows, 14), SS_ACTIONS);
        p.label = (int)ss_rows_int(rows, 15);
        p.record = whole ? ss_rows_text(rows, 16) : (struct ss_str){NULL, 0};
        err = each(arg, &p);
    }
    ss_rows_free(rows);
    return err ? err : got < 0 ? got : 0;
}

int ss_case_payments_count(struct ss_db *db, int64_t case_id, int64_t *count)
{
    return ss_db_int(db, "SELECT count(*) FROM case_payments WHERE case_id = $1",
                     SS_ARGS(ss_arg_int(case_id)), 0, count);
}
