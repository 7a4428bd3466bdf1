/* Rule files: what is refused and how it is said; what decisions come of rules. */
#include "base/err.h"
#include "base/file.h"
#include "rule/check.h"
#include "tests/tap.h"
#include <unistd.h>

static struct ss_schema schema;
static struct ss_batch batch;

static struct ss_ruleset *set_of(const char *text)
{
    struct ss_ruleset *set;
    struct ss_ruleset_options options = {0};
    return ss_ruleset_of_text(ss_str_of(text), "t.rules", &options, &schema, 1, &set) < 0 ? NULL : set;
}

static void refuses(const char *text, const char *want)
{
    struct ss_ruleset *set = set_of(text);
    ok(!set && strstr(ss_err_text(), want), "refuses: %s", want);
    if (set || !strstr(ss_err_text(), want))
        printf("# %s\n", set ? "taken" : ss_err_text());
    ss_ruleset_free(set);
}

/* The decision of a record, without its "by". */
static void decides(const char *rules, const char *record, const char *want, const char *what)
{
    static struct ss_buf text;
    const struct ss_decision *d;
    struct ss_ruleset *set = set_of(rules);
    if (!set) {
        ok(false, "%s: %s", what, ss_err_text());
        return;
    }
    ss_buf_init(&text, 1 << 20);
    ss_batch_reset(&batch);
    struct ss_record *rec = ss_batch_add(&batch);
    char *copy = ss_batch_copy(&batch, record, strlen(record));
    if (!rec || !copy || ss_record_read(&batch, rec, copy, strlen(record)) < 0 || rec->fate != SS_KEEP ||
        ss_ruleset_decide(set, 0, rec, &batch.arena[0], &d) < 0) {
        ok(false, "%s: %s", what, ss_err_text());
        return;
    }
    ss_decision_put(d, &text);
    const char *by = strstr(ss_buf_cstr(&text), ",\"by\"");
    is_text(text.p, by ? (size_t)(by - text.p) : text.n, want, what);
    ss_buf_free(&text);
    ss_ruleset_free(set);
}

#define FIRED(id, score, action) \
    "{\"id\":\"" id "\",\"score\":" score ",\"action\":" action ",\"reason\":null}"
#define NOTHING "{\"action\":\"allow\",\"level\":\"NONE\",\"score\":0,\"rules\":[]"

static void check_refusals(void)
{
    refuses("[a]\nwehn = true\n", "t.rules:2: unknown setting 'wehn'; did you mean 'when'?");
    refuses("[a]\n", "t.rules:1: rule 'a' has no 'when'");
    refuses("[a]\nscore = 1\n[b]\nwhen = true\n", "t.rules:1: rule 'a' has no 'when'");
    refuses("[a]\nwhen = true\nscore = 1.5\n", "t.rules:3: '1.5' is not a score from 0 to 1");
    refuses("[a]\nwhen = true\naction = stop\n", "t.rules:3: unknown action 'stop': block, challenge");
    refuses("[a]\nwhen = true\nwhen = false\n", "t.rules:3: 'when' twice in one rule");
    refuses("[a]\nwhen = true\n[a]\nwhen = true\n", "t.rules:3: rule 'a' is already there, at t.rules:1");
    refuses("when = true\n", "t.rules:1: 'when' before the first rule");
    refuses("[a]\nwhen = true\ncombine = max\n", "t.rules:3: 'combine' is for all rules");
    refuses("[a b]\nwhen = true\n", "t.rules:1: a rule's name");
    refuses("[a\nwhen = true\n", "t.rules:1: a rule begins with its name");
    refuses("hello\n", "t.rules:1: neither [name] nor");
    refuses("\n\n[a]\nwhen = .x ==\n", "t.rules:4");
    refuses("[a]\nwhen = true\nreason = too many\n", "t.rules:3: a reason stands in double quotes");
    refuses("[a]\nwhen = true\nrollout = 10 by user_id\n", "t.rules:3: a rollout is a share and a field");
    refuses("[a]\nwhen = true\nrollout = 110% by user_id\n", "t.rules:3: a rollout");
    refuses("[a]\nwhen = true\nfrom = soon\n", "t.rules:3: 'soon' is no date");
    refuses("[a]\nwhen = true\nfrom = 2026-02-01\nuntil = 2026-01-01\n",
            "t.rules:1: rule 'a' ends (until) before");
    refuses("[a]\nwhen = true\ntest = {} => maybe\n", "t.rules:3: a test is a record");
    refuses("[a]\nwhen = true\noverride = allow\naction = block\n",
            "overrides with allow and has action block");
    refuses("critical = 0.5\nhigh = 0.7\n[a]\nwhen = true\n",
            "t.rules:2: level HIGH begins at 0.7, above CRITICAL");
    refuses("critical = 0.5\ncritical = 0.6\n", "t.rules:2: already set otherwise at t.rules:1");
    refuses("action urgent = block\n", "t.rules:1: unknown level 'urgent'");
    refuses("list a = nowhere.csv kind=regex\n", "t.rules:1: unknown kind 'regex'");
    refuses("list a = no/such.csv\n", "t.rules:1: list 'a': cannot open 'no/such.csv'");
    refuses("list a b = x\n", "t.rules:1: a list's name");
    refuses("auto_list a = device_id\n", "t.rules:1: an auto_list needs a ttl");
    refuses("auto_list a = device_id ttl soon\n", "t.rules:1: 'soon' is no duration");
    refuses("[a]\nwhen = .x | IN($lists.nope[])\n", "t.rules:2");
    refuses("[a]\nwhen = true\non_error = maybe\n", "t.rules:3: unknown action 'maybe'");
}

static void check_decisions(void)
{
    decides("", "{\"amount\":1}", NOTHING, "no rules allow");
    decides("[a]\nwhen = .amount > 5\nscore = 0.7\naction = review\n", "{\"amount\":5}", NOTHING,
            "a silent rule");
    decides("[a]\nwhen = .amount > 5\nscore = 0.7\naction = review\n", "{\"amount\":6}",
            "{\"action\":\"review\",\"level\":\"HIGH\",\"score\":0.7,\"rules\":[" FIRED("a", "0.7",
                                                                                        "\"review\"") "]",
            "a floor makes score, level and action");
    decides("[a]\nwhen = true\nscore = 0.7\n[b]\nwhen = true\naction = notify\n", "{\"amount\":6}",
            "{\"action\":\"notify\",\"level\":\"HIGH\",\"score\":0.7,\"rules\":[" FIRED(
                "a", "0.7", "null") "," FIRED("b", "null", "\"notify\"") "]",
            "a rule may only score, or only act");
    decides("[a]\nwhen = true\naction = notify\n[b]\nwhen = true\naction = block\n[c]\nwhen = true\naction = "
            "review\n",
            "{}",
            "{\"action\":\"block\",\"level\":\"NONE\",\"score\":0,\"rules\":[" FIRED(
                "a", "null", "\"notify\"") "," FIRED("b", "null", "\"block\"") "," FIRED("c", "null",
                                                                                         "\"review\"") "]",
            "the strongest action counts");
    decides("[a]\nwhen = true\naction = block\nscore = 0.9\n[b]\nwhen = true\noverride = allow\n", "{}",
            "{\"action\":\"allow\",\"level\":\"CRITICAL\",\"score\":0.9,\"rules\":[" FIRED(
                "a", "0.9", "\"block\"") "," FIRED("b", "null", "\"allow\"") "]",
            "an override beats all");
    decides("[a]\nwhen = true\naction = block\npriority = 200\n[b]\nwhen = true\n[c]\nwhen = true\npriority "
            "= 5\n",
            "{}",
            "{\"action\":\"block\",\"level\":\"NONE\",\"score\":0,\"rules\":[" FIRED(
                "c", "null", "null") "," FIRED("b", "null", "null") "," FIRED("a", "null", "\"block\"") "]",
            "by priority, then as written");
    decides("[a]\nwhen = true\nmode = shadow\nscore = 1\naction = block\n", "{}",
            NOTHING ",\"shadow\":[" FIRED("a", "1", "\"block\"") "]", "a shadow rule changes nothing");
    decides("[a]\nwhen = true\nenabled = false\naction = block\n", "{}", NOTHING, "a disabled rule");
    decides(
        "[a]\nwhen = .amount > 1\nscore = 0.3\n",
        "{\"amount\":2,\"score\":{\"value\":0.6,\"level\":\"HIGH\"}}",
        "{\"action\":\"allow\",\"level\":\"HIGH\",\"score\":0.6,\"rules\":[" FIRED("a", "0.3", "null") "]",
        "the model's own level where nothing raised its score");
    decides("high = 0.65\n", "{\"score\":{\"value\":0.6,\"level\":\"HIGH\"}}",
            "{\"action\":\"allow\",\"level\":\"MEDIUM\",\"score\":0.6,\"rules\":[]",
            "the rule file's thresholds win over the model's");
    decides("[a]\nwhen = true\nscore = 0.86\n", "{\"score\":{\"value\":0.6,\"level\":\"HIGH\"}}",
            "{\"action\":\"allow\",\"level\":\"CRITICAL\",\"score\":0.86,\"rules\":[" FIRED("a", "0.86",
                                                                                            "null") "]",
            "a floor above the model raises the level");
    decides("action high = review\naction critical = block\n", "{\"score\":0.9}",
            "{\"action\":\"block\",\"level\":\"CRITICAL\",\"score\":0.9,\"rules\":[]",
            "a level's own action");
    decides("action high = review\n[a]\nwhen = true\naction = notify\n", "{\"score\":0.75}",
            "{\"action\":\"review\",\"level\":\"HIGH\",\"score\":0.75,\"rules\":[" FIRED("a", "null",
                                                                                         "\"notify\"") "]",
            "a level's action beside a weaker rule");
    decides("combine = weighted\nmodel_weight = 0.5\n[a]\nwhen = true\nweight = 0.1\nscore = 0.9\n[b]\nwhen "
            "= true\n"
            "score = 0.2\n",
            "{\"score\":0.4}",
            "{\"action\":\"allow\",\"level\":\"LOW\",\"score\":0.5,\"rules\":[" FIRED(
                "a", "0.1", "null") "," FIRED("b", "0.2", "null") "]",
            "a weighted sum");
    decides("combine = weighted\n[a]\nwhen = true\nweight = -3\n", "{\"score\":0.4}",
            "{\"action\":\"allow\",\"level\":\"NONE\",\"score\":0,\"rules\":[" FIRED("a", "-3", "null") "]",
            "a sum stays within 0 and 1");
    decides("[a]\nwhen = .user_id + 1 > 0\naction = block\n", "{\"user_id\":\"u\"}",
            NOTHING ",\"errors\":[{\"id\":\"a\",\"error\":\"string and number cannot be added\"}]",
            "a rule that fails is named and ignored");
    decides(
        "on_error = review\n[a]\nwhen = .user_id + 1 > 0\nscore = 0.9\naction = block\n",
        "{\"user_id\":\"u\"}",
        "{\"action\":\"review\",\"level\":\"NONE\",\"score\":0,\"rules\":[{\"id\":\"a\",\"score\":null,"
        "\"action\":"
        "\"review\",\"reason\":\"string and number cannot be added\"}],\"errors\":[{\"id\":\"a\",\"error\":"
        "\"string and number cannot be added\"}]",
        "or does what on_error says");
    decides("[a]\nwhen = true\nreason = \"\\(.amount) by \\(.user_id)\"\ntags = x, y\nseverity = high\n",
            "{\"amount\":12.50,\"user_id\":7}",
            "{\"action\":\"allow\",\"level\":\"NONE\",\"score\":0,\"rules\":[{\"id\":\"a\",\"score\":null,"
            "\"action\":null,"
            "\"reason\":\"12.5 by 7\",\"severity\":\"high\",\"tags\":[\"x\",\"y\"]}]",
            "reason, severity and tags");
    decides("[a]\n  when = .amount > 1 # jq's comment\n    and .amount < 5\n  action = block   # ours\n",
            "{\"amount\":2}",
            "{\"action\":\"block\",\"level\":\"NONE\",\"score\":0,\"rules\":[" FIRED("a", "null",
                                                                                     "\"block\"") "]",
            "continuation lines, indented settings, comments");
    decides("[a]\nwhen = true\nfrom = 2026-02-01\nuntil = 2026-03-01\n",
            "{\"timestamp\":\"2026-02-28T23:59:59Z\"}",
            "{\"action\":\"allow\",\"level\":\"NONE\",\"score\":0,\"rules\":[" FIRED("a", "null", "null") "]",
            "within its span");
    decides("[a]\nwhen = true\nfrom = 2026-02-01\nuntil = 2026-03-01\n",
            "{\"timestamp\":\"2026-03-01T00:00:00Z\"}", NOTHING, "outside its span");
    decides("[a]\nwhen = true\nuntil = 2026-03-01\n", "{}", NOTHING, "a span needs an event time");
    decides("[a]\nwhen = true\nrollout = 0% by user_id\n", "{\"user_id\":1}", NOTHING,
            "a rollout of nothing");
    decides("[a]\nwhen = true\nrollout = 100% by user_id\n", "{}", NOTHING, "a rollout needs its key");
}

/* The share, and that the same keys are in again. */
static void check_rollout(void)
{
    struct ss_ruleset *set =
        set_of("[a]\nwhen = true\nrollout = 10% by user_id\n[b]\nwhen = true\nrollout = 10% by "
               "user_id\n");
    int in_a = 0, in_both = 0, changed = 0;
    for (int i = 0; set && i < 20000; i++) {
        const struct ss_decision *d = NULL;
        char text[64];
        int n = snprintf(text, sizeof text, "{\"user_id\":\"U%d\"}", i % 10000);
        ss_batch_reset(&batch);
        struct ss_record *rec = ss_batch_add(&batch);
        char *copy = ss_batch_copy(&batch, text, (size_t)n);
        if (!rec || !copy || ss_record_read(&batch, rec, copy, (size_t)n) < 0 ||
            ss_ruleset_decide(set, 0, rec, &batch.arena[0], &d) < 0)
            continue;
        bool a = d->rules && ss_str_is(d->rule[0].id, "a"),
             b = d->rules && ss_str_is(d->rule[d->rules - 1].id, "b");
        static bool was[10000];
        in_a += a;
        in_both += a && b;
        changed += i >= 10000 && was[i % 10000] != a;
        was[i % 10000] = a;
    }
    ok(in_a > 1800 && in_a < 2200, "a tenth of the keys (%d of 20000)", in_a);
    ok(in_both > 120 && in_both < 300, "each rule has its own tenth (%d in both)", in_both);
    ok(changed == 0, "the same keys each time");
    ss_ruleset_free(set);
}

static char findings[4096];

static void note(void *ctx, const struct ss_place *at, struct ss_str rule, const char *text)
{
    size_t n = strlen(findings);
    (void)ctx;
    snprintf(findings + n, sizeof findings - n, "%u %.*s %s\n", at->line, (int)rule.n, rule.p, text);
}

static void finds(const char *rules, const char *sample, const char *want)
{
    struct ss_check_sink to = {note, NULL};
    struct ss_census census;
    struct ss_ruleset *set = set_of(rules);
    ss_census_init(&census);
    findings[0] = '\0';
    int err = sample ? ss_census_add(&census, ss_str_of(sample)) : 0;
    int n = set && !err ? ss_ruleset_check(set, sample ? &census : NULL, &to) : -1;
    bool good = want[0] ? strstr(findings, want) != NULL : n == 0;
    ok(good, "finds: %s", want[0] ? want : "nothing");
    if (!good)
        printf("# %d: %s\n", n, set ? findings : ss_err_text());
    ss_census_free(&census);
    ss_ruleset_free(set);
}

static void check_findings(void)
{
    finds("[a]\nwhen = .x > 5\naction = block\n", NULL, "");
    finds("[a]\nwhen = .x > 5 and .x < 4\naction = block\n", NULL, "2 a can never fire: .x would have to be");
    finds("[a]\nwhen = .x > 5 and .x <= 5\naction = block\n", NULL, "can never fire");
    finds("[a]\nwhen = .x >= 5 and .x <= 5\naction = block\n", NULL, "");
    finds("[a]\nwhen = .x == 3 and .x > 3\naction = block\n", NULL, "can never fire");
    finds("[a]\nwhen = .x < 5\naction = block\n", NULL, "a record without .x fires");
    finds("[a]\nwhen = .x != null and .x < 5\naction = block\n", NULL, "");
    finds("[a]\nwhen = .amount < 5\naction = block\n", NULL, "");
    finds("[a]\nwhen = .x < 5\naction = block\n", "{\"x\":1}", "");
    finds("[a]\nwhen = .x > 5\naction = block\n", "{\"x\":\"1\"}", "compares .x with a number");
    finds("[a]\nwhen = .features.user_cuont > 5\naction = block\n", "{\"features\":{\"user_count\":1}}",
          "no record of the sample has .features.user_cuont; did you mean '.features.user_count'?");
    finds("[a]\nwhen = 1 < 2\naction = block\n", NULL, "fires for every record");
    finds("[a]\nwhen = false\naction = block\n", NULL, "can never fire");
    finds("[a]\nwhen = .x > 5\n", NULL, "changes nothing");
    finds("[a]\nwhen = .x > 5\naction = block\n[b]\nwhen = (.x   > 5)\nscore = 1\n", NULL,
          "5 b the same condition as rule 'a'");
    finds("[a]\nwhen = .x > 5\naction = block\nrollout = 0% by user_id\n", NULL, "its rollout is 0%");
    finds("list l = /dev/null\n[a]\nwhen = .x | IN($lists.l[])\naction = block\n", NULL,
          "1  list 'l' is empty");
    finds("list l = /dev/null\n[a]\nwhen = .x > 5\naction = block\n", NULL,
          "list 'l' is in no rule's condition");
}

static void write_list(const char *path, const char *text)
{
    if (ss_file_replace(path, text, strlen(text)) < 0)
        ok(false, "%s", ss_err_text());
}

/* A reload of rules reads the lists that changed. */
static void check_reload(void)
{
    char dir[] = "/tmp/ss-ruleset-XXXXXX", a[64], b[64];
    static const char text[] = "list a = a.csv\nlist b = b.csv\n[r]\nwhen = .x | IN($lists.a[])\nscore = 1\n";
    struct ss_ruleset_options options = {.lists_dir = dir};
    struct ss_ruleset *old, *set;
    if (!mkdtemp(dir))
        exit(1);
    snprintf(a, sizeof a, "%s/a.csv", dir);
    snprintf(b, sizeof b, "%s/b.csv", dir);
    write_list(a, "A1\n");
    write_list(b, "B1\n");
    ok(ss_ruleset_of_text(ss_str_of(text), "t", &options, &schema, 1, &old) == 0, "a set with two lists");
    write_list(b, "B2\n"); /* as long as before */
    options.previous = old;
    ok(ss_ruleset_of_text(ss_str_of(text), "t", &options, &schema, 1, &set) == 0, "loaded again");
    ok(ss_ruleset_list(set, 0) == ss_ruleset_list(old, 0), "shares the list that is as it was");
    ok(ss_ruleset_list(set, 1) != ss_ruleset_list(old, 1) &&
           ss_list_contains(ss_ruleset_list(set, 1), SS_STR("B2")),
       "and reads the one that changed");
    ss_ruleset_free(old);
    ok(ss_list_contains(ss_ruleset_list(set, 0), SS_STR("A1")), "which outlives the old set");
    options.previous = set;
    static const char other[] = "list a = a.csv kind=prefix\n[r]\nwhen = .x | IN($lists.a[])\nscore = 1\n";
    struct ss_ruleset *third;
    ok(ss_ruleset_of_text(ss_str_of(other), "t", &options, &schema, 1, &third) == 0 &&
           ss_ruleset_list(third, 0) != ss_ruleset_list(set, 0),
       "a list of another kind is another list");
    ss_ruleset_free(third);
    ss_ruleset_free(set);
    unlink(a);
    unlink(b);
    rmdir(dir);
}

int main(void)
{
    if (ss_schema_init(&schema) < 0 || ss_batch_init(&batch, &schema, 1) < 0)
        return 1;
    check_refusals();
    check_decisions();
    check_rollout();
    check_findings();
    check_reload();
    ss_batch_free(&batch);
    ss_schema_free(&schema);
    return done();
}
