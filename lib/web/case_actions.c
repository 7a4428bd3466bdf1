/* What may be done to one case or to many: each action parses its part of the body and works on a case. */
#include "store/alerts.h"
#include "store/notices.h"
#include "store/verdict.h"
#include "web/case.h"
#include <stdio.h>

#define NOTES_MAX 4000

/* "investigating, resolved": the moves that are legal. */
static int refuse_move(struct ss_case_work *work, const struct ss_case *c, enum ss_case_status to)
{
    char list[120] = "";
    unsigned moves = ss_case_moves(c->status);
    size_t at = 0;
    for (int i = 0; i < SS_CASE_STATUSES; i++)
        if (moves >> i & 1)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at ? ", " : "", ss_case_statuses[i]);
    return ss_work_refuse(work, 409, "illegal_move", "case %.*s is %s and cannot become %s; legal: %s",
                          (int)c->number.n, c->number.p, ss_case_statuses[c->status], ss_case_statuses[to],
                          list);
}

static bool may_move(const struct ss_case *c, enum ss_case_status to)
{
    return ss_case_moves(c->status) >> to & 1;
}

static int refuse_over(struct ss_case_work *work, const struct ss_case *c)
{
    return ss_work_refuse(work, 409, "illegal_move", "case %.*s is %s; reopen it first", (int)c->number.n,
                          c->number.p, ss_case_statuses[c->status]);
}

/* Somebody who can work on cases. */
static int find_worker(struct ss_case_work *work, int64_t id, struct ss_person *p)
{
    struct ss_call *call = work->call;
    if (!id)
        return ss_work_refuse(work, 422, "no_person", "an API key has no user: say user_id");
    int err = ss_person_find(call->db, id, &call->arena, p);
    if (err < 0)
        return err;
    if (err == 0)
        return ss_work_refuse(work, 422, "no_such_user", "there is no user %lld", (long long)id);
    if (!p->active || !p->works)
        return ss_work_refuse(work, 422, "not_an_analyst", "%.*s cannot work on cases", (int)p->name.n,
                              p->name.p);
    return 0;
}

/* The body's user_id; without one, or with "me": true, who asks. */
static void parse_user(struct ss_call *call, struct ss_case_params *params)
{
    bool me = false;
    params->user_id = call->who.user_id;
    if (ss_body_int(call, "user_id", false, 1, INT64_MAX, &params->user_id) &&
        ss_body_bool(call, "me", false, &me) && me)
        ss_fault(call, "me", "goes without user_id");
    else
        ss_body_bool(call, "me", false, &me);
}

static void give_to(struct ss_case_work *work, struct ss_case *c, const struct ss_person *p)
{
    c->assigned_to = p->id;
    c->assigned_us = work->call->now_us;
    c->assigned_name = p->name;
}

static void free_case(struct ss_case *c)
{
    c->assigned_to = c->assigned_us = 0;
    c->assigned_name = (struct ss_str){NULL, 0};
}

static void set_status(struct ss_case_work *work, struct ss_case *c, enum ss_case_status to)
{
    ss_sla_move(&work->sla, c, to, work->call->now_us);
    c->status = to;
}

/* ---- who works on it ---- */

static int assign(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params)
{
    struct ss_person p;
    if (c->status >= SS_CASE_RESOLVED)
        return refuse_over(work, c);
    int err = find_worker(work, params->user_id, &p);
    if (err || c->assigned_to == p.id)
        return err;
    const struct ss_case_step step = {
        .action = "assigned",
        .audit = "case.assign",
        .old_value = c->assigned_name,
        .new_value = p.name,
        .old_json = ss_call_format(work->call, "{\"assigned_to\":%lld}", (long long)c->assigned_to),
        .new_json = ss_call_format(work->call, "{\"assigned_to\":%lld}", (long long)p.id)};
    give_to(work, c, &p);
    if (c->status == SS_CASE_OPEN)
        set_status(work, c, SS_CASE_INVESTIGATING);
    err = ss_case_keep(work, c, &step);
    return err ? err
               : ss_case_notify(work, c, p.id, "assigned", "%s gave you case %.*s", work->call->who.name,
                                (int)c->number.n, c->number.p);
}

static int release(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params)
{
    (void)params;
    if (c->status >= SS_CASE_RESOLVED)
        return refuse_over(work, c);
    if (!c->assigned_to)
        return ss_work_refuse(work, 409, "not_assigned", "nobody works on case %.*s", (int)c->number.n,
                              c->number.p);
    const struct ss_case_step step = {
        .action = "released",
        .audit = "case.release",
        .old_value = c->assigned_name,
        .old_json = ss_call_format(work->call, "{\"assigned_to\":%lld}", (long long)c->assigned_to)};
    int64_t from = c->assigned_to;
    free_case(c);
    if (c->status == SS_CASE_INVESTIGATING)
        set_status(work, c, SS_CASE_OPEN);
    int err = ss_case_keep(work, c, &step);
    return err ? err
               : ss_case_notify(work, c, from, "released", "%s took case %.*s off you", work->call->who.name,
                                (int)c->number.n, c->number.p);
}

static void parse_escalate(struct ss_call *call, struct ss_case_params *params)
{
    ss_body_int(call, "to", false, 1, INT64_MAX, &params->user_id);
    ss_body_text(call, "reason", true, NOTES_MAX, &params->reason);
}

static int tell_of_escalation(struct ss_case_work *work, const struct ss_case *c)
{
    return ss_case_notify(work, c, c->escalated_to, "escalated", "%s escalated case %.*s%s",
                          work->call->who.name, (int)c->number.n, c->number.p,
                          c->escalated_to ? " to you" : "");
}

/* To one person, who then works on it, or to all administrators. */
static int escalate(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params)
{
    struct ss_person p = {0};
    if (!may_move(c, SS_CASE_ESCALATED))
        return refuse_move(work, c, SS_CASE_ESCALATED);
    int err = params->user_id ? find_worker(work, params->user_id, &p) : 0;
    if (err)
        return err;
    const struct ss_case_step step = {
        .action = "escalated",
        .audit = "case.escalate",
        .old_value = ss_str_of(ss_case_statuses[c->status]),
        .new_value = p.id ? p.name : SS_STR("administrators"),
        .detail = params->reason,
        .old_json = ss_call_pair(work->call, "status", ss_str_of(ss_case_statuses[c->status])),
        .new_json =
            ss_call_format(work->call, "{\"status\":\"escalated\",\"escalated_to\":%lld}", (long long)p.id)};
    c->escalated_to = p.id;
    c->escalated_us = work->call->now_us;
    c->escalated_name = p.name;
    if (p.id)
        give_to(work, c, &p);
    set_status(work, c, SS_CASE_ESCALATED);
    err = ss_case_keep(work, c, &step);
    return err ? err : tell_of_escalation(work, c);
}

/* ---- where it stands ---- */

static int move(struct ss_case_work *work, struct ss_case *c, enum ss_case_status to, const char *action,
                const char *audit, struct ss_str why)
{
    const struct ss_case_step step = {
        .action = action,
        .audit = audit,
        .old_value = ss_str_of(ss_case_statuses[c->status]),
        .new_value = ss_str_of(ss_case_statuses[to]),
        .detail = why,
        .old_json = ss_call_pair(work->call, "status", ss_str_of(ss_case_statuses[c->status])),
        .new_json = ss_call_pair(work->call, "status", ss_str_of(ss_case_statuses[to]))};
    set_status(work, c, to);
    return ss_case_keep(work, c, &step);
}

static void parse_resolve(struct ss_call *call, struct ss_case_params *params)
{
    ss_body_word(call, "resolution", true, ss_resolutions, &params->resolution);
    ss_body_text(call, "notes", false, NOTES_MAX, &params->notes);
    ss_body_amount(call, "recovered", false, &params->recovered);
    ss_body_amount(call, "loss", false, &params->loss);
}

/* What it says of the payments: fraud, genuine, or nothing that holds. */
static int label_of(int resolution)
{
    switch (resolution) {
    case SS_CONFIRMED_FRAUD: return SS_LABEL_FRAUD;
    case SS_FALSE_POSITIVE:
    case SS_CUSTOMER_ERROR: return SS_LABEL_GENUINE;
    default: return SS_LABEL_UNKNOWN;
    }
}

static int resolve(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params)
{
    struct ss_call *call = work->call;
    int64_t labelled;
    if (!may_move(c, SS_CASE_RESOLVED))
        return refuse_move(work, c, SS_CASE_RESOLVED);
    int label = label_of(params->resolution);
    const struct ss_case_step step = {
        .action = "resolved",
        .audit = "case.resolve",
        .old_value = ss_str_of(ss_case_statuses[c->status]),
        .new_value = ss_str_of(ss_resolutions[params->resolution]),
        .detail = params->notes,
        .old_json = ss_call_pair(call, "status", ss_str_of(ss_case_statuses[c->status])),
        .new_json = ss_call_pair(call, "resolution", ss_str_of(ss_resolutions[params->resolution]))};
    set_status(work, c, SS_CASE_RESOLVED);
    c->resolution = params->resolution;
    c->resolution_notes = params->notes;
    c->resolved_us = call->now_us;
    c->resolved_by = call->who.user_id;
    c->resolved_name = ss_str_of(call->who.name);
    c->recovered = params->recovered >= 0 ? params->recovered : c->recovered;
    c->loss = params->loss >= 0 ? params->loss : c->loss;
    int err = ss_case_keep(work, c, &step);
    if (err)
        return err;
    const struct ss_verdict_by by = {ss_str_of(call->who.name), params->notes, call->now_us};
    err = ss_verdict_case(call->db, c->id, label, &by, &call->arena, &labelled);
    int64_t settled =
        err ? err
            : ss_alerts_settle(call->db, c->id,
                               label == SS_LABEL_GENUINE ? SS_ALERT_FALSE_POSITIVE : SS_ALERT_RESOLVED,
                               call->who.user_id, call->now_us);
    return settled < 0 ? (int)settled : 0;
}

static void parse_reason(struct ss_call *call, struct ss_case_params *params)
{
    ss_body_text(call, "reason", false, NOTES_MAX, &params->reason);
}

/* What the resolution said no longer holds; its clock starts anew, and it waits for somebody. */
static int reopen(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params)
{
    struct ss_call *call = work->call;
    int64_t labelled, from = c->assigned_to;
    if (c->status < SS_CASE_RESOLVED)
        return refuse_move(work, c, SS_CASE_OPEN);
    c->resolution = -1;
    c->resolution_notes = c->resolved_name = (struct ss_str){NULL, 0};
    c->resolved_us = c->resolved_by = 0;
    free_case(c);
    ss_sla_start(&work->sla, c, call->now_us);
    int err = move(work, c, SS_CASE_OPEN, "reopened", "case.reopen", params->reason);
    const struct ss_verdict_by by = {ss_str_of(call->who.name), params->reason, call->now_us};
    err = err ? err : ss_verdict_case(call->db, c->id, SS_LABEL_UNKNOWN, &by, &call->arena, &labelled);
    int64_t n = err ? err : ss_alerts_reopen(call->db, c->id);
    if (n < 0 || err || !from)
        return n < 0 ? (int)n : err;
    return ss_case_notify(work, c, from, "reopened", "%s reopened case %.*s", call->who.name,
                          (int)c->number.n, c->number.p);
}

static int close_case(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params)
{
    if (!may_move(c, SS_CASE_CLOSED))
        return refuse_move(work, c, SS_CASE_CLOSED);
    return move(work, c, SS_CASE_CLOSED, "closed", "case.close", params->reason);
}

static void parse_status(struct ss_call *call, struct ss_case_params *params)
{
    ss_body_word(call, "status", true, ss_case_statuses, &params->status);
    if (params->status == SS_CASE_RESOLVED)
        parse_resolve(call, params);
    else if (params->status == SS_CASE_ESCALATED)
        parse_escalate(call, params);
    else
        parse_reason(call, params);
}

static int change_status(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params)
{
    struct ss_person p;
    enum ss_case_status to = (enum ss_case_status)params->status;
    if (!may_move(c, to))
        return refuse_move(work, c, to);
    switch (to) {
    case SS_CASE_RESOLVED: return resolve(work, c, params);
    case SS_CASE_ESCALATED: return escalate(work, c, params);
    case SS_CASE_CLOSED: return close_case(work, c, params);
    case SS_CASE_OPEN:
        if (c->status >= SS_CASE_RESOLVED)
            return reopen(work, c, params);
        free_case(c); /* back to where it is taken from */
        break;
    case SS_CASE_INVESTIGATING:
        if (!c->assigned_to && work->call->who.user_id) {
            int err = find_worker(work, work->call->who.user_id, &p);
            if (err)
                return err;
            give_to(work, c, &p);
        }
        break;
    case SS_CASE_PENDING:
    case SS_CASE_STATUSES: break;
    }
    return move(work, c, to, "status_changed", "case.status", params->reason);
}

static void parse_priority(struct ss_call *call, struct ss_case_params *params)
{
    ss_body_word(call, "priority", true, ss_case_priorities, &params->priority);
}

static int change_priority(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params)
{
    if (c->status >= SS_CASE_RESOLVED)
        return refuse_over(work, c);
    if ((int)c->priority == params->priority)
        return 0;
    const struct ss_case_step step = {
        .action = "priority_changed",
        .audit = "case.priority",
        .old_value = ss_str_of(ss_case_priorities[c->priority]),
        .new_value = ss_str_of(ss_case_priorities[params->priority]),
        .old_json = ss_call_pair(work->call, "priority", ss_str_of(ss_case_priorities[c->priority])),
        .new_json = ss_call_pair(work->call, "priority", ss_str_of(ss_case_priorities[params->priority]))};
    c->priority = (enum ss_case_priority)params->priority;
    ss_sla_respan(&work->sla, c);
    return ss_case_keep(work, c, &step);
}

/* ---- the table ---- */

static void parse_nothing(struct ss_call *call, struct ss_case_params *params)
{
    (void)call;
    (void)params;
}

static const char *const of_assign[] = {"user_id", "me", NULL};
static const char *const of_escalate[] = {"to", "reason", NULL};
static const char *const of_reason[] = {"reason", NULL};
static const char *const of_resolve[] = {"resolution", "notes", "recovered", "loss", NULL};
static const char *const of_status[] = {"status", "reason",    "to",   "resolution",
                                        "notes",  "recovered", "loss", NULL};
static const char *const of_priority[] = {"priority", NULL};
static const char *const of_nothing[] = {NULL};

static const struct ss_case_action actions[] = {
    {"assign", of_assign, parse_user, assign},
    {"release", of_nothing, parse_nothing, release},
    {"escalate", of_escalate, parse_escalate, escalate},
    {"status", of_status, parse_status, change_status},
    {"priority", of_priority, parse_priority, change_priority},
    {"resolve", of_resolve, parse_resolve, resolve},
    {"reopen", of_reason, parse_reason, reopen},
    {"close", of_reason, parse_reason, close_case},
};

const char *const ss_case_action_names[] = {"assign",  "release", "escalate", "status", "priority",
                                            "resolve", "reopen",  "close",    NULL};

const struct ss_case_action *ss_case_action(struct ss_str name)
{
    for (size_t i = 0; i < SS_COUNT(actions); i++)
        if (ss_str_is(name, actions[i].name))
            return &actions[i];
    return NULL;
}
