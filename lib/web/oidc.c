#include "web/oidc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "base/time.h"
#include "base/utf8.h"
#include "web/after.h"
#include "web/auth_parts.h"
#include "web/percent.h"
#include <inttypes.h>
#include <stdio.h>

#define COOKIE      "ss_oidc"
#define WORD        32
#define SIGNIN_S    600 /* how long somebody may take at the provider */
#define SUBJECT_MAX 800

static const struct ss_str none = {NULL, 0};

struct ss_str ss_oidc_name(const struct ss_call *call)
{
    const struct ss_oidc_provider *p = call->web->auth ? ss_auth_provider(call->web->auth) : NULL;
    return p ? ss_str_of(ss_oidc_provider_config(p)->name) : none;
}

/* One of the sign-in's secrets, out of the cookie's word. */
static void derive(const struct ss_secret *secret, int nth, const char *what, struct ss_str word,
                   char out[SS_DIGEST_HEX])
{
    unsigned char key[SS_DIGEST_BYTES];
    ss_secret_key(secret, nth, what, key);
    ss_hmac_sha256_hex(key, sizeof key, word.p, word.n, out);
    ss_bytes_wipe(key, sizeof key);
}

/* Where to go in the end: a path of our own, or "/". */
static struct ss_str local_path(struct ss_str to)
{
    if (to.n == 0 || to.n > 300 || to.p[0] != '/' || (to.n > 1 && (to.p[1] == '/' || to.p[1] == '\\')))
        return SS_STR("/");
    for (size_t i = 0; i < to.n; i++)
        if ((unsigned char)to.p[i] <= ' ' || (unsigned char)to.p[i] >= 0x7f || to.p[i] == '\\' ||
            to.p[i] == '"')
            return SS_STR("/");
    return to;
}

/* ---- GET auth/oidc/start ---- */

/*
 * A browser is shown the dashboard's sign-in page, which has words of its own for each `word`; JSON would
 * leave a person stranded. False: no browser asks.
 */
static bool to_sign_in(struct ss_call *call, const char *word)
{
    if (!call->req.accept.p || !memmem(call->req.accept.p, call->req.accept.n, "text/html", 9))
        return false;
    ss_buf_reset(&call->res.body);
    call->res.location = ss_call_format(call, "/sign-in?refused=%s", word);
    call->res.status = 302;
    return true;
}

static int away(struct ss_call *call)
{
    ss_warn("sign-in with another's account: %s", ss_err_text());
    if (to_sign_in(call, "away"))
        return 0;
    call->res.retry_after_s = 10;
    return ss_problem(call, 503, "provider", "the other sign-in cannot be reached just now");
}

static int send_off(struct ss_call *call, const struct ss_oidc_config *c, struct ss_str at,
                    struct ss_str word)
{
    char state[SS_DIGEST_HEX], nonce[SS_DIGEST_HEX], verifier[SS_DIGEST_HEX];
    unsigned char digest[SS_DIGEST_BYTES];
    struct ss_secret secret;
    struct ss_buf url, challenge;
    ss_auth_secret(call->web->auth, &secret);
    derive(&secret, 0, "oidc state", word, state);
    derive(&secret, 0, "oidc nonce", word, nonce);
    derive(&secret, 0, "oidc verifier", word, verifier);
    ss_bytes_wipe(&secret, sizeof secret);
    ss_buf_init(&challenge, 64);
    ss_sha256(verifier, SS_DIGEST_HEX - 1, digest);
    ss_base64url_put(&challenge, digest, sizeof digest);
    ss_buf_init(&url, 8192);
    ss_buf_put(&url, at.p, at.n);
    ss_percent_put_query(&url, "response_type", ss_str_of("code"));
    ss_percent_put_query(&url, "client_id", ss_str_of(c->client_id));
    ss_percent_put_query(&url, "redirect_uri", ss_str_of(c->redirect_uri));
    ss_percent_put_query(&url, "scope", ss_str_of(c->scopes));
    ss_percent_put_query(&url, "state", ss_str_of(state));
    ss_percent_put_query(&url, "nonce", ss_str_of(nonce));
    ss_percent_put_query(&url, "code_challenge", ss_str_of(ss_buf_cstr(&challenge)));
    ss_percent_put_query(&url, "code_challenge_method", ss_str_of("S256"));
    ss_buf_free(&challenge);
    call->res.location = ss_auth_take(call, &url);
    call->res.status = 302;
    return call->res.location.p ? 0 : ss_fail(SS_ENOMEM, "out of memory");
}

static int start(struct ss_call *call)
{
    struct ss_oidc_provider *p = ss_auth_provider(call->web->auth);
    char random[WORD + 1];
    struct ss_str at;
    if (!p)
        return ss_problem(call, 404, "not_found", "there is no other way to sign in here");
    if (!ss_auth_try(call))
        return 0;
    struct ss_str to = local_path(ss_query(call, "to"));
    int err = ss_oidc_authorize_at(p, call->now_us, &call->arena, &at);
    if (err)
        return err == SS_ENOMEM ? err : away(call);
    ss_random_text(random, WORD);
    /* TIME.RANDOM.PATH: all of it goes into state, so all of it comes back as it went. */
    struct ss_buf word;
    ss_buf_init(&word, 1024);
    ss_buf_printf(&word, "%" PRId64 ".%s.", call->now_us / SS_SECOND_US, random);
    ss_base64url_put(&word, to.p, to.n);
    struct ss_str cookie = ss_auth_take(call, &word);
    ss_cookie_set(call, COOKIE, cookie, SIGNIN_S);
    return send_off(call, ss_oidc_provider_config(p), at, cookie);
}

/* ---- GET auth/oidc/callback ---- */

struct coming {
    char nonce[SS_DIGEST_HEX], verifier[SS_DIGEST_HEX];
    struct ss_str to;
    const struct ss_json_value *claims;
};

static int refused(struct ss_call *call, int status, const char *code, const char *word, const char *why)
{
    ss_cookie_set(call, COOKIE, none, 0);
    return to_sign_in(call, word) ? 0 : ss_problem(call, status, code, "%s", why);
}

/* The path in the cookie's word; false when the word is damaged or old. */
static bool read_word(struct ss_call *call, struct ss_str word, struct ss_str *to)
{
    int64_t made_s;
    const char *dot = word.n ? memchr(word.p, '.', word.n) : NULL;
    size_t digits = dot ? (size_t)(dot - word.p) : 0;
    if (!dot || word.n < digits + 2 + WORD || word.p[digits + 1 + WORD] != '.' ||
        !ss_int_parse(word.p, digits, &made_s))
        return false;
    int64_t age_s = call->now_us / SS_SECOND_US - made_s;
    if (age_s < 0 || age_s > SIGNIN_S)
        return false;
    struct ss_buf path;
    ss_buf_init(&path, 512);
    struct ss_str rest = {word.p + digits + 2 + WORD, word.n - digits - 2 - WORD};
    bool good = ss_base64url_read(rest, &path);
    struct ss_str text = ss_auth_take(call, &path);
    *to = local_path(text);
    return good;
}

/* Does the state that came back belong to the cookie's word? Fills what else was made of it. */
static bool fits(struct ss_call *call, struct ss_str state, struct ss_str word, struct coming *c)
{
    struct ss_secret secret;
    char wanted[SS_DIGEST_HEX];
    bool same = false;
    if (state.n != SS_DIGEST_HEX - 1)
        return false;
    ss_auth_secret(call->web->auth, &secret);
    for (int i = 0; i < secret.n && !same; i++) {
        derive(&secret, i, "oidc state", word, wanted);
        same = ss_bytes_equal(wanted, state.p, SS_DIGEST_HEX - 1);
        derive(&secret, i, "oidc nonce", word, c->nonce);
        derive(&secret, i, "oidc verifier", word, c->verifier);
    }
    ss_bytes_wipe(&secret, sizeof secret);
    return same;
}

static struct ss_str text_claim(const struct ss_json_value *claims, const char *name)
{
    const struct ss_json_value *v = ss_json_get(claims, name);
    return v && v->type == SS_JSON_STRING && v->text.n && ss_utf8_is_text(v->text) ? v->text : none;
}

static bool is_true(const struct ss_json_value *claims, const char *name)
{
    const struct ss_json_value *v = ss_json_get(claims, name);
    return v && (v->type == SS_JSON_TRUE || (v->type == SS_JSON_STRING && ss_str_is(v->text, "true")));
}

static int deny(struct ss_call *call, struct ss_str subject, const char *word, const char *why)
{
    int err = ss_call_audit(call, "auth.denied", ss_call_format(call, "oidc:%s", subject.p), none,
                            ss_auth_pair(call, "reason", ss_str_of(why)));
    call->keep = true;
    return err ? err : refused(call, 403, "no_account", word, why);
}

/* The role that the provider decides; the last administrator stays one. */
static int take_role(struct ss_call *call, struct ss_user *user, const char *role)
{
    int64_t others;
    if (!role || ss_str_is(user->role, role))
        return 0;
    int err = ss_user_other_admins(call->db, user->id, &others);
    if (err)
        return err;
    if (ss_str_is(user->role, "admin") && user->active && others == 0) {
        ss_warn("the last administrator '%.*s' stays one, though no longer by the provider",
                (int)user->email.n, user->email.p);
        return 0;
    }
    struct ss_str old = ss_auth_pair(call, "role", user->role);
    user->role = ss_str_of(role);
    err = ss_user_update(call->db, user);
    call->after |= SS_AFTER_AUTH;
    return err ? err
               : ss_call_audit(call, "user.change", ss_auth_subject(call, user->id), old,
                               ss_auth_pair(call, "role", user->role));
}

/* The account of a subject that has none yet: one with the same email, or a new one. 1, 0: denied (answered).
 */
static int account_for(struct ss_call *call, const struct coming *c, struct ss_str subject, const char *role,
                       struct ss_user *user)
{
    const struct ss_oidc_config *config = ss_oidc_provider_config(ss_auth_provider(call->web->auth));
    struct ss_str email = ss_email_of(text_claim(c->claims, "email"), &call->arena);
    struct ss_str name = text_claim(c->claims, "name");
    int err;
    if (!email.p)
        return deny(call, subject, "no_email", "the provider names no email address");
    int found = ss_user_find(call->db, email, &call->arena, user);
    if (found < 0)
        return found;
    if (found) {
        if (!config->link || !is_true(c->claims, "email_verified") || user->oidc_subject.p)
            return deny(call, subject, "other_account",
                        "there is an account with this email that signs in otherwise");
        user->oidc_subject = subject;
        err = ss_user_update(call->db, user);
        if (!err)
            err = ss_call_audit(call, "user.link", ss_auth_subject(call, user->id), none,
                                ss_auth_pair(call, "oidc_subject", subject));
        return err ? err : 1;
    }
    if (!config->create)
        return deny(call, subject, "no_account", "there is no account for you here; ask an administrator");
    *user = (struct ss_user){.email = email,
                             .name = name.p && name.n <= 100 ? name : email,
                             .role = ss_str_of(role ? role : "viewer"),
                             .oidc_subject = subject};
    int added = ss_user_add(call->db, user, call->now_us);
    if (added <= 0)
        return added < 0 ? added : ss_fail(SS_EBUG, "an account came up in between");
    err = ss_call_audit(call, "user.create", ss_auth_subject(call, user->id), none,
                        ss_call_format(call, "{\"by\":\"oidc\",\"role\":\"%s\"}", user->role.p));
    return err ? err : 1;
}

static int callback_write(struct ss_call *call)
{
    struct coming *c = call->state;
    const struct ss_oidc_config *config = ss_oidc_provider_config(ss_auth_provider(call->web->auth));
    struct ss_str sub = text_claim(c->claims, "sub");
    struct ss_str subject = ss_call_format(call, "%s %.*s", config->issuer, (int)sub.n, sub.p);
    struct ss_user user;
    const char *role = config->maps_roles ? ss_oidc_role(config, c->claims) : NULL;
    if (!sub.p || subject.n > SUBJECT_MAX)
        return refused(call, 403, "no_account", "denied", "the provider names nobody");
    snprintf(call->who.name, sizeof call->who.name, "oidc:%.*s", (int)(sub.n < 80 ? sub.n : 80), sub.p);
    if (config->maps_roles && !role)
        return deny(call, subject, "no_role", "nothing that the provider says of you makes you a user here");
    int found = ss_user_find_subject(call->db, subject, &call->arena, &user);
    if (found == 0)
        found = account_for(call, c, subject, role, &user);
    if (found <= 0)
        return found;
    if (!user.active)
        return deny(call, subject, "closed", "your account here is closed");
    int err = take_role(call, &user, role);
    if (!err)
        err = ss_signin(call, &user, true, "oidc");
    if (err)
        return err;
    ss_cookie_set(call, COOKIE, none, 0);
    ss_buf_reset(&call->res.body);
    call->res.location = c->to;
    call->res.status = 302;
    return 0;
}

static int callback(struct ss_call *call)
{
    struct ss_oidc_provider *p = ss_auth_provider(call->web->auth);
    struct coming *c = ss_arena_zalloc(&call->arena, sizeof *c);
    struct ss_str word = ss_cookie_get(call, COOKIE), token;
    if (!c)
        return SS_ENOMEM;
    if (!p)
        return ss_problem(call, 404, "not_found", "there is no other way to sign in here");
    if (!ss_auth_try(call))
        return 0;
    if (!read_word(call, word, &c->to) || !fits(call, ss_query(call, "state"), word, c))
        return refused(call, 403, "state", "begin_again",
                       "this sign-in was begun elsewhere, or too long ago: begin again");
    struct ss_str code = ss_query(call, "code");
    if (!code.p || code.n > 2048)
        return refused(call, 403, "denied", "denied", "the provider did not let you in");
    int err = ss_oidc_exchange(p, code, c->verifier, call->now_us, &call->arena, &token);
    if (!err)
        err = ss_oidc_check(p, token, c->nonce, call->now_us, &call->arena, &c->claims);
    if (err == SS_EAWAY)
        return away(call);
    if (err == SS_EANSWER || err == SS_EDATA) {
        ss_warn("sign-in with another's account: %s", ss_err_text());
        return refused(call, 403, "denied", "denied", ss_err_text());
    }
    call->state = c;
    return err ? err : ss_call_then(call, SS_RUN_WRITE, callback_write);
}

const struct ss_route ss_routes_oidc[] = {
    {SS_GET, "/api/v1/auth/oidc/start", start, SS_ANYONE, NULL, SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/auth/oidc/callback", callback, SS_ANYONE, NULL, SS_RUN_SLOW, 0},
    {0},
};
