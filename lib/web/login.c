/*
 * Signing in and out. A sign-in goes through three places: the loop counts tries and looks at the lock, a
 * reader checks the password (80 ms), the desk looks again and writes. However many try at once, the desk
 * takes them one after the other, so that no more guesses count than the lock allows. Accounts that nobody
 * has take the same way, the same time and the same answers.
 */
#include "base/err.h"
#include "base/time.h"
#include "json/write.h"
#include "web/after.h"
#include "web/auth_parts.h"
#include "web/refresh.h"
#include <inttypes.h>

/* Who renews twice with one token within this time lost the answer, or has two windows open. */
#define RENEW_AGAIN_US (10 * SS_SECOND_US)
/* However often it is renewed, a session ends. */
#define SESSION_MAX_US (30 * SS_DAY_US)

static const struct ss_str none = {NULL, 0};

/* ---- POST auth/login ---- */

struct attempt {
    struct ss_str email, password, hash; /* hash: as it was when the password was checked */
    bool cookies, good;
    char fresh[SS_PASSWORD_HASH]; /* at today's cost; empty: not needed */
};

static int locked(struct ss_call *call, int64_t until_us)
{
    int64_t wait_s = (until_us - call->now_us) / SS_SECOND_US + 1;
    ss_problem(call, 429, "locked", "too many failed sign-ins: the account is locked for %" PRId64 " s",
               wait_s);
    call->res.retry_after_s = (int)wait_s;
    return 0;
}

/* 1: found; until_us: the lock of the account, be it anybody's. */
static int find(struct ss_call *call, struct ss_str email, struct ss_user *user, int64_t *until_us)
{
    int found = ss_user_find(call->db, email, &call->arena, user);
    *until_us = 0;
    if (found == 0)
        *until_us = ss_strangers_look(ss_auth_strangers(call->web->auth), email, call->now_us);
    else if (found > 0 && user->locked_until_us > call->now_us)
        *until_us = user->locked_until_us;
    return found;
}

static int fail(struct ss_call *call, const struct attempt *a, struct ss_user *user)
{
    int64_t after = ss_auth_setting(call, "auth.lock_after", 5), until_us;
    int64_t minutes = ss_auth_setting(call, "auth.lock_min", 15);
    int err = 0;
    if (user) {
        until_us = ss_lockout_until(user->failures + 1, after, minutes, call->now_us);
        err = ss_user_failed(call->db, user->id, user->failures + 1, until_us);
    } else {
        until_us =
            ss_strangers_fail(ss_auth_strangers(call->web->auth), a->email, after, minutes, call->now_us);
    }
    /* Without the name that was given for a stranger: people type passwords there. */
    if (!err)
        err = ss_call_audit(call, until_us ? "auth.lock" : "auth.failed",
                            user ? ss_auth_subject(call, user->id) : SS_STR("user:unknown"), none, none);
    call->keep = true;
    return err ? err : ss_problem(call, 401, "credentials", "the email or the password is wrong");
}

static int login_write(struct ss_call *call)
{
    struct attempt *a = call->state;
    struct ss_user user;
    int64_t until_us;
    int found = find(call, a->email, &user, &until_us);
    if (found < 0)
        return found;
    if (until_us)
        return locked(call, until_us);
    bool same = found && user.password.p && ss_str_eq(user.password, a->hash);
    if (!a->good || !same || !user.active)
        return fail(call, a, found ? &user : NULL);
    int err = 0;
    if (*a->fresh)
        err =
            ss_user_set_password(call->db, user.id, ss_str_of(a->fresh), user.must_change, user.password_us);
    return err ? err : ss_signin(call, &user, a->cookies, "password");
}

static int login_check(struct ss_call *call)
{
    struct attempt *a = call->state;
    a->good = ss_password_check(a->hash.p, a->password);
    if (a->good && ss_password_is_old(a->hash.p) && ss_password_hash(a->password, a->fresh))
        *a->fresh = '\0'; /* the old one does */
    return ss_call_then(call, SS_RUN_WRITE, login_write);
}

static int login(struct ss_call *call)
{
    struct attempt *a = ss_arena_zalloc(&call->arena, sizeof *a);
    struct ss_user user;
    struct ss_str email;
    int64_t until_us;
    if (!a)
        return SS_ENOMEM;
    if (!ss_auth_try(call) || !ss_call_json(call))
        return 0;
    bool whole = ss_body_text(call, "email", true, 200, &email);
    whole &= ss_body_text(call, "password", true, 1000, &a->password);
    ss_body_bool(call, "cookies", false, &a->cookies);
    if (whole && !(a->email = ss_email_of(email, &call->arena)).p)
        ss_fault(call, "email", "is no email address");
    if (!ss_call_check(call))
        return 0;
    int found = find(call, a->email, &user, &until_us);
    if (found < 0)
        return found;
    if (until_us)
        return locked(call, until_us);
    a->hash = found && user.active ? user.password : none;
    call->state = a;
    return ss_call_then(call, SS_RUN_SLOW, login_check);
}

/* ---- POST auth/refresh ---- */

static void drop_cookies(struct ss_call *call)
{
    ss_cookie_set(call, "ss_access", none, 0);
    ss_cookie_set(call, "ss_refresh", none, 0);
}

/* From the body, or from a cookie, which only our own pages may use. False: answered. */
static bool refresh_token(struct ss_call *call, struct ss_str *text, bool *by_cookie)
{
    *text = none;
    *by_cookie = false;
    if (!ss_call_json(call))
        return false;
    ss_body_text(call, "refresh_token", false, SS_REFRESH_MAX, text);
    if (!ss_call_check(call))
        return false;
    if (text->p)
        return true;
    *text = ss_cookie_get(call, "ss_refresh");
    *by_cookie = text->p != NULL;
    if (*by_cookie && !ss_route_same_origin(&call->req)) {
        ss_problem(call, 403, "origin", "the request comes from another site");
        return false;
    }
    return true;
}

static int ended(struct ss_call *call, const char *code, const char *why)
{
    drop_cookies(call);
    return ss_problem(call, 401, code, "%s", why);
}

/* A token that was used already and shows up again was stolen, or its true owner's was: nobody gets on. */
static int reused(struct ss_call *call, const struct ss_user *user, const struct ss_session *session)
{
    int64_t n = ss_session_revoke(call->db, session->id, call->now_us);
    if (n < 0)
        return (int)n;
    ss_signin_as(call, user, session->id);
    int err =
        ss_call_audit(call, "session.reuse", ss_call_format(call, "session:%s", session->id.p), none, none);
    call->keep = true;
    call->after |= SS_AFTER_AUTH;
    return err ? err : ended(call, "reused", "the token was used before: its session has ended");
}

static int renew(struct ss_call *call, const struct ss_user *user, struct ss_session *session,
                 int64_t generation, bool cookies)
{
    bool again = generation == session->generation - 1 && call->now_us - session->used_us <= RENEW_AGAIN_US;
    if (generation != session->generation && !again)
        return reused(call, user, session);
    if (!again) {
        int64_t expires_us = call->now_us + ss_auth_setting(call, "auth.refresh_days", 7) * SS_DAY_US;
        int64_t latest_us = session->created_us + SESSION_MAX_US;
        session->generation++;
        session->expires_us = expires_us < latest_us ? expires_us : latest_us;
        int err =
            ss_session_renew(call->db, session->id, session->generation, call->now_us, session->expires_us);
        if (err)
            return err;
    }
    return ss_signin_answer(call, user, session, cookies);
}

/* Whose token it is. 1: a session that is told in *session and *user, 0: none of ours. */
static int owner_of(struct ss_call *call, struct ss_str text, struct ss_session *session,
                    struct ss_user *user)
{
    struct ss_secret secret;
    struct ss_str id;
    int64_t generation;
    if (!text.p || !ss_refresh_parse(text, &id, &generation))
        return 0;
    int found = ss_session_get(call->db, id, &call->arena, session);
    if (found <= 0)
        return found;
    ss_auth_secret(call->web->auth, &secret);
    bool ours = ss_refresh_is_ours(&secret, session, text);
    ss_bytes_wipe(&secret, sizeof secret);
    return ours ? ss_user_get(call->db, session->user_id, &call->arena, user) : 0;
}

/* A refresh token on its way from the loop, where it is looked at, to the desk, where it is used: what is
 * none of ours disturbs nobody there. */
struct renewal {
    struct ss_str text;
    bool by_cookie;
};

static int refresh_write(struct ss_call *call)
{
    struct renewal *r = call->state;
    struct ss_session session;
    struct ss_user user;
    struct ss_str id;
    int64_t generation;
    int found = owner_of(call, r->text, &session, &user);
    if (found <= 0 || !ss_refresh_parse(r->text, &id, &generation))
        return found < 0 ? found : ended(call, "bad_token", "there is no refresh token of this server");
    if (!user.active || session.revoked_us || session.expires_us <= call->now_us)
        return ended(call, "expired", "the session has ended: sign in again");
    return renew(call, &user, &session, generation, r->by_cookie);
}

static int refresh(struct ss_call *call)
{
    struct renewal *r = ss_arena_zalloc(&call->arena, sizeof *r);
    struct ss_session session;
    struct ss_user user;
    if (!r)
        return SS_ENOMEM;
    if (!refresh_token(call, &r->text, &r->by_cookie))
        return 0;
    int found = owner_of(call, r->text, &session, &user);
    if (found <= 0)
        return found < 0 ? found : ended(call, "bad_token", "there is no refresh token of this server");
    call->state = r;
    return ss_call_then(call, SS_RUN_WRITE, refresh_write);
}

/* ---- POST auth/logout, auth/logout-all ---- */

static int end_session(struct ss_call *call, struct ss_str id)
{
    int64_t n = ss_session_revoke(call->db, id, call->now_us);
    if (n <= 0)
        return (int)n;
    call->after |= SS_AFTER_AUTH;
    return ss_call_audit(call, "auth.logout", ss_call_format(call, "session:%.*s", (int)id.n, id.p), none,
                         none);
}

static int logout_write(struct ss_call *call)
{
    int err = end_session(call, ss_str_of(call->who.session));
    drop_cookies(call);
    return err ? err : ss_answer_none(call);
}

/* With an access token, or, when that has expired already, with the refresh token. */
static int logout(struct ss_call *call)
{
    struct ss_session session;
    struct ss_user user;
    struct ss_str text;
    bool by_cookie;
    if (!call->who.user_id) {
        if (!refresh_token(call, &text, &by_cookie))
            return 0;
        int found = owner_of(call, text, &session, &user);
        if (found < 0)
            return found;
        if (!found) {
            drop_cookies(call);
            return ss_answer_none(call);
        }
        ss_signin_as(call, &user, session.id);
    }
    return ss_call_then(call, SS_RUN_WRITE, logout_write);
}

static int logout_all(struct ss_call *call)
{
    int64_t n = ss_sessions_revoke(call->db, call->who.user_id, none, call->now_us);
    if (n < 0)
        return (int)n;
    call->after |= SS_AFTER_AUTH;
    int err = ss_call_audit(call, "auth.logout_all", ss_auth_subject(call, call->who.user_id), none,
                            ss_call_format(call, "{\"sessions\":%" PRId64 "}", n));
    drop_cookies(call);
    return err ? err : ss_answer_none(call);
}

/* ---- who am I ---- */

static int me(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_user user;
    if (call->who.user_id == 0) {
        ss_buf_putc(to, '{');
        ss_put_text_of(to, "name", ss_str_of(call->who.name));
        ss_put_text_of(to, "role", ss_str_of(ss_role_name(call->who.role)));
        ss_put_text_of(to, "scopes", call->who.scopes);
        ss_buf_putc(to, '}');
        return 0;
    }
    int found = ss_user_get(call->db, call->who.user_id, &call->arena, &user);
    if (found <= 0)
        return found < 0 ? found : ss_problem_missing(call, "user", ss_str_of(call->who.name));
    if (!ss_answer_version(call, user.version))
        ss_put_user(to, &user);
    return 0;
}

static int change_me(struct ss_call *call)
{
    static const char *const known[] = {"name", NULL};
    struct ss_user user;
    struct ss_str name;
    int found = ss_user_get(call->db, call->who.user_id, &call->arena, &user);
    if (found <= 0)
        return found < 0 ? found : ss_problem_missing(call, "user", ss_str_of(call->who.name));
    if (ss_answer_version(call, user.version) || !ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    bool given = ss_body_text(call, "name", false, 100, &name);
    if (given && !ss_str_trim(name).n)
        ss_fault(call, "name", "is empty");
    if (!ss_call_check(call))
        return 0;
    if (given && !ss_str_eq(name, user.name)) {
        struct ss_str old = ss_auth_pair(call, "name", user.name);
        user.name = name;
        int err = ss_user_update(call->db, &user);
        if (!err)
            err = ss_call_audit(call, "user.change", ss_auth_subject(call, user.id), old,
                                ss_auth_pair(call, "name", name));
        if (err)
            return err;
    }
    ss_auth_tag(call, user.version);
    ss_put_user(&call->res.body, &user);
    return 0;
}

/* ---- POST auth/ticket ---- */

static int ticket(struct ss_call *call)
{
    char text[SS_FEED_TICKET + 1];
    struct ss_buf *to = &call->res.body;
    ss_feed_ticket_make(ss_auth_tickets(call->web->auth), &call->who, call->now_us, text);
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "ticket", ss_str_of(text));
    ss_put_int_of(to, "expires_in", SS_FEED_TICKET_S);
    ss_buf_putc(to, '}');
    return 0;
}

const struct ss_route ss_routes_login[] = {
    {SS_POST, "/api/v1/auth/login", login, SS_ANYONE, NULL, SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/auth/refresh", refresh, SS_ANYONE, NULL, SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/auth/logout", logout, SS_ANYONE, NULL, SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/auth/logout-all", logout_all, SS_PEOPLE, NULL, SS_RUN_WRITE, 0},
    {SS_GET, "/api/v1/auth/me", me, SS_READERS, "me", SS_RUN_QUICK, 0},
    {SS_PATCH, "/api/v1/auth/me", change_me, SS_PEOPLE, NULL, SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/auth/ticket", ticket, SS_READERS | SS_SECRET, "live:read", SS_RUN_QUICK, 0},
    {0},
};
