#include "store/payments.h"
#include "base/err.h"
#include "store/copy.h"
#include "store/select.h"
#include <math.h>

#define COLUMNS                                                                                         \
    "seq, txn_id, time_us, user_id, card_id, merchant_id, device_id, ip, country, location, category, " \
    "channel, "                                                                                         \
    "currency, amount, score, level, action, label, latency_us, alert_id, rules"
#define RECORD_COLUMN 21
#define REPLAY_PAGE   500
#define BEGINS_MAX    "2000"

static int within(int64_t n, int count)
{
    return n < 0 ? 0 : n >= count ? count - 1 : (int)n;
}

static int64_t known(const struct ss_rows *rows, int column)
{
    return ss_rows_null(rows, column) ? -1 : ss_rows_int(rows, column);
}

static void of_row(const struct ss_rows *rows, bool brief, struct ss_payment *p)
{
    *p = (struct ss_payment){
        .seq = ss_rows_int(rows, 0),
        .txn_id = ss_rows_text(rows, 1),
        .time_us = ss_rows_int(rows, 2),
        .user_id = ss_rows_text(rows, 3),
        .card_id = ss_rows_text(rows, 4),
        .merchant_id = ss_rows_text(rows, 5),
        .device_id = ss_rows_text(rows, 6),
        .ip = ss_rows_text(rows, 7),
        .country = ss_rows_text(rows, 8),
        .location = ss_rows_text(rows, 9),
        .category = ss_rows_text(rows, 10),
        .channel = ss_rows_text(rows, 11),
        .currency = ss_rows_text(rows, 12),
        .amount = ss_rows_int(rows, 13),
        .score = ss_rows_real(rows, 14),
        .level = (enum ss_level)within(ss_rows_int(rows, 15), SS_LEVELS),
        .action = (enum ss_action)within(ss_rows_int(rows, 16), SS_ACTIONS),
        .label = (int)known(rows, 17),
        .latency_us = known(rows, 18),
        .alert_id = ss_rows_text(rows, 19),
        .rules = ss_rows_text(rows, 20),
    };
    if (!brief)
        p->record = ss_rows_text(rows, RECORD_COLUMN);
}

static int copy(struct ss_payment *p, struct ss_arena *arena)
{
    struct ss_str *const texts[] = {&p->txn_id,   &p->user_id,  &p->card_id,  &p->merchant_id, &p->device_id,
                                    &p->ip,       &p->country,  &p->location, &p->category,    &p->channel,
                                    &p->currency, &p->alert_id, &p->rules,    &p->record};
    int err = 0;
    for (size_t i = 0; i < SS_COUNT(texts) && !err; i++)
        err = ss_copy_text(arena, texts[i]);
    return err;
}

int ss_payment_find(struct ss_db *db, struct ss_str txn_id, struct ss_arena *arena,
                    struct ss_payment *payment)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT " COLUMNS ", record FROM payments WHERE txn_id = $1",
                          SS_ARGS(ss_arg_text(txn_id)), &rows);
    if (err)
        return err;
    int got = ss_rows_next(rows);
    if (got > 0) {
        of_row(rows, false, payment);
        err = copy(payment, arena);
    }
    ss_rows_free(rows);
    return err ? err : got;
}

/* ---- lists ---- */

/* Behind everything that begins with the text, in the order of bytes. */
static struct ss_str last_of(struct ss_str prefix, struct ss_arena *arena)
{
    char *to = ss_arena_alloc(arena, prefix.n + 4);
    if (!to)
        return (struct ss_str){"", 0};
    memcpy(to, prefix.p, prefix.n);
    memcpy(to + prefix.n, "\xf4\x8f\xbf\xbf", 4); /* U+10FFFF */
    return (struct ss_str){to, prefix.n + 4};
}

#define BEGINS(linked)                                                                                      \
    "seq IN (SELECT seq FROM (SELECT seq FROM payments WHERE txn_id >= ?1 AND txn_id <= ?2 "                \
    "LIMIT " BEGINS_MAX ") AS ids UNION ALL SELECT seq FROM (SELECT seq FROM payments WHERE user_id >= ?1 " \
    "AND user_id <= ?2 LIMIT " BEGINS_MAX ") AS users" linked ")"
#define LINKED(kind, column)                                                                                 \
    " UNION ALL SELECT seq FROM (SELECT p.seq FROM links l JOIN payments p ON p.user_id = l.user_id AND "    \
    "p." column " = l.value WHERE l.kind = '" kind "' AND l.value >= ?1 AND l.value <= ?2 LIMIT " BEGINS_MAX \
    ") AS " column

static void add_begins(struct ss_select *q, const struct ss_payment_filter *f, struct ss_arena *arena)
{
    static const char whole[] =
        BEGINS(LINKED("card", "card_id") LINKED("device", "device_id") LINKED("ip", "ip"));
    static const char without_addresses[] = BEGINS(LINKED("card", "card_id") LINKED("device", "device_id"));
    ss_select_where(q, f->no_addresses ? without_addresses : whole,
                    SS_ARGS(ss_arg_text(f->begins), ss_arg_text(last_of(f->begins, arena))));
}

/*
 * What a card, device or address is known by are its customers: their payments lie together. Payments of
 * nobody lie together too.
 */
#define OF_LINK(kind, column)                                                     \
    column " = ?1 AND (user_id IN (SELECT user_id FROM links WHERE kind = '" kind \
           "' AND value = ?1) OR user_id IS "                                     \
           "NULL)"

static void add_texts(struct ss_select *q, const struct ss_payment_filter *f)
{
    const bool user = f->user_id.p != NULL;
    const struct {
        const char *piece;
        struct ss_str value;
    } texts[] = {
        {"user_id = ?1", f->user_id},
        {user ? "card_id = ?1" : OF_LINK("card", "card_id"), f->card_id},
        {user ? "device_id = ?1" : OF_LINK("device", "device_id"), f->device_id},
        {user ? "ip = ?1" : OF_LINK("ip", "ip"), f->ip},
        {"merchant_id = ?1", f->merchant_id},
        {"country = ?1", f->country},
        {"category = ?1", f->category},
        {"channel = ?1", f->channel},
        {"currency = ?1", f->currency},
        {"alert_id = ?1", f->alert_id},
    };
    for (size_t i = 0; i < SS_COUNT(texts); i++)
        if (texts[i].value.p)
            ss_select_where(q, texts[i].piece, SS_ARGS(ss_arg_text(texts[i].value)));
}

static void add_filters(struct ss_select *q, const struct ss_payment_filter *f, struct ss_arena *arena)
{
    static const char *const labels[] = {NULL, "label = 1", "label = 0", "label IS NULL"};
    if (f->since_us)
        ss_select_where(q, "time_us >= ?1", SS_ARGS(ss_arg_int(f->since_us)));
    if (f->until_us)
        ss_select_where(q, "time_us < ?1", SS_ARGS(ss_arg_int(f->until_us)));
    add_texts(q, f);
    ss_select_numbers(q, "level", f->level);
    if (f->level && !(f->level & ((1u << SS_MEDIUM) - 1)))
        ss_select_where(q, "level >= 2", SS_NO_ARGS); /* as the index of these says it */
    ss_select_numbers(q, "action", f->action);
    if (f->label != SS_LABELLED_ANY)
        ss_select_where(q, labels[f->label], SS_NO_ARGS);
    if (f->has_min_amount)
        ss_select_where(q, "amount >= ?1", SS_ARGS(ss_arg_int(f->min_amount)));
    if (f->has_max_amount)
        ss_select_where(q, "amount <= ?1", SS_ARGS(ss_arg_int(f->max_amount)));
    if (f->has_min_score)
        ss_select_where(q, "score >= ?1", SS_ARGS(ss_arg_real(f->min_score)));
    if (f->has_max_score)
        ss_select_where(q, "score <= ?1", SS_ARGS(ss_arg_real(f->max_score)));
    if (f->rule.p)
        ss_select_where(q, "rules IS NOT NULL AND rules LIKE ?1 ESCAPE '\\'",
                        SS_ARGS(ss_arg_text(ss_like_pattern("%\"", f->rule, "\"%", arena))));
    if (f->begins.p)
        add_begins(q, f, arena);
}

/* Behind a key, and order: upwards, downwards. */
static const char *const keys[][4] = {
    {"(time_us, seq) > (?1, ?2)", "ORDER BY time_us, seq LIMIT ?1", "(time_us, seq) < (?1, ?2)",
     "ORDER BY time_us DESC, seq DESC LIMIT ?1"},
    {NULL, "ORDER BY seq LIMIT ?1", NULL, "ORDER BY seq DESC LIMIT ?1"},
    {"(amount, seq) > (?1, ?2)", "ORDER BY amount, seq LIMIT ?1", "(amount, seq) < (?1, ?2)",
     "ORDER BY amount DESC, seq DESC LIMIT ?1"},
    {"(COALESCE(score, -1.0), seq) > (?1, ?2)", "ORDER BY COALESCE(score, -1.0), seq LIMIT ?1",
     "(COALESCE(score, -1.0), seq) < (?1, ?2)", "ORDER BY COALESCE(score, -1.0) DESC, seq DESC LIMIT ?1"},
};

static void add_key(struct ss_select *q, const struct ss_payment_filter *f, const char *piece)
{
    double score = isnan(f->score) ? -1 : f->score;
    if (f->sort == SS_PAYMENTS_BY_ARRIVAL) /* a parameter that is not used has no type in PostgreSQL */
        ss_select_where(q, f->down != f->back ? "seq < ?1" : "seq > ?1", SS_ARGS(ss_arg_int(f->seq)));
    else
        ss_select_where(q, piece,
                        SS_ARGS(f->sort == SS_PAYMENTS_BY_SCORE ? ss_arg_real(score) : ss_arg_int(f->key),
                                ss_arg_int(f->seq)));
}

static int deliver(struct ss_rows *rows, const struct ss_payment_filter *f,
                   int (*each)(void *arg, const struct ss_payment *payment), void *arg, bool *more)
{
    int err = 0, got = 0;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        struct ss_payment p;
        if (n == f->limit) {
            *more = true;
            break;
        }
        of_row(rows, f->brief, &p);
        err = each(arg, &p);
    }
    return err ? err : got < 0 ? got : 0;
}

/* The rows come the other way round. */
static int deliver_back(struct ss_rows *rows, const struct ss_payment_filter *f, struct ss_arena *arena,
                        int (*each)(void *arg, const struct ss_payment *payment), void *arg, bool *more)
{
    struct ss_payment *kept = ss_arena_alloc(arena, (size_t)f->limit * sizeof *kept + 1);
    int err = kept ? 0 : SS_ENOMEM, got = 0;
    int64_t n = 0;
    for (; !err && (got = ss_rows_next(rows)) > 0; n++) {
        if (n == f->limit) {
            *more = true;
            break;
        }
        of_row(rows, f->brief, &kept[n]);
        err = copy(&kept[n], arena);
    }
    err = err ? err : got < 0 ? got : 0;
    while (!err && n-- > 0)
        err = each(arg, &kept[n]);
    return err;
}

int ss_payments_list(struct ss_db *db, const struct ss_payment_filter *f, struct ss_arena *arena,
                     int (*each)(void *arg, const struct ss_payment *payment), void *arg, bool *more)
{
    struct ss_select q;
    struct ss_rows *rows = NULL;
    const char *const *key = keys[f->sort] + (f->down != f->back ? 2 : 0);
    *more = false;
    if (f->limit < 1)
        return 0;
    /* What no index has in order is picked by an index that has all it takes, and only then read. */
    bool pick = f->sort == SS_PAYMENTS_BY_AMOUNT || f->sort == SS_PAYMENTS_BY_SCORE;
    ss_select_init(&q, f->brief ? "SELECT " COLUMNS " FROM payments"
                                : "SELECT " COLUMNS ", record FROM payments");
    if (pick)
        ss_select_add(&q, "WHERE seq IN (SELECT seq FROM payments", SS_NO_ARGS);
    add_filters(&q, f, arena);
    if (f->has_key)
        add_key(&q, f, key[0]);
    ss_select_add(&q, key[1], SS_ARGS(ss_arg_int(f->limit + 1)));
    if (pick) {
        ss_select_add(&q, ")", SS_NO_ARGS);
        ss_select_add(&q, key[1], SS_ARGS(ss_arg_int(f->limit + 1)));
    }
    int err = ss_select_run(&q, db, &rows);
    if (!err)
        err = f->back ? deliver_back(rows, f, arena, each, arg, more) : deliver(rows, f, each, arg, more);
    ss_rows_free(rows);
    ss_select_free(&q);
    return err;
}

int64_t ss_payments_amounts(struct ss_db *db, const struct ss_payment *p, int64_t *amount, int64_t most)
{
    struct ss_rows *rows;
    int64_t n = 0;
    int err = ss_db_query(
        db,
        "SELECT amount FROM payments WHERE user_id = $1 AND (time_us, seq) < ($2, $3) "
        "ORDER BY time_us DESC, seq DESC LIMIT $4",
        SS_ARGS(ss_arg_text(p->user_id), ss_arg_int(p->time_us), ss_arg_int(p->seq), ss_arg_int(most)),
        &rows);
    if (err)
        return err;
    while (n < most && (err = ss_rows_next(rows)) > 0)
        amount[n++] = ss_rows_int(rows, 0);
    ss_rows_free(rows);
    return err < 0 ? err : n;
}

/* ---- all again ---- */

int ss_payments_replay(struct ss_db *db, int64_t after,
                       int (*each)(void *arg, const struct ss_payment *payment), void *arg)
{
    int err = 0, got = 1;
    for (int64_t n = REPLAY_PAGE; n == REPLAY_PAGE && !err && got >= 0;) {
        struct ss_rows *rows;
        err = ss_db_query(db, "SELECT " COLUMNS ", record FROM payments WHERE seq > $1 ORDER BY seq LIMIT $2",
                          SS_ARGS(ss_arg_int(after), ss_arg_int(REPLAY_PAGE)), &rows);
        if (err)
            return err;
        for (n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
            struct ss_payment p;
            of_row(rows, false, &p);
            after = p.seq;
            err = each(arg, &p);
        }
        ss_rows_free(rows);
    }
    return err ? err : got < 0 ? got : 0;
}

int ss_payments_totals(struct ss_db *db, struct ss_payment_totals *totals)
{
    struct ss_rows *rows;
    *totals = (struct ss_payment_totals){0, 0, 0, 0};
    int err = ss_db_query(db,
                          "SELECT (SELECT count(*) FROM payments), (SELECT max(seq) FROM payments), "
                          "(SELECT min(time_us) FROM payments), (SELECT max(time_us) FROM payments)",
                          SS_NO_ARGS, &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        *totals = (struct ss_payment_totals){ss_rows_int(rows, 0), ss_rows_int(rows, 1), ss_rows_int(rows, 2),
                                             ss_rows_int(rows, 3)};
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}
