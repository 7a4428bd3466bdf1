/* What belongs to a case: alerts and payments, put in and taken out. */
#include "web/case.h"

#define ID_MAX    256
#define LINKS_MAX 500

/* A text of an array of the body, or p == NULL. */
struct ss_str ss_id_at(const struct ss_json_value *list, uint32_t i)
{
    const struct ss_json_value *v = &list->at[i];
    bool fits = (v->type == SS_JSON_STRING || v->type == SS_JSON_NUMBER) && v->text.n && v->text.n <= ID_MAX;
    return fits && !memchr(v->text.p, 0, v->text.n) ? v->text : (struct ss_str){NULL, 0};
}

/* The body's array of ids, or NULL where there is none; a fault where it is none. */
const struct ss_json_value *ss_body_ids(struct ss_call *call, const char *name, bool required)
{
    const struct ss_json_value *list = ss_json_get(call->json, name);
    if (!list && !required)
        return NULL;
    bool good = list && list->type == SS_JSON_ARRAY && list->n <= LINKS_MAX && (list->n || !required);
    for (uint32_t i = 0; good && i < list->n; i++)
        good = ss_id_at(list, i).p != NULL;
    if (good)
        return list;
    ss_fault(call, name, "is an array of at most %d ids", LINKS_MAX);
    return NULL;
}

int ss_case_link_alerts(struct ss_case_work *work, struct ss_case *c, const struct ss_json_value *ids,
                        int64_t *done)
{
    struct ss_call *call = work->call;
    for (uint32_t i = 0; ids && i < ids->n; i++) {
        enum ss_link link;
        int64_t other;
        struct ss_str id = ss_id_at(ids, i);
        int err = ss_case_add_alert(call->db, c, id, call->now_us, &call->arena, &link, &other);
        if (err)
            return err;
        if (link == SS_LINK_MISSING)
            return ss_work_refuse(work, 422, "no_such_alert", "there is no alert '%.*s'", (int)id.n, id.p);
        if (link == SS_LINK_ELSEWHERE)
            return ss_work_refuse(work, 409, "in_another_case",
                                  "alert '%.*s' is in case %lld; take it out there first", (int)id.n, id.p,
                                  (long long)other);
        *done += link == SS_LINK_DONE;
    }
    return 0;
}

int ss_case_link_payments(struct ss_case_work *work, struct ss_case *c, const struct ss_json_value *ids,
                          int64_t *done)
{
    struct ss_call *call = work->call;
    for (uint32_t i = 0; ids && i < ids->n; i++) {
        enum ss_link link;
        struct ss_str id = ss_id_at(ids, i);
        int err = ss_case_add_payment(call->db, c, id, call->now_us, &call->arena, &link);
        if (err)
            return err;
        if (link == SS_LINK_MISSING)
            return ss_work_refuse(work, 422, "no_such_payment", "there is no payment '%.*s'", (int)id.n,
                                  id.p);
        *done += link == SS_LINK_DONE;
    }
    return 0;
}

/* "17, 18" of an array, for a timeline. */
struct ss_str ss_ids_text(struct ss_call *call, const struct ss_json_value *ids)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 4096);
    for (uint32_t i = 0; i < ids->n && buf.n < 1000; i++) {
        struct ss_str id = ss_id_at(ids, i);
        if (i)
            ss_buf_puts(&buf, ", ");
        ss_buf_put(&buf, id.p, id.n);
    }
    if (buf.n >= 1000)
        ss_buf_puts(&buf, ", ...");
    struct ss_str copy = ss_call_copy(call, (struct ss_str){buf.p, buf.n});
    ss_buf_free(&buf);
    return copy;
}

/* POST /cases/{id}/alerts, /cases/{id}/payments: {"ids":[...]} */
static int link_many(struct ss_call *call, bool alerts)
{
    static const char *const members[] = {"ids", NULL};
    struct ss_case_work work;
    struct ss_case c;
    int64_t done = 0;
    if (!ss_call_json(call))
        return 0;
    const struct ss_json_value *ids = ss_body_ids(call, "ids", true);
    ss_body_only(call, members);
    if (!ss_call_check(call))
        return 0;
    int err = ss_case_load_to_change(call, &c);
    if (err <= 0)
        return err;
    ss_work_init(&work, call);
    if (c.status >= SS_CASE_RESOLVED)
        return ss_problem(call, 409, "illegal_move", "the case is %s; reopen it first",
                          ss_case_statuses[c.status]);
    err = (alerts ? ss_case_link_alerts : ss_case_link_payments)(&work, &c, ids, &done);
    if (!err && done) {
        const struct ss_case_step step = {.action = alerts ? "alert_linked" : "payment_linked",
                                          .audit = alerts ? "case.link_alert" : "case.link_payment",
                                          .new_value = ss_ids_text(call, ids)};
        err = ss_case_keep(&work, &c, &step);
    }
    if (err == SS_REFUSED)
        return ss_work_problem(&work);
    return err ? err : ss_case_answer(&work, &c);
}

static int link_alerts(struct ss_call *call)
{
    return link_many(call, true);
}
static int link_payments(struct ss_call *call)
{
    return link_many(call, false);
}

static int unlink_one(struct ss_call *call, bool alert)
{
    struct ss_case_work work;
    struct ss_case c;
    enum ss_link link;
    struct ss_str id = call->param[1];
    int err = ss_case_load_to_change(call, &c);
    if (err <= 0)
        return err;
    if (c.status >= SS_CASE_RESOLVED)
        return ss_problem(call, 409, "illegal_move", "the case is %s; reopen it first",
                          ss_case_statuses[c.status]);
    err = alert ? ss_case_drop_alert(call->db, &c, id, &link) : ss_case_drop_payment(call->db, &c, id, &link);
    if (err)
        return err;
    if (link == SS_LINK_MISSING)
        return ss_problem_missing(call, alert ? "alert in this case" : "payment in this case", id);
    ss_work_init(&work, call);
    const struct ss_case_step step = {.action = alert ? "alert_unlinked" : "payment_unlinked",
                                      .audit = alert ? "case.unlink_alert" : "case.unlink_payment",
                                      .old_value = id};
    err = ss_case_keep(&work, &c, &step);
    if (err == SS_REFUSED)
        return ss_work_problem(&work);
    return err ? err : ss_case_answer(&work, &c);
}

static int unlink_alert(struct ss_call *call)
{
    return unlink_one(call, true);
}
static int unlink_payment(struct ss_call *call)
{
    return unlink_one(call, false);
}

const struct ss_route ss_routes_case_links[] = {
    {SS_POST, "/api/v1/cases/{id}/alerts", link_alerts, SS_WORKERS, "cases:write", SS_RUN_WRITE,
     (size_t)256 << 10},
    {SS_DELETE, "/api/v1/cases/{id}/alerts/{alert_id}", unlink_alert, SS_WORKERS, "cases:write", SS_RUN_WRITE,
     0},
    {SS_POST, "/api/v1/cases/{id}/payments", link_payments, SS_WORKERS, "cases:write", SS_RUN_WRITE,
     (size_t)256 << 10},
    {SS_DELETE, "/api/v1/cases/{id}/payments/{txn_id}", unlink_payment, SS_WORKERS, "cases:write",
     SS_RUN_WRITE, 0},
    {0},
};
