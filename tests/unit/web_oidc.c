/* Signing in with another's account, at a provider over real HTTP with real keys. */
#include "base/clock.h"
#include "net/http.h"
#include "store/settings.h"
#include "tests/web.h"
#include "web/oidc_config.h"
#include <signal.h>
#include <sys/wait.h>

static struct web_test t;
static struct ss_http *http;
static char folder[] = "/tmp/ss-oidc-test-XXXXXX";
static int port;

static void file(char *path, size_t size, const char *name, const char *text)
{
    snprintf(path, size, "%s/%s", folder, name);
    if (!text)
        return;
    unlink(path);
    FILE *to = fopen(path, "w");
    if (to) {
        fputs(text, to);
        fclose(to);
    }
}

static pid_t start_provider(void)
{
    char path[256];
    file(path, sizeof path, "port", NULL);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execl("tests/support/oidc-provider", "oidc-provider", path, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 1000 && !port; i++) {
        FILE *from = fopen(path, "r");
        char text[16] = "";
        if (from && fgets(text, sizeof text, from))
            port = (int)strtol(text, NULL, 10);
        if (from)
            fclose(from);
        usleep(10000);
    }
    return pid;
}

/* Who comes next, and what is wrong with their token. */
static void next(const char *claims, const char *fault)
{
    char url[128], body[1024];
    struct ss_http_reply reply = {0};
    snprintf(url, sizeof url, "http://127.0.0.1:%d/next", port);
    snprintf(body, sizeof body, "{\"claims\":%s,\"fault\":\"%s\"}", claims, fault);
    const struct ss_http_request req = {.url = url, .body = ss_str_of(body), .timeout_us = 5000000};
    if (ss_http_post(http, &req, &reply) || reply.status != 200)
        ok(false, "the provider is told who comes: %s", ss_err_text());
}

static char cookie[1200], back[2048];

/* To the provider and back to the callback's door, as a browser goes. */
static bool go(const char *from)
{
    char url[4096];
    struct ss_buf body;
    t.cookie = NULL;
    back[0] = '\0';
    if (web_ask(&t, "GET", from, NULL) != 302)
        return false;
    snprintf(url, sizeof url, "%.*s", (int)t.call.res.location.n, t.call.res.location.p);
    snprintf(cookie, sizeof cookie, "%.*s", (int)strcspn(t.call.res.cookie[0].p, ";"),
             t.call.res.cookie[0].p);
    ss_buf_init(&body, 4096);
    struct ss_http_reply reply = {.body = &body};
    const struct ss_http_request req = {.url = url, .timeout_us = 5000000};
    bool good = ss_http_get(http, &req, &reply) == 0 && reply.status == 302;
    const char *path = good ? strstr(ss_buf_cstr(&body), "/api/v1/auth/oidc/callback") : NULL;
    if (path)
        snprintf(back, sizeof back, "%s", path);
    ss_buf_free(&body);
    t.cookie = cookie;
    return path != NULL;
}

static int sign_in(void)
{
    static int n;
    static char address[32];
    snprintf(address, sizeof address, "10.1.%d.%d", n / 250, n % 250);
    n++;
    t.address = address; /* tries are counted by address */
    return go("/api/v1/auth/oidc/start") ? web_ask(&t, "GET", back, NULL) : -1;
}

static struct ss_auth *auth_with(const char *config)
{
    char secret[256], path[256], client[256], text[2048];
    struct ss_auth *auth = NULL;
    file(client, sizeof client, "client", "p:ss w\xc3\xb6rd\n");
    snprintf(text, sizeof text,
             "# the provider\nissuer = http://127.0.0.1:%d\nclient_id = sentinel\nclient_secret_file = %s\n"
             "redirect_uri = http://localhost/api/v1/auth/oidc/callback\nname = Example Inc.\n%s",
             port, client, config);
    file(path, sizeof path, "oidc.conf", text);
    file(secret, sizeof secret, "secret", NULL);
    const struct ss_auth_options options = {.secret_file = secret, .oidc_file = path};
    if (ss_auth_new(&options, &auth))
        ok(false, "identity: %s", ss_err_text());
    return auth;
}

static void with(const char *config)
{
    ss_auth_free(t.web.auth);
    t.web.auth = auth_with(config);
}

static int64_t count(const char *sql)
{
    int64_t n = -1;
    return ss_db_int(t.db, sql, SS_NO_ARGS, -1, &n) ? -1 : n;
}

#define ANN                                                                                                \
    "{\"sub\":\"ann\",\"email\":\"Ann@example.com\",\"email_verified\":true,\"name\":\"Ann\",\"groups\":[" \
    "\"x\",\"fraud\"]}"
#define MAPPED "role_claim = groups\nadmin = bosses\nanalyst = fraud, cards\ncreate = yes\n"

static void test_sign_in(void)
{
    with(MAPPED);
    web_is(&t, "GET", "/api/v1/auth/state", NULL, 200, "the sign-in page is told");
    web_has(&t, "oidc", "\"Example Inc.\"", "what the button says");
    next(ANN, "");
    ok(go("/api/v1/auth/oidc/start?to=/cases/17"), "the browser goes and comes back: %d", t.status);
    ok(web_ask(&t, "GET", back, NULL) == 302, "and is let in: %d %.*s", t.status, (int)t.body.n, t.body.p);
    ok(ss_str_is(t.call.res.location, "/cases/17"), "to where it wanted");
    ok(t.call.res.cookies == 3 && strncmp(t.call.res.cookie[0].p, "ss_access=", 10) == 0, "with cookies");
    char access[1200];
    snprintf(access, sizeof access, "%.*s", (int)strcspn(t.call.res.cookie[0].p, ";"),
             t.call.res.cookie[0].p);
    ok(t.body.n == 0, "and no tokens in sight");
    web_is(&t, "GET", back, NULL, 403, "a code counts once");
    t.cookie = access;
    web_is(&t, "GET", "/api/v1/auth/me", NULL, 200, "she is signed in");
    web_has(&t, "email", "\"ann@example.com\"", "by her email");
    web_has(&t, "role", "\"analyst\"", "in the role of her group");
    web_has(&t, "has_password", "false", "without a password here");
    next("{\"sub\":\"ann\",\"email\":\"other@example.com\",\"groups\":[\"bosses\"]}", "");
    ok(sign_in() == 302 &&
           count("SELECT count(*) FROM users WHERE role = 'admin' AND email = 'ann@example.com'") == 1,
       "a new group is a new role, the subject who she is");
    next(ANN, "");
    ok(sign_in() == 302 && count("SELECT count(*) FROM users WHERE role = 'admin'") == 1,
       "the last administrator stays one, whatever the provider says");
    next("{\"sub\":\"eve\",\"email\":\"eve@example.com\",\"groups\":[\"visitors\"]}", "");
    ok(sign_in() == 403 && count("SELECT count(*) FROM users WHERE email = 'eve@example.com'") == 0,
       "who is in no group is not let in");
    ok(count("SELECT count(*) FROM audit WHERE action = 'auth.denied'") == 1, "which is in the log");
    t.accept = "text/html,application/xhtml+xml;q=0.9";
    ok(sign_in() == 302 && ss_str_is(t.call.res.location, "/sign-in?refused=no_role") && t.body.n == 0,
       "a browser is shown the page that words it");
    ok(t.call.res.cookies == 1 && strstr(t.call.res.cookie[0].p, "Max-Age=0") != NULL, "without a session");
    ok(count("SELECT count(*) FROM audit WHERE action = 'auth.denied'") == 2, "and in the log it is, too");
    t.cookie = NULL;
    ok(web_ask(&t, "GET", "/api/v1/auth/oidc/callback?code=x&state=y", NULL) == 302 &&
           ss_str_is(t.call.res.location, "/sign-in?refused=begin_again"),
       "nor is it left with a sign-in that nobody began");
    t.accept = NULL;
    ok(count("SELECT count(*) FROM audit WHERE action = 'auth.login'") == 3, "as are the sign-ins");
    ok(ss_db_script(t.db, "UPDATE users SET active = 0") == 0, "who has left");
    next(ANN, "");
    ok(sign_in() == 403, "stays out");
    ok(ss_db_script(t.db, "UPDATE users SET active = 1") == 0, "and back");
}

static void test_accounts(void)
{
    with("viewer = *\nrole_claim = groups\nanalyst = fraud\n");
    next("{\"sub\":\"bob\",\"email\":\"bob@example.com\"}", "");
    ok(sign_in() == 403, "no account is made unless the file says so");
    ok(ss_db_script(t.db,
                    "INSERT INTO users (email, name, role, created_us) VALUES ('bob@example.com', 'Bob', "
                    "'analyst', 1)") == 0,
       "one with a password");
    with("viewer = *\ncreate = yes\n");
    ok(sign_in() == 403, "another's word for an email is not enough");
    with("viewer = *\ncreate = yes\nlink = yes\n");
    ok(sign_in() == 403, "nor, when both may be one, an email that nobody verified");
    next("{\"sub\":\"bob\",\"email\":\"bob@example.com\",\"email_verified\":true}", "");
    ok(sign_in() == 302 && count("SELECT count(*) FROM users WHERE oidc_subject LIKE '% bob'") == 1,
       "a verified one is");
    next("{\"sub\":\"bob2\",\"email\":\"bob@example.com\",\"email_verified\":true}", "");
    ok(sign_in() == 403, "but another subject is not he");
    with("create = yes\n");
    next("{\"sub\":\"cy\",\"email\":\"cy@example.com\"}", "");
    ok(sign_in() == 302 &&
           count("SELECT count(*) FROM users WHERE email = 'cy@example.com' AND role = 'viewer'") == 1,
       "without roles in the file a new account is a viewer");
    ok(ss_db_script(t.db, "UPDATE users SET role = 'analyst' WHERE email = 'cy@example.com'") == 0,
       "promoted here");
    ok(sign_in() == 302 &&
           count("SELECT count(*) FROM users WHERE email = 'cy@example.com' AND role = 'analyst'") == 1,
       "which lasts");
    next("{\"sub\":\"di\"}", "");
    ok(sign_in() == 403, "no email, no account");
}

static void test_faults(void)
{
    static const char *const faults[] = {"none", "hs256", "stranger", "badsig", "late", "early",  "nonce",
                                         "iss",  "aud",   "azp",      "sub",    "deny", "refuse", "notoken"};
    with(MAPPED);
    next(ANN, "");
    ok(sign_in() == 302, "all is well");
    int64_t sessions = count("SELECT count(*) FROM sessions");
    for (size_t i = 0; i < SS_COUNT(faults); i++) {
        next(ANN, faults[i]);
        int status = sign_in();
        ok(status == 403 && count("SELECT count(*) FROM sessions") == sessions, "fault '%s': %d %.*s",
           faults[i], status, (int)t.body.n, t.body.p);
    }
    next(ANN, "500");
    ok(sign_in() == 503, "a provider that fails");
    next(ANN, "junk");
    ok(sign_in() == 403, "or talks nonsense");
    web_test_now += 60 * INT64_C(1000000);
    next(ANN, "rotate");
    ok(sign_in() == 302, "a new key of the provider's is asked for");
    next("{\"sub\":\"ann\",\"aud\":[\"sentinel\",\"other\"],\"azp\":\"sentinel\",\"email\":\"ann@example."
         "com\","
         "\"groups\":\"fraud\"}",
         "");
    ok(sign_in() == 302, "several audiences, for us; a group as a text");
}

static void test_browsers(void)
{
    char other[1200], state[2048];
    next(ANN, "");
    ok(go("/api/v1/auth/oidc/start"), "one browser begins");
    snprintf(other, sizeof other, "%s", cookie);
    ok(strncmp(cookie, "ss_oidc=", 8) == 0 && strstr(t.call.res.cookie[0].p, "HttpOnly; SameSite=Lax"),
       "with a cookie that comes back from another site");
    snprintf(state, sizeof state, "%s", back);
    ok(go("/api/v1/auth/oidc/start"), "and another");
    web_is(&t, "GET", state, NULL, 403, "which cannot end what the first began");
    t.cookie = NULL;
    web_is(&t, "GET", state, NULL, 403, "nor can one without the cookie");
    t.cookie = other;
    web_test_now += 11 * 60 * INT64_C(1000000);
    web_is(&t, "GET", state, NULL, 403, "nor can it itself, after too long");
    web_test_now -= 11 * 60 * INT64_C(1000000);
    web_is(&t, "GET", state, NULL, 302, "in time it can");
    const char *const outside[] = {"//evil.example/", "https://evil.example/", "/%5Cevil.example",
                                   "/a%0d%0aX:%20y", "%2F%2Fevil.example"};
    for (size_t i = 0; i < SS_COUNT(outside); i++) {
        char from[200];
        snprintf(from, sizeof from, "/api/v1/auth/oidc/start?to=%s", outside[i]);
        ok(go(from) && web_ask(&t, "GET", back, NULL) == 302 && ss_str_is(t.call.res.location, "/"),
           "it leads to pages of ours only, not %s", outside[i]);
    }
}

static void config_is(const char *text, int err, const char *what)
{
    char path[256];
    struct ss_oidc_config config;
    file(path, sizeof path, "try.conf", text);
    int got = ss_oidc_config_read(path, &config);
    ok(got == err, "%s: %s", what, got ? ss_err_text() : "good");
}

#define GOOD \
    "issuer = https://id.example.com\nclient_id = s\nredirect_uri = https://a.b/api/v1/auth/oidc/callback\n"

static void test_config(void)
{
    config_is(GOOD, 0, "a whole file");
    config_is(GOOD "  # a comment\n\ncreate = yes\n", 0, "comments");
    config_is("issuer = https://id.example.com\n", SS_ECONFIG, "a part");
    config_is(GOOD "colour = red\n", SS_ECONFIG, "an unknown key");
    config_is(GOOD "create = maybe\n", SS_ECONFIG, "neither yes nor no");
    config_is(GOOD "just words\n", SS_ECONFIG, "no key");
    config_is(GOOD "admin = bosses\n", SS_ECONFIG, "a role without a claim");
    config_is(GOOD "role_claim = groups\nadmin = *\n", SS_ECONFIG, "everybody an administrator");
    config_is(GOOD "client_secret_file = /nowhere/at/all\n", SS_ENOINPUT, "a secret that is not there");
    config_is("issuer = http://id.example.com\nclient_id = s\n"
              "redirect_uri = https://a.b/api/v1/auth/oidc/callback\n",
              SS_ECONFIG, "a provider without TLS");
    ok(!ss_oidc_is_url(SS_STR("http://127.0.0.1.evil.example/")) && !ss_oidc_is_url(SS_STR("ftp://a")) &&
           !ss_oidc_is_url(SS_STR("https://a b")) && ss_oidc_is_url(SS_STR("http://localhost:80/x")),
       "addresses");
    struct ss_oidc_config config = {.role_claim = "realm_access.roles", .role = {"*", "a,b", "c"}};
    struct ss_arena arena;
    const struct ss_json_value *claims;
    ss_arena_init(&arena, 1 << 16);
    const char nested[] = "{\"realm_access\":{\"roles\":[\"x\",\"b\"]}}";
    ok(ss_json_parse(nested, sizeof nested - 1, &arena, &claims) == 0 &&
           strcmp(ss_oidc_role(&config, claims), "analyst") == 0,
       "a claim inside a claim");
    ok(ss_json_parse("{}", 2, &arena, &claims) == 0 && strcmp(ss_oidc_role(&config, claims), "viewer") == 0,
       "anybody");
    ss_arena_free(&arena);
}

int main(void)
{
    web_open(&t, NULL);
    if (!mkdtemp(folder) || ss_settings_new(&t.web.settings) || ss_http_new(&http)) {
        printf("Bail out! %s\n", ss_err_text());
        return 1;
    }
    t.identify = true;
    web_test_now = ss_clock_wall_us();
    pid_t provider = start_provider();
    ok(port > 0, "a provider on port %d", port);
    test_config();
    test_sign_in();
    test_accounts();
    test_faults();
    test_browsers();
    with("create = yes\n");
    kill(provider, SIGTERM);
    waitpid(provider, NULL, 0);
    ok(web_ask(&t, "GET", "/api/v1/auth/oidc/start", NULL) == 503, "a provider that is away");
    ss_auth_free(t.web.auth);
    ss_settings_free(t.web.settings);
    ss_http_free(http);
    web_close(&t);
    static const char *const names[] = {"port", "client", "oidc.conf", "secret", "try.conf"};
    for (size_t i = 0; i < SS_COUNT(names); i++) {
        char path[256];
        file(path, sizeof path, names[i], NULL);
        unlink(path);
    }
    ok(rmdir(folder) == 0, "nothing is left");
    return done();
}
