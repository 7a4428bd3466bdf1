/* Endpoints that change where a case stands: each action for one case, for many, and taking the next one. */
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include "web/case.h"

#define BULK_MAX  500
#define EVENT_MAX ((size_t)64 << 10)

static void params_init(struct ss_case_params *params)
{
    *params =
        (struct ss_case_params){.status = -1, .priority = -1, .resolution = -1, .recovered = -1, .loss = -1};
}

/* POST /api/v1/cases/{id}/ACTION */
static int act(struct ss_call *call, const char *name)
{
    const struct ss_case_action *action = ss_case_action(ss_str_of(name));
    struct ss_case_params params;
    struct ss_case_work work;
    struct ss_case c;
    params_init(&params);
    if (!ss_call_json(call))
        return 0;
    action->parse(call, &params);
    ss_body_only(call, action->members);
    if (!ss_call_check(call))
        return 0;
    int err = ss_case_load_to_change(call, &c);
    if (err <= 0)
        return err;
    ss_work_init(&work, call);
    err = action->run(&work, &c, &params);
    if (err == SS_REFUSED)
        return ss_work_problem(&work);
    return err ? err : ss_case_answer(&work, &c);
}

static int assign(struct ss_call *call)
{
    return act(call, "assign");
}
static int release(struct ss_call *call)
{
    return act(call, "release");
}
static int escalate(struct ss_call *call)
{
    return act(call, "escalate");
}
static int status(struct ss_call *call)
{
    return act(call, "status");
}
static int resolve(struct ss_call *call)
{
    return act(call, "resolve");
}
static int reopen(struct ss_call *call)
{
    return act(call, "reopen");
}
static int close_case(struct ss_call *call)
{
    return act(call, "close");
}

/* ---- the next one ---- */

static int take_next(struct ss_call *call)
{
    struct ss_case_work work;
    struct ss_case c;
    int64_t id;
    ss_work_init(&work, call);
    if (!call->who.user_id)
        return ss_problem(call, 422, "no_person", "an API key has no user to take a case for");
    int err = ss_case_take(call->db, call->who.user_id, call->now_us, &id);
    if (err)
        return err;
    if (!id)
        return ss_problem(call, 404, "nothing_waits", "no open case waits for somebody");
    err = ss_case_find(call->db, id, &call->arena, &c);
    if (err <= 0)
        return err;
    const struct ss_case_step step = {
        .action = "assigned",
        .audit = "case.take",
        .new_value = c.assigned_name.p ? c.assigned_name : ss_str_of(call->who.name),
        .new_json = ss_call_format(call, "{\"assigned_to\":%lld}", (long long)call->who.user_id)};
    err = ss_case_trace(&work, &c, &step);
    err = err ? err : ss_case_tell(call, id, "assigned");
    return err ? err : ss_case_answer(&work, &c);
}

/* ---- many ---- */

/* An answer for one id: {"id":17,"ok":true,"version":4} or what refused it. */
static void put_result(struct ss_buf *to, int64_t id, const struct ss_case_work *work,
                       const struct ss_case *c)
{
    ss_json_item(to);
    ss_put_int_of(to, "id", id);
    if (ss_work_put_outcome(work, to)) {
        ss_put_text_of(to, "case_status", ss_str_of(ss_case_statuses[c->status]));
        ss_put_int_of(to, "version", c->version);
    }
    ss_buf_putc(to, '}');
}

static int one_of_many(struct ss_case_work *work, const struct ss_case_action *action,
                       const struct ss_case_params *params, int64_t id)
{
    struct ss_call *call = work->call;
    struct ss_case c = {0};
    work->status = 0;
    int err = ss_case_find(call->db, id, &call->arena, &c);
    if (err == 0)
        err = ss_work_refuse(work, 404, "not_found", "no case '%lld'", (long long)id);
    else if (err > 0)
        err = action->run(work, &c, params);
    if (err < 0)
        return err;
    put_result(&call->res.body, id, work, &c);
    return 0;
}

/* The ids of the body, each once; NULL (and a fault) when they are none. */
static int64_t *read_ids(struct ss_call *call, uint32_t *n)
{
    const struct ss_json_value *list = ss_json_get(call->json, "ids");
    *n = 0;
    if (!list || list->type != SS_JSON_ARRAY || list->n == 0 || list->n > BULK_MAX) {
        ss_fault(call, "ids", "is an array of 1 to %d numbers of cases", BULK_MAX);
        return NULL;
    }
    int64_t *ids = ss_arena_alloc(&call->arena, list->n * sizeof *ids);
    for (uint32_t i = 0; ids && i < list->n; i++) {
        const struct ss_json_value *v = &list->at[i];
        bool known = false;
        if (v->type != SS_JSON_NUMBER || !ss_int_parse(v->text.p, v->text.n, &ids[*n])) {
            ss_fault(call, "ids", "is an array of 1 to %d numbers of cases", BULK_MAX);
            return NULL;
        }
        for (uint32_t k = 0; k < *n; k++)
            known |= ids[k] == ids[*n];
        *n += !known;
    }
    return ids;
}

static const struct ss_case_action *read_action(struct ss_call *call, struct ss_case_params *params)
{
    const char *names[12] = {"ids", "action"};
    int which = -1;
    params_init(params);
    if (!ss_body_word(call, "action", true, ss_case_action_names, &which))
        return NULL;
    const struct ss_case_action *action = ss_case_action(ss_str_of(ss_case_action_names[which]));
    size_t n = 2;
    for (size_t i = 0; action->members[i] && n < SS_COUNT(names) - 1; i++)
        names[n++] = action->members[i];
    names[n] = NULL;
    action->parse(call, params);
    ss_body_only(call, names);
    return action;
}

/* One event for all: {"event":"bulk","action":"assign","ids":[17,18],"actor":".."}. */
static int tell_of_many(struct ss_call *call, const char *action, const int64_t *ids, uint32_t n)
{
    struct ss_buf buf;
    ss_buf_init(&buf, EVENT_MAX);
    ss_buf_putc(&buf, '{');
    ss_put_text_of(&buf, "event", SS_STR("bulk"));
    ss_put_text_of(&buf, "action", ss_str_of(action));
    ss_json_key(&buf, "ids");
    for (uint32_t i = 0; i < n; i++) {
        ss_buf_putc(&buf, i ? ',' : '[');
        ss_json_put_int(&buf, ids[i]);
    }
    ss_buf_putc(&buf, ']');
    ss_put_text_of(&buf, "actor", ss_str_of(call->who.name));
    ss_buf_putc(&buf, '}');
    int err = ss_buf_check(&buf);
    if (!err)
        ss_event_add(call, "case", (struct ss_str){buf.p, buf.n});
    ss_buf_free(&buf);
    return err;
}

static int bulk(struct ss_call *call)
{
    struct ss_case_params params;
    struct ss_case_work work;
    struct ss_buf *to = &call->res.body;
    uint32_t n, done = 0;
    if (!ss_call_json(call))
        return 0;
    int64_t *ids = read_ids(call, &n);
    const struct ss_case_action *action = read_action(call, &params);
    if (!ss_call_check(call))
        return 0;
    if (!ids)
        return SS_ENOMEM;
    ss_work_init(&work, call);
    work.bulk = true;
    int err = 0;
    ss_buf_puts(to, "{\"items\":[");
    for (uint32_t i = 0; i < n && !err; i++) {
        err = one_of_many(&work, action, &params, ids[i]);
        if (work.status == 0)
            ids[done++] = ids[i];
    }
    ss_buf_putc(to, ']');
    ss_put_int_of(to, "done", done);
    ss_put_int_of(to, "refused", (int64_t)n - done);
    ss_buf_putc(to, '}');
    err = err || !done ? err : tell_of_many(call, action->name, ids, done);
    return err ? err : ss_work_settle(&work);
}

const struct ss_route ss_routes_case_moves[] = {
    {SS_POST, "/api/v1/cases/take-next", take_next, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/cases/bulk", bulk, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/cases/{id}/assign", assign, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/cases/{id}/release", release, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/cases/{id}/escalate", escalate, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/cases/{id}/status", status, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/cases/{id}/resolve", resolve, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/cases/{id}/reopen", reopen, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/cases/{id}/close", close_case, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {0},
};
