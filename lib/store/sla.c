#include "store/sla.h"
#include "base/err.h"
#include "base/time.h"
#include "json/write.h"
#include "store/case_row.h"
#include "store/notices.h"
#include "store/settings.h"
#include <stdio.h>

const char *const ss_sla_states[] = {"on_track", "at_risk", "breached", "met", "missed", NULL};

#define SWEEP_MAX   1000 /* cases a call: the rest waits for the next one */
#define SWEEP_BYTES ((size_t)16 << 20)

void ss_sla_of(const struct ss_settings *settings, struct ss_sla *sla)
{
    static const char *const keys[] = {"sla.low_h", "sla.medium_h", "sla.high_h", "sla.critical_h"};
    static const int hours[] = {72, 24, 8, 2};
    for (int i = 0; i < 4; i++)
        sla->span_us[i] = (settings ? ss_setting_int(settings, keys[i]) : hours[i]) * SS_HOUR_US;
    sla->risk_permille =
        settings ? (int64_t)(ss_setting_real(settings, "sla.at_risk") * 1000 + 0.5) : (int64_t)250;
    sla->pauses = settings ? ss_setting_bool(settings, "sla.pause_pending") : true;
}

/* The time on the case's own clock: when it was resolved, when it was paused, now. */
static int64_t clock_of(const struct ss_case *c, int64_t now_us)
{
    return c->resolved_us ? c->resolved_us : c->paused_us ? c->paused_us : now_us;
}

enum ss_sla_state ss_sla_state(const struct ss_sla *sla, const struct ss_case *c, int64_t now_us)
{
    int64_t t = clock_of(c, now_us);
    bool over = c->breached || t >= c->due_us;
    if (c->resolved_us)
        return c->breached ? SS_SLA_MISSED : SS_SLA_MET;
    if (over)
        return SS_SLA_BREACHED;
    return t >= c->due_us - c->span_us / 1000 * sla->risk_permille ? SS_SLA_AT_RISK : SS_SLA_ON_TRACK;
}

int64_t ss_sla_left_us(const struct ss_case *c, int64_t now_us)
{
    return c->due_us - clock_of(c, now_us);
}

void ss_sla_start(const struct ss_sla *sla, struct ss_case *c, int64_t now_us)
{
    c->span_us = sla->span_us[c->priority];
    c->due_us = now_us + c->span_us;
    c->paused_us = 0;
    c->breached = false;
}

void ss_sla_respan(const struct ss_sla *sla, struct ss_case *c)
{
    c->due_us += sla->span_us[c->priority] - c->span_us;
    c->span_us = sla->span_us[c->priority];
}

void ss_sla_move(const struct ss_sla *sla, struct ss_case *c, enum ss_case_status to, int64_t now_us)
{
    if (c->paused_us && to != SS_CASE_PENDING) {
        /* A deadline that has passed stays where it was. */
        if (!c->breached && c->paused_us < c->due_us && now_us > c->paused_us)
            c->due_us += now_us - c->paused_us;
        c->paused_us = 0;
    }
    /* Once it is over there is nothing left to hold. */
    if (to == SS_CASE_PENDING && sla->pauses && !c->paused_us && now_us < c->due_us)
        c->paused_us = now_us;
    if (to == SS_CASE_RESOLVED && now_us >= c->due_us)
        c->breached = true;
}

/* ---- the sweep ---- */

struct overdue {
    struct ss_case c;
    struct overdue *next;
};

/* All rows first: what is written for each may not run while they are read. */
static int overdue_cases(struct ss_db *db, int64_t now_us, struct ss_arena *arena, struct overdue **first)
{
    struct ss_rows *rows;
    struct overdue **end = first;
    *first = NULL;
    int err = ss_db_query(db,
                          "SELECT " SS_CASE_COLUMNS " WHERE c.breached = 0 AND c.paused_us IS NULL AND "
                          "c.resolved_us IS NULL AND c.due_us <= $1 ORDER BY c.due_us, c.id LIMIT $2",
                          SS_ARGS(ss_arg_int(now_us), ss_arg_int(SWEEP_MAX)), &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct overdue *o = ss_arena_zalloc(arena, sizeof *o);
        if (!o) {
            err = SS_ENOMEM;
            break;
        }
        ss_case_of_row(rows, arena, &o->c);
        *end = o;
        end = &o->next;
    }
    ss_rows_free(rows);
    return err;
}

/* 1: marked now, 0: somebody else did. */
static int mark(struct ss_db *db, struct ss_case *c, int64_t now_us)
{
    int64_t n =
        ss_db_exec(db,
                   "UPDATE cases SET breached = 1, updated_us = $1, version = version + 1 WHERE id = $2 AND "
                   "breached = 0 AND paused_us IS NULL AND resolved_us IS NULL AND due_us <= $1",
                   SS_ARGS(ss_arg_int(now_us), ss_arg_int(c->id)));
    if (n <= 0)
        return (int)n;
    c->breached = true;
    c->version++;
    return 1;
}

struct listener {
    void (*tell)(void *arg, const char *topic, struct ss_str json);
    void *arg;
    struct ss_buf json;
};

static void tell_person(void *arg, int64_t user_id, const struct ss_notice *notice)
{
    struct listener *l = arg;
    if (!l->tell)
        return;
    ss_buf_reset(&l->json);
    ss_buf_puts(&l->json, "{\"user_id\":");
    ss_json_put_int(&l->json, user_id);
    ss_json_key(&l->json, "kind");
    ss_json_put_string(&l->json, ss_str_of(notice->kind));
    ss_json_key(&l->json, "title");
    ss_json_put_string(&l->json, notice->title);
    ss_json_key(&l->json, "link");
    ss_json_put_string(&l->json, notice->link);
    ss_buf_putc(&l->json, '}');
    if (!l->json.failed)
        l->tell(l->arg, "notice", (struct ss_str){l->json.p, l->json.n});
}

static void tell_all(struct listener *l, const struct ss_case *c)
{
    if (!l->tell)
        return;
    ss_buf_reset(&l->json);
    ss_case_event_put(&l->json, "breached", c, "system");
    if (!l->json.failed)
        l->tell(l->arg, "case", (struct ss_str){l->json.p, l->json.n});
}

static int breach(struct ss_db *db, const struct ss_case *c, int64_t now_us, struct listener *l)
{
    char title[120], link[40], due[SS_TIME_TEXT];
    size_t due_n = ss_time_print(c->due_us, due);
    snprintf(title, sizeof title, "case %.*s has passed its deadline", (int)c->number.n, c->number.p);
    snprintf(link, sizeof link, "/cases/%lld", (long long)c->id);
    const struct ss_activity activity = {.case_id = c->id,
                                         .time_us = now_us,
                                         .actor = "system",
                                         .action = "sla_breached",
                                         .new_value = {due, due_n}};
    const struct ss_notice notice = {.user_id = c->assigned_to,
                                     .kind = "breached",
                                     .title = ss_str_of(title),
                                     .link = ss_str_of(link),
                                     .time_us = now_us};
    int err = ss_activity_add(db, &activity);
    if (!err && c->assigned_to) {
        err = ss_notice_add(db, &notice);
        if (!err)
            tell_person(l, c->assigned_to, &notice);
    }
    err = err ? err : ss_notice_admins(db, &notice, c->assigned_to, tell_person, l);
    if (!err)
        tell_all(l, c);
    return err;
}

int ss_sla_sweep(struct ss_db *db, int64_t now_us,
                 void (*tell)(void *arg, const char *topic, struct ss_str json), void *arg)
{
    struct ss_arena arena;
    struct listener l = {.tell = tell, .arg = arg};
    struct overdue *o;
    int n = 0;
    ss_arena_init(&arena, SWEEP_BYTES);
    ss_buf_init(&l.json, SWEEP_BYTES);
    int err = overdue_cases(db, now_us, &arena, &o);
    for (; o && err >= 0; o = o->next) {
        err = mark(db, &o->c, now_us);
        if (err > 0) {
            n++;
            err = breach(db, &o->c, now_us, &l);
        }
    }
    ss_buf_free(&l.json);
    ss_arena_free(&arena);
    return err < 0 ? err : n;
}

int ss_sla_next(struct ss_db *db, int64_t *due_us)
{
    return ss_db_int(
        db,
        "SELECT due_us FROM cases WHERE breached = 0 AND paused_us IS NULL AND resolved_us IS NULL "
        "ORDER BY due_us LIMIT 1",
        SS_NO_ARGS, 0, due_us);
}
