/* Payments and labels into the store, on both databases. */
#include "base/digest.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/time.h"
#include "store/label.h"
#include "store/ledger.h"
#include "store/migrate.h"
#include "tests/databases.h"

#define T0 ((int64_t)1772366400000000) /* 2026-03-01T12:00:00Z */

static struct ss_db *db;
static char text[8192];

static const char *payment(int id, int64_t time_us, const char *more)
{
    char time[SS_TIME_TEXT];
    time[ss_time_print(time_us, time)] = '\0';
    snprintf(
        text, sizeof text,
        "{\"txn_id\":\"P%05d\",\"timestamp\":\"%s\",\"user_id\":\"U%d\",\"amount\":%d.5,\"currency\":\"EUR\","
        "\"card_id\":\"C%d\",\"merchant_id\":\"M%d\",\"device_id\":\"D%d\",\"category\":\"food\",\"country\":"
        "\"%s\"%s}",
        id, time, id % 7, id % 50, id % 7, id % 5, id % 3, id % 2 ? "DE" : "FR", more);
    return text;
}

static int add(struct ss_ledger *led, const char *line)
{
    return ss_ledger_add_line(led, ss_str_of(line), -1);
}

static int write_all(struct ss_ledger *led, bool settle)
{
    int err = ss_db_begin(db, true);
    err = err ? err : ss_ledger_write(led, db, 77);
    if (!err && settle)
        err = ss_ledger_settle(led, db);
    err = err ? err : ss_db_commit(db);
    if (err)
        ss_db_rollback(db);
    return err;
}

/* Adds one, writes, and forgets it. */
static int one(struct ss_ledger *led, const char *line)
{
    int err = add(led, line);
    err = err ? err : write_all(led, true);
    ss_ledger_done(led, !err);
    return err;
}

static int64_t number(const char *sql)
{
    int64_t n;
    if (ss_db_int(db, sql, SS_NO_ARGS, -999, &n) < 0)
        printf("# %s: %s\n", sql, ss_err_text());
    return n;
}

/* All that a query gives, as one digest. */
static void digest_rows(const char *sql, int columns, struct ss_buf *all)
{
    struct ss_rows *rows;
    if (ss_db_query(db, sql, SS_NO_ARGS, &rows) < 0) {
        printf("# %s\n", ss_err_text());
        return;
    }
    while (ss_rows_next(rows) > 0) {
        for (int c = 0; c < columns; c++) {
            struct ss_str s = ss_rows_text(rows, c);
            ss_buf_put(all, s.p, s.n);
            ss_buf_putc(all, '|');
        }
        ss_buf_putc(all, '\n');
    }
    ss_rows_free(rows);
}

#define COUNTS                                                                                               \
    "CAST(payments AS TEXT), CAST(amount AS TEXT), CAST(alerts AS TEXT), CAST(blocked AS TEXT), CAST(fraud " \
    "AS TEXT)"

static void snapshot(struct ss_buf *all)
{
    ss_buf_init(all, 64 << 20);
    digest_rows("SELECT dim, CAST(start_us AS TEXT), key, CAST(genuine AS TEXT), " COUNTS
                " FROM buckets WHERE payments <> 0 OR fraud <> 0 ORDER BY 1, 2, 3",
                9, all);
    digest_rows("SELECT user_id, CAST(first_us AS TEXT), CAST(last_us AS TEXT), CAST(CAST(heat * 1000000 AS "
                "BIGINT) AS TEXT), " COUNTS " FROM customers ORDER BY 1",
                9, all);
    digest_rows("SELECT user_id, kind, value FROM links ORDER BY 1, 2, 3", 3, all);
    digest_rows("SELECT id, txn_id, CAST(count AS TEXT), CAST(amount AS TEXT), CAST(level AS TEXT), rules, "
                "reason FROM alerts ORDER BY 1",
                7, all);
    digest_rows("SELECT txn_id, COALESCE(CAST(label AS TEXT), '-'), COALESCE(alert_id, "
                "'-'), record FROM payments ORDER BY seq",
                4, all);
}

static bool same_snapshots(const struct ss_buf *a, const struct ss_buf *b)
{
    bool same = a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
    for (size_t i = 0, line = 0; !same && i < a->n && i < b->n; i++) {
        if (a->p[i] != b->p[i]) {
            printf("#  first:  %.*s\n#  second: %.*s\n", (int)strcspn(a->p + line, "\n"), a->p + line,
                   (int)strcspn(b->p + line, "\n"), b->p + line);
            break;
        }
        if (a->p[i] == '\n')
            line = i + 1;
    }
    return same;
}

#define DECIDED                                                                                              \
    ",\"score\":{\"value\":0.9,\"raw\":0.7,\"level\":\"CRITICAL\",\"reasons\":[{\"code\":\"velocity\","      \
    "\"text\":\"many\"}]},"                                                                                  \
    "\"decision\":{\"action\":\"block\",\"level\":\"CRITICAL\",\"score\":0.95,\"rules\":[{\"id\":\"burst\"," \
    "\"score\":0.95,\"action\":\"block\",\"reason\":\"3 in a minute\"}],\"shadow\":[{\"id\":\"new_rule\"}]}"

static const char *alerted(int id, int64_t time_us, const char *alert, int count)
{
    char more[1024];
    snprintf(more, sizeof more,
             DECIDED ",\"alert\":{\"id\":\"%s\",\"key\":\"user_id:U1\",\"count\":%d,\"first\":\"2026-03-"
                     "01T12:00:00Z\",\"last\":\"2026-03-01T12:00:00Z\"}",
             alert, count);
    return payment(id, time_us, more);
}

static void takes_payments(struct ss_ledger *led)
{
    for (int i = 0; i < 3; i++)
        ok(add(led, payment(i, T0 + i, "")) == 0, "a payment is taken: %s", ss_err_text());
    ok(add(led, payment(1, T0 + 9, "")) == 0 && ss_ledger_count(led) == 4,
       "and one with an id that was there");
    ok(write_all(led, true) == 0, "they are written: %s", ss_err_text());
    ok(ss_ledger_taken(led, 0)->as == SS_TAKEN_NEW && ss_ledger_taken(led, 2)->as == SS_TAKEN_NEW,
       "new ones are new");
    ok(ss_ledger_taken(led, 3)->as == SS_TAKEN_KNOWN, "the second of one id is not");
    ok(ss_ledger_taken(led, 0)->seq < ss_ledger_taken(led, 2)->seq, "seq grows");
    ss_ledger_done(led, true);
    ok(number("SELECT count(*) FROM payments") == 3, "each is there once");
    ok(number("SELECT payments FROM buckets WHERE dim = 'all'") == 3, "and is counted once");
    ok(number("SELECT CAST(sum(payments) AS BIGINT) FROM buckets WHERE dim = 'category/day'") == 3,
       "also by day");
    ok(number("SELECT CAST(sum(payments) AS BIGINT) FROM customers") == 3, "and with its customer");
    ok(number("SELECT count(*) FROM links WHERE kind = 'device'") == 3, "whose devices are known");
    ok(number("SELECT amount FROM payments WHERE txn_id = 'P00002'") == 25000, "amounts are exact");
}

static void takes_alerts(struct ss_ledger *led)
{
    ok(add(led, alerted(10, T0 + 10, "a1", 1)) == 0 && add(led, alerted(11, T0 + 11, "a1", 2)) == 0,
       "two payments of one alert: %s", ss_err_text());
    ok(write_all(led, true) == 0, "are written: %s", ss_err_text());
    ok(ss_ledger_taken(led, 0)->opened_alert && ss_ledger_taken(led, 1)->joined_alert,
       "one opens it, one joins it");
    ss_ledger_done(led, true);
    ok(one(led, alerted(12, T0 + 12, "a1", 3)) == 0, "a third joins later");
    ok(one(led, alerted(12, T0 + 12, "a1", 3)) == 0, "and is replayed");
    ok(number("SELECT count FROM alerts WHERE id = 'a1'") == 3, "the alert counts three");
    ok(number("SELECT amount FROM alerts WHERE id = 'a1'") == 345000, "and sums their amounts");
    ok(number("SELECT count(*) FROM payments WHERE alert_id = 'a1'") == 3, "its payments name it");
    ok(number("SELECT alerts FROM buckets WHERE dim = 'all'") == 1, "one alert is counted");
    ok(number("SELECT blocked FROM buckets WHERE dim = 'rule' AND key = 'burst'") == 3,
       "and three hits of its rule");
    ok(number("SELECT payments FROM buckets WHERE dim = 'shadow' AND key = 'new_rule'") == 3,
       "and of the shadow rule");
    ok(number("SELECT payments FROM buckets WHERE dim = 'reason' AND key = 'velocity'") == 3,
       "and of the reason's code");
    ok(number("SELECT payments FROM buckets WHERE dim = 'score' AND key = '19'") == 3,
       "in the last bin of scores");
    ok(number("SELECT count(*) FROM alerts WHERE reason = '3 in a minute' AND rules = '[\"burst\"]'") == 1,
       "it says why");
    ok(number("SELECT count(*) FROM customers WHERE heat IS NOT NULL AND max_score > 0.9") >= 1,
       "its customers are risky");
}

static void takes_labels(struct ss_ledger *led)
{
    const char *hour = "SELECT fraud FROM buckets WHERE dim = 'all'";
    ok(one(led,
           "{\"type\":\"label\",\"txn_id\":\"P00010\",\"label\":1,\"timestamp\":\"2026-03-02T00:00:00Z\"}") ==
           0,
       "a label: %s", ss_err_text());
    ok(number("SELECT label FROM payments WHERE txn_id = 'P00010'") == 1 && number(hour) == 1,
       "is the payment's and counted");
    ok(number("SELECT fraud FROM buckets WHERE dim = 'rule/day' AND key = 'burst'") == 1,
       "also with its rule");
    ok(one(led,
           "{\"type\":\"label\",\"txn_id\":\"P00010\",\"label\":1,\"timestamp\":\"2026-03-02T00:00:00Z\"}") ==
               0 &&
           number(hour) == 1 && number("SELECT count(*) FROM labels") == 1,
       "a replayed one changes nothing");
    ok(one(led,
           "{\"type\":\"label\",\"txn_id\":\"P00010\",\"label\":0,\"timestamp\":\"2026-03-01T13:00:00Z\"}") ==
               0 &&
           number(hour) == 1,
       "nor does an older one");
    ok(number("SELECT CAST(sum(fraud) AS BIGINT) FROM customers") == 1, "its customer has one fraud");
    ok(one(led,
           "{\"type\":\"label\",\"txn_id\":\"P00500\",\"label\":1,\"timestamp\":\"2026-03-02T00:00:00Z\"}") ==
           0,
       "a label may come first");
    ok(one(led, payment(500, T0 + 20, "")) == 0 &&
           number("SELECT label FROM payments WHERE txn_id = 'P00500'") == 1 && number(hour) == 2,
       "and waits for its payment");
    ok(one(led, payment(501, T0 + 21, ",\"label\":0")) == 0 &&
           number("SELECT genuine FROM buckets WHERE dim = 'all'") == 1,
       "a payment may bring its own");
    struct ss_label_change change;
    ok(ss_db_begin(db, true) == 0 &&
           ss_label_set(db, SS_STR("P00500"), SS_LABEL_UNKNOWN, SS_STR("case:1"), SS_STR("ann"),
                        SS_STR("inconclusive"), T0 + SS_DAY_US * 9, &change) == 0 &&
           ss_db_commit(db) == 0,
       "a label is taken back: %s", ss_err_text());
    ok(change.changed && change.was == 1 && number(hour) == 1 &&
           number("SELECT count(*) FROM payments WHERE label IS NULL AND txn_id = 'P00500'") == 1,
       "which is counted");
    ok(one(led, "{\"type\":\"label\",\"txn_id\":\"P00001\",\"timestamp\":\"2026-03-02T00:00:00Z\"}") ==
           SS_EDATA,
       "a label without one is refused");
    ok(one(led, "{\"type\":\"alert_closed\",\"id\":\"a1\"}") == 0, "a control record passes");
}

static void refuses(struct ss_ledger *led)
{
    char line[2000], id[400];
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    snprintf(line, sizeof line, "{\"txn_id\":\"%s\",\"timestamp\":\"2026-03-01\",\"amount\":1}", id);
    ok(add(led, "{\"timestamp\":\"2026-03-01\",\"amount\":1}") == SS_EDATA && strstr(ss_err_text(), "txn_id"),
       "no id: %s", ss_err_text());
    ok(add(led, "{\"txn_id\":1,\"amount\":1}") == SS_EDATA && strstr(ss_err_text(), "timestamp"),
       "no time: %s", ss_err_text());
    ok(add(led, "{\"txn_id\":1,\"timestamp\":\"2026-03-01\"}") == SS_EDATA && strstr(ss_err_text(), "amount"),
       "no amount: %s", ss_err_text());
    ok(add(led, line) == SS_EDATA && strstr(ss_err_text(), "longer"), "a long id: %s", ss_err_text());
    ok(add(led, "{\"txn_id\":\"a\\u0000b\",\"timestamp\":\"2026-03-01\",\"amount\":1}") == SS_EDATA &&
           strstr(ss_err_text(), "NUL"),
       "a NUL: %s", ss_err_text());
    ok(add(led, "{\"txn_id\":") == SS_EDATA, "no JSON: %s", ss_err_text());
    ok(ss_ledger_count(led) == 0, "nothing of them was taken");
    ok(one(led, "{\"txn_id\":7,\"timestamp\":\"2026-03-01T12:00:00Z\",\"amount\":1,\"note\":\"a\\u0000b "
                "\xc3\xa9\",\"card_id\":\"only\"}") == 0 &&
           number("SELECT count(*) FROM payments WHERE txn_id = '7' AND user_id = 'only'") == 1,
       "a customer without an id is their card: %s", ss_err_text());
}

/* A stream of payments, alerts, labels and replays, the same for each run. */
static const char *nth(int i)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, (uint64_t)i * 977 + 1);
    int id = i, kind = (int)(ss_rng_next(&rng) % 20);
    int64_t time_us = T0 + (int64_t)i * 37 * SS_SECOND_US - (kind == 3 ? SS_DAY_US : 0);
    if (kind == 0 && i > 20) {
        char time[SS_TIME_TEXT];
        time[ss_time_print(T0 + 40 * SS_DAY_US + i, time)] = '\0';
        snprintf(text, sizeof text,
                 "{\"type\":\"label\",\"txn_id\":\"P%05d\",\"label\":%d,\"timestamp\":\"%s\"}",
                 (int)(ss_rng_next(&rng) % (uint64_t)(i + 20)), i % 2, time);
        return text;
    }
    if (kind == 1 && i > 5)
        id = i - 5;
    if (kind == 2) {
        char alert[32];
        snprintf(alert, sizeof alert, "alert-%d", i / 50);
        return alerted(id, time_us, alert, i % 50);
    }
    return payment(id, T0 + (int64_t)id * 37 * SS_SECOND_US, kind == 4 ? ",\"label\":1" : "");
}

#define STREAM 1500

/* In batches, some of them given up half way and tried again, the counts written at any time or never. */
static void stream(int batch, bool trouble)
{
    struct ss_ledger *led[2];
    struct ss_rng rng;
    ss_rng_seed(&rng, (uint64_t)batch);
    int err = ss_ledger_new(&led[0]);
    err = err ? err : ss_ledger_new(&led[1]);
    if (!err && trouble)
        ss_ledger_spread(led[1]);
    for (int i = 0; i < STREAM && !err;) {
        struct ss_ledger *now = led[trouble ? ss_rng_next(&rng) % 2 : 0];
        for (int n = 0; n < batch && i < STREAM && !err; n++)
            err = add(now, nth(i++));
        if (trouble && ss_rng_next(&rng) % 4 == 0) { /* a transaction that fails */
            err = err ? err : ss_db_begin(db, true);
            err = err ? err : ss_ledger_write(now, db, 77);
            ss_db_rollback(db);
            ss_ledger_done(now, false);
        }
        err = err ? err : write_all(now, trouble && ss_rng_next(&rng) % 5 == 0);
        ss_ledger_done(now, !err);
        if (trouble && ss_rng_next(&rng) % 10 == 0) { /* a process that dies, and the next one */
            ss_ledger_free(led[0]);
            err = err ? err : ss_ledger_new(&led[0]);
        }
    }
    err = err ? err : ss_db_begin(db, true);
    err = err ? err : ss_ledger_settle(led[0], db);
    err = err ? err : ss_db_commit(db);
    ok(err == 0, "a stream in batches of %d%s: %s", batch, trouble ? ", with trouble" : "",
       err ? ss_err_text() : "");
    ss_ledger_free(led[0]);
    ss_ledger_free(led[1]);
}

static void wipe(void)
{
    ok(ss_db_begin(db, true) == 0 &&
           ss_db_script(
               db,
               "DELETE FROM payments; DELETE FROM buckets; DELETE FROM customers; DELETE FROM links;"
               "DELETE FROM labels; DELETE FROM alerts; UPDATE counted SET seq = 0, upto = 0, parts = 0;") ==
               0 &&
           ss_db_commit(db) == 0,
       "all is deleted: %s", ss_err_text());
}

static void equals_itself(void)
{
    struct ss_buf first, other;
    wipe();
    stream(STREAM, false);
    snapshot(&first);
    ok(first.n > 100000, "a store to compare with: %zu bytes", first.n);
    const int batches[] = {1, 7, 64, 700};
    for (size_t i = 0; i < SS_COUNT(batches); i++) {
        wipe();
        stream(batches[i], true);
        snapshot(&other);
        ok(same_snapshots(&first, &other), "whatever happens, the store is the same at the end");
        ss_buf_free(&other);
    }
    stream(100, true);
    snapshot(&other);
    ok(same_snapshots(&first, &other), "and after all of it once more");
    ss_buf_free(&other);
    ss_buf_free(&first);
}

/* ---- counts in parts ---- */

enum trouble { NONE, FAILS, DIES, ANOTHER, LABELLED, LABELLED_BESIDE };

static int label_beside(void)
{
    const struct ss_label_said said = {
        .txn_id = SS_STR("P00300"), .source = SS_STR("record"), .label = 1, .time_us = T0};
    int err = ss_db_begin(db, true);
    err = err ? err : ss_labels_set(db, &said, 1, NULL);
    return err ? err : ss_db_commit(db);
}

/* What befalls a ledger whose counts are half written. */
static int disturb(enum trouble trouble, struct ss_ledger **led)
{
    struct ss_ledger *other;
    int err = 0;
    switch (trouble) {
    case NONE: return 0;
    case FAILS:
        err = ss_db_begin(db, true);
        err = err ? err : ss_ledger_write(*led, db, 77);
        ss_db_rollback(db);
        ss_ledger_done(*led, false);
        return err;
    case DIES: ss_ledger_free(*led); return ss_ledger_new(led);
    case ANOTHER:
        err = ss_ledger_new(&other);
        err = err ? err : one(other, payment(5, T0 + 5 * SS_SECOND_US, ""));
        ss_ledger_free(other);
        return err;
    case LABELLED:
        return one(*led, "{\"type\":\"label\",\"txn_id\":\"P00300\",\"label\":1,\"timestamp\":"
                         "\"2026-03-01T12:00:00Z\"}");
    case LABELLED_BESIDE: return label_beside();
    }
    return err;
}

static void write_in_parts(bool spread, enum trouble trouble, struct ss_buf *all)
{
    struct ss_ledger *led;
    int64_t parts = 0, most = 0;
    wipe();
    int err = ss_ledger_new(&led);
    for (int i = 0; i < 1600 && !err; i += 16) {
        if (spread)
            ss_ledger_spread(led);
        parts = number("SELECT parts FROM counted");
        most = parts > most ? parts : most;
        if (i == 640)
            err = disturb(trouble, &led);
        for (int n = i; n < i + 16 && !err; n++)
            err = add(led, payment(n, T0 + (int64_t)n * 37 * SS_SECOND_US, ""));
        err = err ? err : write_all(led, false);
        ss_ledger_done(led, !err);
    }
    ok(!err && spread == (most > 20), "counts are written %s: %s", spread ? "in parts" : "at once",
       err ? ss_err_text() : "");
    err = ss_db_begin(db, true);
    err = err ? err : ss_ledger_settle(led, db);
    err = err ? err : ss_db_commit(db);
    ok(!err && number("SELECT seq - (SELECT max(seq) FROM payments) + parts FROM counted") == 0,
       "and all are there at the end");
    ss_ledger_free(led);
    snapshot(all);
}

static void counts_in_parts(void)
{
    struct ss_buf plain, labelled, other;
    write_in_parts(false, NONE, &plain);
    write_in_parts(false, LABELLED, &labelled);
    for (enum trouble trouble = NONE; trouble <= LABELLED_BESIDE; trouble++) {
        write_in_parts(true, trouble, &other);
        ok(same_snapshots(trouble < LABELLED ? &plain : &labelled, &other),
           "the same as at once, whatever befalls it half way (%d)", (int)trouble);
        ss_buf_free(&other);
    }
    ss_buf_free(&plain);
    ss_buf_free(&labelled);
}

int main(void)
{
    for (enum ss_db_kind kind = SS_SQLITE; kind <= SS_POSTGRES; kind++) {
        char uri[URI_MAX];
        const struct ss_db_options opt = {.durability = SS_RELAXED};
        struct ss_ledger *led;
        if (!fresh_database(kind, uri))
            continue;
        ok(ss_store_open(uri, &opt, &db) == 0 && ss_ledger_new(&led) == 0, "a fresh store: %s",
           ss_err_text());
        takes_payments(led);
        takes_alerts(led);
        takes_labels(led);
        refuses(led);
        ss_ledger_free(led);
        equals_itself();
        counts_in_parts();
        ss_db_close(db);
    }
    return done();
}
