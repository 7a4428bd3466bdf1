#include "store/alerts.h"
#include "record/decision.h"
#include "store/case_row.h"

const char *const ss_alert_statuses[] = {"new", "reviewing", "escalated", "resolved", "false_positive", NULL};

#define BIT(status) (1u << (status))

unsigned ss_alert_moves(enum ss_alert_status status)
{
    const unsigned over = BIT(SS_ALERT_RESOLVED) | BIT(SS_ALERT_FALSE_POSITIVE);
    switch (status) {
    case SS_ALERT_NEW: return BIT(SS_ALERT_REVIEWING) | BIT(SS_ALERT_ESCALATED) | over;
    case SS_ALERT_REVIEWING: return BIT(SS_ALERT_NEW) | BIT(SS_ALERT_ESCALATED) | over;
    case SS_ALERT_ESCALATED: return BIT(SS_ALERT_REVIEWING) | over;
    case SS_ALERT_RESOLVED:
    case SS_ALERT_FALSE_POSITIVE: return BIT(SS_ALERT_REVIEWING);
    case SS_ALERT_STATUSES: break;
    }
    return 0;
}

#define COLUMNS                                                                                              \
    "a.id, a.txn_id, a.group_key, a.user_id, a.card_id, a.merchant_id, a.category, a.currency, a.reason, "   \
    "a.rules, a.note, c.number, ua.name, ur.name, a.seq, a.time_us, a.last_us, a.created_us, a.amount, "     \
    "a.count, a.case_id, a.assigned_to, a.reviewed_by, a.reviewed_us, a.snoozed_us, a.version, a.score, "    \
    "a.level, a.action, a.status FROM alerts a LEFT JOIN cases c ON c.id = a.case_id LEFT JOIN users ua ON " \
    "ua.id = a.assigned_to LEFT JOIN users ur ON ur.id = a.reviewed_by"

static void of_row(const struct ss_rows *rows, struct ss_arena *arena, struct ss_alert_row *a)
{
    int at = 0;
    struct ss_str *const texts[] = {
        &a->id,          &a->txn_id,      &a->group_key,     &a->user_id,      &a->card_id,
        &a->merchant_id, &a->category,    &a->currency,      &a->reason,       &a->rules,
        &a->note,        &a->case_number, &a->assigned_name, &a->reviewed_name};
    for (size_t i = 0; i < SS_COUNT(texts); i++)
        *texts[i] = ss_rows_copy(rows, at++, arena);
    int64_t *const numbers[] = {&a->seq,         &a->time_us,     &a->last_us,    &a->created_us,
                                &a->amount,      &a->count,       &a->case_id,    &a->assigned_to,
                                &a->reviewed_by, &a->reviewed_us, &a->snoozed_us, &a->version};
    for (size_t i = 0; i < SS_COUNT(numbers); i++)
        *numbers[i] = ss_rows_int(rows, at++);
    a->score = ss_rows_real(rows, at++);
    a->level = ss_clamp(ss_rows_int(rows, at++), SS_LEVELS);
    a->action = ss_clamp(ss_rows_int(rows, at++), SS_ACTIONS);
    a->status = (enum ss_alert_status)ss_word_of(ss_alert_statuses, ss_rows_text(rows, at), 0);
}

int ss_alert_find(struct ss_db *db, struct ss_str id, struct ss_arena *arena, struct ss_alert_row *alert)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT " COLUMNS " WHERE a.id = $1", SS_ARGS(ss_arg_text(id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        of_row(rows, arena, alert);
    ss_rows_free(rows);
    return err;
}

static struct ss_arg int_or_null(int64_t i)
{
    return i ? ss_arg_int(i) : ss_arg_null();
}

int ss_alert_save(struct ss_db *db, struct ss_alert_row *a)
{
    int64_t n =
        ss_db_exec(db,
                   "UPDATE alerts SET status = $1, assigned_to = $2, reviewed_by = $3, reviewed_us = $4, "
                   "note = $5, snoozed_us = $6, version = version + 1 WHERE id = $7 AND version = $8",
                   SS_ARGS(ss_arg_cstr(ss_alert_statuses[a->status]), int_or_null(a->assigned_to),
                           int_or_null(a->reviewed_by), int_or_null(a->reviewed_us), ss_arg_text(a->note),
                           int_or_null(a->snoozed_us), ss_arg_text(a->id), ss_arg_int(a->version)));
    if (n <= 0)
        return (int)n;
    a->version++;
    return 1;
}

int64_t ss_alerts_settle(struct ss_db *db, int64_t case_id, enum ss_alert_status status, int64_t user_id,
                         int64_t now_us)
{
    return ss_db_exec(
        db,
        "UPDATE alerts SET status = $1, reviewed_by = $2, reviewed_us = $3, snoozed_us = NULL, "
        "version = version + 1 WHERE case_id = $4 AND status IN ('new', 'reviewing', 'escalated')",
        SS_ARGS(ss_arg_cstr(ss_alert_statuses[status]), int_or_null(user_id), ss_arg_int(now_us),
                ss_arg_int(case_id)));
}

int64_t ss_alerts_reopen(struct ss_db *db, int64_t case_id)
{
    return ss_db_exec(
        db,
        "UPDATE alerts SET status = 'reviewing', version = version + 1 WHERE case_id = $1 AND status IN "
        "('resolved', 'false_positive')",
        SS_ARGS(ss_arg_int(case_id)));
}

int ss_alert_record(struct ss_db *db, struct ss_str txn_id, struct ss_arena *arena, struct ss_str *record)
{
    struct ss_rows *rows;
    *record = (struct ss_str){NULL, 0};
    int err =
        ss_db_query(db, "SELECT record FROM payments WHERE txn_id = $1", SS_ARGS(ss_arg_text(txn_id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        *record = ss_rows_copy(rows, 0, arena);
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}

/* ---- lists ---- */

static void add_id(struct ss_select *q, const char *equal, const char *none, int64_t id)
{
    if (id > 0)
        ss_select_where(q, equal, SS_ARGS(ss_arg_int(id)));
    else if (id < 0)
        ss_select_where(q, none, SS_NO_ARGS);
}

static void add_filters(struct ss_select *q, const struct ss_alert_filter *f, struct ss_arena *arena)
{
    const struct {
        const char *piece;
        struct ss_str value;
    } texts[] = {
        {"a.user_id = ?1", f->user_id},         {"a.card_id = ?1", f->card_id},
        {"a.merchant_id = ?1", f->merchant_id}, {"a.category = ?1", f->category},
        {"a.group_key = ?1", f->group_key},     {"a.txn_id = ?1", f->txn_id},
    };
    ss_select_words(q, "a.status", ss_alert_statuses, f->status);
    ss_select_numbers(q, "a.level", f->level);
    for (size_t i = 0; i < SS_COUNT(texts); i++)
        if (texts[i].value.p)
            ss_select_where(q, texts[i].piece, SS_ARGS(ss_arg_text(texts[i].value)));
    if (f->since_us)
        ss_select_where(q, "a.time_us >= ?1", SS_ARGS(ss_arg_int(f->since_us)));
    if (f->until_us)
        ss_select_where(q, "a.time_us < ?1", SS_ARGS(ss_arg_int(f->until_us)));
    if (f->min_amount)
        ss_select_where(q, "a.amount >= ?1", SS_ARGS(ss_arg_int(f->min_amount)));
    add_id(q, "a.assigned_to = ?1", "a.assigned_to IS NULL", f->assigned_to);
    add_id(q, "a.case_id = ?1", "a.case_id IS NULL", f->case_id);
    if (f->snoozed == SS_SNOOZED_HIDE)
        ss_select_where(q, "a.snoozed_us IS NULL OR a.snoozed_us <= ?1", SS_ARGS(ss_arg_int(f->now_us)));
    else if (f->snoozed == SS_SNOOZED_ONLY)
        ss_select_where(q, "a.snoozed_us > ?1", SS_ARGS(ss_arg_int(f->now_us)));
    if (f->text.p)
        ss_select_where(
            q,
            "lower(COALESCE(a.reason, '')) LIKE lower(?1) ESCAPE '\\' OR lower(a.txn_id) LIKE lower(?1) "
            "ESCAPE '\\' OR lower(COALESCE(a.user_id, '')) LIKE lower(?1) ESCAPE '\\' OR "
            "lower(COALESCE(a.merchant_id, '')) LIKE lower(?1) ESCAPE '\\' OR "
            "lower(COALESCE(a.rules, '')) LIKE lower(?1) ESCAPE '\\'",
            SS_ARGS(ss_arg_text(ss_like_pattern("%", f->text, "%", arena))));
}

static const char *const keys[][4] = {
    /* up: behind a key, order; down: the same */
    {"(a.time_us, a.seq) > (?1, ?2)", "ORDER BY a.time_us, a.seq LIMIT ?1", "(a.time_us, a.seq) < (?1, ?2)",
     "ORDER BY a.time_us DESC, a.seq DESC LIMIT ?1"},
    {"(COALESCE(a.score, -1), a.seq) > (?1, ?2)", "ORDER BY COALESCE(a.score, -1), a.seq LIMIT ?1",
     "(COALESCE(a.score, -1), a.seq) < (?1, ?2)", "ORDER BY COALESCE(a.score, -1) DESC, a.seq DESC LIMIT ?1"},
    {"(a.amount, a.seq) > (?1, ?2)", "ORDER BY a.amount, a.seq LIMIT ?1", "(a.amount, a.seq) < (?1, ?2)",
     "ORDER BY a.amount DESC, a.seq DESC LIMIT ?1"},
    {"(a.seq, a.seq) > (?1, ?2)", "ORDER BY a.seq LIMIT ?1", "(a.seq, a.seq) < (?1, ?2)",
     "ORDER BY a.seq DESC LIMIT ?1"},
};

int ss_alerts_list(struct ss_db *db, const struct ss_alert_filter *f, struct ss_arena *arena,
                   int (*each)(void *arg, const struct ss_alert_row *alert), void *arg, bool *more)
{
    struct ss_select q;
    struct ss_rows *rows = NULL;
    const char *const *key = keys[f->sort] + (f->down ? 2 : 0);
    ss_select_init(&q, "SELECT " COLUMNS);
    add_filters(&q, f, arena);
    if (f->has_key)
        ss_select_where(&q, key[0],
                        SS_ARGS(f->sort == SS_ALERTS_BY_SCORE ? ss_arg_real(f->score) : ss_arg_int(f->key),
                                ss_arg_int(f->seq)));
    ss_select_add(&q, key[1], SS_ARGS(ss_arg_int(f->limit + 1)));
    int err = ss_select_run(&q, db, &rows), got = 0;
    *more = false;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        struct ss_alert_row a;
        if (n == f->limit) {
            *more = true;
            break;
        }
        of_row(rows, arena, &a);
        err = each(arg, &a);
    }
    ss_rows_free(rows);
    ss_select_free(&q);
    return err ? err : got < 0 ? got : 0;
}

/* Adds `sign` times the counts of a query of status, level and count. */
static int add_counts(struct ss_rows *rows, int64_t count[SS_ALERT_STATUSES][SS_LEVELS], int sign,
                      int64_t *sum)
{
    int err;
    while ((err = ss_rows_next(rows)) > 0) {
        int status = ss_word_of(ss_alert_statuses, ss_rows_text(rows, 0), -1);
        int64_t level = ss_rows_int(rows, 1), n = ss_rows_int(rows, 2);
        if (status < 0 || level < 0 || level >= SS_LEVELS)
            continue;
        count[status][level] += sign * n;
        *sum += n;
    }
    ss_rows_free(rows);
    return err;
}

int ss_alerts_count(struct ss_db *db, int64_t now_us, int64_t count[SS_ALERT_STATUSES][SS_LEVELS],
                    int64_t *snoozed)
{
    struct ss_rows *rows;
    int64_t all = 0;
    memset(count, 0, sizeof(int64_t) * SS_ALERT_STATUSES * SS_LEVELS);
    *snoozed = 0;
    /* Each from an index of its own, without the rows. */
    int err = ss_db_query(db, "SELECT status, level, count(*) FROM alerts GROUP BY status, level", SS_NO_ARGS,
                          &rows);
    err = err ? err : add_counts(rows, count, 1, &all);
    err = err ? err
              : ss_db_query(
                    db,
                    "SELECT status, level, count(*) FROM alerts WHERE snoozed_us > $1 AND status IN ('new', "
                    "'reviewing', 'escalated') GROUP BY status, level",
                    SS_ARGS(ss_arg_int(now_us)), &rows);
    return err ? err : add_counts(rows, count, -1, snoozed);
}
