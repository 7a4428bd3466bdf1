/*
 * Accounts that people open themselves: the first administrator, with the setup token that the server printed
 * at its start; who was invited; anyone, where the setting auth.registration says so. Each: tries are counted
 * and the form is checked (loop), the password is hashed (reader), the account is made (desk).
 *
 * Who is not invited learns nothing: whether the email has an account or not, the answer is the same, after
 * the same work (a password hashed, an insert tried, a line of the log committed). So nobody can be signed in
 * at once; the account waits, inactive, until an administrator makes it active.
 */
#include "base/err.h"
#include "base/time.h"
#include "json/write.h"
#include "store/notices.h"
#include "store/settings.h"
#include "store/tickets.h"
#include "web/auth_parts.h"
#include "web/oidc.h"

#define SETUP_LIVES_US SS_DAY_US
#define INVITE_CHARS   32

static const struct ss_str none = {NULL, 0};

/* ---- the setup token ---- */

static int make_setup_token(struct ss_db *db, int64_t now_us, char out[SS_SETUP_TOKEN])
{
    char hash[SS_DIGEST_HEX];
    int64_t admins;
    int err = ss_user_other_admins(db, 0, &admins);
    if (err || admins > 0)
        return err;
    int64_t n = ss_tickets_drop(db, SS_STR("setup"), (struct ss_str){NULL, 0});
    if (n < 0)
        return (int)n;
    ss_random_text(out, SS_SETUP_TOKEN - 1);
    ss_sha256_hex(out, SS_SETUP_TOKEN - 1, hash);
    const struct ss_ticket ticket = {
        .hash = ss_str_of(hash),
        .kind = SS_STR("setup"),
        .role = SS_STR("admin"),
        .created_by = SS_STR("ss-serve"),
        .created_us = now_us,
        .expires_us = now_us + SETUP_LIVES_US,
    };
    err = ss_ticket_add(db, &ticket);
    return err ? err : 1;
}

int ss_auth_setup_token(struct ss_db *db, int64_t now_us, char out[SS_SETUP_TOKEN])
{
    int err = ss_db_begin(db, true);
    if (err)
        return err;
    int made = make_setup_token(db, now_us, out);
    if (made <= 0) {
        ss_db_rollback(db);
        return made;
    }
    err = ss_db_commit(db);
    return err ? err : 1;
}

/* ---- GET auth/state ---- */

static struct ss_str registration(const struct ss_call *call)
{
    return call->web->settings ? ss_setting_text(call->web->settings, "auth.registration") : SS_STR("off");
}

static int state(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    int64_t admins;
    int err = ss_user_other_admins(call->db, 0, &admins);
    if (err)
        return err;
    ss_buf_putc(to, '{');
    ss_put_bool_of(to, "setup", admins == 0);
    ss_put_text_of(to, "registration", registration(call));
    ss_put_int_of(to, "password_min", SS_PASSWORD_MIN);
    ss_put_text_of(to, "oidc", ss_oidc_name(call));
    ss_put_bool_of(to, "signed_in", call->who.role != SS_NOBODY);
    ss_buf_putc(to, '}');
    return 0;
}

/* ---- POST auth/setup, auth/register ---- */

struct opening {
    struct ss_str email, name, password, ticket; /* ticket: its hash; p == NULL: none */
    struct ss_str role;
    bool setup, cookies;
    char hash[SS_PASSWORD_HASH];
};

/* What the log keeps of a new account. */
static struct ss_str as_json(struct ss_call *call, const struct ss_user *user)
{
    struct ss_buf value;
    ss_buf_init(&value, 4096);
    ss_buf_putc(&value, '{');
    ss_put_text_of(&value, "email", user->email);
    ss_put_text_of(&value, "name", user->name);
    ss_put_text_of(&value, "role", user->role);
    if (!user->active)
        ss_put_bool_of(&value, "active", false);
    ss_buf_putc(&value, '}');
    return ss_auth_take(call, &value);
}

/* By nobody's invitation. */
static int waiting_write(struct ss_call *call)
{
    struct opening *o = call->state;
    struct ss_user user = {
        .email = o->email, .name = o->name, .role = o->role, .password = ss_str_of(o->hash)};
    int added = ss_user_add(call->db, &user, call->now_us), err = added < 0 ? added : 0;
    user.active = false;
    if (added > 0)
        err = ss_user_update(call->db, &user);
    if (!err)
        err = ss_call_audit(call, added ? "auth.register" : "auth.register_known",
                            added ? ss_auth_subject(call, user.id) : SS_STR("user:known"), none,
                            as_json(call, &user));
    const struct ss_notice notice = {
        .kind = "registered",
        .title = ss_call_format(call, "%.*s asks to be let in", (int)user.email.n, user.email.p),
        .link = SS_STR("/people"),
        .time_us = call->now_us,
    };
    if (!err && added)
        err = ss_notice_admins(call->db, &notice, 0, NULL, NULL);
    if (err)
        return err;
    call->res.status = 202;
    ss_buf_puts(&call->res.body,
                "{\"status\":\"waiting\",\"detail\":\"If this email had no account, it has one "
                "now, which an administrator has to let in.\"}");
    return 0;
}

static int opening_write(struct ss_call *call)
{
    struct opening *o = call->state;
    int64_t admins = 0;
    if (!o->setup && !o->ticket.p)
        return waiting_write(call);
    if (o->setup) {
        int err = ss_user_other_admins(call->db, 0, &admins);
        if (err)
            return err;
        if (admins)
            return ss_problem(call, 409, "set_up", "there is an administrator already");
    }
    if (o->ticket.p) {
        int used = ss_ticket_use(call->db, o->ticket, call->now_us);
        if (used <= 0)
            return used < 0 ? used : ss_problem(call, 403, "bad_token", "the token is used up");
    }
    struct ss_user user = {
        .email = o->email, .name = o->name, .role = o->role, .password = ss_str_of(o->hash)};
    int added = ss_user_add(call->db, &user, call->now_us);
    if (added <= 0)
        return added < 0 ? added : ss_problem(call, 409, "taken", "there is an account with this email");
    user.active = true;
    ss_signin_as(call, &user, none);
    int err = ss_call_audit(call, o->setup ? "auth.setup" : "auth.register", ss_auth_subject(call, user.id),
                            none, as_json(call, &user));
    if (!err)
        err = ss_signin(call, &user, o->cookies, o->setup ? "setup" : "registration");
    call->res.status = 201;
    return err;
}

static int opening_hash(struct ss_call *call)
{
    struct opening *o = call->state;
    int err = ss_password_hash(o->password, o->hash);
    return err ? err : ss_call_then(call, SS_RUN_WRITE, opening_write);
}

/* The one-time word in the body's `member`. True: none was given, or it is good. False: answered, or a fault,
 * or *err. */
static bool redeem(struct ss_call *call, struct opening *o, const char *member, const char *kind, int *err)
{
    char hash[SS_DIGEST_HEX];
    struct ss_ticket ticket;
    struct ss_str word = none;
    if (!ss_body_text(call, member, o->setup, 100, &word) || !word.p)
        return !o->setup;
    word = ss_str_trim(word);
    ss_sha256_hex(word.p, word.n, hash);
    int found =
        ss_ticket_get(call->db, ss_str_of(hash), ss_str_of(kind), call->now_us, &call->arena, &ticket);
    if (found < 0) {
        *err = found;
        return false;
    }
    if (!found) {
        ss_problem(call, 403, "bad_token", "the %s is none of this server's, used up or expired", member);
        return false;
    }
    o->ticket = ticket.hash;
    o->role = ticket.role;
    if (ticket.email.p && o->email.p && !ss_str_eq(ticket.email, o->email)) {
        ss_problem(call, 403, "bad_token", "the invitation is for another email");
        return false;
    }
    return true;
}

static int open_account(struct ss_call *call, bool setup)
{
    struct opening *o = ss_arena_zalloc(&call->arena, sizeof *o);
    struct ss_str email;
    int err = 0;
    if (!o)
        return SS_ENOMEM;
    o->setup = setup;
    if (!ss_auth_try(call) || !ss_call_json(call))
        return 0;
    if (ss_body_text(call, "email", true, 200, &email) && !(o->email = ss_email_of(email, &call->arena)).p)
        ss_fault(call, "email", "is no email address of at most %d bytes", SS_EMAIL_MAX);
    ss_body_text(call, "name", true, 100, &o->name);
    if (ss_body_text(call, "password", true, SS_PASSWORD_MAX, &o->password))
        ss_password_judge(call, "password", o->password, o->email);
    ss_body_bool(call, "cookies", false, &o->cookies);
    bool good = redeem(call, o, setup ? "token" : "invite", setup ? "setup" : "invite", &err);
    if (err || (call->res.status >= 400))
        return err;
    if (!ss_call_check(call) || !good)
        return 0;
    if (!setup && !o->ticket.p) {
        if (!ss_str_is(registration(call), "open"))
            return ss_problem(call, 403, "registration",
                              ss_str_is(registration(call), "invite") ? "registration is by invitation"
                                                                      : "registration is off");
        o->role = SS_STR("viewer");
    }
    call->state = o;
    return ss_call_then(call, SS_RUN_SLOW, opening_hash);
}

static int setup(struct ss_call *call)
{
    return open_account(call, true);
}

static int do_register(struct ss_call *call)
{
    if (ss_str_is(registration(call), "off"))
        return ss_problem(call, 403, "registration", "registration is off");
    return open_account(call, false);
}

/* ---- invitations ---- */

static void put_invite(struct ss_buf *to, const struct ss_ticket *t)
{
    ss_put_text_of(to, "id", (struct ss_str){t->hash.p, SS_TICKET_ID});
    ss_put_text_of(to, "role", t->role);
    ss_put_text_of(to, "email", t->email);
    ss_put_text_of(to, "created_by", t->created_by);
    ss_put_time_of(to, "created", t->created_us);
    ss_put_time_of(to, "expires", t->expires_us);
}

static int invites(struct ss_call *call)
{
    struct ss_rows *rows;
    struct ss_ticket t;
    int err = ss_tickets_list(call->db, SS_STR("invite"), call->now_us, &rows);
    if (err)
        return err;
    ss_buf_puts(&call->res.body, "{\"items\":[");
    while ((err = ss_tickets_next(rows, &t)) > 0) {
        ss_page_item(call);
        ss_buf_putc(&call->res.body, '{');
        put_invite(&call->res.body, &t);
        ss_buf_putc(&call->res.body, '}');
    }
    ss_rows_free(rows);
    ss_buf_puts(&call->res.body, "],\"next\":null}");
    return err;
}

static int invite(struct ss_call *call)
{
    static const char *const known[] = {"email", "role", "days", NULL};
    static const char *const roles[] = {"viewer", "analyst", "admin", NULL};
    char word[INVITE_CHARS + 1], hash[SS_DIGEST_HEX];
    struct ss_str email = none, given;
    int64_t days = 7;
    int role = 0;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    if (ss_body_text(call, "email", false, 200, &given) && given.p &&
        !(email = ss_email_of(given, &call->arena)).p)
        ss_fault(call, "email", "is no email address of at most %d bytes", SS_EMAIL_MAX);
    ss_body_word(call, "role", true, roles, &role);
    ss_body_int(call, "days", false, 1, 90, &days);
    if (!ss_call_check(call))
        return 0;
    ss_random_text(word, INVITE_CHARS);
    ss_sha256_hex(word, INVITE_CHARS, hash);
    const struct ss_ticket t = {
        .hash = ss_str_of(hash),
        .kind = SS_STR("invite"),
        .role = ss_str_of(roles[role]),
        .email = email,
        .created_by = ss_str_of(call->who.name),
        .created_us = call->now_us,
        .expires_us = call->now_us + days * SS_DAY_US,
    };
    struct ss_str id = {hash, SS_TICKET_ID};
    struct ss_buf value, *to = &call->res.body;
    ss_buf_init(&value, 4096);
    ss_buf_putc(&value, '{');
    put_invite(&value, &t);
    ss_buf_putc(&value, '}');
    int err = ss_ticket_add(call->db, &t);
    if (!err)
        err = ss_call_audit(call, "invite.create", ss_call_format(call, "invite:%.*s", (int)id.n, id.p), none,
                            (struct ss_str){value.p, value.n});
    ss_buf_free(&value);
    if (err)
        return err;
    ss_buf_putc(to, '{');
    put_invite(to, &t);
    ss_put_text_of(to, "invite", ss_str_of(word)); /* shown this once */
    ss_buf_putc(to, '}');
    return ss_answer_created(call, "/api/v1/invites", id);
}

static int drop_invite(struct ss_call *call)
{
    struct ss_str id = call->param[0];
    int64_t n = id.n == SS_TICKET_ID ? ss_tickets_drop(call->db, SS_STR("invite"), id) : 0;
    if (n <= 0)
        return n < 0 ? (int)n : ss_problem_missing(call, "invitation", id);
    int err = ss_call_audit(call, "invite.revoke", ss_call_format(call, "invite:%.*s", (int)id.n, id.p), none,
                            none);
    return err ? err : ss_answer_none(call);
}

const struct ss_route ss_routes_register[] = {
    {SS_GET, "/api/v1/auth/state", state, SS_ANYONE, NULL, SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/auth/setup", setup, SS_ANYONE, NULL, SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/auth/register", do_register, SS_ANYONE, NULL, SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/invites", invites, SS_ADMIN, "users:read", SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/invites", invite, SS_ADMIN | SS_SECRET, "users:write", SS_RUN_WRITE, 0},
    {SS_DELETE, "/api/v1/invites/{id}", drop_invite, SS_ADMIN, "users:write", SS_RUN_WRITE, 0},
    {0},
};
