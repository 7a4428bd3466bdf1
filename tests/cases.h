/* What tests of alerts and cases share: people, settings, and payments that alert, put in as a stream puts
 * them. */
#ifndef TESTS_CASES_H
#define TESTS_CASES_H

#include "base/time.h"
#include "store/case_auto.h"
#include "store/ledger.h"
#include "store/settings.h"
#include "tests/databases.h"
#include "tests/web.h"

enum { ROOT = 1, ANN, BOB, VIC, GONE };

__attribute__((unused)) static void people(struct ss_db *db)
{
    if (ss_db_script(
            db, "INSERT INTO users (email, name, role, active, created_us) VALUES "
                "('root@example.com', 'Root', 'admin', 1, 1), ('ann@example.com', 'Ann', 'analyst', 1, 1), "
                "('bob@example.com', 'Bob', 'analyst', 1, 1), ('vic@example.com', 'Vic', 'viewer', 1, 1), "
                "('gone@example.com', 'Gone', 'analyst', 0, 1)")) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

static enum ss_db_kind present;

/* A fresh store of the present kind with people and settings; false where there is no such database. */
__attribute__((unused)) static bool cases_open(struct web_test *t)
{
    char uri[URI_MAX];
    if (present == SS_POSTGRES && !fresh_database(present, uri))
        return false;
    web_open(t, present == SS_POSTGRES ? uri : NULL);
    people(t->db);
    if (ss_settings_new(&t->web.settings) || ss_settings_refresh(t->web.settings, t->db)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
    return true;
}

__attribute__((unused)) static void cases_close(struct web_test *t)
{
    ss_settings_free(t->web.settings);
    web_close(t);
}

__attribute__((unused)) static void as_root(struct web_test *t)
{
    web_as(t, SS_ADMIN, ROOT, "root@example.com");
}
__attribute__((unused)) static void as_ann(struct web_test *t)
{
    web_as(t, SS_ANALYST, ANN, "ann@example.com");
}
__attribute__((unused)) static void as_bob(struct web_test *t)
{
    web_as(t, SS_ANALYST, BOB, "bob@example.com");
}
__attribute__((unused)) static void as_vic(struct web_test *t)
{
    web_as(t, SS_VIEWER, VIC, "vic@example.com");
}

/* A payment that alerts. */
struct pay {
    const char *txn, *user, *alert, *key, *rule, *level, *currency;
    int64_t time_us;
    int amount, count; /* amount in whole units */
};

__attribute__((unused)) static void pay(struct ss_ledger *led, struct pay p)
{
    char line[2000], at[SS_TIME_TEXT];
    at[ss_time_print(p.time_us, at)] = '\0';
    int n = snprintf(
        line, sizeof line,
        "{\"txn_id\":\"%s\",\"timestamp\":\"%s\",\"user_id\":\"%s\",\"amount\":%d,\"currency\":\"%s\","
        "\"merchant_id\":\"shop\",\"category\":\"online\",\"email\":\"zoe@example.com\",\"card_id\":\"card-%"
        "s\",\"decision\":{"
        "\"action\":\"block\",\"level\":\"%s\",\"score\":0.9,\"rules\":[{\"id\":\"%s\",\"score\":0.9,"
        "\"action\":\"block\",\"reason\":\"because\"}]}",
        p.txn, at, p.user, p.amount, p.currency ? p.currency : "USD", p.user, p.level ? p.level : "HIGH",
        p.rule ? p.rule : "velocity_burst");
    if (p.alert)
        n += snprintf(
            line + n, sizeof line - (size_t)n,
            ",\"alert\":{\"id\":\"%s\",\"key\":\"%s\",\"count\":%d,\"first\":\"%s\",\"last\":\"%s\"}",
            p.alert, p.key ? p.key : "", p.count ? p.count : 1, at, at);
    n += snprintf(line + n, sizeof line - (size_t)n, "}");
    if (ss_ledger_add_line(led, (struct ss_str){line, (size_t)n}, 100)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

/* Writes what was added in one transaction; with `cases` alerts open cases. */
__attribute__((unused)) static void commit(struct web_test *t, struct ss_ledger *led, bool cases)
{
    struct ss_case_auto how;
    ss_case_auto_of(t->web.settings, &how);
    ss_ledger_cases(led, cases ? &how : NULL);
    int err = ss_db_begin(t->db, true);
    err = err ? err : ss_ledger_write(led, t->db, web_test_now);
    err = err ? err : ss_db_commit(t->db);
    ss_ledger_done(led, !err);
    if (err) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

__attribute__((unused)) static int64_t ask_int(struct web_test *t, const char *sql)
{
    int64_t n = -1;
    if (ss_db_int(t->db, sql, SS_NO_ARGS, -1, &n))
        printf("# %s: %s\n", sql, ss_err_text());
    return n;
}

#endif
