#include "web/case.h"
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include "record/decision.h"
#include "store/notices.h"
#include "store/settings.h"
#include "web/auth.h"
#include <stdarg.h>
#include <stdio.h>

#define EVENT_MAX ((size_t)64 << 10)

void ss_work_init(struct ss_case_work *work, struct ss_call *call)
{
    memset(work, 0, sizeof *work);
    work->call = call;
    ss_sla_of(call->web->settings, &work->sla);
}

int ss_work_refuse(struct ss_case_work *work, int status, const char *code, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    work->status = status;
    work->code = code;
    work->detail = ss_call_copy(work->call, ss_str_of(text));
    return SS_REFUSED;
}

bool ss_work_put_outcome(const struct ss_case_work *work, struct ss_buf *to)
{
    ss_put_bool_of(to, "ok", work->status == 0);
    if (work->status) {
        ss_put_int_of(to, "status", work->status);
        ss_put_text_of(to, "code", ss_str_of(work->code));
        ss_put_text_of(to, "detail", work->detail);
    }
    return work->status == 0;
}

int ss_work_problem(struct ss_case_work *work)
{
    return ss_problem(work->call, work->status, work->code, "%.*s", (int)work->detail.n, work->detail.p);
}

int ss_case_load(struct ss_call *call, struct ss_case *c)
{
    int64_t id;
    struct ss_str text = call->param[0];
    int err = ss_int_parse(text.p, text.n, &id) ? ss_case_find(call->db, id, &call->arena, c) : 0;
    return err ? err : ss_problem_missing(call, "case", text);
}

int ss_case_load_to_change(struct ss_call *call, struct ss_case *c)
{
    int err = ss_case_load(call, c);
    return err <= 0 ? err : ss_answer_version(call, c->version) ? 0 : 1;
}

/* ---- traces ---- */

struct ss_str ss_call_pair(struct ss_call *call, const char *key, struct ss_str text)
{
    struct ss_buf buf;
    ss_buf_init(&buf, EVENT_MAX);
    ss_buf_putc(&buf, '{');
    ss_put_text_of(&buf, key, text);
    ss_buf_putc(&buf, '}');
    struct ss_str copy = ss_call_copy(call, (struct ss_str){buf.p, buf.failed ? 0 : buf.n});
    ss_buf_free(&buf);
    return copy.n ? copy : (struct ss_str){NULL, 0};
}

int ss_case_trace(struct ss_case_work *work, const struct ss_case *c, const struct ss_case_step *step)
{
    struct ss_call *call = work->call;
    const struct ss_activity activity = {.case_id = c->id,
                                         .time_us = call->now_us,
                                         .actor = call->who.name,
                                         .action = step->action,
                                         .old_value = step->old_value,
                                         .new_value = step->new_value,
                                         .detail = step->detail};
    struct ss_str old_json = step->old_json, new_json = step->new_json;
    if (!old_json.p && step->old_value.p)
        old_json = ss_call_pair(call, "value", step->old_value);
    if (!new_json.p && step->new_value.p)
        new_json = ss_call_pair(call, "value", step->new_value);
    int err = ss_activity_add(call->db, &activity);
    return err ? err
               : ss_call_audit(call, step->audit, ss_call_format(call, "case:%lld", (long long)c->id),
                               old_json, new_json);
}

static int tell(struct ss_call *call, const struct ss_case *c, const char *what)
{
    struct ss_buf buf;
    ss_buf_init(&buf, EVENT_MAX);
    ss_case_event_put(&buf, what, c, call->who.name);
    int err = ss_buf_check(&buf);
    if (!err)
        ss_event_add(call, "case", (struct ss_str){buf.p, buf.n});
    ss_buf_free(&buf);
    return err;
}

int ss_case_tell(struct ss_call *call, int64_t case_id, const char *what)
{
    struct ss_case c;
    int err = ss_case_find(call->db, case_id, &call->arena, &c);
    return err <= 0 ? err : tell(call, &c, what);
}

int ss_case_keep(struct ss_case_work *work, struct ss_case *c, const struct ss_case_step *step)
{
    int err = ss_case_save(work->call->db, c, work->call->now_us);
    if (err == 0)
        return ss_work_refuse(work, 409, "conflict", "somebody changed case %.*s in the same moment",
                              (int)c->number.n, c->number.p);
    err = err < 0 ? err : ss_case_trace(work, c, step);
    return err || work->bulk ? err : tell(work->call, c, step->action);
}

int ss_case_touch(struct ss_case_work *work, struct ss_case *c, const char *event, const char *audit,
                  struct ss_str old_json, struct ss_str new_json)
{
    struct ss_call *call = work->call;
    int err = ss_case_save(call->db, c, call->now_us);
    if (err == 0)
        return ss_work_refuse(work, 409, "conflict", "somebody changed case %.*s in the same moment",
                              (int)c->number.n, c->number.p);
    err = err < 0 ? err
                  : ss_call_audit(call, audit, ss_call_format(call, "case:%lld", (long long)c->id), old_json,
                                  new_json);
    return err ? err : tell(call, c, event);
}

/* {"user_id":7,"kind":"assigned","title":"..","link":".."} */
static void tell_person(void *arg, int64_t user_id, const struct ss_notice *notice)
{
    struct ss_call *call = arg;
    struct ss_buf buf;
    ss_buf_init(&buf, EVENT_MAX);
    ss_buf_putc(&buf, '{');
    ss_put_int_of(&buf, "user_id", user_id);
    ss_put_text_of(&buf, "kind", ss_str_of(notice->kind));
    ss_put_text_of(&buf, "title", notice->title);
    ss_put_text_of(&buf, "link", notice->link);
    ss_buf_putc(&buf, '}');
    if (!buf.failed)
        ss_event_add(call, "notice", (struct ss_str){buf.p, buf.n});
    ss_buf_free(&buf);
}

static int give_notice(struct ss_call *call, int64_t user_id, const char *kind, struct ss_str title,
                       struct ss_str link)
{
    const struct ss_notice notice = {
        .user_id = user_id, .kind = kind, .title = title, .link = link, .time_us = call->now_us};
    if (!user_id)
        return ss_notice_admins(call->db, &notice, call->who.user_id, tell_person, call);
    int err = ss_notice_add(call->db, &notice);
    if (!err)
        tell_person(call, user_id, &notice);
    return err;
}

/* Keeps it for the end, with others of its kind; false where there is no room for another person. */
static bool owe(struct ss_case_work *work, int64_t user_id, const char *kind, struct ss_str title,
                struct ss_str link)
{
    for (int i = 0; i < work->owes; i++)
        if (work->owed[i].user_id == user_id && strcmp(work->owed[i].kind, kind) == 0) {
            work->owed[i].n++;
            return true;
        }
    if (work->owes == SS_WORK_PEOPLE)
        return false;
    work->owed[work->owes++] = (struct ss_owed_notice){user_id, kind, title, link, 1};
    return true;
}

int ss_case_notify(struct ss_case_work *work, const struct ss_case *c, int64_t user_id, const char *kind,
                   const char *fmt, ...)
{
    struct ss_call *call = work->call;
    char text[300];
    va_list ap;
    if (user_id && user_id == call->who.user_id)
        return 0;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct ss_str title = ss_call_copy(call, ss_str_of(text));
    struct ss_str link = ss_call_format(call, "/cases/%lld", (long long)c->id);
    if (work->bulk && owe(work, user_id, kind, title, link))
        return 0;
    return give_notice(call, user_id, kind, title, link);
}

int ss_work_settle(struct ss_case_work *work)
{
    static const char *const sentences[][2] = {{"assigned", "gave you"},
                                               {"released", "took off you"},
                                               {"escalated", "escalated"},
                                               {"reopened", "reopened"}};
    struct ss_call *call = work->call;
    int err = 0;
    for (int i = 0; i < work->owes && !err; i++) {
        const struct ss_owed_notice *o = &work->owed[i];
        const char *verb = "changed";
        for (size_t k = 0; k < SS_COUNT(sentences); k++)
            if (strcmp(o->kind, sentences[k][0]) == 0)
                verb = sentences[k][1];
        err = o->n == 1 ? give_notice(call, o->user_id, o->kind, o->title, o->link)
                        : give_notice(call, o->user_id, o->kind,
                                      ss_call_format(call, "%s %s %d cases", call->who.name, verb, o->n),
                                      SS_STR("/cases?tab=mine"));
    }
    work->owes = 0;
    return err;
}

/* ---- JSON ---- */

void ss_put_person_of(struct ss_buf *to, const char *key, int64_t id, struct ss_str name)
{
    ss_json_key(to, key);
    if (!id) {
        ss_buf_puts(to, "null");
        return;
    }
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "id", id);
    ss_put_text_of(to, "name", name);
    ss_buf_putc(to, '}');
}

static void put_sla(struct ss_call *call, const struct ss_sla *sla, const struct ss_case *c,
                    struct ss_buf *to)
{
    ss_json_open(to, "sla", '{');
    ss_put_text_of(to, "state", ss_str_of(ss_sla_states[ss_sla_state(sla, c, call->now_us)]));
    ss_put_time_of(to, "due", c->due_us);
    ss_put_time_of(to, "at_risk_from", c->due_us - c->span_us / 1000 * sla->risk_permille);
    ss_put_int_of(to, "seconds_left", ss_floor_div(ss_sla_left_us(c, call->now_us), SS_SECOND_US));
    ss_put_time_of(to, "paused_since", c->paused_us);
    ss_put_bool_of(to, "breached", c->breached);
    ss_buf_putc(to, '}');
}

void ss_case_put(struct ss_call *call, const struct ss_sla *sla, const struct ss_case *c, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "id", c->id);
    ss_put_text_of(to, "number", c->number);
    ss_put_text_of(to, "title", c->title);
    ss_put_text_of(to, "description", c->description.p ? c->description : SS_STR(""));
    ss_put_text_of(to, "status", ss_str_of(ss_case_statuses[c->status]));
    ss_put_text_of(to, "priority", ss_str_of(ss_case_priorities[c->priority]));
    ss_put_text_of(to, "category", ss_str_of(ss_case_categories[c->category]));
    ss_put_text_of(to, "entity", c->entity);
    ss_put_text_of(to, "user_id", c->user_id);
    ss_put_text_of(to, "card_id", c->card_id);
    ss_put_int_of(to, "alerts_count", c->alerts);
    ss_put_amount_of(to, "amount", c->amount);
    ss_put_amount_of(to, "loss", c->loss);
    ss_put_amount_of(to, "recovered", c->recovered);
    ss_put_text_of(to, "currency", c->currency);
    ss_put_person_of(to, "assigned_to", c->assigned_to, c->assigned_name);
    ss_put_time_of(to, "assigned_at", c->assigned_us);
    ss_put_person_of(to, "escalated_to", c->escalated_to, c->escalated_name);
    ss_put_time_of(to, "escalated_at", c->escalated_us);
    ss_put_text_of(to, "resolution",
                   c->resolution < 0 ? (struct ss_str){NULL, 0} : ss_str_of(ss_resolutions[c->resolution]));
    ss_put_text_of(to, "resolution_notes", c->resolution_notes);
    ss_put_person_of(to, "resolved_by", c->resolved_by, c->resolved_name);
    ss_put_time_of(to, "resolved_at", c->resolved_us);
    put_sla(call, sla, c, to);
    ss_put_text_of(to, "created_by", c->created_by);
    ss_put_time_of(to, "created_at", c->created_us);
    ss_put_time_of(to, "updated_at", c->updated_us);
    ss_put_time_of(to, "last_alert_at", c->last_alert_us);
    ss_put_int_of(to, "version", c->version);
    ss_json_key(to, "moves");
    const char *comma = "[";
    for (int i = 0; i < SS_CASE_STATUSES; i++) {
        if (!(ss_case_moves(c->status) >> i & 1))
            continue;
        ss_buf_puts(to, comma);
        ss_json_put_string(to, ss_str_of(ss_case_statuses[i]));
        comma = ",";
    }
    ss_buf_puts(to, "]}");
}

int ss_case_answer(struct ss_case_work *work, const struct ss_case *c)
{
    struct ss_call *call = work->call;
    call->res.etag = ss_call_format(call, "\"%lld\"", (long long)c->version);
    ss_case_put(call, &work->sla, c, &call->res.body);
    return 0;
}

void ss_case_payment_put(const struct ss_case_payment *p, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "txn_id", p->txn_id);
    ss_put_time_of(to, "timestamp", p->time_us);
    ss_put_amount_of(to, "amount", p->amount);
    ss_put_text_of(to, "currency", p->currency);
    ss_put_text_of(to, "user_id", p->user_id);
    ss_put_text_of(to, "card_id", p->card_id);
    ss_put_text_of(to, "merchant_id", p->merchant_id);
    ss_put_text_of(to, "category", p->category);
    ss_put_text_of(to, "country", p->country);
    ss_put_text_of(to, "channel", p->channel);
    ss_put_real_of(to, "score", p->score);
    ss_put_text_of(to, "level", ss_str_of(ss_level_name((enum ss_level)p->level)));
    ss_put_text_of(to, "action", ss_str_of(ss_action_name((enum ss_action)p->action)));
    ss_json_key(to, "label");
    if (p->label < 0)
        ss_buf_puts(to, "null");
    else
        ss_json_put_int(to, p->label);
    ss_put_text_of(to, "alert_id", p->alert_id);
    ss_put_time_of(to, "added_at", p->added_us);
    if (p->record.p) {
        ss_json_key(to, "record");
        ss_buf_put(to, p->record.p, p->record.n);
    }
    ss_buf_putc(to, '}');
}
