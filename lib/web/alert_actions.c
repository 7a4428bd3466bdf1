/* What people do to alerts: one by one or many at once. */
#include "base/time.h"
#include "json/write.h"
#include "store/notices.h"
#include "store/verdict.h"
#include "web/alert.h"
#include "web/auth.h"
#include "web/case.h"
#include <stdio.h>

#define NOTE_MAX   4000
#define SNOOZE_MAX (180 * SS_DAY_US)
#define EVENT_MAX  ((size_t)64 << 10)
#define TOLD_MAX   100 /* of many that are changed at once, so many are told of one by one */

/* What is wanted; each part only where its flag says so. */
struct wish {
    bool acknowledge, has_status, has_user, has_note, has_snooze, has_fraud;
    int status;
    int64_t user_id, until_us; /* 0: nobody, not at all */
    struct ss_str note;
    bool fraud;
};

/* ---- one alert ---- */

static int refuse_move(struct ss_case_work *work, const struct ss_alert_row *a, enum ss_alert_status to)
{
    char list[120] = "";
    size_t at = 0;
    for (int i = 0; i < SS_ALERT_STATUSES; i++)
        if (ss_alert_moves(a->status) >> i & 1)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at ? ", " : "", ss_alert_statuses[i]);
    return ss_work_refuse(work, 409, "illegal_move", "alert %.*s is %s and cannot become %s; legal: %s",
                          (int)a->id.n, a->id.p, ss_alert_statuses[a->status], ss_alert_statuses[to], list);
}

static int give(struct ss_case_work *work, struct ss_alert_row *a, int64_t user_id)
{
    struct ss_person p;
    if (!user_id) {
        a->assigned_to = 0;
        a->assigned_name = (struct ss_str){NULL, 0};
        return 0;
    }
    int err = ss_person_find(work->call->db, user_id, &work->call->arena, &p);
    if (err < 0)
        return err;
    if (err == 0 || !p.active || !p.works)
        return ss_work_refuse(work, 422, "no_such_user", "user %lld is nobody who works on alerts",
                              (long long)user_id);
    a->assigned_to = p.id;
    a->assigned_name = p.name;
    return 0;
}

static void review(struct ss_case_work *work, struct ss_alert_row *a, enum ss_alert_status to)
{
    struct ss_call *call = work->call;
    a->status = to;
    a->reviewed_by = call->who.user_id;
    a->reviewed_name = call->who.user_id ? ss_str_of(call->who.name) : (struct ss_str){NULL, 0};
    a->reviewed_us = call->now_us;
    if (to >= SS_ALERT_RESOLVED)
        a->snoozed_us = 0;
}

/* In memory only; refuses before anything is written. */
static int apply(struct ss_case_work *work, struct ss_alert_row *a, const struct wish *w)
{
    struct ss_call *call = work->call;
    int err = 0;
    if ((w->acknowledge || w->has_snooze) && a->status >= SS_ALERT_RESOLVED)
        return refuse_move(work, a, SS_ALERT_REVIEWING);
    if (w->has_status && w->status != (int)a->status) {
        if (!(ss_alert_moves(a->status) >> w->status & 1))
            return refuse_move(work, a, (enum ss_alert_status)w->status);
        review(work, a, (enum ss_alert_status)w->status);
    }
    if (w->acknowledge && a->status == SS_ALERT_NEW) {
        if (!a->assigned_to && call->who.user_id)
            err = give(work, a, call->who.user_id);
        if (!err)
            review(work, a, SS_ALERT_REVIEWING);
    }
    if (!err && w->has_user && w->user_id != a->assigned_to)
        err = give(work, a, w->user_id);
    if (w->has_note)
        a->note = w->note;
    if (w->has_snooze)
        a->snoozed_us = w->until_us;
    return err;
}

static void put_state(struct ss_buf *to, const struct ss_alert_row *a)
{
    ss_put_text_of(to, "status", ss_str_of(ss_alert_statuses[a->status]));
    ss_json_key(to, "assigned_to");
    if (a->assigned_to)
        ss_json_put_int(to, a->assigned_to);
    else
        ss_buf_puts(to, "null");
    ss_put_text_of(to, "note", a->note);
    ss_put_time_of(to, "snoozed_until", a->snoozed_us);
}

static struct ss_str state_of(struct ss_call *call, const struct ss_alert_row *a)
{
    struct ss_buf buf;
    ss_buf_init(&buf, EVENT_MAX);
    ss_buf_putc(&buf, '{');
    put_state(&buf, a);
    ss_buf_putc(&buf, '}');
    struct ss_str copy = ss_call_copy(call, (struct ss_str){buf.p, buf.failed ? 0 : buf.n});
    ss_buf_free(&buf);
    return copy;
}

static int tell(struct ss_call *call, const struct ss_alert_row *a)
{
    struct ss_buf buf;
    ss_buf_init(&buf, EVENT_MAX);
    ss_buf_putc(&buf, '{');
    ss_put_text_of(&buf, "event", SS_STR("changed"));
    ss_put_text_of(&buf, "id", a->id);
    ss_put_text_of(&buf, "level", ss_str_of(ss_level_name((enum ss_level)a->level)));
    ss_put_text_of(&buf, "user_id", a->user_id);
    put_state(&buf, a);
    ss_put_int_of(&buf, "version", a->version);
    ss_put_text_of(&buf, "actor", ss_str_of(call->who.name));
    ss_buf_putc(&buf, '}');
    int err = ss_buf_check(&buf);
    if (!err)
        ss_event_add(call, "alert", (struct ss_str){buf.p, buf.n});
    ss_buf_free(&buf);
    return err;
}

/* What the new status says of the payments: false_positive that they are genuine; resolved, with "fraud",
 * either; one that is looked at again, nothing any more. */
static int label(struct ss_call *call, const struct ss_alert_row *was, const struct ss_alert_row *a,
                 const struct wish *w)
{
    int64_t count;
    int says = SS_LABEL_UNKNOWN;
    if (a->status == was->status)
        return 0;
    if (a->status == SS_ALERT_FALSE_POSITIVE)
        says = SS_LABEL_GENUINE;
    else if (a->status == SS_ALERT_RESOLVED && w->has_fraud)
        says = w->fraud ? SS_LABEL_FRAUD : SS_LABEL_GENUINE;
    else if (was->status < SS_ALERT_RESOLVED)
        return 0;
    const struct ss_verdict_by by = {ss_str_of(call->who.name), a->note, call->now_us};
    return ss_verdict_alert(call->db, a->id, says, &by, &call->arena, &count);
}

static int trace(struct ss_call *call, const struct ss_alert_row *was, const struct ss_alert_row *a,
                 const char *audit)
{
    int err = ss_call_audit(call, audit, ss_call_format(call, "alert:%.*s", (int)a->id.n, a->id.p),
                            state_of(call, was), state_of(call, a));
    if (err || !a->case_id || a->status == was->status)
        return err;
    const struct ss_activity activity = {.case_id = a->case_id,
                                         .time_us = call->now_us,
                                         .actor = call->who.name,
                                         .action = "alert_changed",
                                         .old_value = ss_str_of(ss_alert_statuses[was->status]),
                                         .new_value = ss_str_of(ss_alert_statuses[a->status]),
                                         .detail = a->id};
    return ss_activity_add(call->db, &activity);
}

static bool same(const struct ss_alert_row *a, const struct ss_alert_row *b)
{
    return a->status == b->status && a->assigned_to == b->assigned_to && a->snoozed_us == b->snoozed_us &&
           !a->note.p == !b->note.p && ss_str_eq(a->note, b->note);
}

static int change(struct ss_case_work *work, struct ss_alert_row *a, const struct wish *w, const char *audit)
{
    struct ss_call *call = work->call;
    struct ss_alert_row was = *a;
    int err = apply(work, a, w);
    if (err || same(&was, a))
        return err;
    err = ss_alert_save(call->db, a);
    if (err == 0)
        return ss_work_refuse(work, 409, "conflict", "somebody changed alert %.*s in the same moment",
                              (int)a->id.n, a->id.p);
    err = err < 0 ? err : label(call, &was, a, w);
    err = err ? err : trace(call, &was, a, audit);
    if (!err && a->assigned_to && a->assigned_to != was.assigned_to && a->assigned_to != call->who.user_id) {
        const struct ss_notice notice = {
            .user_id = a->assigned_to,
            .kind = "assigned",
            .title = ss_call_format(call, "%s gave you alert %.*s", call->who.name, (int)a->id.n, a->id.p),
            .link = ss_call_format(call, "/alerts/%.*s", (int)a->id.n, a->id.p),
            .time_us = call->now_us};
        err = ss_notice_add(call->db, &notice);
    }
    return err || work->bulk ? err : tell(call, a);
}

/* ---- what the body wants ---- */

/* "until": a time, null to wake it; or "for": "2h". */
static void read_snooze(struct ss_call *call, struct wish *w)
{
    struct ss_str text = {NULL, 0};
    int64_t us;
    bool until = ss_body_time(call, "until", false, &w->until_us);
    bool during = ss_body_text(call, "for", false, 20, &text) && text.p;
    if (until == during && !call->n_faults)
        ss_fault(call, "until", "or else for is needed");
    if (during && !ss_duration_parse(text.p, text.n, &us))
        ss_fault(call, "for", "is a duration such as 2h");
    else if (during)
        w->until_us = call->now_us + (us < SNOOZE_MAX + 1 ? us : SNOOZE_MAX + 1);
    if (w->until_us && (w->until_us <= call->now_us || w->until_us > call->now_us + SNOOZE_MAX))
        ss_fault(call, until ? "until" : "for", "ends within the next 180 days");
    w->has_snooze = true;
}

static void read_status(struct ss_call *call, bool required, struct wish *w)
{
    w->has_status = ss_body_word(call, "status", required, ss_alert_statuses, &w->status);
    w->has_fraud = ss_body_bool(call, "fraud", false, &w->fraud);
    if (w->has_fraud && !(w->has_status && w->status == SS_ALERT_RESOLVED))
        ss_fault(call, "fraud", "goes with the status resolved");
}

/* "assigned_to": a user's number, null for nobody. */
static void read_assigned(struct ss_call *call, struct wish *w)
{
    const struct ss_json_value *v = ss_json_get(call->json, "assigned_to");
    w->has_user =
        v && (v->type == SS_JSON_NULL || ss_body_int(call, "assigned_to", false, 1, INT64_MAX, &w->user_id));
}

static int load(struct ss_call *call, struct ss_alert_row *a)
{
    int err = ss_alert_find(call->db, call->param[0], &call->arena, a);
    if (err <= 0)
        return err ? err : ss_problem_missing(call, "alert", call->param[0]);
    return ss_answer_version(call, a->version) ? 0 : 1;
}

static int do_one(struct ss_call *call, const struct wish *w, const char *audit)
{
    struct ss_case_work work;
    struct ss_alert_row a;
    if (!ss_call_check(call))
        return 0;
    int err = load(call, &a);
    if (err <= 0)
        return err;
    ss_work_init(&work, call);
    err = change(&work, &a, w, audit);
    if (err == SS_REFUSED)
        return ss_work_problem(&work);
    if (err)
        return err;
    call->res.etag = ss_call_format(call, "\"%lld\"", (long long)a.version);
    ss_alert_put(&a, &call->res.body);
    return 0;
}

static int patch(struct ss_call *call)
{
    static const char *const members[] = {"status", "fraud", "note", "assigned_to", NULL};
    struct wish w = {0};
    if (!ss_call_json(call))
        return 0;
    read_status(call, false, &w);
    read_assigned(call, &w);
    w.has_note = ss_body_text(call, "note", false, NOTE_MAX, &w.note);
    ss_body_only(call, members);
    return do_one(call, &w, "alert.edit");
}

static int acknowledge(struct ss_call *call)
{
    static const char *const members[] = {"note", NULL};
    struct wish w = {.acknowledge = true};
    if (!ss_call_json(call))
        return 0;
    w.has_note = ss_body_text(call, "note", false, NOTE_MAX, &w.note);
    ss_body_only(call, members);
    return do_one(call, &w, "alert.acknowledge");
}

static int snooze(struct ss_call *call)
{
    static const char *const members[] = {"until", "for", "note", NULL};
    struct wish w = {0};
    if (!ss_call_json(call))
        return 0;
    read_snooze(call, &w);
    w.has_note = ss_body_text(call, "note", false, NOTE_MAX, &w.note);
    ss_body_only(call, members);
    return do_one(call, &w, "alert.snooze");
}

/* ---- many ---- */

static const char *read_bulk(struct ss_call *call, struct wish *w)
{
    static const char *const names[] = {"acknowledge", "assign", "status", "snooze", NULL};
    static const char *const audits[] = {"alert.acknowledge", "alert.assign", "alert.status", "alert.snooze"};
    static const char *const members[] = {"ids",         "action", "status", "fraud", "note",
                                          "assigned_to", "until",  "for",    NULL};
    int action = 0;
    ss_body_word(call, "action", true, names, &action);
    switch (action) {
    case 0: w->acknowledge = true; break;
    case 1:
        read_assigned(call, w);
        if (!w->has_user) {
            w->has_user = true;
            w->user_id = call->who.user_id;
        }
        break;
    case 2: read_status(call, true, w); break;
    default: read_snooze(call, w); break;
    }
    w->has_note = ss_body_text(call, "note", false, NOTE_MAX, &w->note);
    ss_body_only(call, members);
    return audits[action];
}

static int one_of_many(struct ss_case_work *work, struct ss_str id, const struct wish *w, const char *audit,
                       bool told)
{
    struct ss_call *call = work->call;
    struct ss_buf *to = &call->res.body;
    struct ss_alert_row a = {0};
    work->status = 0;
    int err = ss_alert_find(call->db, id, &call->arena, &a);
    if (err == 0)
        err = ss_work_refuse(work, 404, "not_found", "no alert '%.*s'", (int)id.n, id.p);
    else if (err > 0)
        err = change(work, &a, w, audit);
    if (err < 0)
        return err;
    ss_page_item(call);
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "id", id);
    if (ss_work_put_outcome(work, to)) {
        ss_put_text_of(to, "alert_status", ss_str_of(ss_alert_statuses[a.status]));
        ss_put_int_of(to, "version", a.version);
    }
    ss_buf_putc(to, '}');
    return work->status || !told ? 0 : tell(call, &a);
}

static int bulk(struct ss_call *call)
{
    struct ss_case_work work;
    struct ss_buf *to = &call->res.body;
    struct wish w = {0};
    int64_t done = 0;
    int err = 0;
    if (!ss_call_json(call))
        return 0;
    const struct ss_json_value *ids = ss_body_ids(call, "ids", true);
    const char *audit = read_bulk(call, &w);
    if (!ss_call_check(call))
        return 0;
    ss_work_init(&work, call);
    work.bulk = true;
    ss_page_begin(call);
    for (uint32_t i = 0; i < ids->n && !err; i++) {
        err = one_of_many(&work, ss_id_at(ids, i), &w, audit, i < TOLD_MAX);
        done += !err && work.status == 0;
    }
    ss_buf_putc(to, ']');
    ss_put_int_of(to, "done", done);
    ss_put_int_of(to, "refused", (int64_t)ids->n - done);
    ss_buf_putc(to, '}');
    if (!err && done)
        ss_event_add(call, "alert",
                     ss_call_format(call, "{\"event\":\"bulk\",\"action\":\"%s\",\"done\":%lld}", audit,
                                    (long long)done));
    return err;
}

const struct ss_route ss_routes_alert_actions[] = {
    {SS_POST, "/api/v1/alerts/bulk", bulk, SS_WORKERS, "alerts:write", SS_RUN_WRITE, (size_t)256 << 10},
    {SS_PATCH, "/api/v1/alerts/{id}", patch, SS_WORKERS, "alerts:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/alerts/{id}/acknowledge", acknowledge, SS_WORKERS, "alerts:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/alerts/{id}/snooze", snooze, SS_WORKERS, "alerts:write", SS_RUN_WRITE, 0},
    {0},
};
