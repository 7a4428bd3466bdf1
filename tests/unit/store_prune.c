/* What is old goes, and what is needed stays, on both databases. */
#include "base/err.h"
#include "base/time.h"
#include "store/label.h"
#include "store/ledger.h"
#include "store/migrate.h"
#include "store/prune.h"
#include "tests/databases.h"

#define T0 ((int64_t)1772323200000000) /* 2026-03-01 */

static struct ss_db *db;

static int64_t number(const char *sql)
{
    int64_t n;
    if (ss_db_int(db, sql, SS_NO_ARGS, -1, &n) < 0)
        printf("# %s: %s\n", sql, ss_err_text());
    return n;
}

static int exec(const char *sql)
{
    int64_t n = ss_db_exec(db, sql, SS_NO_ARGS);
    return n < 0 ? (int)n : 0;
}

/* One payment an hour for 60 days, by customer number day; every 100th has an alert. */
#define HOURS_FILLED (60 * 24)

static int fill(void)
{
    struct ss_ledger *led;
    char line[600], time[SS_TIME_TEXT], alert[100];
    int err = ss_ledger_new(&led);
    for (int i = 0; i < HOURS_FILLED && !err; i++) {
        time[ss_time_print(T0 + i * SS_HOUR_US, time)] = '\0';
        snprintf(alert, sizeof alert, ",\"alert\":{\"id\":\"a%d\",\"key\":\"k\",\"count\":1}", i);
        snprintf(line, sizeof line,
                 "{\"txn_id\":\"P%d\",\"timestamp\":\"%s\",\"amount\":1,\"user_id\":\"U%d\",\"device_id\":"
                 "\"D%d\",\"category\":\"x\"%s%s}",
                 i, time, i / 24, i / 24, i == 30 ? ",\"label\":1" : "", i % 100 == 0 ? alert : "");
        err = ss_ledger_add_line(led, ss_str_of(line), -1);
    }
    err = err ? err : ss_db_begin(db, true);
    err = err ? err : ss_ledger_write(led, db, 1);
    err = err ? err : ss_ledger_settle(led, db);
    /* P200 opened the alert of an open case, P201 is in it; P300's case is closed. */
    const char *const cases[] = {
        "INSERT INTO cases (id, number, title, status, priority, category, created_by, created_us, "
        "updated_us, span_us, due_us) VALUES "
        "(1, 'C1', 't', 'investigating', 'high', 'other', 'x', 1, 1, 1, 2), (2, 'C2', 't', 'closed', 'high', "
        "'other', 'x', 1, 1, 1, 2)",
        "UPDATE alerts SET case_id = 1 WHERE id = 'a200'",
        "UPDATE alerts SET case_id = 2 WHERE id = 'a300'",
        "INSERT INTO case_payments (case_id, txn_id, added_us) VALUES (1, 'P201', 1), (2, 'P301', 1)",
        "INSERT INTO answers (key, request_hash, status, body, created_us) VALUES ('old', 'h', 200, '', 5), "
        "('new', "
        "'h', 200, '', 1999999999000000)",
    };
    for (size_t i = 0; i < SS_COUNT(cases) && !err; i++)
        err = exec(cases[i]);
    if (!err)
        err = ss_label_set(db, SS_STR("P5"), SS_LABEL_GENUINE, SS_STR("test"), SS_STR("x"), SS_STR(""), T0,
                           NULL);
    err = err ? err : ss_db_commit(db);
    ss_ledger_free(led);
    return err;
}

static int prune(const struct ss_prune_policy *policy, struct ss_prune_run *run)
{
    int more = 1, steps = 0;
    memset(run, 0, sizeof *run);
    for (; more > 0; steps++)
        more = ss_prune_step(db, policy, run);
    return more < 0 ? more : steps;
}

static void prunes(void)
{
    struct ss_prune_run run;
    const struct ss_prune_policy policy = {.payments_us = T0 + 20 * SS_DAY_US,
                                           .minutes_us = T0 + 50 * SS_DAY_US,
                                           .hours_us = T0 + 30 * SS_DAY_US,
                                           .answers_us = T0};
    int64_t counted = number("SELECT CAST(sum(payments) AS BIGINT) FROM buckets WHERE dim = 'all'");
    int steps = prune(&policy, &run);
    ok(steps > 5, "it takes %d steps: %s", steps, steps < 0 ? ss_err_text() : "");
    ok(run.pruned.payments == 20 * 24 - 3 && run.pruned.kept == 3, "%lld old payments go, %lld stay",
       (long long)run.pruned.payments, (long long)run.pruned.kept);
    ok(number("SELECT count(*) FROM payments WHERE txn_id IN ('P30', 'P200', 'P201')") == 3,
       "fraud, and what is in open cases");
    ok(number("SELECT count(*) FROM payments WHERE txn_id IN ('P300', 'P301')") == 0,
       "not what is in closed ones");
    ok(number("SELECT count(*) FROM payments") == HOURS_FILLED - 20 * 24 + 3, "younger ones all stay");
    ok(number("SELECT count(*) FROM labels WHERE txn_id = 'P5'") == 0 && run.pruned.labels == 1,
       "labels go with their payments");
    ok(number("SELECT count(*) FROM alerts WHERE last_us < 1774051200000000") == 2,
       "alerts of cases stay, others go");
    ok(number("SELECT count(*) FROM customers WHERE user_id IN ('U0', 'U5')") == 0,
       "customers without payments go");
    ok(number("SELECT count(*) FROM customers WHERE user_id IN ('U1', 'U8', 'U20')") == 3,
       "those with payments stay");
    ok(number("SELECT count(*) FROM links WHERE user_id = 'U0'") == 0 &&
           number("SELECT count(*) FROM links WHERE user_id = 'U40'") == 1,
       "with what they were seen with");
    ok(number("SELECT CAST(sum(payments) AS BIGINT) FROM buckets WHERE dim = 'all'") == counted,
       "counts by the hour stay");
    ok(number("SELECT CAST(sum(payments) AS BIGINT) FROM buckets WHERE dim = 'category'") == 30 * 24 &&
           number("SELECT CAST(sum(payments) AS BIGINT) FROM buckets WHERE dim = 'category/day'") == counted,
       "of what is counted twice, the old hours go and the days stay");
    ok(number("SELECT CAST(sum(payments) AS BIGINT) FROM buckets WHERE dim = 'minute'") == 10 * 24,
       "and old minutes");
    ok(number("SELECT count(*) FROM answers") == 1, "old answers go");
    ok(prune(&policy, &run) > 0 && run.pruned.payments == 0 && run.pruned.counts == 0,
       "a second run finds nothing");
    const struct ss_prune_policy all = {.payments_us = T0 + 400 * SS_DAY_US};
    ok(prune(&all, &run) > 0 && number("SELECT count(*) FROM payments") == 4 &&
           number("SELECT count(*) FROM payments WHERE txn_id = 'P1439'") == 1,
       "the newest stays in any case");
}

int main(void)
{
    for (enum ss_db_kind kind = SS_SQLITE; kind <= SS_POSTGRES; kind++) {
        char uri[URI_MAX];
        const struct ss_db_options opt = {.durability = SS_RELAXED};
        if (!fresh_database(kind, uri))
            continue;
        ok(ss_store_open(uri, &opt, &db) == 0 && fill() == 0, "a store of 60 days: %s", ss_err_text());
        prunes();
        ss_db_close(db);
    }
    return done();
}
