/* Cases that open by themselves, deadlines, and who gets which case, straight on the store. */
#include "base/err.h"
#include "store/label.h"
#include "tests/cases.h"
#include <pthread.h>

static const int64_t t0 = 1767225600000000; /* 2026-01-01 */
static struct ss_ledger *led;

static void setting(struct web_test *t, const char *key, const char *value)
{
    if (ss_settings_put(t->db, ss_str_of(key), ss_str_of(value), SS_STR("test"), t0) ||
        ss_settings_refresh(t->web.settings, t->db))
        ok(false, "setting %s: %s", key, ss_err_text());
}

/* Twelve payments within a minute, each an alert of its own. */
static void burst(struct web_test *t, const char *user, int64_t at, int first)
{
    for (int i = first; i < first + 12; i++) {
        char txn[32], alert[40], key[40];
        snprintf(txn, sizeof txn, "%s-%d", user, i);
        snprintf(alert, sizeof alert, "al-%s-%d", user, i);
        snprintf(key, sizeof key, "txn_id:%s", txn);
        pay(led, (struct pay){.txn = txn,
                              .user = user,
                              .alert = alert,
                              .key = key,
                              .time_us = at + i * 1000000,
                              .amount = 10,
                              .level = i == first + 5 ? "CRITICAL" : "HIGH"});
    }
    commit(t, led, true);
}

static void test_burst(struct web_test *t)
{
    burst(t, "u1", t0, 0);
    ok(ask_int(t, "SELECT count(*) FROM cases") == 1, "a burst of twelve alerts is one case");
    ok(ask_int(t, "SELECT alerts FROM cases") == 12, "with twelve alerts");
    ok(ask_int(t, "SELECT count(*) FROM alerts WHERE case_id = 1") == 12, "which know it");
    ok(ask_int(t, "SELECT count(*) FROM case_payments WHERE case_id = 1") == 12, "and twelve payments");
    ok(ask_int(t, "SELECT loss FROM cases") == 120 * 10000, "what may be lost is the sum");
    web_is(t, "GET", "/api/v1/cases/1", NULL, 200, "it is read");
    web_has(t, "number", "\"CASE-20260101-00001\"", "its number has the day");
    web_has(t, "title", "\"Velocity fraud, customer u1\"", "its title says what and whose");
    web_has(t, "category", "\"velocity_fraud\"", "its category follows the rules that fired");
    web_has(t, "priority", "\"critical\"", "its priority is that of the highest alert");
    web_has(t, "sla.due", "\"2026-01-01T02:00:00Z\"", "its deadline that of the priority it rose to");
    web_has(t, "entity", "\"user_id:u1\"", "it groups by customer where alerts are not grouped");
    web_has(t, "created_by", "\"system\"", "the program opened it");
    ok(ask_int(t, "SELECT count(*) FROM case_activities WHERE action = 'created'") == 1,
       "its opening is an activity");
    ok(ask_int(t, "SELECT count(*) FROM audit WHERE action = 'case.create'") == 1,
       "and a line of the audit log");
    burst(t, "u1", t0, 0);
    ok(ask_int(t, "SELECT alerts FROM cases") == 12 && ask_int(t, "SELECT loss FROM cases") == 120 * 10000,
       "the same stream again changes nothing");
    burst(t, "u1", t0 + SS_HOUR_US, 100);
    ok(ask_int(t, "SELECT count(*) FROM cases") == 1 && ask_int(t, "SELECT alerts FROM cases") == 24,
       "alerts of the same customer within a day join it");
    burst(t, "u1", t0 + 3 * SS_DAY_US, 200);
    ok(ask_int(t, "SELECT count(*) FROM cases") == 2, "days later they open another one");
    burst(t, "u2", t0, 0);
    ok(ask_int(t, "SELECT count(*) FROM cases") == 3, "another customer has a case of their own");
}

static void test_grouped(struct web_test *t)
{
    int64_t before = ask_int(t, "SELECT count(*) FROM cases");
    /* One alert that grows: three payments of a merchant, the last one in another currency. */
    for (int i = 0; i < 3; i++) {
        char txn[16];
        snprintf(txn, sizeof txn, "g%d", i);
        pay(led, (struct pay){.txn = txn,
                              .user = i ? "v1" : "v2",
                              .alert = "grow",
                              .key = "merchant_id:m7",
                              .rule = "card_testing",
                              .time_us = t0 + i,
                              .amount = 5,
                              .count = i + 1,
                              .currency = i == 2 ? "EUR" : "USD"});
        commit(t, led, true);
    }
    ok(ask_int(t, "SELECT count(*) FROM cases") == before + 1, "an alert that grows is one case");
    ok(ask_int(t, "SELECT alerts FROM cases ORDER BY id DESC LIMIT 1") == 1, "with one alert");
    ok(ask_int(t, "SELECT count(*) FROM case_payments WHERE case_id = (SELECT max(id) FROM cases)") == 3,
       "and each of its payments");
    ok(ask_int(t, "SELECT amount FROM cases ORDER BY id DESC LIMIT 1") == 100000,
       "payments in another currency are not added up");
    ok(ask_int(t,
               "SELECT count(*) FROM cases WHERE entity = 'merchant_id:m7' AND category = 'card_testing'") ==
           1,
       "grouped by what its alert is grouped by");
    pay(led, (struct pay){
                 .txn = "low", .user = "w", .alert = "low", .time_us = t0, .amount = 5, .level = "MEDIUM"});
    pay(led, (struct pay){.txn = "none", .user = "w", .time_us = t0, .amount = 5});
    commit(t, led, true);
    ok(ask_int(t, "SELECT count(*) FROM cases") == before + 1, "alerts below cases.auto_level open none");
    setting(t, "cases.auto", "false");
    pay(led, (struct pay){.txn = "off", .user = "w2", .alert = "off", .time_us = t0, .amount = 5});
    commit(t, led, true);
    ok(ask_int(t, "SELECT count(*) FROM cases") == before + 1, "nor does any where cases.auto is off");
    setting(t, "cases.auto", "true");
    pay(led, (struct pay){.txn = "plain", .user = "w3", .alert = "plain", .time_us = t0, .amount = 5});
    commit(t, led, false);
    ok(ask_int(t, "SELECT count(*) FROM cases") == before + 1, "nor where the ledger was not told to");
}

static void test_kinds(void)
{
    static const struct {
        const char *ids;
        enum ss_case_category category;
    } cases[] = {
        {"[\"velocity_burst\"]", SS_CATEGORY_VELOCITY},
        {"[\"velocity_burst\",\"card_testing\"]", SS_CATEGORY_TESTING},
        {"[\"impossible_travel\"]", SS_CATEGORY_TAKEOVER},
        {"[\"geo_velocity\"]", SS_CATEGORY_TAKEOVER},
        {"[\"takeover\"]", SS_CATEGORY_TAKEOVER},
        {"[\"device_ring\"]", SS_CATEGORY_IDENTITY},
        {"[\"friendly_fraud\"]", SS_CATEGORY_FRIENDLY},
        {"[\"amount_spike\",\"monitoring\"]", SS_CATEGORY_SUSPICIOUS},
        {"[]", SS_CATEGORY_SUSPICIOUS},
        {"", SS_CATEGORY_SUSPICIOUS},
        {"[\"unclosed", SS_CATEGORY_SUSPICIOUS},
    };
    for (size_t i = 0; i < SS_COUNT(cases); i++)
        ok(ss_case_category_of_ids(ss_str_of(cases[i].ids)) == cases[i].category, "%s is %s", cases[i].ids,
           ss_case_categories[cases[i].category]);
    const struct ss_str tag = SS_STR("takeover");
    const struct ss_fired rules[] = {{.id = SS_STR("velocity_burst"), .score = 0.6},
                                     {.id = SS_STR("r17"), .score = 0.9, .tag = &tag, .tags = 1}};
    const struct ss_decision decision = {.rule = rules, .rules = 2};
    ok(ss_case_category_of(&decision) == SS_CATEGORY_TAKEOVER,
       "the rule with the greatest score says it, also by tags");
}

/* ---- deadlines ---- */

struct told {
    int n, notices;
    char last[400];
};

static void tell(void *arg, const char *topic, struct ss_str json)
{
    struct told *told = arg;
    told->n += strcmp(topic, "case") == 0;
    told->notices += strcmp(topic, "notice") == 0;
    snprintf(told->last, sizeof told->last, "%.*s", (int)json.n, json.p);
}

static int sweep(struct web_test *t, int64_t now_us, struct told *told)
{
    int err = ss_db_begin(t->db, true);
    int n = err ? err : ss_sla_sweep(t->db, now_us, tell, told);
    if (n < 0 || ss_db_commit(t->db)) {
        printf("# %s\n", ss_err_text());
        return -1;
    }
    return n;
}

static int64_t next_due(struct web_test *t)
{
    int64_t due;
    return ss_sla_next(t->db, &due) ? -1 : due;
}

static void test_deadlines(struct web_test *t)
{
    struct told told = {0};
    web_test_now = t0;
    as_ann(t);
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"due\",\"priority\":\"high\",\"assigned_to\":2}", 201,
           "a case");
    ok(next_due(t) == t0 + 8 * SS_HOUR_US, "it is due in eight hours");
    ok(sweep(t, t0 + 8 * SS_HOUR_US - 1, &told) == 0 && told.n == 0, "a microsecond before nothing is due");
    web_test_now = t0 + 6 * SS_HOUR_US - 1;
    web_ask(t, "GET", "/api/v1/cases/1", NULL);
    web_has(t, "sla.state", "\"on_track\"", "on track with more than a quarter left");
    web_test_now = t0 + 6 * SS_HOUR_US;
    web_ask(t, "GET", "/api/v1/cases/1", NULL);
    web_has(t, "sla.state", "\"at_risk\"", "at risk with a quarter left");
    web_ask(t, "GET", "/api/v1/cases?tab=at_risk", NULL);
    web_has(t, "items.0.id", "1", "the tab says so too");
    web_test_now = t0 + 8 * SS_HOUR_US;
    web_ask(t, "GET", "/api/v1/cases/1", NULL);
    web_has(t, "sla.state", "\"breached\"", "breached when due, before anybody swept");
    web_ask(t, "GET", "/api/v1/cases/counts", NULL);
    web_has(t, "breached", "1", "and counted");
    ok(sweep(t, t0 + 8 * SS_HOUR_US, &told) == 1, "the sweep at that time marks it");
    ok(told.notices == 2, "so are both");
    ok(told.n == 1 && strstr(told.last, "\"event\":\"breached\"") && strstr(told.last, "\"id\":1"),
       "listeners are told");
    ok(sweep(t, t0 + 9 * SS_HOUR_US, &told) == 0 && told.n == 1, "once");
    ok(ask_int(t, "SELECT count(*) FROM case_activities WHERE action = 'sla_breached'") == 1, "one activity");
    ok(ask_int(t, "SELECT count(*) FROM notices WHERE kind = 'breached'") == 2,
       "a notice for who works on it, one for the administrator");
    ok(next_due(t) == 0, "nothing is due next");
    web_is(t, "POST", "/api/v1/cases/1/resolve", "{\"resolution\":\"inconclusive\"}", 200, "resolved late");
    web_has(t, "sla.state", "\"missed\"", "is missed");
}

static void test_pauses(struct web_test *t)
{
    struct told told = {0};
    web_test_now = t0;
    as_ann(t);
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"waits\",\"priority\":\"critical\"}", 201,
           "a critical case");
    web_test_now = t0 + SS_HOUR_US;
    web_is(t, "POST", "/api/v1/cases/2/status", "{\"status\":\"pending_info\"}", 200,
           "waits for information");
    web_test_now = t0 + 100 * SS_HOUR_US;
    ok(sweep(t, web_test_now, &told) == 0 && next_due(t) == 0, "its time stands still");
    web_ask(t, "GET", "/api/v1/cases/2", NULL);
    web_has(t, "sla.state", "\"on_track\"", "as it was");
    web_has(t, "sla.seconds_left", "3600", "with what was left");
    web_is(t, "POST", "/api/v1/cases/2/status", "{\"status\":\"investigating\"}", 200, "goes on");
    web_has(t, "sla.due", "\"2026-01-05T05:00:00Z\"", "the deadline moved by the pause");
    web_is(t, "PATCH", "/api/v1/cases/2", "{\"priority\":\"low\"}", 200, "less urgent");
    web_has(t, "sla.due", "\"2026-01-08T03:00:00Z\"", "the deadline is recomputed from the same beginning");
    web_test_now += SS_HOUR_US;
    web_is(t, "POST", "/api/v1/cases/2/resolve", "{\"resolution\":\"inconclusive\"}", 200,
           "resolved in time");
    web_has(t, "sla.state", "\"met\"", "is met");
    web_test_now += 1000 * SS_HOUR_US;
    web_ask(t, "GET", "/api/v1/cases/2", NULL);
    web_has(t, "sla.state", "\"met\"", "for good");
    ok(sweep(t, web_test_now, &told) == 0, "and nothing to sweep");
    web_is(t, "POST", "/api/v1/cases/2/reopen", "{\"reason\":\"new facts\"}", 200, "reopened");
    web_has(t, "sla.state", "\"on_track\"", "with a new clock");
    web_is(t, "POST", "/api/v1/cases/2/resolve", "{\"resolution\":\"inconclusive\"}", 200, "resolved again");
    setting(t, "sla.pause_pending", "false");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"runs\",\"priority\":\"critical\"}", 201,
           "where nothing pauses");
    web_is(t, "POST", "/api/v1/cases/3/status", "{\"status\":\"pending_info\"}", 200, "a waiting case");
    ok(sweep(t, web_test_now + 2 * SS_HOUR_US, &told) == 1, "is breached all the same");
    setting(t, "sla.pause_pending", "true");
}

/* ---- taking ---- */

#define TAKERS  4
#define WAITING 40

static char taker_uri[URI_MAX];
static int taken_by[WAITING + 10];

static void *taker(void *arg)
{
    struct ss_db *db;
    int64_t id = 1, user = *(int64_t *)arg, *count = arg;
    if (ss_db_open(taker_uri, NULL, &db))
        return NULL;
    *count = 0;
    while (id) {
        if (ss_db_begin(db, true) || ss_case_take(db, user, t0, &id) || ss_db_commit(db))
            break;
        if (id) {
            __atomic_add_fetch(&taken_by[id], 1, __ATOMIC_SEQ_CST);
            ++*count;
        }
    }
    ss_db_close(db);
    return NULL;
}

static void test_takers(void)
{
    struct web_test t;
    pthread_t thread[TAKERS];
    int64_t arg[TAKERS], sum = 0;
    int most = 0;
    memset(taken_by, 0, sizeof taken_by);
    if (present == SS_SQLITE) {
        if (!cases_open(&t))
            return;
        snprintf(taker_uri, sizeof taker_uri, "%s", t.path);
    } else {
        if (!fresh_database(present, taker_uri))
            return;
        web_open(&t, taker_uri);
        people(t.db);
        t.web.settings = NULL;
    }
    as_root(&t);
    for (int i = 0; i < WAITING; i++) {
        char body[100];
        snprintf(body, sizeof body, "{\"title\":\"case %d\",\"priority\":\"%s\"}", i,
                 i % 2 ? "low" : "critical");
        web_ask(&t, "POST", "/api/v1/cases", body);
    }
    for (int i = 0; i < TAKERS; i++) {
        arg[i] = i + 1;
        pthread_create(&thread[i], NULL, taker, &arg[i]);
    }
    for (int i = 0; i < TAKERS; i++) {
        pthread_join(thread[i], NULL);
        sum += arg[i];
    }
    for (int i = 0; i < WAITING + 10; i++)
        most = taken_by[i] > most ? taken_by[i] : most;
    ok(sum == WAITING && most == 1, "four who take at once get forty cases, each once (%lld)",
       (long long)sum);
    ok(ask_int(&t, "SELECT count(*) FROM cases WHERE assigned_to IS NULL") == 0, "none is left");
    web_is(&t, "POST", "/api/v1/cases/take-next", NULL, 404, "then there is nothing to take");
    cases_close(&t);
}

/* Two processes that open cases at once never get one number twice. */
static void *opener(void *arg)
{
    struct ss_db *db;
    struct ss_arena arena;
    struct ss_sla sla;
    int64_t *failed = arg;
    ss_arena_init(&arena, 0);
    ss_sla_of(NULL, &sla);
    if (ss_db_open(taker_uri, NULL, &db))
        return NULL;
    for (int i = 0; i < 25; i++) {
        struct ss_case c = {
            .title = SS_STR("x"), .created_by = SS_STR("y"), .created_us = t0, .resolution = -1};
        ss_sla_start(&sla, &c, t0);
        *failed += ss_db_begin(db, true) || ss_case_insert(db, &arena, &c) || ss_db_commit(db);
    }
    ss_db_close(db);
    ss_arena_free(&arena);
    return NULL;
}

static void test_numbers(void)
{
    struct web_test t;
    pthread_t thread[3];
    int64_t failed[3] = {0};
    if (present == SS_SQLITE) {
        web_open(&t, NULL);
        snprintf(taker_uri, sizeof taker_uri, "%s", t.path);
    } else {
        if (!fresh_database(present, taker_uri))
            return;
        web_open(&t, taker_uri);
    }
    for (int i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, opener, &failed[i]);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    ok(failed[0] + failed[1] + failed[2] == 0, "three who open cases at once all can");
    ok(ask_int(&t, "SELECT count(DISTINCT number) FROM cases") == 75, "with seventy-five numbers");
    ok(ask_int(&t, "SELECT count(*) FROM cases WHERE number = 'CASE-20260101-00075'") == 1, "without a gap");
    web_test_now = t0 + SS_DAY_US;
    as_root(&t);
    web_ask(&t, "POST", "/api/v1/cases", "{\"title\":\"next day\"}");
    web_has(&t, "number", "\"CASE-20260102-00001\"", "a new day counts anew");
    web_test_now = t0;
    web_ask(&t, "POST", "/api/v1/cases", "{\"title\":\"clock back\"}");
    web_has(&t, "number", "\"CASE-20260102-00002\"", "a clock that is set back gives no number twice");
    web_close(&t);
}

int main(void)
{
    struct web_test t;
    if (ss_ledger_new(&led))
        return 1;
    test_kinds();
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        printf("# %s\n", present == SS_SQLITE ? "SQLite" : "PostgreSQL");
        web_test_now = t0;
        if (!cases_open(&t))
            continue;
        test_burst(&t);
        test_grouped(&t);
        cases_close(&t);
        ss_ledger_free(led);
        if (ss_ledger_new(&led) || !cases_open(&t))
            continue;
        test_deadlines(&t);
        test_pauses(&t);
        cases_close(&t);
        web_test_now = t0;
        test_takers();
        test_numbers();
    }
    ss_ledger_free(led);
    return done();
}
