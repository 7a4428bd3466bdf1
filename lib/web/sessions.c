/* Where somebody is signed in, and ending it: one's own, and, for administrators, anybody's. */
#include "base/err.h"
#include "web/after.h"
#include "web/auth_parts.h"

static const struct ss_str none = {NULL, 0};

static int give(struct ss_call *call, int64_t user_id)
{
    struct ss_buf *to = &call->res.body;
    struct ss_session s;
    struct ss_rows *rows;
    int err = ss_sessions_list(call->db, user_id, call->now_us, &rows);
    if (err)
        return err;
    ss_page_begin(call);
    while ((err = ss_sessions_next(rows, &s)) > 0) {
        ss_page_item(call);
        ss_buf_putc(to, '{');
        ss_put_text_of(to, "id", s.id);
        ss_put_bool_of(to, "current", ss_str_is(s.id, call->who.session));
        ss_put_text_of(to, "agent", s.agent);
        ss_put_text_of(to, "address", s.address);
        ss_put_time_of(to, "created", s.created_us);
        ss_put_time_of(to, "used", s.used_us);
        ss_put_time_of(to, "expires", s.expires_us);
        ss_buf_putc(to, '}');
    }
    ss_rows_free(rows);
    ss_buf_puts(to, "],\"next\":null}");
    return err;
}

static int list(struct ss_call *call)
{
    return give(call, call->who.user_id);
}

/* One's own; an administrator's word ends anybody's. What is another's is, to others, not there. */
static int end_one(struct ss_call *call)
{
    struct ss_str id = call->param[0];
    struct ss_session s;
    int found = ss_session_get(call->db, id, &call->arena, &s);
    if (found < 0)
        return found;
    if (!found || s.revoked_us || s.expires_us <= call->now_us ||
        (s.user_id != call->who.user_id && call->who.role != SS_ADMIN))
        return ss_problem_missing(call, "session", id);
    int64_t n = ss_session_revoke(call->db, id, call->now_us);
    if (n < 0)
        return (int)n;
    call->after |= SS_AFTER_AUTH;
    int err = ss_call_audit(call, "session.revoke", ss_call_format(call, "session:%s", s.id.p),
                            ss_call_format(call, "{\"user\":%lld}", (long long)s.user_id), none);
    return err ? err : ss_answer_none(call);
}

static int list_of(struct ss_call *call)
{
    struct ss_user user;
    int found = ss_auth_user_named(call, &user);
    return found <= 0 ? found : give(call, user.id);
}

static int end_all_of(struct ss_call *call)
{
    struct ss_user user;
    int found = ss_auth_user_named(call, &user);
    if (found <= 0)
        return found;
    int64_t n = ss_sessions_revoke(call->db, user.id, none, call->now_us);
    if (n < 0)
        return (int)n;
    call->after |= SS_AFTER_AUTH;
    int err = ss_call_audit(call, "user.sessions", ss_auth_subject(call, user.id), none,
                            ss_call_format(call, "{\"sessions_ended\":%lld}", (long long)n));
    return err ? err : ss_answer_none(call);
}

const struct ss_route ss_routes_sessions[] = {
    {SS_GET, "/api/v1/auth/sessions", list, SS_PEOPLE, NULL, SS_RUN_QUICK, 0},
    {SS_DELETE, "/api/v1/auth/sessions/{id}", end_one, SS_PEOPLE, NULL, SS_RUN_WRITE, 0},
    {SS_GET, "/api/v1/users/{id}/sessions", list_of, SS_ADMIN, "users:read", SS_RUN_QUICK, 0},
    {SS_DELETE, "/api/v1/users/{id}/sessions", end_all_of, SS_ADMIN, "users:write", SS_RUN_WRITE, 0},
    {0},
};
