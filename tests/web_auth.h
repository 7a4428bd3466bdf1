/*
 * Callers of the API who sign in by headers and cookies, for the tests of identity: a server's whole state of
 * it over a fresh store, and Ann, its administrator.
 */
#ifndef TESTS_WEB_AUTH_H
#define TESTS_WEB_AUTH_H

#include "store/audit.h"
#include "store/settings.h"
#include "tests/databases.h"
#include "tests/web.h"
#include "web/auth_parts.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define DAY    (24 * 60 * MINUTE)

static struct web_test t;
static char secret_file[] = "/tmp/ss-secret-XXXXXX";
static char access_token[2048], refresh_token[256];

/* A text member of the last answer, without its quotes. */
__attribute__((unused)) static const char *text_at(const char *path)
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
__attribute__((unused)) static bool holds(const char *text)
{
    return t.body.n && memmem(t.body.p, t.body.n, text, strlen(text)) != NULL;
}

__attribute__((unused)) static void bearer(const char *token)
{
    static char header[2100];
    snprintf(header, sizeof header, "Bearer %s", token);
    t.authorization = *token ? header : NULL;
}

__attribute__((unused)) static void nobody(void)
{
    t.authorization = t.cookie = t.origin = NULL;
}

/* A fresh address, so that tries of other tests do not count. */
__attribute__((unused)) static void elsewhere(void)
{
    static char address[48];
    static int n;
    n++;
    snprintf(address, sizeof address, "10.0.%d.%d", n / 250, n % 250);
    t.address = address;
}

__attribute__((unused)) static int login(const char *email, const char *password)
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

__attribute__((unused)) static void as_ann(void)
{
    nobody();
    bearer(anns);
    if (*anns && web_ask(&t, "GET", "/api/v1/auth/me", NULL) == 200)
        return;
    if (login("ann@example.com", "a long enough one") == 200)
        snprintf(anns, sizeof anns, "%s", access_token);
}

__attribute__((unused)) static bool audited(const char *action, const char *subject)
{
    int64_t n;
    return ss_db_int(t.db, "SELECT count(*) FROM audit WHERE action = $1 AND subject = $2",
                     SS_ARGS(ss_arg_cstr(action), ss_arg_cstr(subject)), 0, &n) == 0 &&
           n > 0;
}

__attribute__((unused)) static void set(const char *key, const char *value)
{
    int err = ss_db_begin(t.db, true);
    if (!err)
        err = ss_settings_put(t.db, ss_str_of(key), ss_str_of(value), SS_STR("test"), web_test_now);
    if (!err)
        err = ss_db_commit(t.db);
    if (err || ss_settings_refresh(t.web.settings, t.db))
        printf("# %s\n", ss_err_text());
}

__attribute__((unused)) static void auth_open(const char *uri)
{
    web_open(&t, uri);
    close(mkstemp(secret_file));
    unlink(secret_file);
    const struct ss_auth_options options = {.secret_file = secret_file};
    if (ss_auth_new(&options, &t.web.auth) || ss_settings_new(&t.web.settings)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
    t.identify = true;
    *anns = '\0';
    elsewhere();
}

__attribute__((unused)) static void auth_close(void)
{
    ss_auth_free(t.web.auth);
    ss_settings_free(t.web.settings);
    unlink(secret_file);
    memcpy(secret_file + sizeof secret_file - 7, "XXXXXX", 6);
    web_close(&t);
}

/* Somebody at example.com. */
__attribute__((unused)) static void make_person(const char *name, const char *role, const char *password)
{
    char email[64], hash[SS_PASSWORD_HASH];
    snprintf(email, sizeof email, "%s@example.com", name);
    struct ss_user user = {.email = ss_str_of(email), .name = ss_str_of(name), .role = ss_str_of(role)};
    int err = ss_password_hash(ss_str_of(password), hash);
    user.password = ss_str_of(hash);
    if (err || ss_db_begin(t.db, true) || ss_user_add(t.db, &user, web_test_now) != 1 || ss_db_commit(t.db)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

#endif
