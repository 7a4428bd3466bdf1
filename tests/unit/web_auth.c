/* Identity over the API, as its callers meet it: by headers and cookies, over a real store. */
#include "store/audit.h"
#include "store/settings.h"
#include "tests/databases.h"
#include "tests/web.h"
#include <inttypes.h>

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define DAY    (24 * 60 * MINUTE)

static struct web_test t;
static char secret_file[] = "/tmp/ss-secret-XXXXXX";
static char access_token[2048], refresh_token[256];

/* A text member of the last answer, without its quotes. */
static const char *text_at(const char *path)
{
    static char text[8][2048];
    static int turn;
    char *to = text[turn++ % 8];
    struct ss_str value = web_at(&t, path);
    if (!value.p || value.n < 2 || value.p[0] != '"')
        return "";
    snprintf(to, sizeof *text, "%.*s", (int)value.n - 2, value.p + 1);
    return to;
}

/* Somewhere in the last answer. */
static bool holds(const char *text)
{
    return t.body.n && memmem(t.body.p, t.body.n, text, strlen(text)) != NULL;
}

static void bearer(const char *token)
{
    static char header[2100];
    snprintf(header, sizeof header, "Bearer %s", token);
    t.authorization = *token ? header : NULL;
}

static void nobody(void)
{
    t.authorization = t.cookie = t.origin = NULL;
}

/* A fresh address, so that tries of other tests do not count. */
static void elsewhere(void)
{
    static char address[48];
    static int n;
    n++;
    snprintf(address, sizeof address, "10.0.%d.%d", n / 250, n % 250);
    t.address = address;
}

static int login(const char *email, const char *password)
{
    char body[400];
    nobody();
    snprintf(body, sizeof body, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
    int status = web_ask(&t, "POST", "/api/v1/auth/login", body);
    if (status == 200) {
        snprintf(access_token, sizeof access_token, "%s", text_at("access_token"));
        snprintf(refresh_token, sizeof refresh_token, "%s", text_at("refresh_token"));
        bearer(access_token);
    }
    return status;
}

/* Ann, by a session of hers that lasts: hashing passwords takes time. */
static char anns[2048];

static void as_ann(void)
{
    nobody();
    bearer(anns);
    if (*anns && web_ask(&t, "GET", "/api/v1/auth/me", NULL) == 200)
        return;
    if (login("ann@example.com", "a long enough one") == 200)
        snprintf(anns, sizeof anns, "%s", access_token);
}

static bool audited(const char *action, const char *subject)
{
    int64_t n;
    return ss_db_int(t.db, "SELECT count(*) FROM audit WHERE action = $1 AND subject = $2",
                     SS_ARGS(ss_arg_cstr(action), ss_arg_cstr(subject)), 0, &n) == 0 &&
           n > 0;
}

static void set(const char *key, const char *value)
{
    int err = ss_db_begin(t.db, true);
    if (!err)
        err = ss_settings_put(t.db, ss_str_of(key), ss_str_of(value), SS_STR("test"), web_test_now);
    if (!err)
        err = ss_db_commit(t.db);
    if (err || ss_settings_refresh(t.web.settings, t.db))
        printf("# %s\n", ss_err_text());
}

/* ---- the first administrator ---- */

static void test_setup(void)
{
    char token[SS_SETUP_TOKEN], older[SS_SETUP_TOKEN], body[400];
    static const char form[] = "{\"token\":\"%s\",\"email\":\" Ann@Example.com\",\"name\":\"Ann\","
                               "\"password\":\"%s\"}";
    nobody();
    web_is(&t, "GET", "/api/v1/auth/state", NULL, 200, "anybody may ask how to sign in");
    web_has(&t, "setup", "true", "an empty store wants its first administrator");
    web_has(&t, "registration", "\"off\"", "and lets nobody register");
    ok(ss_auth_setup_token(t.db, web_test_now, older) == 1, "a start prints a setup token");
    ok(ss_auth_setup_token(t.db, web_test_now, token) == 1, "another start another");
    snprintf(body, sizeof body, form, older, "a long enough one");
    web_is(&t, "POST", "/api/v1/auth/setup", body, 403, "the older one is worth nothing");
    snprintf(body, sizeof body, form, token, "short");
    web_is(&t, "POST", "/api/v1/auth/setup", body, 422, "a short password is refused");
    snprintf(body, sizeof body, form, token, "ann@example.com");
    web_is(&t, "POST", "/api/v1/auth/setup", body, 422, "the email as password, too");
    snprintf(body, sizeof body, form, token, "Password12345");
    web_is(&t, "POST", "/api/v1/auth/setup", body, 422, "and a common one");
    web_test_now += 2 * DAY;
    snprintf(body, sizeof body, form, token, "a long enough one");
    web_is(&t, "POST", "/api/v1/auth/setup", body, 403, "after a day the token has expired");
    web_test_now -= 2 * DAY;
    web_is(&t, "POST", "/api/v1/auth/setup", body, 201, "the token makes an administrator");
    web_has(&t, "user.email", "\"ann@example.com\"", "with a tidy email");
    web_has(&t, "user.role", "\"admin\"", "who is one");
    ok(*text_at("access_token") != '\0', "and is signed in");
    ok(!holds("argon2"), "no hash is in the answer");
    web_is(&t, "POST", "/api/v1/auth/setup", body, 403, "the token works once");
    web_ask(&t, "GET", "/api/v1/auth/state", NULL);
    web_has(&t, "setup", "false", "nothing is left to set up");
    ok(ss_auth_setup_token(t.db, web_test_now, token) == 0, "the next start prints no token");
    ok(audited("auth.setup", "user:1"), "it is in the log");
}

/* ---- signing in ---- */

static void test_login(void)
{
    struct ss_str wrong, stranger;
    char keep[400];
    elsewhere();
    ok(login("ann@example.com", "a wrong password") == 401, "a wrong password");
    snprintf(keep, sizeof keep, "%.*s", (int)t.body.n, t.body.p);
    wrong = ss_str_of(keep);
    ok(login("nobody@example.com", "a wrong password") == 401, "nobody's account");
    stranger = t.body;
    ok(ss_str_eq(wrong, stranger), "both get the same answer");
    ok(login("ann", "x") == 422, "no email");
    ok(login("ANN@example.com", "a long enough one") == 200, "the right password: %d", t.status);
    web_has(&t, "token_type", "\"Bearer\"", "gives a bearer token");
    web_has(&t, "expires_in", "3600", "for an hour");
    web_has(&t, "role", "\"admin\"", "and says the role");
    ok(t.call.res.cookies == 0, "and no cookies");
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "which says who one is");
    web_has(&t, "email", "\"ann@example.com\"", "namely");
    ok(t.call.who.role == SS_ADMIN && strcmp(t.call.who.name, "ann@example.com") == 0, "by name and role");
    bearer("abc.def.ghi");
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "a made-up token");
    web_is(&t, "GET", "/api/v1/auth/state", NULL, 200, "keeps nobody from what is open to all");
    t.authorization = "Basic YWJjOmRlZg==";
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "another way of signing in");
    access_token[strlen(access_token) - 3] ^= 1;
    bearer(access_token);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "a token that was changed");
    nobody();
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "no token");
    ok(audited("auth.login", "user:1") && audited("auth.failed", "user:1") &&
           audited("auth.failed", "user:unknown"),
       "all is in the log");
}

static void test_expiry(void)
{
    int64_t begin = web_test_now;
    elsewhere();
    ok(login("ann@example.com", "a long enough one") == 200, "signed in");
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "at once");
    web_test_now = begin + 59 * MINUTE;
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "for an hour");
    web_test_now = begin + 61 * MINUTE;
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "and not longer");
    web_has(&t, "code", "\"expired\"", "as the answer says");
    web_test_now = begin;
}

static void test_refresh(void)
{
    char body[400], first[400], second[400];
    int64_t begin = web_test_now;
    elsewhere();
    ok(login("ann@example.com", "a long enough one") == 200, "signed in");
    nobody();
    snprintf(first, sizeof first, "{\"refresh_token\":\"%s\"}", refresh_token);
    web_test_now += 61 * MINUTE;
    web_is(&t, "POST", "/api/v1/auth/refresh", first, 200, "a refresh token gives new ones");
    snprintf(access_token, sizeof access_token, "%s", text_at("access_token"));
    snprintf(refresh_token, sizeof refresh_token, "%s", text_at("refresh_token"));
    snprintf(second, sizeof second, "{\"refresh_token\":\"%s\"}", refresh_token);
    ok(strcmp(first, second) != 0, "another refresh token");
    web_test_now += 5 * SECOND;
    web_is(&t, "POST", "/api/v1/auth/refresh", first, 200, "who lost the answer may ask again at once");
    ok(strcmp(text_at("refresh_token"), refresh_token) == 0, "and gets the same refresh token");
    bearer(access_token);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "the new access token works");
    nobody();
    snprintf(body, sizeof body, "{\"refresh_token\":\"%.*sx\"}", (int)strlen(refresh_token) - 1,
             refresh_token);
    web_is(&t, "POST", "/api/v1/auth/refresh", body, 401, "a forged one is refused");
    bearer(access_token);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "and ends nobody's session");
    nobody();
    web_test_now += MINUTE;
    web_is(&t, "POST", "/api/v1/auth/refresh", first, 401, "an old one later is a stolen one");
    web_has(&t, "code", "\"reused\"", "as the answer says");
    web_is(&t, "POST", "/api/v1/auth/refresh", second, 401, "which ends the session for both");
    bearer(access_token);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "at once");
    int64_t n;
    ok(ss_db_int(t.db, "SELECT count(*) FROM audit WHERE action = 'session.reuse'", SS_NO_ARGS, 0, &n) == 0 &&
           n == 1,
       "and is in the log");
    nobody();
    web_is(&t, "POST", "/api/v1/auth/refresh", "{}", 401, "none at all");
    web_is(&t, "POST", "/api/v1/auth/refresh", "{\"refresh_token\":\"sr_x.1.y\"}", 401, "a damaged one");
    web_test_now = begin;
    ok(login("ann@example.com", "a long enough one") == 200, "signed in");
    nobody();
    snprintf(first, sizeof first, "{\"refresh_token\":\"%s\"}", refresh_token);
    web_test_now += 8 * DAY;
    web_is(&t, "POST", "/api/v1/auth/refresh", first, 401, "after a week unused it has expired");
    web_test_now = begin;
}

static void test_endless(void)
{
    char body[400];
    int64_t begin = web_test_now;
    int days = 0;
    elsewhere();
    login("ann@example.com", "a long enough one");
    nobody();
    for (; days < 60; days += 6) {
        web_test_now += 6 * DAY;
        snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", refresh_token);
        if (web_ask(&t, "POST", "/api/v1/auth/refresh", body) != 200)
            break;
        snprintf(refresh_token, sizeof refresh_token, "%s", text_at("refresh_token"));
    }
    ok(days == 24, "however often it is renewed, a session ends after a month: %d days", days);
    web_test_now = begin;
}

static void test_logout(void)
{
    char body[400], other[2048];
    elsewhere();
    login("ann@example.com", "a long enough one");
    snprintf(other, sizeof other, "%s", access_token);
    login("ann@example.com", "a long enough one");
    snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", refresh_token);
    web_is(&t, "GET", "/api/v1/auth/sessions", NULL, 200, "one's sessions");
    web_is(&t, "POST", "/api/v1/auth/logout", NULL, 204, "signing out");
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "ends the token at once");
    nobody();
    web_is(&t, "POST", "/api/v1/auth/refresh", body, 401, "and its refresh token");
    bearer(other);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "but not another window's session");
    login("ann@example.com", "a long enough one");
    web_is(&t, "POST", "/api/v1/auth/logout-all", NULL, 204, "signing out everywhere");
    bearer(other);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "ends that one, too");
    login("ann@example.com", "a long enough one");
    snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", refresh_token);
    nobody();
    web_is(&t, "POST", "/api/v1/auth/logout", body, 204, "a refresh token signs out, too");
    web_is(&t, "POST", "/api/v1/auth/refresh", body, 401, "for good");
    web_is(&t, "POST", "/api/v1/auth/logout", NULL, 204, "who is not signed in is signed out");
}

/* ---- browsers ---- */

static void test_cookies(void)
{
    static const char body[] =
        "{\"email\":\"ann@example.com\",\"password\":\"a long enough one\",\"cookies\":true}";
    char cookie[2400];
    elsewhere();
    nobody();
    web_is(&t, "POST", "/api/v1/auth/login", body, 200, "a browser signs in");
    ok(!web_at(&t, "access_token").p && !web_at(&t, "refresh_token").p, "scripts see no token");
    ok(t.call.res.cookies == 2 && strstr(t.call.res.cookie[0].p, "; HttpOnly; SameSite=Strict") &&
           !strstr(t.call.res.cookie[0].p, "Secure"),
       "cookies do, out of their reach: %s", t.call.res.cookie[0].p);
    ok(strstr(t.call.res.cookie[1].p, "Path=/api/v1/auth;") != NULL, "the refresh token goes to few paths");
    snprintf(cookie, sizeof cookie, "theme=dark; %.*s; %.*s", (int)strcspn(t.call.res.cookie[0].p, ";"),
             t.call.res.cookie[0].p, (int)strcspn(t.call.res.cookie[1].p, ";"), t.call.res.cookie[1].p);
    t.cookie = cookie;
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "the cookie signs its reads");
    web_is(&t, "PATCH", "/api/v1/auth/me", "{\"name\":\"Ann B\"}", 403,
           "a change without an origin is refused");
    t.origin = "http://evil.example";
    web_is(&t, "PATCH", "/api/v1/auth/me", "{\"name\":\"Ann B\"}", 403, "from another site, too");
    t.origin = "null";
    web_is(&t, "PATCH", "/api/v1/auth/me", "{\"name\":\"Ann B\"}", 403, "from nowhere, too");
    t.origin = "http://localhost";
    web_is(&t, "PATCH", "/api/v1/auth/me", "{\"name\":\"Ann B\"}", 200, "from our own page it is made");
    web_has(&t, "name", "\"Ann B\"", "as asked");
    t.origin = "http://evil.example";
    web_is(&t, "POST", "/api/v1/auth/refresh", NULL, 403, "another site cannot renew");
    t.origin = "http://localhost";
    web_is(&t, "POST", "/api/v1/auth/refresh", NULL, 200, "our page can");
    ok(!web_at(&t, "access_token").p && t.call.res.cookies == 2, "into cookies again");
    web_is(&t, "POST", "/api/v1/auth/logout", NULL, 204, "and sign out");
    ok(t.call.res.cookies == 2 && strstr(t.call.res.cookie[0].p, "Max-Age=0"),
       "which takes the cookies away");
    nobody();
    t.secure = true;
    web_ask(&t, "POST", "/api/v1/auth/login", body);
    ok(t.call.res.cookies == 2 && strncmp(t.call.res.cookie[0].p, "__Host-ss_access=", 17) == 0 &&
           strstr(t.call.res.cookie[0].p, "; Secure") &&
           strncmp(t.call.res.cookie[1].p, "__Secure-ss_refresh=", 20) == 0,
       "over TLS they are bound to it");
    snprintf(cookie, sizeof cookie, "%.*s", (int)strcspn(t.call.res.cookie[0].p, ";"),
             t.call.res.cookie[0].p);
    t.cookie = cookie;
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "and read so");
    t.origin = "http://localhost";
    web_is(&t, "PATCH", "/api/v1/auth/me", "{\"name\":\"Ann\"}", 403, "a page without TLS is another site");
    t.origin = "https://localhost";
    web_is(&t, "PATCH", "/api/v1/auth/me", "{\"name\":\"Ann\"}", 200, "with TLS it is ours");
    t.secure = false;
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "a cookie for TLS is none without");
    nobody();
}

/* ---- guessing ---- */

static void test_lock(void)
{
    const char *who[] = {"bob@example.com", "stranger@example.com"};
    int64_t begin = web_test_now;
    int retry[2][4];
    elsewhere();
    as_ann();
    web_is(&t, "POST", "/api/v1/users",
           "{\"email\":\"bob@example.com\",\"name\":\"Bob\",\"role\":\"analyst\",\"password\":\"bobs first "
           "secret\"}",
           201, "an account for Bob");
    for (int w = 0; w < 2; w++) {
        web_test_now = begin;
        bool same = true;
        for (int i = 0; i < 5; i++) {
            elsewhere(); /* from as many addresses as one likes */
            same &= login(who[w], "guess guess guess") == 401;
        }
        ok(same, "five guesses at %s are answered", who[w]);
        elsewhere();
        ok(login(who[w], "bobs first secret") == 429, "the sixth is not, be it right");
        retry[w][0] = t.call.res.retry_after_s;
        web_test_now += 15 * MINUTE + SECOND;
        ok(login(who[w], "guess guess guess") == 401, "after a quarter of an hour there is another");
        ok(login(who[w], "guess guess guess") == 429, "but one only");
        retry[w][1] = t.call.res.retry_after_s;
    }
    ok(retry[0][0] == retry[1][0] && retry[0][1] == retry[1][1], "an account that nobody has locks just so");
    ok(retry[0][0] > 14 * 60 && retry[0][0] <= 15 * 60 + 1 && retry[0][1] > 29 * 60 &&
           retry[0][1] <= 30 * 60 + 1,
       "for twice as long each time: %d s, %d s", retry[0][0], retry[0][1]);
    ok(audited("auth.lock", "user:2"), "it is in the log");
    elsewhere();
    as_ann();
    web_ask(&t, "GET", "/api/v1/users/2", NULL);
    ok(web_at(&t, "locked_until").p[0] == '"', "an administrator sees it");
    web_is(&t, "PATCH", "/api/v1/users/2", "{\"locked\":false}", 200, "and can unlock");
    ok(login("bob@example.com", "bobs first secret") == 200, "which lets Bob in");
    ok(login("bob@example.com", "guess guess guess") == 401, "a success forgets the failures");
    web_test_now = begin;
}

static void test_tries(void)
{
    int n = 0;
    elsewhere();
    while (n < 100 && login("nobody@example.com", "guess guess guess") != 429)
        if (++n % 4 == 0) /* other names, so that no account is locked */
            break;
    for (n = 0; n < 100; n++) {
        char email[64];
        snprintf(email, sizeof email, "n%d@example.com", n);
        /* Malformed: counted, too, and quick. */
        if (web_ask(&t, "POST", "/api/v1/auth/login", "{}") == 429)
            break;
    }
    ok(n == 16 && t.call.res.retry_after_s > 0, "twenty tries in a row from one address, then it waits: %d",
       n + 4);
    web_test_now += 3 * SECOND;
    web_is(&t, "POST", "/api/v1/auth/login", "{}", 422, "three seconds later there is another");
    web_is(&t, "POST", "/api/v1/auth/login", "{}", 429, "but one only");
    elsewhere();
    bool all = true;
    for (n = 0; n < 25; n++)
        all &= login("ann@example.com", "a long enough one") == 200;
    ok(all, "who knows the password is not counted: an office signs in from one address");
}

/* Many at once: what is checked before the lock shows is not written after it. */
static void test_race(void)
{
    struct ss_call *call = &t.call;
    elsewhere();
    nobody();
    if (t.used)
        ss_call_free(call);
    t.used = ss_call_init(call, &t.web) == 0;
    call->req.method = SS_POST;
    call->req.path = SS_STR("/api/v1/auth/login");
    call->req.body = SS_STR("{\"email\":\"bob@example.com\",\"password\":\"bobs first secret\"}");
    call->req.type = SS_STR("application/json");
    call->db = t.db;
    ok(ss_route_find(call), "a sign-in");
    ss_route_run(call);
    ok(call->then && call->then_run == SS_RUN_SLOW, "goes to a reader");
    ss_route_run(call);
    ok(call->then && call->then_run == SS_RUN_WRITE, "and to the desk");
    ok(ss_db_script(t.db, "UPDATE users SET locked_until_us = 9000000000000000 WHERE id = 2") == 0,
       "meanwhile");
    web_run(&t, SS_RUN_WRITE);
    ok(call->res.status == 429, "which looks at the lock again");
    ok(ss_db_script(t.db, "UPDATE users SET locked_until_us = NULL, failures = 0 WHERE id = 2") == 0,
       "unlocked");
}

/* ---- people ---- */

static void test_users(void)
{
    elsewhere();
    ok(login("bob@example.com", "bobs first secret") == 200, "Bob signs in");
    char bob[2048];
    snprintf(bob, sizeof bob, "%s", access_token);
    web_is(&t, "GET", "/api/v1/users/analysts", NULL, 403, "and must choose a password of his own first");
    web_has(&t, "code", "\"password_change\"", "as the answer says");
    web_is(&t, "POST", "/api/v1/auth/password",
           "{\"current\":\"wrong wrong wrong\",\"new\":\"bobs second secret\"}", 422,
           "not without the one he has");
    web_is(&t, "POST", "/api/v1/auth/password",
           "{\"current\":\"bobs first secret\",\"new\":\"bobs first secret\"}", 422, "not the same again");
    web_is(&t, "POST", "/api/v1/auth/password",
           "{\"current\":\"bobs first secret\",\"new\":\"123456789012\"}", 422, "not a pattern");
    web_is(&t, "POST", "/api/v1/auth/password",
           "{\"current\":\"bobs first secret\",\"new\":\"bobs second secret\"}", 204, "he does");
    web_is(&t, "GET", "/api/v1/users/analysts", NULL, 200, "and may work");
    web_has(&t, "items.1.email", "\"bob@example.com\"", "being one of the analysts");
    web_is(&t, "GET", "/api/v1/users", NULL, 403, "but not see all people");
    web_is(&t, "POST", "/api/v1/users", "{}", 403, "or make some");
    web_is(&t, "GET", "/api/v1/audit", NULL, 403, "or read the log");
    web_is(&t, "GET", "/api/v1/keys", NULL, 403, "or keys");

    as_ann();
    char ann[2048];
    snprintf(ann, sizeof ann, "%s", anns);
    web_is(&t, "GET", "/api/v1/users?q=BOB", NULL, 200, "an administrator searches people");
    web_has(&t, "items.0.email", "\"bob@example.com\"", "by a part of the email");
    ok(!web_at(&t, "items.1").p, "and finds one");
    web_is(&t, "GET", "/api/v1/users?limit=1", NULL, 200, "a page of one");
    char next[200];
    snprintf(next, sizeof next, "/api/v1/users?limit=1&cursor=%s", text_at("next"));
    web_is(&t, "GET", next, NULL, 200, "the next page");
    web_has(&t, "items.0.id", "2", "goes on behind it");
    web_has(&t, "next", "null", "to the end");
    web_is(&t, "GET", "/api/v1/users?role=boss", NULL, 422, "an unknown role");
    web_is(&t, "GET", "/api/v1/users/999", NULL, 404, "an unknown user");
    web_is(&t, "GET", "/api/v1/users/x", NULL, 404, "no number");
    web_is(&t, "POST", "/api/v1/users", "{\"email\":\"bob@example.com\",\"name\":\"B\",\"role\":\"viewer\"}",
           409, "an email is one person's");
    web_is(&t, "POST", "/api/v1/users", "{\"email\":\"x\",\"nam\":\"B\",\"role\":\"boss\"}", 422,
           "a wrong form");
    web_is(&t, "PATCH", "/api/v1/users/1", "{\"role\":\"viewer\"}", 409, "the last administrator stays one");
    web_is(&t, "DELETE", "/api/v1/users/1", NULL, 409, "and stays");
    t.if_match = "\"77\"";
    web_is(&t, "PATCH", "/api/v1/users/2", "{\"department\":\"Cards\"}", 412, "a version that is past");
    t.if_match = NULL;
    web_is(&t, "PATCH", "/api/v1/users/2", "{\"department\":\"Cards\"}", 200, "a change");
    web_is(&t, "PATCH", "/api/v1/users/2", "{\"department\":null,\"role\":\"viewer\"}", 200, "another");
    web_has(&t, "department", "null", "null takes away");
    bearer(bob);
    web_is(&t, "GET", "/api/v1/users/analysts", NULL, 200, "Bob may still read");
    ok(t.call.who.role == SS_VIEWER, "as a viewer at once, whatever his token says");
    bearer(ann);
    web_is(&t, "GET", "/api/v1/users/2/sessions", NULL, 200, "his sessions");
    web_is(&t, "POST", "/api/v1/users/2/password", "{}", 200, "a password made for him");
    char given[64];
    snprintf(given, sizeof given, "%s", text_at("password"));
    ok(strlen(given) == 20, "is shown once");
    bearer(bob);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "and ends his sessions");
    ok(login("bob@example.com", "bobs second secret") == 401, "the old password is worth nothing");
    ok(login("bob@example.com", given) == 200, "the new one is");
    web_has(&t, "user.must_change", "true", "until he changes it");
    snprintf(bob, sizeof bob, "%s", access_token);
    bearer(ann);
    web_is(&t, "DELETE", "/api/v1/users/2", NULL, 204, "Bob leaves");
    bearer(bob);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "and is out at once");
    ok(login("bob@example.com", given) == 401, "for good");
    bearer(ann);
    web_is(&t, "GET", "/api/v1/users?active=false", NULL, 200, "he is not forgotten");
    web_has(&t, "items.0.id", "2", "but not active");
    web_is(&t, "PATCH", "/api/v1/users/2", "{\"active\":true}", 200, "he can come back");
    ok(audited("user.create", "user:2") && audited("user.deactivate", "user:2") &&
           audited("user.password", "user:2"),
       "all is in the log");
}

static void test_sessions(void)
{
    char path[200];
    elsewhere();
    login("ann@example.com", "a long enough one");
    char ann[2048];
    snprintf(ann, sizeof ann, "%s", access_token);
    web_ask(&t, "GET", "/api/v1/auth/sessions", NULL);
    int i = 0;
    char at[32];
    for (; i < 50; i++) {
        snprintf(at, sizeof at, "items.%d.current", i);
        if (web_at(&t, at).p && ss_str_is(web_at(&t, at), "true"))
            break;
    }
    snprintf(at, sizeof at, "items.%d.id", i);
    snprintf(path, sizeof path, "/api/v1/auth/sessions/%s", text_at(at));
    ok(i < 50, "one of one's sessions is this one");
    login("bob@example.com", "no matter what");
    web_is(&t, "DELETE", path, NULL, 401, "nobody ends it unknown");
    bearer(ann);
    web_is(&t, "DELETE", "/api/v1/auth/sessions/nonsense", NULL, 404, "an unknown one");
    web_is(&t, "DELETE", path, NULL, 204, "ending it");
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "ends it at once");
}

/* ---- registration ---- */

static void test_register(void)
{
    static const char cy[] =
        "{\"email\":\"cy@example.com\",\"name\":\"Cy\",\"password\":\"cy has a secret\"}";
    char body[400], word[64], id[64], path[200];
    elsewhere();
    nobody();
    web_is(&t, "POST", "/api/v1/auth/register", cy, 403, "registration is off");
    set("auth.registration", "invite");
    web_is(&t, "POST", "/api/v1/auth/register", cy, 403, "by invitation, without one");
    as_ann();
    web_is(&t, "POST", "/api/v1/invites", "{\"role\":\"boss\"}", 422, "an invitation to no role");
    web_is(&t, "POST", "/api/v1/invites", "{\"role\":\"analyst\",\"email\":\"cy@example.com\"}", 201,
           "an invitation");
    snprintf(word, sizeof word, "%s", text_at("invite"));
    snprintf(id, sizeof id, "%s", text_at("id"));
    web_is(&t, "GET", "/api/v1/invites", NULL, 200, "is listed");
    ok(!holds(word) && holds(id), "without its word");
    nobody();
    snprintf(
        body, sizeof body,
        "{\"email\":\"di@example.com\",\"name\":\"Di\",\"password\":\"di has a secret\",\"invite\":\"%s\"}",
        word);
    web_is(&t, "POST", "/api/v1/auth/register", body, 403, "it is for one email");
    snprintf(
        body, sizeof body,
        "{\"email\":\"cy@example.com\",\"name\":\"Cy\",\"password\":\"cy has a secret\",\"invite\":\"%s\"}",
        word);
    web_is(&t, "POST", "/api/v1/auth/register", body, 201, "for this one");
    web_has(&t, "role", "\"analyst\"", "and its role");
    web_is(&t, "POST", "/api/v1/auth/register", body, 403, "once");
    as_ann();
    web_is(&t, "POST", "/api/v1/invites", "{\"role\":\"viewer\"}", 201, "another");
    snprintf(path, sizeof path, "/api/v1/invites/%s", text_at("id"));
    web_is(&t, "DELETE", path, NULL, 204, "taken back");
    web_is(&t, "DELETE", path, NULL, 404, "once");
    set("auth.registration", "open");
    nobody();
    web_is(&t, "POST", "/api/v1/auth/register", cy, 409, "open, but the email is somebody's");
    web_is(&t, "POST", "/api/v1/auth/register",
           "{\"email\":\"ed@example.com\",\"name\":\"Ed\",\"password\":\"ed has a secret\"}", 201,
           "for anyone");
    web_has(&t, "role", "\"viewer\"", "as a viewer");
    set("auth.registration", "off");
}

/* ---- programs ---- */

static void test_keys(void)
{
    char key[128], path[128], wrong[128];
    int64_t begin = web_test_now;
    elsewhere();
    as_ann();
    web_is(&t, "GET", "/api/v1/keys/scopes", NULL, 200, "what a key may be for");
    ok(holds("\"audit:read\""), "such as reading the log");
    web_is(&t, "POST", "/api/v1/keys", "{\"name\":\"n\"}", 422, "a key for nothing");
    web_is(&t, "POST", "/api/v1/keys", "{\"name\":\"n\",\"scopes\":[\"audit:raed\"]}", 422,
           "for a misspelt scope");
    web_is(&t, "POST", "/api/v1/keys",
           "{\"name\":\"nightly\",\"role\":\"admin\",\"scopes\":[\"audit:read\",\"me\"],"
           "\"expires\":\"2026-01-03T00:00:00Z\"}",
           201, "a key");
    snprintf(key, sizeof key, "%s", text_at("key"));
    snprintf(path, sizeof path, "/api/v1/keys/%s", text_at("id"));
    ok(strncmp(key, "ss_", 3) == 0 && strlen(key) == 54, "is shown once: %zu", strlen(key));
    web_ask(&t, "GET", "/api/v1/keys", NULL);
    ok(!holds(key + 16) && web_at(&t, "items.0.id").p, "and listed without its secret");
    bearer(key);
    web_is(&t, "GET", "/api/v1/audit", NULL, 200, "it does what it is for");
    ok(strcmp(t.call.who.name, "key:nightly") == 0, "by its name");
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "says who it is");
    web_has(&t, "scopes", "\"audit:read me\"", "and what for");
    web_is(&t, "GET", "/api/v1/users", NULL, 403, "and nothing else");
    web_is(&t, "POST", "/api/v1/keys", "{}", 403, "and makes no keys");
    web_is(&t, "GET", "/api/v1/auth/sessions", NULL, 403, "and has no sessions");
    memcpy(wrong, key, sizeof key);
    wrong[20] = wrong[20] == 'a' ? 'b' : 'a';
    bearer(wrong);
    web_is(&t, "GET", "/api/v1/audit", NULL, 401, "a mistyped key");
    web_test_now += 3 * DAY;
    bearer(key);
    web_is(&t, "GET", "/api/v1/audit", NULL, 401, "an expired key");
    web_test_now = begin;
    web_is(&t, "GET", "/api/v1/audit", NULL, 200, "in its time it works");
    ok(ss_db_begin(t.db, true) == 0 && ss_auth_sweep(t.web.auth, t.db, web_test_now) == 0 &&
           ss_db_commit(t.db) == 0,
       "now and then");
    as_ann();
    web_ask(&t, "GET", "/api/v1/keys", NULL);
    ok(web_at(&t, "items.0.used").p && *web_at(&t, "items.0.used").p == '"', "its last use is noted");
    web_is(&t, "DELETE", path, NULL, 204, "revoked");
    web_is(&t, "DELETE", path, NULL, 404, "once");
    bearer(key);
    web_is(&t, "GET", "/api/v1/audit", NULL, 401, "and of no use at once");
}

/* ---- the log ---- */

static void test_audit(void)
{
    char path[200];
    elsewhere();
    as_ann();
    web_is(&t, "GET", "/api/v1/audit?action=user&limit=2", NULL, 200, "lines of one kind");
    web_is(&t, "GET", "/api/v1/audit?actor=ann@example.com&subject=user:2&action=user.create", NULL, 200,
           "of one change");
    web_has(&t, "items.0.new.email", "\"bob@example.com\"", "say what it made");
    ok(!holds("argon2") && !holds("secret"), "without the password");
    web_is(&t, "GET", "/api/v1/audit/head", NULL, 200, "the head");
    snprintf(path, sizeof path, "/api/v1/audit/verify?head=%s:%s",
             ss_call_format(&t.call, "%.*s", (int)web_at(&t, "seq").n, web_at(&t, "seq").p).p,
             text_at("hash"));
    web_is(&t, "GET", path, NULL, 200, "and the whole");
    web_has(&t, "intact", "true", "are intact");
    web_is(&t, "GET", "/api/v1/audit/verify?head=7:abc", NULL, 422, "no head");
    web_is(&t, "GET", "/api/v1/audit/verify?from=99999", NULL, 422, "from behind its end");
    web_is(&t, "GET", "/api/v1/audit/export?limit=3", NULL, 200, "its lines as NDJSON");
    int lines = 0;
    for (size_t i = 0; i < t.body.n; i++)
        lines += t.body.p[i] == '\n';
    ok(lines == 3 && strncmp(t.body.p, "{\"seq\":1,", 9) == 0, "from the first on");
    int64_t n;
    ok(ss_db_int(t.db,
                 "SELECT count(*) FROM audit WHERE COALESCE(old_value, '') || COALESCE(new_value, '') LIKE "
                 "'%argon2%'",
                 SS_NO_ARGS, -1, &n) == 0 &&
           n == 0,
       "no hash of a password is in the log");
    ok(ss_db_script(t.db, "UPDATE audit SET actor = 'eve' WHERE seq = 4") == 0, "what was changed by hand");
    web_is(&t, "GET", "/api/v1/audit/verify", NULL, 200, "shows");
    web_has(&t, "intact", "false", "as not intact");
    web_has(&t, "faults.0.detail", "\"line 4 was changed\"", "at its place");
}

/* ---- secrets ---- */

static void test_rotation(void)
{
    char old[2048], body[400];
    elsewhere();
    login("ann@example.com", "a long enough one");
    snprintf(old, sizeof old, "%s", access_token);
    snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", refresh_token);
    ok(ss_secret_rotate(secret_file) == 0 && ss_auth_reload(t.web.auth) == 0, "a new secret");
    bearer(old);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "tokens of the one before count");
    nobody();
    web_is(&t, "POST", "/api/v1/auth/refresh", body, 200, "and renew");
    ok(ss_secret_rotate(secret_file) == 0 && ss_auth_reload(t.web.auth) == 0, "after another");
    bearer(old);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 401, "they do not");
}

static void test_away(void)
{
    elsewhere();
    as_ann();
    web_test_now += 2 * SECOND; /* so that she is not remembered */
    struct ss_db *db = t.db, *empty;
    char path[] = "/tmp/ss-empty-XXXXXX";
    close(mkstemp(path));
    ok(ss_db_open(path, NULL, &empty) == 0, "a store without its tables");
    t.db = empty;
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 503, "is no reason to call somebody unknown");
    t.db = db;
    ss_db_close(empty);
    unlink(path);
}

static void test_all(const char *uri)
{
    web_open(&t, uri);
    const struct ss_auth_options options = {.secret_file = secret_file};
    if (ss_auth_new(&options, &t.web.auth) || ss_settings_new(&t.web.settings)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
    t.identify = true;
    elsewhere();
    test_setup();
    test_login();
    test_expiry();
    test_refresh();
    test_endless();
    test_logout();
    test_cookies();
    test_lock();
    test_tries();
    test_race();
    test_users();
    test_sessions();
    test_register();
    test_keys();
    test_rotation();
    test_away();
    test_audit();
    ss_auth_free(t.web.auth);
    ss_settings_free(t.web.settings);
    unlink(secret_file);
    web_close(&t);
}

int main(void)
{
    char uri[URI_MAX];
    close(mkstemp(secret_file));
    unlink(secret_file);
    test_all(NULL);
    *anns = '\0';
    if (fresh_database(SS_POSTGRES, uri))
        test_all(uri);
    return done();
}
