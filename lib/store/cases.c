#include "store/cases.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include "store/case_row.h"
#include <stdio.h>

const char *const ss_case_statuses[] = {
    "open", "investigating", "pending_info", "escalated", "resolved", "closed", NULL};
const char *const ss_case_priorities[] = {"low", "medium", "high", "critical", NULL};
const char *const ss_case_categories[] = {
    "velocity_fraud",   "identity_theft",      "card_testing", "friendly_fraud",
    "account_takeover", "suspicious_activity", "other",        NULL};
const char *const ss_resolutions[] = {"confirmed_fraud", "false_positive", "inconclusive", "customer_error",
                                      NULL};

#define BIT(status) (1u << (status))

unsigned ss_case_moves(enum ss_case_status status)
{
    const unsigned working =
        BIT(SS_CASE_INVESTIGATING) | BIT(SS_CASE_PENDING) | BIT(SS_CASE_ESCALATED) | BIT(SS_CASE_RESOLVED);
    switch (status) {
    case SS_CASE_OPEN: return working;
    case SS_CASE_INVESTIGATING:
    case SS_CASE_PENDING:
    case SS_CASE_ESCALATED: return (working | BIT(SS_CASE_OPEN)) & ~BIT(status);
    case SS_CASE_RESOLVED: return BIT(SS_CASE_OPEN) | BIT(SS_CASE_CLOSED);
    case SS_CASE_CLOSED: return BIT(SS_CASE_OPEN);
    case SS_CASE_STATUSES: break;
    }
    return 0;
}

int ss_word_of(const char *const *words, struct ss_str text, int absent)
{
    for (int i = 0; words[i]; i++)
        if (ss_str_is(text, words[i]))
            return i;
    return absent;
}

/* In the order of SS_CASE_COLUMNS. */
void ss_case_of_row(const struct ss_rows *rows, struct ss_arena *arena, struct ss_case *c)
{
    int at = 0;
    c->id = ss_rows_int(rows, at++);
    struct ss_str *const texts[] = {&c->number, &c->title,   &c->description,
                                    &c->entity, &c->user_id, &c->card_id};
    for (size_t i = 0; i < SS_COUNT(texts); i++)
        *texts[i] = ss_rows_copy(rows, at++, arena);
    /* A word that nobody knows can only come from a newer program: it reads as the first. */
    c->status = (enum ss_case_status)ss_word_of(ss_case_statuses, ss_rows_text(rows, at++), 0);
    c->priority = (enum ss_case_priority)ss_word_of(ss_case_priorities, ss_rows_text(rows, at++), 0);
    c->category =
        (enum ss_case_category)ss_word_of(ss_case_categories, ss_rows_text(rows, at++), SS_CATEGORY_OTHER);
    c->resolution = ss_word_of(ss_resolutions, ss_rows_text(rows, at++), -1);
    int64_t *const numbers[] = {&c->assigned_to, &c->assigned_us, &c->escalated_to, &c->escalated_us,
                                &c->resolved_by, &c->resolved_us, &c->amount,       &c->loss,
                                &c->recovered,   &c->created_us,  &c->updated_us,   &c->span_us,
                                &c->due_us,      &c->paused_us,   &c->alerts,       &c->last_alert_us,
                                &c->version};
    for (size_t i = 0; i < SS_COUNT(numbers); i++)
        *numbers[i] = ss_rows_int(rows, at++);
    c->breached = ss_rows_int(rows, at++) != 0;
    c->resolution_notes = ss_rows_copy(rows, at++, arena);
    c->currency = ss_rows_copy(rows, at++, arena);
    c->created_by = ss_rows_copy(rows, at++, arena);
    c->assigned_name = ss_rows_copy(rows, at++, arena);
    c->escalated_name = ss_rows_copy(rows, at++, arena);
    c->resolved_name = ss_rows_copy(rows, at, arena);
}

int ss_case_find(struct ss_db *db, int64_t id, struct ss_arena *arena, struct ss_case *c)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT " SS_CASE_COLUMNS " WHERE c.id = $1", SS_ARGS(ss_arg_int(id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        ss_case_of_row(rows, arena, c);
    ss_rows_free(rows);
    return err;
}

/* ---- writing ---- */

static struct ss_arg int_or_null(int64_t i)
{
    return i ? ss_arg_int(i) : ss_arg_null();
}

/*
 * The next number of the day. The newest row has the greatest one: ids and days only grow, and where the
 * clock was set back the newer day goes on.
 */
static int next_number(struct ss_db *db, int64_t now_us, char number[SS_CASE_NUMBER])
{
    struct ss_civil day;
    char today[16], last[16] = "";
    int64_t n = 0;
    struct ss_rows *rows;
    ss_time_to_civil(now_us, &day);
    snprintf(today, sizeof today, "%04u%02u%02u", (unsigned)day.year % 10000, (unsigned)day.month % 100,
             (unsigned)day.day % 100);
    int err = ss_db_query(db, "SELECT number FROM cases ORDER BY id DESC LIMIT 1", SS_NO_ARGS, &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    struct ss_str text = err > 0 ? ss_rows_text(rows, 0) : (struct ss_str){NULL, 0};
    if (text.n > 14) {
        memcpy(last, text.p + 5, 8);
        if (!ss_int_parse(text.p + 14, text.n - 14, &n) || strcmp(last, today) < 0)
            n = 0;
    }
    ss_rows_free(rows);
    snprintf(number, SS_CASE_NUMBER, "CASE-%s-%05lld", strcmp(last, today) > 0 ? last : today,
             (long long)n + 1);
    return err < 0 ? err : 0;
}

/* *id is 0 when the number is taken: another process was quicker. */
static int try_insert(struct ss_db *db, const struct ss_case *c, const char *number, int64_t *id)
{
    return ss_db_int(
        db,
        "INSERT INTO cases (number, title, description, entity, user_id, card_id, status, priority, "
        "category, "
        "assigned_to, assigned_us, amount, loss, recovered, currency, created_by, created_us, updated_us, "
        "span_us, due_us, alerts, last_alert_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
        "$13, "
        "$14, $15, $16, $17, $17, $18, $19, $20, $21) ON CONFLICT (number) DO NOTHING RETURNING id",
        SS_ARGS(ss_arg_cstr(number), ss_arg_text(c->title),
                ss_arg_text(c->description.p ? c->description : SS_STR("")), ss_arg_text(c->entity),
                ss_arg_text(c->user_id), ss_arg_text(c->card_id), ss_arg_cstr(ss_case_statuses[c->status]),
                ss_arg_cstr(ss_case_priorities[c->priority]), ss_arg_cstr(ss_case_categories[c->category]),
                int_or_null(c->assigned_to), int_or_null(c->assigned_us), ss_arg_int(c->amount),
                ss_arg_int(c->loss), ss_arg_int(c->recovered), ss_arg_text(c->currency),
                ss_arg_text(c->created_by), ss_arg_int(c->created_us), ss_arg_int(c->span_us),
                ss_arg_int(c->due_us), ss_arg_int(c->alerts), int_or_null(c->last_alert_us)),
        0, id);
}

int ss_case_insert(struct ss_db *db, struct ss_arena *arena, struct ss_case *c)
{
    char number[SS_CASE_NUMBER];
    c->id = 0;
    for (int tries = 0; tries < 100 && !c->id; tries++) {
        int err = next_number(db, c->created_us, number);
        err = err ? err : try_insert(db, c, number, &c->id);
        if (err)
            return err;
    }
    if (!c->id)
        return ss_fail(SS_EAWAY, "others took every number for a case");
    char *copy = ss_arena_copy(arena, number, strlen(number));
    if (!copy)
        return SS_ENOMEM;
    c->number = ss_str_of(copy);
    c->updated_us = c->created_us;
    c->version = 1;
    return 0;
}

int ss_case_save(struct ss_db *db, struct ss_case *c, int64_t now_us)
{
    int64_t n = ss_db_exec(
        db,
        "UPDATE cases SET title = $1, description = $2, user_id = $3, card_id = $4, status = $5, priority = "
        "$6, "
        "category = $7, assigned_to = $8, assigned_us = $9, escalated_to = $10, escalated_us = $11, "
        "resolution = $12, resolution_notes = $13, resolved_by = $14, resolved_us = $15, amount = $16, loss "
        "= $17, "
        "recovered = $18, currency = $19, span_us = $20, due_us = $21, paused_us = $22, breached = $23, "
        "alerts = $24, last_alert_us = $25, updated_us = $26, version = version + 1 "
        "WHERE id = $27 AND version = $28",
        SS_ARGS(ss_arg_text(c->title), ss_arg_text(c->description.p ? c->description : SS_STR("")),
                ss_arg_text(c->user_id), ss_arg_text(c->card_id), ss_arg_cstr(ss_case_statuses[c->status]),
                ss_arg_cstr(ss_case_priorities[c->priority]), ss_arg_cstr(ss_case_categories[c->category]),
                int_or_null(c->assigned_to), int_or_null(c->assigned_us), int_or_null(c->escalated_to),
                int_or_null(c->escalated_us),
                ss_arg_cstr(c->resolution < 0 ? NULL : ss_resolutions[c->resolution]),
                ss_arg_text(c->resolution_notes), int_or_null(c->resolved_by), int_or_null(c->resolved_us),
                ss_arg_int(c->amount), ss_arg_int(c->loss), ss_arg_int(c->recovered),
                ss_arg_text(c->currency), ss_arg_int(c->span_us), ss_arg_int(c->due_us),
                int_or_null(c->paused_us), ss_arg_int(c->breached), ss_arg_int(c->alerts),
                int_or_null(c->last_alert_us), ss_arg_int(now_us), ss_arg_int(c->id),
                ss_arg_int(c->version)));
    if (n <= 0)
        return (int)n;
    c->version++;
    c->updated_us = now_us;
    return 1;
}

int ss_activity_add(struct ss_db *db, const struct ss_activity *a)
{
    int64_t n = ss_db_exec(
        db,
        "INSERT INTO case_activities (case_id, time_us, actor, action, old_value, new_value, detail) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        SS_ARGS(ss_arg_int(a->case_id), ss_arg_int(a->time_us), ss_arg_cstr(a->actor), ss_arg_cstr(a->action),
                ss_arg_text(a->old_value), ss_arg_text(a->new_value), ss_arg_text(a->detail)));
    return n < 0 ? (int)n : 0;
}

int ss_case_take(struct ss_db *db, int64_t user_id, int64_t now_us, int64_t *id)
{
    /* Where another process has just taken the same row, nothing comes back although others wait: again. */
    int64_t waiting = 1;
    int err = 0;
    *id = 0;
    for (int tries = 0; tries < 20 && !err && !*id && waiting; tries++) {
        err = ss_db_int(
            db,
            "UPDATE cases SET assigned_to = $1, assigned_us = $2, status = 'investigating', "
            "updated_us = $2, version = version + 1 WHERE id = (SELECT id FROM cases WHERE status = "
            "'open' AND assigned_to IS NULL ORDER BY due_us, id LIMIT 1) AND status = 'open' AND "
            "assigned_to IS NULL RETURNING id",
            SS_ARGS(ss_arg_int(user_id), ss_arg_int(now_us)), 0, id);
        if (!err && !*id)
            err = ss_db_int(
                db,
                "SELECT id FROM cases WHERE status = 'open' AND assigned_to IS NULL ORDER BY due_us, "
                "id LIMIT 1",
                SS_NO_ARGS, 0, &waiting);
    }
    return err;
}

void ss_case_event_put(struct ss_buf *to, const char *what, const struct ss_case *c, const char *actor)
{
    char due[SS_TIME_TEXT], amount[SS_NUMBER_MAX];
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "event", ss_str_of(what));
    ss_json_key(to, "id");
    ss_json_put_int(to, c->id);
    ss_put_text_of(to, "number", c->number);
    ss_put_text_of(to, "title", c->title);
    ss_put_text_of(to, "status", ss_str_of(ss_case_statuses[c->status]));
    ss_put_text_of(to, "priority", ss_str_of(ss_case_priorities[c->priority]));
    ss_put_text_of(to, "category", ss_str_of(ss_case_categories[c->category]));
    ss_put_text_of(to, "user_id", c->user_id);
    ss_json_key(to, "assigned_to");
    if (c->assigned_to)
        ss_json_put_int(to, c->assigned_to);
    else
        ss_buf_puts(to, "null");
    ss_put_text_of(to, "due", (struct ss_str){due, ss_time_print(c->due_us, due)});
    ss_json_key(to, "breached");
    ss_buf_puts(to, c->breached ? "true" : "false");
    ss_json_key(to, "alerts");
    ss_json_put_int(to, c->alerts);
    ss_json_key(to, "amount");
    ss_buf_put(to, amount, ss_amount_print(c->amount, amount));
    ss_json_key(to, "version");
    ss_json_put_int(to, c->version);
    ss_put_text_of(to, "actor", ss_str_of(actor));
    ss_buf_putc(to, '}');
}
