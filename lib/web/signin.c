#include "base/err.h"
#include "base/time.h"
#include "base/utf8.h"
#include "json/write.h"
#include "web/auth_parts.h"
#include "web/refresh.h"
#include "web/token.h"
#include <stdio.h>

struct ss_str ss_auth_take(struct ss_call *call, struct ss_buf *buf)
{
    struct ss_str text = {NULL, 0};
    if (ss_buf_check(buf) == 0)
        text = ss_call_copy(call, (struct ss_str){buf->p, buf->n});
    ss_buf_free(buf);
    return text;
}

struct ss_str ss_auth_pair(struct ss_call *call, const char *key, struct ss_str text)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 1 << 16);
    ss_buf_putc(&buf, '{');
    ss_put_text_of(&buf, key, text);
    ss_buf_putc(&buf, '}');
    return ss_auth_take(call, &buf);
}

struct ss_str ss_auth_subject(struct ss_call *call, int64_t user_id)
{
    return ss_call_format(call, "user:%lld", (long long)user_id);
}

void ss_auth_tag(struct ss_call *call, int64_t version)
{
    call->res.etag = ss_call_format(call, "\"%lld\"", (long long)version);
}

void ss_put_user(struct ss_buf *to, const struct ss_user *user)
{
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "id", user->id);
    ss_put_text_of(to, "email", user->email);
    ss_put_text_of(to, "name", user->name);
    ss_put_text_of(to, "role", user->role);
    ss_put_text_of(to, "department", user->department);
    ss_put_bool_of(to, "active", user->active);
    ss_put_bool_of(to, "must_change", user->must_change);
    ss_put_bool_of(to, "has_password", user->password.p != NULL);
    ss_put_time_of(to, "created", user->created_us);
    ss_put_time_of(to, "last_login", user->last_login_us);
    ss_buf_putc(to, '}');
}

void ss_signin_as(struct ss_call *call, const struct ss_user *user, struct ss_str session)
{
    int role = ss_role_of(user->role);
    call->who = (struct ss_actor){.role = role < 0 ? SS_NOBODY : (enum ss_role)role, .user_id = user->id};
    snprintf(call->who.name, sizeof call->who.name, "%.*s", (int)user->email.n, user->email.p);
    snprintf(call->who.session, sizeof call->who.session, "%.*s", (int)session.n, session.p ? session.p : "");
}

static int make_access(struct ss_call *call, const struct ss_user *user, const struct ss_session *session,
                       const struct ss_secret *secret, int64_t span_s, struct ss_buf *to)
{
    unsigned char key[SS_DIGEST_BYTES];
    struct ss_token token = {
        .user_id = user->id,
        .issued_s = call->now_us / SS_SECOND_US,
        .expires_s = call->now_us / SS_SECOND_US + span_s,
    };
    snprintf(token.session, sizeof token.session, "%.*s", (int)session->id.n, session->id.p);
    snprintf(token.role, sizeof token.role, "%.*s", (int)user->role.n, user->role.p);
    ss_secret_key(secret, 0, "access", key);
    int err = ss_token_make(&token, key, to);
    ss_bytes_wipe(key, sizeof key);
    return err;
}

int ss_signin_answer(struct ss_call *call, const struct ss_user *user, const struct ss_session *session,
                     bool cookies)
{
    int64_t access_s = ss_auth_setting(call, "auth.access_min", 60) * 60;
    int64_t refresh_s = (session->expires_us - call->now_us) / SS_SECOND_US;
    struct ss_buf *to = &call->res.body, access, refresh;
    struct ss_secret secret;
    ss_buf_init(&access, SS_TOKEN_MAX);
    ss_buf_init(&refresh, SS_REFRESH_MAX);
    ss_auth_secret(call->web->auth, &secret);
    int err = make_access(call, user, session, &secret, access_s, &access);
    ss_refresh_make(&secret, session, &refresh);
    ss_bytes_wipe(&secret, sizeof secret);
    if (!err)
        err = ss_buf_check(&refresh);
    if (!err) {
        struct ss_str a = {access.p, access.n}, r = {refresh.p, refresh.n};
        ss_buf_putc(to, '{');
        if (cookies) { /* scripts of a page never see what the cookies hold */
            ss_cookie_set(call, "ss_access", a, access_s);
            ss_cookie_set(call, "ss_refresh", r, refresh_s);
        } else {
            ss_put_text_of(to, "token_type", SS_STR("Bearer"));
            ss_put_text_of(to, "access_token", a);
            ss_put_text_of(to, "refresh_token", r);
        }
        ss_put_int_of(to, "expires_in", access_s);
        ss_put_int_of(to, "refresh_expires_in", refresh_s);
        ss_put_text_of(to, "role", user->role);
        ss_json_key(to, "user");
        ss_put_user(to, user);
        ss_buf_putc(to, '}');
    }
    ss_buf_free(&access);
    ss_buf_free(&refresh);
    return err;
}

int ss_signin(struct ss_call *call, const struct ss_user *user, bool cookies, const char *how)
{
    char id[SS_SESSION_ID + 1], seed[SS_SESSION_ID + 1];
    ss_random_text(id, SS_SESSION_ID);
    ss_random_text(seed, SS_SESSION_ID);
    struct ss_str agent = call->req.agent;
    if (agent.n > 200)
        agent.n = 200;
    const struct ss_session session = {
        .id = ss_str_of(id),
        .seed = ss_str_of(seed),
        .agent = agent.p && ss_utf8_is_text(agent) ? agent : (struct ss_str){NULL, 0},
        .address = ss_str_of(call->req.address),
        .user_id = user->id,
        .created_us = call->now_us,
        .used_us = call->now_us,
        .expires_us = call->now_us + ss_auth_setting(call, "auth.refresh_days", 7) * SS_DAY_US,
    };
    int err = ss_session_add(call->db, &session);
    if (!err)
        err = ss_user_signed_in(call->db, user->id, call->now_us);
    ss_signin_as(call, user, session.id);
    if (!err)
        err = ss_call_audit(call, "auth.login", ss_auth_subject(call, user->id), (struct ss_str){NULL, 0},
                            ss_call_format(call, "{\"by\":\"%s\"}", how));
    if (err)
        return err;
    ss_auth_tried_well(call);
    return ss_signin_answer(call, user, &session, cookies);
}
