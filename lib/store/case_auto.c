#include "store/case_auto.h"
#include "base/err.h"
#include "base/time.h"
#include "json/cursor.h"
#include "store/audit.h"
#include "store/case_row.h"
#include "store/settings.h"
#include <math.h>
#include <stdio.h>

#define TITLE_MAX 200

void ss_case_auto_of(const struct ss_settings *settings, struct ss_case_auto *how)
{
    how->on = settings ? ss_setting_bool(settings, "cases.auto") : true;
    how->level = settings ? ss_level_of(ss_setting_text(settings, "cases.auto_level")) : SS_HIGH;
    how->window_us = (settings ? ss_setting_int(settings, "cases.auto_window_h") : 24) * SS_HOUR_US;
    ss_sla_of(settings, &how->sla);
}

/* ---- what kind of case ---- */

/* The first line that has a word of a rule's id or tags counts. */
static const struct {
    const char *word;
    enum ss_case_category category;
} kinds[] = {
    {"testing", SS_CATEGORY_TESTING},     {"tiny", SS_CATEGORY_TESTING},
    {"ring", SS_CATEGORY_IDENTITY},       {"identity", SS_CATEGORY_IDENTITY},
    {"synthetic", SS_CATEGORY_IDENTITY},  {"takeover", SS_CATEGORY_TAKEOVER},
    {"travel", SS_CATEGORY_TAKEOVER},     {"geo", SS_CATEGORY_TAKEOVER},
    {"speed", SS_CATEGORY_TAKEOVER},      {"device", SS_CATEGORY_TAKEOVER},
    {"velocity", SS_CATEGORY_VELOCITY},   {"burst", SS_CATEGORY_VELOCITY},
    {"friendly", SS_CATEGORY_FRIENDLY},   {"refund", SS_CATEGORY_FRIENDLY},
    {"chargeback", SS_CATEGORY_FRIENDLY}, {"dispute", SS_CATEGORY_FRIENDLY},
};
#define KINDS SS_COUNT(kinds)

/* The first kind that has a word of "high_velocity", or KINDS. */
static size_t kind_of(struct ss_str name)
{
    size_t best = KINDS;
    for (size_t from = 0; from < name.n;) {
        size_t to = from;
        while (to < name.n && name.p[to] != '_' && name.p[to] != '-' && name.p[to] != ' ')
            to++;
        for (size_t i = 0; i < best; i++)
            if (ss_str_is((struct ss_str){name.p + from, to - from}, kinds[i].word))
                best = i;
        from = to + 1;
    }
    return best;
}

static enum ss_case_category category_of(size_t kind)
{
    return kind < KINDS ? kinds[kind].category : SS_CATEGORY_SUSPICIOUS;
}

enum ss_case_category ss_case_category_of(const struct ss_decision *decision)
{
    size_t best = KINDS;
    double score = -1;
    for (uint32_t i = 0; decision && i < decision->rules; i++) {
        const struct ss_fired *rule = &decision->rule[i];
        double own = isnan(rule->score) ? 0 : rule->score;
        size_t kind = kind_of(rule->id);
        for (uint32_t t = 0; t < rule->tags; t++) {
            size_t k = kind_of(rule->tag[t]);
            kind = k < kind ? k : kind;
        }
        if (kind < KINDS && (own > score || (own >= score && kind < best))) {
            score = own;
            best = kind;
        }
    }
    return category_of(best);
}

enum ss_case_category ss_case_category_of_ids(struct ss_str rules)
{
    struct ss_cursor c = {rules.p, rules.p + rules.n};
    struct ss_str id;
    size_t best = KINDS;
    if (!rules.p || !ss_cursor_take(&c, '['))
        return SS_CATEGORY_SUSPICIOUS;
    while (ss_cursor_string(&c, &id)) {
        size_t kind = kind_of(id);
        best = kind < best ? kind : best;
        if (!ss_cursor_take(&c, ','))
            break;
    }
    return category_of(best);
}

enum ss_case_priority ss_case_priority_of(int level)
{
    switch (level) {
    case SS_CRITICAL: return SS_PRIORITY_CRITICAL;
    case SS_HIGH: return SS_PRIORITY_HIGH;
    case SS_MEDIUM: return SS_PRIORITY_MEDIUM;
    default: return SS_PRIORITY_LOW;
    }
}

static struct ss_str copy(struct ss_arena *arena, const char *text, int n)
{
    char *p = n < 0 ? NULL : ss_arena_copy(arena, text, (size_t)n);
    return (struct ss_str){p, p ? (size_t)n : 0};
}

struct ss_str ss_case_title(enum ss_case_category category, struct ss_str entity, struct ss_arena *arena)
{
    static const char *const names[] = {
        "Velocity fraud",   "Identity theft",      "Card testing", "Friendly fraud",
        "Account takeover", "Suspicious activity", "Case"};
    char text[TITLE_MAX];
    const char *colon = entity.p ? memchr(entity.p, ':', entity.n) : NULL;
    int n;
    if (!colon || memchr(entity.p, ',', entity.n)) {
        n = snprintf(text, sizeof text, "%s%s%.*s", names[category], entity.n ? ", " : "", (int)entity.n,
                     entity.p ? entity.p : "");
    } else {
        size_t word = (size_t)(colon - entity.p), rest = entity.n - word - 1;
        if (word > 3 && memcmp(colon - 3, "_id", 3) == 0)
            word -= 3;
        struct ss_str what = {entity.p, word};
        what = ss_str_is(what, "user") ? SS_STR("customer") : what;
        n = snprintf(text, sizeof text, "%s, %.*s %.*s", names[category], (int)what.n, what.p, (int)rest,
                     colon + 1);
    }
    if (n >= (int)sizeof text) /* cut, and not inside a character */
        for (n = (int)sizeof text - 1; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
            continue;
    return copy(arena, text, n);
}

struct ss_str ss_case_entity(struct ss_str key, struct ss_str user_id, struct ss_str card_id,
                             struct ss_arena *arena)
{
    static const char own[] = "txn_id:";
    char text[320];
    /* An alert that is grouped by nothing has its payment for a key. */
    if (key.n && (key.n < sizeof own || memcmp(key.p, own, sizeof own - 1) != 0))
        return key;
    if (!user_id.n && !card_id.n)
        return (struct ss_str){NULL, 0};
    struct ss_str id = user_id.n ? user_id : card_id;
    int n = snprintf(text, sizeof text, "%s:%.*s", user_id.n ? "user_id" : "card_id", (int)id.n, id.p);
    return copy(arena, text, n < (int)sizeof text ? n : (int)sizeof text - 1);
}

/* ---- joining and opening ---- */

/* What joining needs of the case. */
struct target {
    int64_t id, span_us, last_us;
    int priority;
    bool same_currency;
};

static int read_target(struct ss_db *db, const char *sql, struct ss_str key,
                       const struct ss_case_alert *alert, struct target *to)
{
    struct ss_rows *rows;
    to->id = 0;
    int err = ss_db_query(db, sql, SS_ARGS(ss_arg_text(key)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        struct ss_str currency = ss_rows_text(rows, 4);
        *to = (struct target){.id = ss_rows_int(rows, 0),
                              .span_us = ss_rows_int(rows, 1),
                              .last_us = ss_rows_int(rows, 2),
                              .priority = ss_word_of(ss_case_priorities, ss_rows_text(rows, 3), 0),
                              .same_currency =
                                  !currency.p || !alert->currency.p || ss_str_eq(currency, alert->currency)};
    }
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}

#define TARGET                                                                                             \
    "SELECT id, span_us, COALESCE(last_alert_us, created_us), priority, currency FROM cases WHERE status " \
    "IN ('open', 'investigating', 'pending_info', 'escalated') AND "

/* The case that the alert is in, or else the open one of its entity. */
static int find_target(struct ss_db *db, const struct ss_case_auto *how, const struct ss_case_alert *alert,
                       struct ss_str entity, struct target *to)
{
    int err = 0;
    to->id = 0;
    if (alert->count > 1)
        err = read_target(db, TARGET "id = (SELECT case_id FROM alerts WHERE id = $1)", alert->alert_id,
                          alert, to);
    if (err || to->id || !how->on || alert->level < how->level || !entity.p)
        return err;
    err = read_target(db, TARGET "entity = $1 ORDER BY id DESC LIMIT 1", entity, alert, to);
    int64_t apart = alert->time_us - to->last_us;
    if (!err && to->id && (apart > how->window_us || apart < -how->window_us))
        to->id = 0;
    return err;
}

/* 1: the payment is new to the case, 0: it was in it. */
static int64_t add_payment(struct ss_db *db, int64_t case_id, struct ss_str txn_id, int64_t now_us)
{
    return ss_db_exec(db,
                      "INSERT INTO case_payments (case_id, txn_id, added_us) VALUES ($1, $2, $3) ON CONFLICT "
                      "(case_id, txn_id) DO NOTHING",
                      SS_ARGS(ss_arg_int(case_id), ss_arg_text(txn_id), ss_arg_int(now_us)));
}

static int64_t link_alert(struct ss_db *db, int64_t case_id, struct ss_str alert_id)
{
    return ss_db_exec(
        db, "UPDATE alerts SET case_id = $1, version = version + 1 WHERE id = $2 AND case_id IS NULL",
        SS_ARGS(ss_arg_int(case_id), ss_arg_text(alert_id)));
}

/* A case never becomes less urgent by itself. */
static int raise_priority(struct ss_db *db, const struct ss_case_auto *how, const struct target *to,
                          int priority, int64_t now_us)
{
    int64_t n = ss_db_exec(
        db, "UPDATE cases SET priority = $1, due_us = due_us - span_us + $2, span_us = $2 WHERE id = $3",
        SS_ARGS(ss_arg_cstr(ss_case_priorities[priority]), ss_arg_int(how->sla.span_us[priority]),
                ss_arg_int(to->id)));
    if (n < 0)
        return (int)n;
    const struct ss_activity activity = {.case_id = to->id,
                                         .time_us = now_us,
                                         .actor = "system",
                                         .action = "priority_changed",
                                         .old_value = ss_str_of(ss_case_priorities[to->priority]),
                                         .new_value = ss_str_of(ss_case_priorities[priority])};
    return ss_activity_add(db, &activity);
}

static int join(struct ss_db *db, const struct ss_case_auto *how, const struct ss_case_alert *alert,
                const struct target *to, int64_t now_us)
{
    int64_t fresh = add_payment(db, to->id, alert->txn_id, now_us);
    int64_t linked = fresh < 0 ? fresh : link_alert(db, to->id, alert->alert_id);
    if (linked < 0)
        return (int)linked;
    int64_t amount = fresh && to->same_currency ? alert->amount : 0;
    int64_t n = ss_db_exec(db,
                           "UPDATE cases SET amount = amount + $1, loss = loss + $1, alerts = alerts + $2, "
                           "last_alert_us = CASE WHEN last_alert_us > $3 THEN last_alert_us ELSE $3 END, "
                           "updated_us = $4, version = version + 1 WHERE id = $5",
                           SS_ARGS(ss_arg_int(amount), ss_arg_int(linked), ss_arg_int(alert->time_us),
                                   ss_arg_int(now_us), ss_arg_int(to->id)));
    int priority = (int)ss_case_priority_of(alert->level);
    if (n >= 0 && priority > to->priority)
        n = raise_priority(db, how, to, priority, now_us);
    return n < 0 ? (int)n : 0;
}

static int open_case(struct ss_db *db, const struct ss_case_auto *how, const struct ss_case_alert *alert,
                     struct ss_str entity, int64_t now_us, struct ss_arena *arena, int64_t *id)
{
    struct ss_case c = {.entity = entity,
                        .user_id = alert->user_id,
                        .card_id = alert->card_id,
                        .priority = ss_case_priority_of(alert->level),
                        .category = ss_case_category_of(alert->decision),
                        .resolution = -1,
                        .amount = alert->amount,
                        .loss = alert->amount,
                        .currency = alert->currency,
                        .created_by = SS_STR("system"),
                        .created_us = now_us,
                        .alerts = 1,
                        .last_alert_us = alert->time_us};
    c.title = ss_case_title(c.category, entity, arena);
    ss_sla_start(&how->sla, &c, now_us);
    int err = ss_case_insert(db, arena, &c);
    int64_t n = err ? err : add_payment(db, c.id, alert->txn_id, now_us);
    n = n < 0 ? n : link_alert(db, c.id, alert->alert_id);
    if (n < 0)
        return (int)n;
    char subject[40];
    snprintf(subject, sizeof subject, "case:%lld", (long long)c.id);
    const struct ss_activity activity = {.case_id = c.id,
                                         .time_us = now_us,
                                         .actor = "system",
                                         .action = "created",
                                         .new_value = c.number,
                                         .detail = alert->alert_id};
    const struct ss_audit line = {
        .actor = "system", .action = "case.create", .subject = ss_str_of(subject), .time_us = now_us};
    *id = c.id;
    err = ss_activity_add(db, &activity);
    return err ? err : ss_audit_add(db, &line);
}

int ss_cases_from_alert(struct ss_db *db, const struct ss_case_auto *how, const struct ss_case_alert *alert,
                        int64_t now_us, struct ss_arena *arena, struct ss_case_joined *joined)
{
    struct ss_str entity = ss_case_entity(alert->key, alert->user_id, alert->card_id, arena);
    struct target to;
    *joined = (struct ss_case_joined){0};
    int err = find_target(db, how, alert, entity, &to);
    if (!err && to.id) {
        joined->case_id = to.id;
        return join(db, how, alert, &to, now_us);
    }
    if (err || !how->on || alert->level < how->level)
        return err;
    joined->opened = true;
    return open_case(db, how, alert, entity, now_us, arena, &joined->case_id);
}
