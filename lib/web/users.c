/* People, as administrators see them. One active administrator at least is always left. */
#include "base/err.h"
#include "json/write.h"
#include "web/after.h"
#include "web/auth_parts.h"

static const struct ss_str none = {NULL, 0};
static const char *const roles[] = {"viewer", "analyst", "admin", NULL};

#define GIVEN_PASSWORD 20 /* letters and digits of a password made for somebody */

/* With what administrators may see beside. */
static void put_row(struct ss_call *call, const struct ss_user *user)
{
    struct ss_buf *to = &call->res.body;
    ss_put_user(to, user);
    to->n--; /* its last brace */
    ss_put_time_of(to, "locked_until", user->locked_until_us > call->now_us ? user->locked_until_us : 0);
    ss_put_bool_of(to, "oidc", user->oidc_subject.p != NULL);
    ss_buf_putc(to, '}');
}

/* What the log keeps of a user. */
static struct ss_str as_json(struct ss_call *call, const struct ss_user *user)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 1 << 16);
    ss_buf_putc(&buf, '{');
    ss_put_text_of(&buf, "email", user->email);
    ss_put_text_of(&buf, "name", user->name);
    ss_put_text_of(&buf, "role", user->role);
    ss_put_text_of(&buf, "department", user->department);
    ss_put_bool_of(&buf, "active", user->active);
    ss_buf_putc(&buf, '}');
    return ss_auth_take(call, &buf);
}

/* ---- reading ---- */

static int give_list(struct ss_call *call, const struct ss_user_filter *filter, int64_t limit,
                     const struct ss_page *page)
{
    struct ss_rows *rows;
    struct ss_user user;
    int64_t n = 0, last = 0;
    int more, err = ss_users_list(call->db, filter, &rows);
    if (err)
        return err;
    ss_page_begin(call);
    while ((more = ss_users_next(rows, &user)) > 0 && n < limit) {
        ss_page_item(call);
        if (filter->workers) {
            ss_buf_putc(&call->res.body, '{');
            ss_put_int_of(&call->res.body, "id", user.id);
            ss_put_text_of(&call->res.body, "email", user.email);
            ss_put_text_of(&call->res.body, "name", user.name);
            ss_put_text_of(&call->res.body, "role", user.role);
            ss_put_text_of(&call->res.body, "department", user.department);
            ss_buf_putc(&call->res.body, '}');
        } else {
            put_row(call, &user);
        }
        last = user.id;
        n++;
    }
    ss_rows_free(rows);
    if (more >= 0)
        ss_page_end(call, page, more > 0, last, none, none);
    return more < 0 ? more : 0;
}

static struct ss_str lower(struct ss_call *call, struct ss_str text)
{
    if (!text.p)
        return text;
    char *to = ss_arena_copy(&call->arena, text.p, text.n);
    for (size_t i = 0; to && i < text.n; i++)
        to[i] = (char)(to[i] >= 'A' && to[i] <= 'Z' ? to[i] + 32 : to[i]);
    return to ? (struct ss_str){to, text.n} : none;
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"id", NULL};
    struct ss_page page;
    int role;
    bool active;
    ss_page_read(call, sorts, &page);
    ss_query_word(call, "role", roles, -1, &role);
    ss_query_bool(call, "active", true, &active);
    struct ss_str q = ss_query(call, "q");
    bool any = !ss_query(call, "active").p;
    if (page.down)
        ss_fault(call, "sort", "is upwards only");
    if (!ss_call_check(call))
        return 0;
    const struct ss_user_filter filter = {
        .role = role < 0 ? none : ss_str_of(roles[role]),
        .q = lower(call, q),
        .active = any ? -1 : active,
        .after_id = page.has_cursor ? page.key : 0,
        .limit = page.limit + 1,
    };
    return give_list(call, &filter, page.limit, &page);
}

/* Whom a case can be given to. */
static int analysts(struct ss_call *call)
{
    static const char *const sorts[] = {"id", NULL};
    struct ss_page page;
    ss_page_read(call, sorts, &page);
    if (!ss_call_check(call))
        return 0;
    const struct ss_user_filter filter = {
        .active = 1, .workers = true, .after_id = page.has_cursor ? page.key : 0, .limit = page.limit + 1};
    return give_list(call, &filter, page.limit, &page);
}

static int get(struct ss_call *call)
{
    struct ss_user user;
    int found = ss_auth_user_named(call, &user);
    if (found <= 0)
        return found;
    if (!ss_answer_version(call, user.version))
        put_row(call, &user);
    return 0;
}

/* ---- POST users, users/{id}/password: a password is made or hashed on the way ---- */

struct passing {
    struct ss_user user;
    struct ss_str password; /* p == NULL: signs in elsewhere, or is invited */
    bool made;              /* by us, and shown once */
    char text[GIVEN_PASSWORD + 1], hash[SS_PASSWORD_HASH];
    int (*write)(struct ss_call *call);
};

static int passing_hash(struct ss_call *call)
{
    struct passing *p = call->state;
    int err = p->password.p ? ss_password_hash(p->password, p->hash) : 0;
    return err ? err : ss_call_then(call, SS_RUN_WRITE, p->write);
}

/* The password given, or one of our own making. */
static void choose_password(struct ss_call *call, struct passing *p, struct ss_str email)
{
    struct ss_str given = none;
    if (ss_body_text(call, "password", false, SS_PASSWORD_MAX, &given) && given.p) {
        ss_password_judge(call, "password", given, email);
        p->password = given;
        return;
    }
    ss_random_text(p->text, GIVEN_PASSWORD);
    p->password = ss_str_of(p->text);
    p->made = true;
}

static int create_write(struct ss_call *call)
{
    struct passing *p = call->state;
    p->user.password = ss_str_of(p->hash);
    int added = ss_user_add(call->db, &p->user, call->now_us);
    if (added <= 0)
        return added < 0 ? added : ss_problem(call, 409, "taken", "there is an account with this email");
    int err =
        ss_call_audit(call, "user.create", ss_auth_subject(call, p->user.id), none, as_json(call, &p->user));
    if (err)
        return err;
    put_row(call, &p->user);
    if (p->made) {
        call->res.body.n--;
        ss_put_text_of(&call->res.body, "password", p->password);
        ss_buf_putc(&call->res.body, '}');
    }
    ss_auth_tag(call, p->user.version);
    return ss_answer_created(call, "/api/v1/users", ss_call_format(call, "%lld", (long long)p->user.id));
}

static int create(struct ss_call *call)
{
    static const char *const known[] = {"email", "name", "role", "department", "password", NULL};
    struct passing *p = ss_arena_zalloc(&call->arena, sizeof *p);
    struct ss_str email;
    int role = 0;
    if (!p)
        return SS_ENOMEM;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    if (ss_body_text(call, "email", true, 200, &email) &&
        !(p->user.email = ss_email_of(email, &call->arena)).p)
        ss_fault(call, "email", "is no email address of at most %d bytes", SS_EMAIL_MAX);
    ss_body_text(call, "name", true, 100, &p->user.name);
    ss_body_word(call, "role", true, roles, &role);
    ss_body_text(call, "department", false, 100, &p->user.department);
    choose_password(call, p, p->user.email);
    if (!ss_call_check(call))
        return 0;
    p->user.role = ss_str_of(roles[role]);
    p->user.must_change = true; /* somebody else knows it */
    p->write = create_write;
    call->state = p;
    return ss_call_then(call, SS_RUN_SLOW, passing_hash);
}

static int reset_write(struct ss_call *call)
{
    struct passing *p = call->state;
    struct ss_user user;
    int found = ss_auth_user_named(call, &user);
    if (found <= 0)
        return found;
    int err = ss_user_set_password(call->db, user.id, ss_str_of(p->hash), true, call->now_us);
    int64_t n = err ? err : ss_sessions_revoke(call->db, user.id, none, call->now_us);
    if (n < 0)
        return (int)n;
    call->after |= SS_AFTER_AUTH;
    err = ss_call_audit(call, "user.password", ss_auth_subject(call, user.id), none,
                        ss_call_format(call, "{\"sessions_ended\":%lld}", (long long)n));
    if (err || !p->made)
        return err ? err : ss_answer_none(call);
    ss_buf_putc(&call->res.body, '{');
    ss_put_text_of(&call->res.body, "password", p->password);
    ss_buf_putc(&call->res.body, '}');
    return 0;
}

static int reset(struct ss_call *call)
{
    static const char *const known[] = {"password", NULL};
    struct passing *p = ss_arena_zalloc(&call->arena, sizeof *p);
    if (!p)
        return SS_ENOMEM;
    int found = ss_auth_user_named(call, &p->user);
    if (found <= 0 || !ss_call_json(call))
        return found < 0 ? found : 0;
    ss_body_only(call, known);
    choose_password(call, p, p->user.email);
    if (!ss_call_check(call))
        return 0;
    p->write = reset_write;
    call->state = p;
    return ss_call_then(call, SS_RUN_SLOW, passing_hash);
}

/* ---- PATCH and DELETE users/{id} ---- */

/* Who loses administration, or everything, is asked whether anybody is left. False: answered, or *err. */
static bool may_lose_admin(struct ss_call *call, const struct ss_user *was, const struct ss_user *is,
                           int *err)
{
    int64_t others;
    bool loses =
        ss_str_is(was->role, "admin") && was->active && (!ss_str_is(is->role, "admin") || !is->active);
    if (!loses)
        return true;
    *err = ss_user_other_admins(call->db, was->id, &others);
    if (!*err && others == 0)
        ss_problem(call, 409, "last_admin", "this is the last active administrator");
    return !*err && others > 0;
}

/* Writes what changed, ends sessions of who left, and logs it. */
static int apply(struct ss_call *call, const struct ss_user *was, struct ss_user *is, bool unlock)
{
    int err = 0;
    if (!may_lose_admin(call, was, is, &err))
        return err;
    err = ss_user_update(call->db, is);
    if (!err && unlock)
        err = ss_user_failed(call->db, is->id, 0, 0);
    if (!err && was->active && !is->active) {
        int64_t n = ss_sessions_revoke(call->db, is->id, none, call->now_us);
        err = n < 0 ? (int)n : 0;
    }
    call->after |= SS_AFTER_AUTH;
    return err ? err
               : ss_call_audit(call, was->active && !is->active ? "user.deactivate" : "user.change",
                               ss_auth_subject(call, is->id), as_json(call, was), as_json(call, is));
}

static int change(struct ss_call *call)
{
    static const char *const known[] = {"name", "role", "department", "active", "locked", NULL};
    struct ss_user was, is;
    struct ss_str name;
    bool locked = true;
    int role;
    int found = ss_auth_user_named(call, &was);
    if (found <= 0)
        return found;
    if (ss_answer_version(call, was.version) || !ss_call_json(call))
        return 0;
    is = was;
    ss_body_only(call, known);
    if (ss_body_text(call, "name", false, 100, &name)) {
        is.name = name;
        if (!ss_str_trim(name).n)
            ss_fault(call, "name", "is empty");
    }
    if (ss_body_word(call, "role", false, roles, &role))
        is.role = ss_str_of(roles[role]);
    ss_body_text(call, "department", false, 100, &is.department);
    ss_body_bool(call, "active", false, &is.active);
    if (ss_body_bool(call, "locked", false, &locked) && locked)
        ss_fault(call, "locked", "can only be false");
    if (!ss_call_check(call))
        return 0;
    int err = apply(call, &was, &is, !locked);
    if (err || call->res.status >= 400)
        return err;
    if (!locked)
        is.locked_until_us = 0;
    ss_auth_tag(call, is.version);
    put_row(call, &is);
    return 0;
}

static int deactivate(struct ss_call *call)
{
    struct ss_user was, is;
    int found = ss_auth_user_named(call, &was);
    if (found <= 0)
        return found;
    if (ss_answer_version(call, was.version))
        return 0;
    is = was;
    is.active = false;
    int err = was.active ? apply(call, &was, &is, false) : 0;
    return err || call->res.status >= 400 ? err : ss_answer_none(call);
}

const struct ss_route ss_routes_users[] = {
    {SS_GET, "/api/v1/users", list, SS_ADMIN, "users:read", SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/users", create, SS_ADMIN | SS_SECRET, "users:write", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/users/analysts", analysts, SS_READERS, "users:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/users/{id}", get, SS_ADMIN, "users:read", SS_RUN_QUICK, 0},
    {SS_PATCH, "/api/v1/users/{id}", change, SS_ADMIN, "users:write", SS_RUN_WRITE, 0},
    {SS_DELETE, "/api/v1/users/{id}", deactivate, SS_ADMIN, "users:write", SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/users/{id}/password", reset, SS_ADMIN | SS_SECRET, "users:write", SS_RUN_QUICK, 0},
    {0},
};
