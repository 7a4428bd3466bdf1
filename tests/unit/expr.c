/* What rule expressions mean, from the specification in testdata, and how a set of them behaves. Meaning
 * against libjq is proven by expr_differential. */
#include "base/rng.h"
#include <math.h>
#include "tests/expr.h"
#include "tests/tap.h"

enum { LINE = 1024 };

static bool read_line(FILE *f, char line[LINE])
{
    while (fgets(line, LINE, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] && line[0] != '#')
            return true;
    }
    return false;
}

static void specification(const char *path)
{
    char expr[LINE], json[LINE], want[LINE];
    FILE *f = fopen(path, "r");
    ok(f != NULL, "%s is there", path);
    while (f && read_line(f, expr) && read_line(f, json) && read_line(f, want)) {
        enum ss_expr_kind kind = SS_EXPR_NATIVE;
        const char *got = expr_result(NULL, expr, json, &kind);
        bool fault = strcmp(want, "error") == 0 || strcmp(want, "refused") == 0;
        bool same = fault ? strncmp(got, want, strlen(want)) == 0 && got[strlen(want)] == ':'
                          : strcmp(got, want) == 0;
        if (!ok(same && kind == SS_EXPR_NATIVE, "%s over %s", expr, json))
            printf("#  got: %s (%s)\n# want: %s\n", got, kind == SS_EXPR_NATIVE ? "native" : "libjq", want);
    }
    if (f)
        fclose(f);
}

/* ---- lists ---- */

static int find_list(void *ctx, struct ss_str name)
{
    (void)ctx;
    return ss_str_is(name, "staff") ? 0 : ss_str_is(name, "networks") ? 1 : -1;
}

static bool on_list(void *ctx, int list, struct ss_str value, const struct ss_record *rec)
{
    (void)ctx;
    (void)rec;
    return list == 0 ? ss_str_is(value, "42") || ss_str_is(value, "ann")
                     : value.n > 3 && memcmp(value.p, "10.", 3) == 0;
}

static bool each_entry(void *ctx, int list, bool (*entry)(void *to, struct ss_str text), void *to)
{
    (void)ctx;
    return list == 0 && entry(to, SS_STR("42")) && entry(to, SS_STR("ann"));
}

static void lists(void)
{
    static const struct ss_exprs_options opt = {.lists = {NULL, find_list, on_list, each_entry}};
    static const struct {
        const char *expr, *json, *want;
        enum ss_expr_kind kind;
    } cases[] = {
        {".user_id | IN($lists.staff[])", "{\"user_id\":\"ann\"}", "true", SS_EXPR_NATIVE},
        {".user_id | IN($lists.staff[])", "{\"user_id\":42}", "true", SS_EXPR_NATIVE},
        {".user_id | IN($lists.staff[])", "{\"user_id\":\"bob\"}", "false", SS_EXPR_NATIVE},
        {".user_id | IN($lists.staff[])", "{}", "false", SS_EXPR_NATIVE},
        {".ip | IN($lists.networks[]) | not", "{\"ip\":\"10.1.2.3\"}", "false", SS_EXPR_NATIVE},
        {"any(.users[]; IN($lists.staff[]))", "{\"users\":[\"bob\",\"ann\"]}", "true", SS_EXPR_NATIVE},
        {"$lists.staff | sort | first", "{}", "\"42\"", SS_EXPR_LIBJQ},
        {".u | IN($lists.nobody[])", "{}", "refused: test:1: column 1: unknown list 'nobody'",
         SS_EXPR_NATIVE},
        {"$lists.networks | length", "{}", "refused: test:1: column 1: list 'networks' can only",
         SS_EXPR_NATIVE},
        {"$other", "{}", "refused: test:1: column 1: unknown variable '$other'", SS_EXPR_NATIVE},
    };
    for (size_t i = 0; i < SS_COUNT(cases); i++) {
        enum ss_expr_kind kind = SS_EXPR_NATIVE;
        const char *got = expr_result(&opt, cases[i].expr, cases[i].json, &kind);
        if (!ok(strncmp(got, cases[i].want, strlen(cases[i].want)) == 0 && kind == cases[i].kind,
                "%s over %s", cases[i].expr, cases[i].json))
            printf("#  got: %s\n# want: %s\n", got, cases[i].want);
    }
}

/* ---- libjq in this process ---- */

static void in_process(void)
{
    static const struct {
        const char *expr, *json, *want;
    } cases[] = {
        {".s | [match(\"a+\"; \"g\").string] | join(\"-\")", "{\"s\":\"baab a\"}", "\"aa-a\""},
        {".s | test(\"\\\\d+\")", "{\"s\":\"a1\"}", "true"},
        {"[.l[] | {k: ., n: 1}] | group_by(.k) | map(length)", "{\"l\":[\"a\",\"b\",\"a\"]}", "[2,1]"},
        {"(.a | tonumber)? // 0", "{\"a\":\"x\"}", "0"},
        {"try (.a + 1) catch \"bad\"", "{\"a\":\"x\"}", "\"bad\""},
        {".a | @json", "{\"a\":[1,null]}", "\"[1,null]\""},
        {"to_entries | length", "{\"a\":1,\"score\":{\"value\":1}}", "2"},
        {"{a} | .a.b", "{\"a\":\"x\"}", "error: Cannot index string with string \"b\""},
        {"(.a * .b)?", "{\"a\":\"x\",\"b\":1e9}", "empty"},
        {"((.a % .b), 1)?", "{\"a\":-9223372036854775808,\"b\":-1}", "0"},
    };
    for (size_t i = 0; i < SS_COUNT(cases); i++) {
        enum ss_expr_kind kind = SS_EXPR_NATIVE;
        const char *got = expr_result(NULL, cases[i].expr, cases[i].json, &kind);
        if (!ok(strcmp(got, cases[i].want) == 0 && kind == SS_EXPR_LIBJQ, "%s over %s", cases[i].expr,
                cases[i].json))
            printf("#  got: %s\n# want: %s\n", got, cases[i].want);
    }
}

/* ---- what earlier stages of the process know ---- */

static void stages(void)
{
    static const struct ss_str name[] = {{"n", 1}, {"ratio", 5}, {"kind", 4}};
    static const bool is_text[] = {false, false, true};
    static const struct ss_feature_names names = {"12345678", 3, name, is_text};
    static const double num[] = {3, NAN, 0};
    static const struct ss_str text[] = {{NULL, 0}, {NULL, 0}, {"web", 3}};
    static const struct ss_features features = {&names, num, text, false};
    static const struct ss_score score = {0.75, 0.5, SS_HIGH};
    static const struct {
        const char *expr;
        int want;
    } cases[] = {
        {".features.n == 3 and .features.ratio == null and .features.kind == \"web\"", SS_EXPR_TRUE},
        {".features.n > 3 or .features.ratio >= 0", SS_EXPR_FALSE},
        {".features.ratio < 0 and .features.none == null", SS_EXPR_TRUE},
        {".score.value == 0.75 and .score.level == \"HIGH\" and .score.raw < .score.value", SS_EXPR_TRUE},
        {".features | has(\"n\")", SS_EXPR_TRUE},
        {".features.set == \"12345678\"", SS_EXPR_TRUE},
        {".decision.action == \"review\" and .old == null", SS_EXPR_TRUE},
        {"[keys[] | select(. == \"decision\")] | length == 1", SS_EXPR_TRUE},
        {".features.n | test(\"a\")", SS_EXPR_ERROR},
    };
    struct ss_exprs *set = ss_exprs_new(NULL);
    struct one_record one;
    int id[SS_COUNT(cases)];
    if (!one_record_init(&one))
        exit(1);
    for (size_t i = 0; i < SS_COUNT(cases); i++)
        if (ss_exprs_add(set, ss_str_of(cases[i].expr), "test:1", &id[i]) < 0)
            printf("# %s\n", ss_err_text());
    if (ss_exprs_bind(set, &one.schema, true) < 0 ||
        !one_record_read(&one, "{\"decision\":{\"action\":\"allow\"}}"))
        exit(1);
    one.rec->features = &features;
    one.rec->score = &score;
    ss_record_set(one.rec, SS_FEATURES,
                  SS_STR("{\"set\":\"12345678\",\"n\":3,\"ratio\":null,\"kind\":\"web\"}"));
    ss_record_set(one.rec, SS_DECISION, SS_STR("{\"action\":\"review\"}"));
    ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
    for (size_t i = 0; i < SS_COUNT(cases); i++)
        ok(ss_expr_test(set, id[i]) == cases[i].want, "%s", cases[i].expr);
    one_record_free(&one);
    ss_exprs_free(set);
}

/* ---- many thresholds ---- */

static double pick(struct ss_rng *rng)
{
    static const double special[] = {0, -0.0, 1, -1, 1e300, 0.5, 9007199254740991.0};
    return ss_rng_below(rng, 4) ? (double)ss_rng_below(rng, 60) / 4
                                : special[ss_rng_below(rng, SS_COUNT(special))];
}

/* Field 0 is compared with numbers that lie evenly, the others also with one far away. */
static double limit_of(struct ss_rng *rng, int field)
{
    return field ? pick(rng) : (double)ss_rng_below(rng, 200) / 4;
}

/* So many rules on few fields that every way of ranking is used; each against its own evaluation. */
static void thresholds(int rules)
{
    static const char *const ops[] = {"<", "<=", ">", ">=", "==", "!="};
    static const char *const values[] = {
        "null", "true", "\"x\"", "[]", "12345678901234567890", "-99999999999999999999"};
    struct ss_exprs *set = ss_exprs_new(NULL);
    struct one_record one;
    struct ss_rng rng;
    char expr[256], json[256];
    long wrong = 0, missed = 0, hits = 0;
    int id;
    ss_rng_seed(&rng, (uint64_t)rules);
    if (!one_record_init(&one))
        exit(1);
    for (int i = 0; i < rules; i++) {
        const char *last = i % 7 == 0    ? " and .t == \"b\""
                           : i % 11 == 0 ? " and (.u | length) > 2"
                           : i % 5       ? ""
                                         : " and .t != \"a\"";
        int one_field = (int)ss_rng_below(&rng, 3), other = (int)ss_rng_below(&rng, 3);
        snprintf(expr, sizeof expr, ".f%d %s %.17g and %.17g %s .f%d%s", one_field,
                 ops[ss_rng_below(&rng, 6)], limit_of(&rng, one_field), limit_of(&rng, other),
                 ops[ss_rng_below(&rng, 6)], other, last);
        if (ss_exprs_add(set, ss_str_of(expr), "test:1", &id) < 0)
            exit(1);
    }
    if (ss_exprs_bind(set, &one.schema, true) < 0)
        exit(1);
    for (int r = 0; r < 150; r++) {
        char field[3][40];
        for (int f = 0; f < 3; f++)
            snprintf(field[f], sizeof field[f], "%.17g", pick(&rng));
        snprintf(json, sizeof json, "{\"f0\":%s,\"f1\":%s,\"f2\":%s,\"t\":\"%c\",\"u\":%s}", field[0],
                 field[1], r % 3 ? field[2] : values[ss_rng_below(&rng, SS_COUNT(values))], "abc"[r % 3],
                 r % 4 ? "\"abc\"" : "true");
        if (!one_record_read(&one, json))
            exit(1);
        ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
        const uint64_t *maybe = ss_exprs_maybe(set);
        for (int i = 0; i < rules; i++) {
            struct ss_buf out;
            ss_buf_init(&out, 64);
            int r1 = ss_expr_json(set, i, &out), r2 = ss_expr_test(set, i);
            int want = r1 == SS_EXPR_ERROR ? r1 : out.n == 4 ? SS_EXPR_TRUE : SS_EXPR_FALSE;
            wrong += r2 != want;
            missed += want != SS_EXPR_FALSE && !(maybe[i / 64] >> (i % 64) & 1);
            hits += want == SS_EXPR_TRUE;
            ss_buf_free(&out);
        }
    }
    ok(wrong == 0 && missed == 0 && hits > 0,
       "%d rules on three fields test as they evaluate (%ld times true)", rules, hits);
    one_record_free(&one);
    ss_exprs_free(set);
}

/* ---- hostile texts ---- */

static void hostile(void)
{
    static const char *const piece[] = {"(",  "[",  "-",    "{a:", "\"\\(", "if ",
                                        "1|", "1+", "try ", ".a[", "not|"};
    struct ss_buf text;
    struct ss_exprs *set = ss_exprs_new(NULL);
    int id;
    ss_buf_init(&text, 32 << 20);
    while (text.n < 10 << 20)
        ss_buf_puts(&text, "(.a>1)or");
    ok(ss_exprs_add(set, (struct ss_str){text.p, text.n}, "big.rules:7", &id) == SS_ECONFIG &&
           strstr(ss_err_text(), "big.rules:7: an expression of"),
       "10 MB: %s", ss_err_text());
    for (size_t i = 0; i < SS_COUNT(piece); i++) {
        ss_buf_reset(&text);
        while (text.n < 60000)
            ss_buf_puts(&text, piece[i]);
        ok(ss_exprs_add(set, (struct ss_str){text.p, text.n}, "deep.rules:1", &id) == SS_ECONFIG,
           "60 KB of '%s': %s", piece[i], ss_err_text());
    }
    ss_buf_reset(&text);
    ss_buf_puts(&text, "false");
    for (int i = 0; i < 900; i++)
        ss_buf_printf(&text, " or .a == %d", i);
    ok(ss_exprs_add(set, (struct ss_str){text.p, text.n}, "long.rules:1", &id) == 0,
       "900 alternatives are no fault: %s", ss_err_text());
    ss_exprs_free(set);
    ss_buf_free(&text);

    enum ss_expr_kind kind;
    char doubling[400] = ".s";
    for (int i = 0; i < 60; i++)
        memcpy(doubling + 2 + 4 * i, "|.+.", 5);
    const char *got = expr_result(NULL, doubling, "{\"s\":\"xxxxxxxxxx\"}", &kind);
    ok(strcmp(got, "error: the values it makes are too large") == 0, "a value doubled 60 times: %s", got);
    got = expr_result(NULL, "[.a[] + .a[] + .a[] + .a[] + .a[]] | length",
                      "{\"a\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24]}", &kind);
    ok(strncmp(got, "error: ", 7) == 0, "24^5 loops: %s", got);
}

/* ---- for checkers ---- */

static void note(void *to, struct ss_str path)
{
    ss_buf_put(to, path.p, path.n);
    ss_buf_putc(to, ' ');
}

static void note_threshold(void *to, struct ss_str path, const char *op, double number)
{
    ss_buf_printf(to, "%.*s %s %g; ", (int)path.n, path.p, op, number);
}

static void note_part(void *to, struct ss_str text, struct ss_str value)
{
    ss_buf_printf(to, "%.*s = %.*s; ", (int)text.n, text.p, (int)value.n, value.p);
}

static void inspection(void)
{
    struct ss_exprs *set = ss_exprs_new(NULL);
    struct one_record one;
    struct ss_buf out;
    int a, b, c, constant = 9;
    ss_buf_init(&out, 4096);
    if (!one_record_init(&one) ||
        ss_exprs_add(set, SS_STR(".amount > 10 and 3 <= .features.n and (.s | length) < 4"), "t:1", &a) < 0 ||
        ss_exprs_add(set, SS_STR("( .amount>10 and 3<=.features.n ) and (.s|length)<4 # the same"), "t:2",
                     &b) < 0 ||
        ss_exprs_add(set, SS_STR("1 + 1 == 2 and (\"a\" | startswith(\"b\"))"), "t:3", &c) < 0 ||
        ss_exprs_bind(set, &one.schema, true) < 0)
        exit(1);
    ok(ss_expr_same(set, a, b) && !ss_expr_same(set, a, c), "texts that mean the same are the same");
    ok(ss_expr_constant(set, c, &constant) && constant == SS_EXPR_FALSE &&
           !ss_expr_constant(set, a, &constant),
       "an expression that looks at nothing is known to be constant");
    ss_expr_fields(set, a, note, &out);
    is_text(out.p, out.n, ".amount .features.n .s ", "the fields it reads");
    ss_buf_reset(&out);
    ss_expr_thresholds(set, a, note_threshold, &out);
    is_text(out.p, out.n, ".amount > 10; .features.n >= 3; ", "its thresholds, fields on the left");
    one_record_read(&one, "{\"amount\":12,\"features\":{\"n\":2},\"s\":7}");
    ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
    ss_buf_reset(&out);
    ss_expr_explain(set, a, note_part, &out);
    ok(memmem(out.p, out.n, ".amount = 12; ", 14) && memmem(out.p, out.n, "3 <= .features.n = false; ", 26),
       "every value on the way is told: %.*s", (int)out.n, out.p);
    ss_buf_free(&out);
    one_record_free(&one);
    ss_exprs_free(set);
}

int main(void)
{
    specification("testdata/rule/expressions.spec");
    lists();
    in_process();
    stages();
    thresholds(5);
    thresholds(90);
    thresholds(700);
    hostile();
    inspection();
    return done();
}
