/* Signing in over the API, as its callers meet it: passwords, tokens, cookies, locks. */
#include "tests/web_auth.h"

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
    auth_open(uri);
    test_setup();
    test_login();
    test_expiry();
    test_refresh();
    test_endless();
    test_logout();
    test_cookies();
    test_tries();
    test_lock();
    test_race();
    test_rotation();
    test_away();
    auth_close();
}

int main(void)
{
    char uri[URI_MAX];
    test_all(NULL);
    if (fresh_database(SS_POSTGRES, uri))
        test_all(uri);
    return done();
}
