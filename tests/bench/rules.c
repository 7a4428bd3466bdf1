/*
 * Rules of three comparisons each over records with 40 features: all together natively, and the same rules as
 * one jq program by libjq, over a value that is parsed already. One thread, the best of several runs, taken
 * in turn. JSON lines on stdout.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/rng.h"
#include "rule/expr.h"
#include "rule/libjq.h"
#include <stdio.h>
#include <stdlib.h>

enum { FEATURES = 40, RECORDS = 1000, TURNS = 9, JQ_RECORDS = 60 };

static struct ss_schema schema;
static struct ss_batch batch;
static struct ss_features vector[RECORDS];
static struct ss_feature_names names = {.set = "bench", .n = FEATURES};
static double values[RECORDS][FEATURES];
static long hits;

static void fail(const char *what)
{
    fprintf(stderr, "rules: %s: %s\n", what, ss_err_text());
    exit(1);
}

/* Each comparison holds for about a third of the records, so that one rule in 27 fires. */
static void put_rule(struct ss_rng *rng, struct ss_buf *to)
{
    for (int i = 0; i < 3; i++) {
        unsigned feature = (unsigned)ss_rng_below(rng, FEATURES), limit = (unsigned)ss_rng_below(rng, 100);
        bool above = ss_rng_below(rng, 2);
        limit = above ? 60 + limit / 5 : 25 + limit / 5;
        ss_buf_printf(to, "%s.features.f%u %s %u.%u", i ? " and " : "", feature, above ? ">=" : "<", limit,
                      (unsigned)ss_rng_below(rng, 100));
    }
}

static struct ss_exprs *make_rules(int n, struct ss_buf *program)
{
    struct ss_exprs *set = ss_exprs_new(NULL);
    struct ss_rng rng;
    struct ss_buf text;
    int id;
    ss_rng_seed(&rng, 42);
    ss_buf_init(&text, 4096);
    ss_buf_putc(program, '[');
    for (int i = 0; set && i < n; i++) {
        ss_buf_reset(&text);
        put_rule(&rng, &text);
        if (ss_exprs_add(set, (struct ss_str){text.p, text.n}, "bench", &id) < 0)
            fail("add");
        ss_buf_puts(program, i ? "," : "");
        ss_buf_put(program, text.p, text.n);
    }
    ss_buf_putc(program, ']');
    ss_buf_free(&text);
    if (!set || ss_exprs_bind(set, &schema, true) < 0)
        fail("bind");
    return set;
}

static void make_records(void)
{
    static struct ss_str name[FEATURES];
    static bool is_text[FEATURES];
    static char label[FEATURES][8];
    struct ss_rng rng;
    struct ss_buf line;
    ss_rng_seed(&rng, 1);
    ss_buf_init(&line, 1 << 16);
    if (ss_schema_init(&schema) < 0 || ss_batch_init(&batch, &schema, 1) < 0)
        fail("batch");
    for (int f = 0; f < FEATURES; f++)
        name[f] = (struct ss_str){label[f], (size_t)snprintf(label[f], sizeof label[f], "f%d", f)};
    names.name = name;
    names.is_text = is_text;
    for (int i = 0; i < RECORDS; i++) {
        ss_buf_reset(&line);
        ss_buf_puts(&line, "{\"txn_id\":\"t\",\"amount\":12.5,\"features\":{");
        for (int f = 0; f < FEATURES; f++) {
            values[i][f] = (double)ss_rng_below(&rng, 10000) / 100;
            ss_buf_printf(&line, "%s\"f%d\":%.2f", f ? "," : "", f, values[i][f]);
        }
        ss_buf_puts(&line, "}}");
        struct ss_record *rec = ss_batch_add(&batch);
        char *text = ss_batch_copy(&batch, line.p, line.n);
        if (!rec || !text || ss_record_read(&batch, rec, text, line.n) < 0 || rec->fate != SS_KEEP)
            fail("record");
        vector[i] = (struct ss_features){.names = &names, .num = values[i]};
    }
    ss_buf_free(&line);
}

/* Nanoseconds a record; with the vector as in one process, or with the features as text as behind a pipe. */
static double run_native(struct ss_exprs *set, bool fused)
{
    static struct ss_arena arena;
    size_t count = ss_exprs_count(set), words = count / 64 + 1;
    if (!arena.ceiling)
        ss_arena_init(&arena, 1 << 26);
    hits = 0;
    int64_t start = ss_clock_mono_ns();
    for (int i = 0; i < RECORDS; i++) {
        batch.rec[i].features = fused ? &vector[i] : NULL;
        ss_arena_reset(&arena);
        ss_exprs_begin(set, &batch.rec[i], &arena);
        const uint64_t *maybe = ss_exprs_maybe(set);
        for (size_t w = 0; w < words; w++)
            for (uint64_t bits = maybe[w]; bits; bits &= bits - 1) {
                size_t id = w * 64 + (size_t)__builtin_ctzll(bits);
                hits += id < count && ss_expr_test(set, (int)id) == SS_EXPR_TRUE;
            }
    }
    return (double)(ss_clock_mono_ns() - start) / RECORDS;
}

/* Only what the evaluation takes: the parsing is left out. */
static double run_libjq(struct ss_libjq *jq, uint32_t program, long *found)
{
    int64_t spent = 0;
    struct ss_buf out;
    ss_buf_init(&out, 1 << 20);
    *found = 0;
    for (int i = 0; i < JQ_RECORDS; i++) {
        if (!ss_libjq_input(jq, (struct ss_str){batch.rec[i].text, batch.rec[i].len}))
            fail("input");
        ss_buf_reset(&out);
        int64_t start = ss_clock_mono_ns();
        if (ss_libjq_run_json(jq, program, &out) != SS_LIBJQ_VALUE)
            fail("jq");
        spent += ss_clock_mono_ns() - start;
        for (size_t k = 0; k < out.n; k++)
            *found += out.p[k] == 't';
    }
    ss_buf_free(&out);
    return (double)spent / JQ_RECORDS;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double bench(int rules, bool with_jq)
{
    struct ss_buf text;
    ss_buf_init(&text, 8 << 20);
    struct ss_exprs *set = make_rules(rules, &text);
    struct ss_libjq *jq = with_jq ? ss_libjq_new() : NULL;
    uint32_t program = 0;
    double fused = 1e18, piped = 1e18, peer = 1e18;
    long found = 0, expected = 0;
    if (jq && ss_libjq_add(jq, (struct ss_str){text.p, text.n}, NULL, &program) < 0)
        fail("libjq");
    for (int turn = 0; turn < TURNS; turn++) {
        if (jq)
            peer = least(peer, run_libjq(jq, program, &found));
        piped = least(piped, run_native(set, false));
        fused = least(fused, run_native(set, true));
    }
    for (int i = 0; i < JQ_RECORDS; i++) {
        static struct ss_arena arena;
        if (!arena.ceiling)
            ss_arena_init(&arena, 1 << 26);
        ss_exprs_begin(set, &batch.rec[i], &arena);
        for (int r = 0; r < rules; r++)
            expected += ss_expr_test(set, r) == SS_EXPR_TRUE;
    }
    if (jq) {
        printf(
            "{\"bench\":\"rules: %d rules, native\",\"records_per_s\":%.0f,\"ns_per_record\":%.1f,"
            "\"peer\":\"libjq, evaluation only\",\"peer_ns_per_record\":%.1f,\"ratio\":%.1f,\"same_hits\":%s,"
            "\"hits_per_record\":%.2f}\n",
            rules, 1e9 / fused, fused, peer, peer / fused, found == expected ? "true" : "false",
            (double)hits / RECORDS);
        printf(
            "{\"bench\":\"rules: %d rules, features as text\",\"records_per_s\":%.0f,\"ns_per_record\":%.1f,"
            "\"peer\":\"libjq, evaluation only\",\"ratio\":%.1f}\n",
            rules, 1e9 / piped, piped, peer / piped);
    }
    ss_libjq_free(jq);
    ss_exprs_free(set);
    ss_buf_free(&text);
    return fused;
}

/* The 100 rules as one jq array, or the records: for peers that are no C. */
static int print(const char *what)
{
    struct ss_buf text;
    ss_buf_init(&text, 8 << 20);
    ss_exprs_free(make_rules(100, &text));
    if (strcmp(what, "rules") == 0)
        printf("%.*s\n", (int)text.n, text.p);
    for (int i = 0; strcmp(what, "records") == 0 && i < RECORDS; i++)
        printf("%.*s\n", (int)batch.rec[i].len, batch.rec[i].text);
    ss_buf_free(&text);
    return 0;
}

int main(int argc, char **argv)
{
    make_records();
    if (argc == 3 && strcmp(argv[1], "print") == 0)
        return print(argv[2]);
    if (argc > 1) { /* for a profiler: nothing but so many rules */
        struct ss_buf text;
        ss_buf_init(&text, 8 << 20);
        struct ss_exprs *set = make_rules((int)strtol(argv[1], NULL, 10), &text);
        double best = 1e18;
        for (int turn = 0; turn < 1000; turn++)
            best = least(best, run_native(set, argc == 2));
        printf("{\"bench\":\"rules: %s rules\",\"ns_per_record\":%.1f}\n", argv[1], best);
        ss_exprs_free(set);
        ss_buf_free(&text);
        return 0;
    }
    bench(100, true);
    double ten = bench(10, false), thousand = bench(1000, false);
    printf("{\"bench\":\"rules: 1000 rules, native\",\"records_per_s\":%.0f,\"ns_per_record\":%.1f,"
           "\"peer\":\"10 rules\",\"peer_ns_per_record\":%.1f,\"ratio\":%.2f}\n",
           1e9 / thousand, thousand, ten, ten / thousand);
    ss_batch_free(&batch);
    ss_schema_free(&schema);
    return 0;
}
