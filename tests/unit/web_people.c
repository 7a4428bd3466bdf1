/* Who may: people, their sessions and invitations, programs' keys, and the log of it all, over the API. */
#include "tests/web_auth.h"

/* ---- people ---- */

static void test_users(void)
{
    as_ann();
    web_is(&t, "POST", "/api/v1/users",
           "{\"email\":\"bob@example.com\",\"name\":\"Bob\",\"role\":\"analyst\",\"password\":\"bobs first "
           "secret\"}",
           201, "an account for Bob");
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
    bearer(bob);
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "he may see who he is");
    web_is(&t, "GET", "/api/v1/payments", NULL, 403, "but no payments before that");
    web_is(&t, "POST", "/api/v1/auth/ticket", NULL, 403, "nor a ticket to the feed of them");
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
    static const char ed[] =
        "{\"email\":\"ed@example.com\",\"name\":\"Ed\",\"password\":\"ed has a secret\"}";
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
    web_is(&t, "POST", "/api/v1/auth/register", cy, 202, "open, and the email is somebody's");
    char known[400];
    snprintf(known, sizeof known, "%.*s", (int)t.body.n, t.body.p);
    web_is(&t, "POST", "/api/v1/auth/register", ed, 202, "or nobody's");
    ok(t.body.n == strlen(known) && memcmp(t.body.p, known, t.body.n) == 0, "the answers are the same");
    web_is(&t, "POST", "/api/v1/auth/register", ed, 202, "once more");
    ok(t.body.n == strlen(known) && !t.call.res.cookies && !t.call.res.location.p, "and again");
    web_is(&t, "POST", "/api/v1/auth/login", ed, 401, "nobody is in yet");
    as_ann();
    web_is(&t, "GET", "/api/v1/users?q=ed@example.com", NULL, 200, "who asks to be let in");
    web_has(&t, "items.0.active", "false", "waits");
    web_has(&t, "items.0.role", "\"viewer\"", "as a viewer");
    ok(!web_at(&t, "items.1").p, "once");
    struct ss_str number = web_at(&t, "items.0.id");
    snprintf(path, sizeof path, "/api/v1/users/%.*s", (int)number.n, number.p);
    web_is(&t, "GET", "/api/v1/notices", NULL, 200, "administrators are told");
    web_has(&t, "items.0.title", "\"ed@example.com asks to be let in\"", "who");
    ok(!holds("cy@example.com asks"), "and nothing of who is there already");
    web_is(&t, "PATCH", path, "{\"active\":true}", 200, "let in");
    nobody();
    web_is(&t, "POST", "/api/v1/auth/login", ed, 200, "one signs in with the password one chose");
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
    web_test_now = begin + 120 * MINUTE;
    web_is(&t, "GET", "/api/v1/audit", NULL, 200, "two hours later, too");
    web_test_now = begin + MINUTE;
    ok(ss_db_exec(t.db, "UPDATE api_keys SET revoked_us = 1", SS_NO_ARGS) > 0, "another process revokes it");
    web_is(&t, "GET", "/api/v1/audit", NULL, 401, "and that counts, though the clock was set back");
    ok(ss_db_exec(t.db, "UPDATE api_keys SET revoked_us = NULL", SS_NO_ARGS) > 0, "it comes back");
    web_is(&t, "GET", "/api/v1/audit", NULL, 200, "and works");
    web_test_now = begin;
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

static void test_all(const char *uri)
{
    auth_open(uri);
    make_person("ann", "admin", "a long enough one");
    test_users();
    test_sessions();
    test_register();
    test_keys();
    test_audit();
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
