/* What becomes an alert: choosing, grouping, cool-down, budget, snooze, closing; and state in the middle. */
#include "alert/desk.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/time.h"
#include "record/batch.h"
#include "tests/tap.h"
#include <math.h>

static struct ss_schema schema;
static struct ss_batch batch;
static struct ss_buf told; /* "opened 1;" for each message */

static int note_ended(void *arg, const struct ss_group *group)
{
    (void)arg;
    ss_buf_printf(&told, "E%u.%u;", group->count, group->suppressed);
    return 0;
}

static struct ss_desk *desk_with(struct ss_desk_options *opt)
{
    struct ss_desk *desk = NULL;
    opt->ended = note_ended;
    if (ss_desk_new(opt, &schema, &desk) < 0)
        printf("# %s\n", ss_err_text());
    ss_buf_reset(&told);
    return desk;
}

static struct ss_record *read_record(const char *text)
{
    struct ss_record *rec = ss_batch_add(&batch);
    char *copy = rec ? ss_batch_copy(&batch, text, strlen(text)) : NULL;
    if (!copy || ss_record_read(&batch, rec, copy, strlen(text)) < 0)
        exit(1);
    return rec;
}

/* A payment of `user` at `second`, as the desk sees it: 'o'pened, 'u'pdated, 'j'oined silently, '-' none. */
static char pay(struct ss_desk *desk, int user, int second, enum ss_level level, char id[17])
{
    char text[400], time[SS_TIME_TEXT];
    struct ss_ruling r;
    time[ss_time_print(second * SS_SECOND_US, time)] = '\0';
    snprintf(
        text, sizeof text,
        "{\"txn_id\":\"t%d-%d\",\"user_id\":%d,\"timestamp\":\"%s\",\"amount\":1,\"decision\":{\"action\":"
        "\"review\",\"level\":\"%s\",\"score\":0.9,\"rules\":[{\"id\":\"r%d\",\"score\":0.9,\"tags\":["
        "\"card\"]}]}}",
        user, second, user, time, ss_level_name(level), user);
    ss_batch_reset(&batch);
    struct ss_record *rec = read_record(text);
    if (ss_desk_judge(desk, rec, true, &batch.arena[0], &r) < 0)
        return '!';
    if (id && r.alerts)
        snprintf(id, 17, "%016llx", (unsigned long long)r.group->id);
    return !r.alerts ? '-' : r.event == SS_OPENED ? 'o' : r.event == SS_UPDATED ? 'u' : 'j';
}

/* Payments of user 1 at these seconds. */
static const char *pays(struct ss_desk *desk, const int *second, int n)
{
    static char got[64];
    for (int i = 0; i < n; i++)
        got[i] = pay(desk, 1, second[i], SS_HIGH, NULL);
    got[n] = '\0';
    return got;
}

static struct ss_desk_options dedupe(const char *text)
{
    struct ss_desk_options opt = {0};
    if (ss_desk_dedupe(ss_str_of(text), &opt) < 0)
        printf("# %s\n", ss_err_text());
    return opt;
}

static void check(struct ss_desk_options opt, const int *second, int n, const char *want,
                  const char *want_told, const char *what)
{
    struct ss_desk *desk = desk_with(&opt);
    const char *got = pays(desk, second, n);
    bool same = strcmp(got, want) == 0;
    ok(same && strcmp(ss_buf_cstr(&told), want_told) == 0, "%s", what);
    if (!same || strcmp(ss_buf_cstr(&told), want_told) != 0)
        printf("#   got %s %s\n#  want %s %s\n", got, ss_buf_cstr(&told), want, want_told);
    ss_desk_free(desk);
}

#define CHECK(opt, want, want_told, what, ...)                                                     \
    check(opt, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int), want, \
          want_told, what)

static void test_grouping(void)
{
    struct ss_desk_options opt = dedupe("user_id,10m");
    CHECK(opt, "oujuo", "", "one alert for ten minutes from its first payment", 0, 300, 301, 599, 600);
    CHECK(opt, "oujoo", "E3.0;", "its end is told when it has grown", 0, 10, 20, 600, 1300);
    CHECK(opt, "oujujjju", "", "an update for each doubling", 0, 1, 2, 3, 4, 5, 6, 7);
    CHECK(opt, "oujo", "", "a late payment joins, a much later one is apart", 700, 650, 120, 99);
    opt.extend = true;
    CHECK(opt, "oujujo", "E5.0;", "or from its latest", 0, 500, 1000, 1500, 2000, 2601);
    opt.extend = false;
    opt.cooldown_us = SS_HOUR_US;
    CHECK(opt, "ou--o", "E2.2;", "a cool-down holds back, counts, and is told of at its end", 0, 10, 600,
          4199, 4200);
    opt.updates = SS_UPDATES_NONE;
    CHECK(opt, "oj--o", "", "without updates nothing but openings is told", 0, 10, 600, 4199, 4200);
    struct ss_desk_options none = {0};
    CHECK(none, "ooo", "", "without grouping each is an alert", 0, 0, 1);
}

static void test_choice(void)
{
    struct ss_desk_options opt = dedupe("user_id,10m");
    struct ss_desk *desk = desk_with(&opt);
    char a[17], b[17], c[17];
    ok(pay(desk, 1, 0, SS_MEDIUM, NULL) == '-' && pay(desk, 1, 1, SS_HIGH, a) == 'o' &&
           pay(desk, 1, 2, SS_MEDIUM, NULL) == '-',
       "from HIGH up, where nothing else is said");
    ok(pay(desk, 1, 3, SS_CRITICAL, b) == 'u' && strcmp(a, b) == 0, "an update when the level rises");
    ok(pay(desk, 2, 3, SS_HIGH, c) == 'o' && strcmp(a, c) != 0, "another key is another alert");
    ss_desk_free(desk);
    desk = desk_with(&opt);
    ok(pay(desk, 1, 1, SS_HIGH, b) == 'o' && strcmp(a, b) == 0, "the id is the same in a replay");
    ss_desk_free(desk);
    struct ss_desk_options tagged = {0};
    ok(ss_choice_add(&tagged.choice, SS_STR("tag"), SS_STR("x, card")) == 0 &&
           ss_choice_add(&tagged.choice, SS_STR("rule"), SS_STR("r2")) == 0,
       "conditions");
    desk = desk_with(&tagged);
    ok(pay(desk, 1, 1, SS_NONE, NULL) == '-' && pay(desk, 2, 1, SS_NONE, NULL) == 'o',
       "all of them must hold");
    ss_desk_free(desk);
    ok(ss_choice_add(&tagged.choice, SS_STR("level"), SS_STR("high")) == SS_ECONFIG &&
           ss_choice_add(&tagged.choice, SS_STR("action"), SS_STR("block,stop")) == SS_ECONFIG &&
           ss_choice_add(&tagged.choice, SS_STR("who"), SS_STR("x")) == SS_ECONFIG &&
           ss_choice_add(&tagged.choice, SS_STR("tag"), SS_STR("a,,b")) == SS_ECONFIG,
       "others are refused");
}

static void test_lanes(void)
{
    static const char *const text[] = {
        "{\"user_id\":1,\"decision\":{\"action\":\"allow\",\"level\":\"CRITICAL\",\"score\":1,\"rules\":"
        "[{\"id\":\"vip\",\"action\":\"allow\"}]}}",
        "{\"user_id\":1,\"score\":{\"value\":0.9,\"raw\":1,\"level\":\"CRITICAL\"}}",
        "{\"user_id\":1,\"score\":{\"value\":0.1,\"raw\":1,\"level\":\"NONE\"}}", "{\"user_id\":1}",
        "{\"user_id\":1,\"decision\":17}"};
    struct ss_desk_options opt = {0};
    struct ss_desk *desk = desk_with(&opt);
    char got[8] = "";
    for (int i = 0; i < 5; i++) {
        struct ss_ruling r;
        ss_batch_reset(&batch);
        if (ss_desk_judge(desk, read_record(text[i]), true, &batch.arena[0], &r) < 0)
            r.alerts = false;
        got[i] = r.alerts ? 'a' : '-';
    }
    ok(strcmp(got, "-a---") == 0, "no alert in the allow lane, one from a score, none without either: %s",
       got);
    ss_desk_free(desk);
}

static void test_budget(void)
{
    struct ss_desk_options opt = {0};
    struct ss_budget bad;
    ok(ss_budget_parse(SS_STR("2/10m"), &opt.budget) && opt.budget.window_us == 10 * SS_MINUTE_US &&
           ss_budget_parse(SS_STR("100/h"), &bad) && bad.max == 100 && bad.window_us == SS_HOUR_US &&
           !ss_budget_parse(SS_STR("100"), &bad) && !ss_budget_parse(SS_STR("0/h"), &bad) &&
           !ss_budget_parse(SS_STR("1/"), &bad) && !ss_budget_parse(SS_STR("-1/h"), &bad) &&
           !ss_budget_parse(SS_STR("2000000/h"), &bad),
       "budgets are read");
    struct ss_desk *desk = desk_with(&opt);
    char got[16] = "";
    const int second[] = {0, 10, 20, 30, 599, 600, 601, 610, 611};
    for (int i = 0; i < 9; i++)
        got[i] = pay(desk, i, second[i], i == 3 ? SS_CRITICAL : SS_HIGH, NULL);
    /* At 30 a CRITICAL one passes and takes the place of the one at 0; so 600 has 10 (over) and 30 before it.
     */
    ok(strcmp(got, "oo-o--"
                   "-o-") == 0,
       "two in any ten minutes, CRITICAL above: %s", got);
    struct ss_desk_counts n = ss_desk_counts(desk);
    ok(n.above_budget == 1 && n.over_budget == 5 && n.alerts == 4, "and counted: %d %d %d",
       (int)n.above_budget, (int)n.over_budget, (int)n.alerts);
    ss_desk_free(desk);
}

static void test_snooze(void)
{
    struct ss_desk_options opt = {0};
    struct ss_snooze *snooze = NULL;
    struct ss_desk *desk = desk_with(&opt);
    const char *text = "rule=r1 user_id=1 until=1970-01-01T00:01:00Z  # note\n\n"
                       "user_id=2 from=1970-01-01T00:00:10Z until=1970-01-01T00:00:20Z\r\n"
                       "rule=other user_id=3 until=2100-01-01\n";
    ok(ss_snooze_parse("s", ss_str_of(text), &snooze) == 0 && ss_snooze_bind(snooze, &schema, true) == 0,
       "a snooze file is read");
    ss_desk_snooze(desk, snooze);
    char got[16] = "";
    const int user[] = {1, 1, 2, 2, 2, 3}, second[] = {59, 60, 9, 10, 20, 0};
    for (int i = 0; i < 6; i++)
        got[i] = pay(desk, user[i], second[i], SS_HIGH, NULL);
    ok(strcmp(got, "-oo-oo") == 0, "by rule, entity and time: %s", got);
    struct ss_ruling r;
    ss_batch_reset(&batch);
    struct ss_record *rec = read_record("{\"user_id\":1,\"timestamp\":30,\"score\":{\"value\":0.9,\"level\":"
                                        "\"CRITICAL\"},\"decision\":{\"action\":"
                                        "\"block\",\"level\":\"CRITICAL\",\"rules\":[{\"id\":\"r1\"}]}}");
    ok(ss_desk_judge(desk, rec, true, &batch.arena[0], &r) == 0 && r.alerts,
       "a snoozed rule does not silence what the model alone says");
    rec = read_record(
        "{\"user_id\":1,\"timestamp\":30,\"decision\":{\"action\":\"block\",\"level\":\"CRITICAL\","
        "\"rules\":[{\"id\":\"r1\"},{\"id\":\"r2\"}]}}");
    ok(ss_desk_judge(desk, rec, true, &batch.arena[0], &r) == 0 && r.alerts, "nor another rule");
    ss_desk_free(desk);
    ss_snooze_free(snooze);
    static const char *const bad[] = {"user_id=1\n", "until=2026-01-01\n", "\nuser_id until=2026-01-01\n",
                                      "user_id=1 until=soon\n", "user_id=\"1 until=2026-01-01\n"};
    bool all = true;
    for (int i = 0; i < 5; i++) {
        all = all && ss_snooze_parse("s", ss_str_of(bad[i]), &snooze) == SS_ECONFIG;
        printf("# %s\n", ss_err_text());
    }
    ok(all, "others are refused");
}

static void test_closing(void)
{
    struct ss_desk_options opt = dedupe("user_id,10m");
    char id[17] = "", text[200];
    for (int end = 0; end < 2; end++) {
        struct ss_desk *desk = desk_with(&opt);
        char first = pay(desk, 1, 0, SS_HIGH, id);
        snprintf(text, sizeof text,
                 "{\"type\":\"alert_closed\",\"id\":\"%s\",\"key\":\"user_id:1\",\"end_suppression\":%s}", id,
                 end ? "true" : "false");
        struct ss_record *rec = read_record(text);
        ok(ss_desk_is_closing(rec), "a control record");
        ss_desk_close(desk, rec, &batch.arena[0]);
        char second = pay(desk, 1, 1, SS_HIGH, NULL), third = pay(desk, 1, 2, SS_CRITICAL, NULL);
        ok(first == 'o' && second == (end ? 'o' : 'j') && third == 'u',
           end ? "closing ends the suppression when asked" : "closing an alert does not end its suppression");
        ss_desk_free(desk);
    }
}

/* Random payments: state saved and loaded after each gives what one run gives. */
static void test_state(void)
{
    struct ss_desk_options opt = dedupe("user_id,1m");
    opt.cooldown_us = 30 * SS_SECOND_US;
    (void)!ss_budget_parse(SS_STR("8/m"), &opt.budget);
    const struct ss_str names[] = {SS_STR("ops"), SS_STR("log")};
    char whole[600], pieces[600];
    struct ss_buf state, all_told;
    ss_buf_init(&state, 1 << 20);
    ss_buf_init(&all_told, 1 << 20);
    for (int cut = 0; cut < 2; cut++) {
        struct ss_rng rng;
        ss_rng_seed(&rng, 7);
        struct ss_desk *desk = desk_with(&opt);
        char *got = cut ? pieces : whole;
        for (int i = 0; i < 500; i++) {
            int user = (int)ss_rng_below(&rng, 12), second = i * 2 + (int)ss_rng_below(&rng, 30);
            got[i] = pay(desk, user, second, ss_rng_below(&rng, 9) ? SS_HIGH : SS_CRITICAL, NULL);
            if (!cut)
                continue;
            struct ss_desk *next = NULL;
            ss_buf_reset(&state);
            ss_desk_save(desk, names, 2, &state);
            ss_desk_free(desk);
            if (ss_desk_new(&opt, &schema, &next) < 0 ||
                ss_desk_load(next, (struct ss_str){state.p, state.n}, names, 2) < 0)
                printf("# %s\n", ss_err_text());
            desk = next;
        }
        got[500] = '\0';
        (void)!ss_desk_end(desk);
        ss_desk_free(desk);
        ss_buf_putc(&told, '\n');
        ss_buf_put(&all_told, told.p, told.n);
    }
    size_t half = all_told.n / 2;
    ok(strcmp(whole, pieces) == 0 && strchr(whole, 'o') && strchr(whole, 'j') && strchr(whole, '-'),
       "state saved and loaded at every record changes nothing");
    ok(all_told.n % 2 == 0 && memcmp(all_told.p, all_told.p + half, half) == 0 && half > 20,
       "nor what is told at ends");
    struct ss_desk *desk = desk_with(&opt);
    bool refused = true;
    for (size_t n = 0; n < state.n && refused; n += 7) {
        struct ss_desk *other = desk_with(&opt);
        refused = ss_desk_load(other, (struct ss_str){state.p, n}, names, 2) == SS_EDATA;
        ss_desk_free(other);
    }
    ok(refused, "a truncated state is refused");
    ss_desk_free(desk);
    opt.window_us++;
    desk = desk_with(&opt);
    ok(ss_desk_load(desk, (struct ss_str){state.p, state.n}, names, 2) == SS_EDATA,
       "and one of other options: %s", ss_err_text());
    ss_desk_free(desk);
    ss_buf_free(&state);
    ss_buf_free(&all_told);
}

/* The table beside a plain array: random keys and times, a small ceiling. */
static void test_table(void)
{
    enum { KEYS = 300, CEILING = 100 };
    struct ss_groups *groups = NULL;
    struct ss_groups_options opt = {.window_us = 1000, .cooldown_us = 500, .ceiling = CEILING};
    int64_t first[KEYS];
    bool open[KEYS] = {false};
    struct ss_rng rng;
    ss_rng_seed(&rng, 3);
    bool same = ss_groups_new(&opt, &groups) == 0;
    for (int64_t t = 0; t < 20000 && same; t++) {
        int k = (int)ss_rng_below(&rng, KEYS);
        char key[SS_GROUP_KEY + 40];
        int n =
            snprintf(key, sizeof key, "user_id:%0*d", k % 3 ? 5 : SS_GROUP_KEY + 10, k); /* some are cut */
        enum ss_join join, want = open[k] && t - first[k] < 1500
                                      ? t - first[k] < 1000 ? SS_JOIN_OPEN : SS_JOIN_QUIET
                                      : SS_JOIN_NEW;
        struct ss_group *group;
        same = ss_groups_find(groups, (struct ss_str){key, (size_t)n}, t, &join, &group) == 0;
        if (join == SS_JOIN_NEW && want != SS_JOIN_NEW && ss_groups_pushed_out(groups))
            want = SS_JOIN_NEW; /* it was pushed out */
        same = same && join == want;
        if (join != SS_JOIN_NEW)
            continue;
        same = same && ss_groups_open(groups, (struct ss_str){key, (size_t)n}, t, &group) == 0 &&
               group->count == 1;
        first[k] = t;
        open[k] = true;
        same = same && ss_groups_count(groups) <= CEILING;
    }
    uint32_t n = 0;
    for (const struct ss_group *g = ss_groups_first(groups); g; g = ss_groups_next(groups, g))
        n++;
    ok(same && n == ss_groups_count(groups) && ss_groups_pushed_out(groups) > 0,
       "the table of alerts keeps to its ceiling and to what a plain array says");
    ss_groups_free(groups);
}

int main(void)
{
    if (ss_schema_init(&schema) < 0 || ss_schema_slot(&schema, SS_STR("id")) < 0 ||
        ss_schema_slot(&schema, SS_STR("key")) < 0 ||
        ss_schema_slot(&schema, SS_STR("end_suppression")) < 0 || ss_batch_init(&batch, &schema, 1) < 0)
        return 1;
    ss_buf_init(&told, 1 << 20);
    test_grouping();
    test_choice();
    test_lanes();
    test_budget();
    test_snooze();
    test_closing();
    test_state();
    test_table();
    ss_buf_free(&told);
    ss_batch_free(&batch);
    ss_schema_free(&schema);
    return done();
}
