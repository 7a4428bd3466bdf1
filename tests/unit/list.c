/* Lists: kinds, spans, files, edits; and against a plain search over random entries. */
#include "base/err.h"
#include "base/rng.h"
#include "base/time.h"
#include "rule/list_file.h"
#include "tests/tap.h"

static struct ss_list *list_of(enum ss_list_kind kind, const char *text)
{
    struct ss_list *list;
    if (ss_list_new(kind, &list) < 0 || ss_list_read(list, ss_str_of(text), "x.csv", NULL) < 0) {
        printf("Bail out! cannot make a list\n");
        exit(1);
    }
    return list;
}

static int64_t at(const char *time)
{
    int64_t time_us;
    return ss_time_parse(time, strlen(time), &time_us) ? time_us : 0;
}

static void has(const struct ss_list *list, const char *value, bool want, const char *what)
{
    ok(ss_list_has(list, ss_str_of(value), 0, NULL) == want, "%s: '%s' %s", what, value,
       want ? "is on" : "is not on");
}

static void check_kinds(void)
{
    struct ss_list *l = list_of(SS_LIST_EXACT, "D1\n# a comment\n\nD2,because\n\"D,3\"\n");
    has(l, "D1", true, "exact");
    has(l, "D2", true, "exact");
    has(l, "D,3", true, "exact, quoted");
    has(l, "D", false, "exact");
    has(l, "D12", false, "exact");
    has(l, "# a comment", false, "exact");
    has(l, "", false, "exact");
    ok(ss_list_count(l) == 3, "three entries");
    ss_list_free(l);
    l = list_of(SS_LIST_PREFIX, "421765\n4000\n");
    has(l, "4217650000000001", true, "prefix");
    has(l, "4000", true, "prefix");
    has(l, "421764", false, "prefix");
    has(l, "400", false, "prefix");
    ss_list_free(l);
    l = list_of(SS_LIST_CIDR, "10.0.0.0/8\n192.168.1.7\n2001:db8::/32\n172.16.99.1/12\n");
    has(l, "10.255.0.1", true, "network");
    has(l, "11.0.0.1", false, "network");
    has(l, "192.168.1.7", true, "address");
    has(l, "192.168.1.8", false, "address");
    has(l, "2001:db8:1::5", true, "v6 network");
    has(l, "2001:db9::5", false, "v6 network");
    has(l, "::ffff:10.1.1.1", true, "a v4 address in v6 form");
    has(l, "172.31.255.255", true, "a network with bits behind its prefix");
    has(l, "10.0.0.0/9", false, "a network as value");
    has(l, "010.0.0.1", false, "leading zeros");
    has(l, "10.0.0", false, "three parts");
    ss_list_free(l);
    l = list_of(SS_LIST_EMAIL_DOMAIN, "Bad.example\n*.worse.example\n@third.example\n");
    has(l, "Joe@bad.EXAMPLE", true, "domain");
    has(l, "joe@sub.bad.example", false, "domain");
    has(l, "joe@a.b.worse.example", true, "wildcard");
    has(l, "joe@worse.example", false, "wildcard");
    has(l, "joe@notworse.example", false, "wildcard");
    has(l, "\"a@b\"@third.example.", true, "last @, final dot");
    has(l, "", false, "nothing");
    ss_list_free(l);
}

static void check_spans(void)
{
    struct ss_list *l =
        list_of(SS_LIST_EXACT, "until,note,value,reason,from\n2026-02-01,x,D1,first,2026-01-01\n"
                               "2026-04-01,y,D1,second,2026-03-01\n,z,D2,,\n");
    struct ss_list_entry e;
    struct ss_str d1 = SS_STR("D1");
    ok(!ss_list_has(l, d1, at("2025-12-31T23:59:59.999999Z"), NULL), "not before from");
    ok(ss_list_has(l, d1, at("2026-01-01"), &e) && ss_str_is(e.reason, "first"),
       "from counts, with its reason");
    ok(!ss_list_has(l, d1, at("2026-02-01"), NULL), "until does not count");
    ok(ss_list_has(l, d1, at("2026-03-15"), &e) && ss_str_is(e.reason, "second"),
       "a second span of one value");
    ok(!ss_list_has(l, d1, SS_LIST_NO_TIME, NULL) && ss_list_has(l, SS_STR("D2"), SS_LIST_NO_TIME, NULL),
       "a record without time is on it by entries without span only");
    struct ss_list_entry again = {d1, {NULL, 0}, at("2026-01-05"), at("2026-01-06")};
    ok(ss_list_add(l, &again) == 0 && ss_list_covered(l) == 1 && ss_list_count(l) == 3,
       "a covered span is left out");
    ok(ss_list_expire(l, at("2026-02-01")) == 0 && ss_list_count(l) == 2 &&
           ss_list_has(l, d1, at("2026-03-15"), &e) && ss_str_is(e.reason, "second"),
       "what is over goes");
    struct ss_list_entry more = {d1, {NULL, 0}, at("2026-03-20"), at("2026-05-01")};
    ok(ss_list_extend(l, &more) == 0 && ss_list_count(l) == 2 && ss_list_has(l, d1, at("2026-04-15"), NULL) &&
           ss_list_has(l, d1, at("2026-03-02"), NULL),
       "a span that meets another widens it");
    ss_list_free(l);
}

static void refuses(enum ss_list_kind kind, const char *text, const char *want)
{
    struct ss_list *list;
    if (ss_list_new(kind, &list) < 0)
        return;
    int err = ss_list_read(list, ss_str_of(text), "x.csv", NULL);
    ok(err < 0 && strstr(ss_err_text(), want), "refuses: %s", want);
    if (err >= 0 || !strstr(ss_err_text(), want))
        printf("# %s\n", err < 0 ? ss_err_text() : "taken");
    ss_list_free(list);
}

/* Thousands of prefixes and values over few letters, each answer beside a search through all entries. */
static void check_prefixes_by_search(void)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, 7);
    struct ss_list *l = list_of(SS_LIST_PREFIX, "");
    static char text[3000][8];
    int wrong = 0, hits = 0;
    for (int i = 0; i < 3000; i++) {
        size_t n = 1 + ss_rng_next(&rng) % 6;
        for (size_t k = 0; k < n; k++)
            text[i][k] = (char)('0' + ss_rng_next(&rng) % 10);
        text[i][n] = '\0';
        if (n < 3)
            snprintf(text[i], sizeof text[i], "123456");
        struct ss_list_entry e = {ss_str_of(text[i]), {NULL, 0}, SS_LIST_OPEN_FROM, SS_LIST_OPEN_UNTIL};
        if (ss_list_add(l, &e) < 0)
            wrong++;
    }
    for (int i = 0; i < 3000; i++) {
        char value[9];
        bool want = false;
        for (int k = 0; k < 8; k++)
            value[k] = (char)('0' + ss_rng_next(&rng) % 10);
        value[8] = '\0';
        for (int k = 0; k < 3000 && !want; k++)
            want = strncmp(value, text[k], strlen(text[k])) == 0;
        hits += want;
        wrong += ss_list_has(l, ss_str_of(value), 0, NULL) != want;
    }
    ok(wrong == 0 && hits > 100 && hits < 2900, "as a search through all entries finds (%d hits)", hits);
    ss_list_free(l);
}

static void check_size(void)
{
    struct ss_list *l = list_of(SS_LIST_EXACT, "");
    char value[24];
    int wrong = 0;
    for (int i = 0; i < 200000; i++) {
        int n = snprintf(value, sizeof value, "D%08x", (unsigned)i * 2654435761u);
        struct ss_list_entry e = {{value, (size_t)n}, {NULL, 0}, SS_LIST_OPEN_FROM, SS_LIST_OPEN_UNTIL};
        wrong += ss_list_add(l, &e) < 0;
    }
    for (int i = 0; i < 200000; i++) {
        int n = snprintf(value, sizeof value, "D%08x", (unsigned)i * 2654435761u);
        wrong += !ss_list_has(l, (struct ss_str){value, (size_t)n}, 0, NULL);
    }
    double each = (double)ss_list_bytes(l) / 200000;
    ok(wrong == 0, "200,000 entries are found again");
    ok(each < 48, "they take less than 48 bytes each, texts of 9 bytes included (%.1f)", each);
    ss_list_free(l);
}

static void edits_to(const char *before, const char *value, const char *reason, const char *want,
                     const char *what)
{
    struct ss_list_entry e = {ss_str_of(value), {NULL, 0}, SS_LIST_OPEN_FROM, SS_LIST_OPEN_UNTIL};
    struct ss_buf to;
    ss_buf_init(&to, 1 << 20);
    if (reason)
        e.reason = ss_str_of(reason);
    int n = reason && strcmp(reason, "-") == 0 ? ss_list_edit_remove(ss_str_of(before), e.value, &to)
                                               : ss_list_edit_put(ss_str_of(before), SS_LIST_EXACT, &e, &to);
    is_text(n < 0 ? "refused" : to.p ? to.p : "", n < 0 ? 7 : to.n, want, what);
    ss_buf_free(&to);
}

int main(void)
{
    check_kinds();
    check_spans();
    refuses(SS_LIST_CIDR, "10.0.0.0/8\n300.1.1.1\n", "x.csv:2: '300.1.1.1' is no address");
    refuses(SS_LIST_CIDR, "10.0.0.0/33\n", "is no address");
    refuses(SS_LIST_EMAIL_DOMAIN, "a@b@c\n", "is no domain");
    refuses(SS_LIST_EMAIL_DOMAIN, "a.*.c\n", "is no domain");
    refuses(SS_LIST_EXACT, "a,b,yesterday\n", "'yesterday' (from) is no date");
    refuses(SS_LIST_EXACT, "a,b,2026-02-01,2026-01-01\n", "ends before it begins");
    refuses(SS_LIST_EXACT, "a\n\"b\n", "x.csv:2: a quote");
    refuses(SS_LIST_EXACT, "a\n,reason\n", "x.csv:2: an empty value");
    check_prefixes_by_search();
    check_size();
    edits_to("", "D1", "so", "value,reason,from,until\nD1,so\n", "a new file gets a header");
    edits_to("# mine\nreason,value\nx,D1\ny,D2\n", "D1", "z", "# mine\nreason,value\ny,D2\nz,D1\n",
             "an edit keeps the file's columns and comments");
    edits_to("value\nD1\n", "D2", "z", "refused", "a reason needs its column");
    edits_to("D1\n# D2\nD2,a\nD2,b,2026-01-01\nD3\n", "D2", "-", "D1\n# D2\nD3\n",
             "all lines of a value are removed");
    return done();
}
