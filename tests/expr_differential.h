/*
 * Random expressions over random records, evaluated natively and by libjq: every outcome (value, no output,
 * error) must be the same. libjq takes some 15 ms to compile any program, so that many expressions share one,
 * each within try; records are few, expressions many.
 */
#ifndef TESTS_EXPR_DIFFERENTIAL_H
#define TESTS_EXPR_DIFFERENTIAL_H

#include "rule/allow.h"
#include "rule/graph.h"
#include "rule/run.h"
#include "tests/expr.h"
#include "tests/jq_generator.h"
#include "tests/tap.h"
#include <jq.h>

/* libjq 1.6 leaks a little for some errors; the reference here is libjq as it is. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libjq";
}

enum { GROUP = 150, RECORDS = 18, TEXT = 400 };

struct differential {
    struct jq_generator gen;
    struct ss_buf text;
    long native, libjq, refused, wrong; /* expressions */
    long compared, errors, empties;     /* native outcomes */
    long libjq_compared, differences;
    long libjq_wanted; /* how many expressions to run through our own libjq path */
};

static const char guard[] =
    "def __mul(a; b): a * b; def __mod(a; b): a % b; "
    "def __long(s; $n): $n >= 65537 or $n > 0 and (s | utf8bytelength) * ($n | floor) > 65536; "
    "def _multiply(a; b): b as $b | a as $a | if ($a | type) == \"string\" and ($b | type) == \"number\" and "
    "__long($a; $b) or ($b | type) == \"string\" and ($a | type) == \"number\" and __long($b; $a) "
    "then error(\"long\") else __mul($a; $b) end; "
    "def _mod(a; b): b as $b | a as $a | if ($a | type) == \"number\" and ($b | type) == \"number\" and $b "
    "<= -1 and "
    "$b > -2 then 0 else __mod($a; $b) end; [";

static void quiet(void *ctx, jv message)
{
    (void)ctx;
    jv_free(message);
}

/* One program of n expressions: an array of [value], [] or "error". NULL when it does not compile. */
static jq_state *reference_new(char (*expr)[TEXT], int n)
{
    struct ss_buf text;
    ss_buf_init(&text, 1 << 20);
    ss_buf_puts(&text, guard);
    for (int i = 0; i < n; i++)
        ss_buf_printf(&text, "%s(try [first(%s\n)] catch \"error\")", i ? "," : "", expr[i]);
    ss_buf_puts(&text, "]");
    jq_state *jq = jq_init();
    jq_set_error_cb(jq, quiet, NULL);
    if (!jq_compile(jq, ss_buf_cstr(&text)))
        jq_teardown(&jq);
    ss_buf_free(&text);
    return jq;
}

/* A program of its own, whose first output counts: first() would not do where try is in it, since in jq 1.6 a
 * try also catches the break that ends first. */
static jq_state *single_new(const char *expr)
{
    struct ss_buf text;
    ss_buf_init(&text, 1 << 20);
    ss_buf_put(&text, guard, sizeof guard - 2);
    ss_buf_printf(&text, "(%s\n)", expr);
    jq_state *jq = jq_init();
    jq_set_error_cb(jq, quiet, NULL);
    if (!jq_compile(jq, ss_buf_cstr(&text)))
        jq_teardown(&jq);
    ss_buf_free(&text);
    return jq;
}

/* [value], [] or "error", as from a group's program. */
static jv single_run(jq_state *jq, const char *json)
{
    jq_start(jq, jv_parse(json), 0);
    jv first = jq_next(jq);
    if (jv_is_valid(first))
        return jv_array_append(jv_array(), jv_array_append(jv_array(), first));
    jv one = jv_invalid_has_msg(jv_copy(first)) ? jv_string("error") : jv_array();
    jv_free(first);
    return jv_array_append(jv_array(), one);
}

static jv reference_run(jq_state *jq, const char *json)
{
    jq_start(jq, jv_parse(json), 0);
    return jq_next(jq);
}

/* The reference's outcome for expression i as text: JSON, "empty" or "error". */
static void reference_text(jv all, int i, char *out, size_t size)
{
    jv one = jv_array_get(jv_copy(all), i);
    if (jv_get_kind(one) == JV_KIND_STRING) {
        snprintf(out, size, "error");
    } else if (jv_array_length(jv_copy(one)) == 0) {
        snprintf(out, size, "empty");
    } else {
        jv text = jv_dump_string(jv_array_get(jv_copy(one), 0), 0);
        snprintf(out, size, "%s", jv_string_value(text));
        jv_free(text);
    }
    jv_free(one);
}

static void compare_one(struct differential *d, struct ss_exprs *set, int id, jv all, int i, const char *expr,
                        const char *json, bool native)
{
    char want[4096];
    struct ss_buf got;
    ss_buf_init(&got, 1 << 20);
    reference_text(all, i, want, sizeof want);
    int r = ss_expr_json(set, id, &got);
    if (r == SS_EXPR_ERROR) {
        ss_buf_reset(&got);
        ss_buf_puts(&got, "error");
    }
    d->compared += native;
    d->libjq_compared += !native;
    d->errors += native && r == SS_EXPR_ERROR;
    d->empties += native && r == SS_EXPR_FALSE;
    /* The short way, which looks at all thresholds of a set at once, gives the same truth. */
    bool is_null = r == SS_EXPR_TRUE && strncmp(got.p, "null", 4) == 0; /* or NaN, which is true */
    bool truth = r == SS_EXPR_TRUE && strncmp(got.p, "false", 5) != 0;
    int test = ss_expr_test(set, id);
    if (!is_null && test != (r == SS_EXPR_ERROR ? SS_EXPR_ERROR : (int)truth) && d->differences++ < 5)
        printf("# %s\n#   over %s\n#   is %.*s, but tests as %d\n", expr, json, (int)got.n, got.p, test);
    size_t n = got.n < sizeof want - 1 ? got.n : sizeof want - 1;
    if (strlen(want) != n || memcmp(want, got.p, n) != 0) {
        if (d->differences++ < 5)
            printf("# %s\n#   over %s\n#   %s: %.*s%s%s\n#   libjq: %s\n", expr, json,
                   native ? "native" : "wrapped", (int)got.n, got.p, r == SS_EXPR_ERROR ? ": " : "",
                   r == SS_EXPR_ERROR ? ss_expr_error(set) : "", want);
    }
    ss_buf_free(&got);
}

static int sort_out(struct differential *d, struct ss_exprs *set, const char *expr, int *id)
{
    /* What needs libjq is told without compiling it, but for a sample. */
    const struct ss_ast *ast;
    struct ss_allowed allowed;
    char message[256];
    const char *why;
    size_t column;
    struct ss_str text = ss_str_of(expr);
    enum ss_syntax syntax = ss_ast_parse(text, &set->arena, &ast, message, sizeof message, &column);
    if (syntax == SS_SYNTAX_OK && ss_graph_compile(set, set->exprs, ast, &why) == SS_NODE_NONE) {
        syntax = ss_allow(ast, &set->arena, &allowed, message, sizeof message);
        if (syntax == SS_SYNTAX_OK) {
            d->libjq++;
            if (d->libjq > d->libjq_wanted || ss_exprs_add(set, text, "generated", id) < 0)
                return -1;
            return 1;
        }
    }
    if (syntax == SS_SYNTAX_WRONG) {
        d->wrong++;
        return -2;
    }
    if (syntax != SS_SYNTAX_OK) {
        d->refused++;
        return -1;
    }
    d->native++;
    if (ss_exprs_add(set, text, "generated", id) < 0 || ss_expr_kind(set, *id) != SS_EXPR_NATIVE) {
        d->differences++;
        printf("# not native after all: %s\n", expr);
        return -1;
    }
    return 0;
}

static void make_text(struct differential *d, char *out, size_t size, bool record)
{
    do {
        ss_buf_reset(&d->text);
        if (record)
            jq_record(&d->gen);
        else if (below(&d->gen, 16) == 0)
            jq_comparison(&d->gen);
        else if (below(&d->gen, 10) == 0) {
            ss_buf_puts(&d->text, below(&d->gen, 2) ? ".s | test(\"" : ".t | test(\"");
            jq_regex(&d->gen, 2);
            ss_buf_puts(&d->text, "\")");
        } else
            jq_exp(&d->gen, 1 + (int)below(&d->gen, 3));
    } while (d->text.n >= size);
    memcpy(out, d->text.p, d->text.n);
    out[d->text.n] = '\0';
}

/* Which expression of the group does libjq not take? */
static void find_culprit(struct differential *d, char (*expr)[TEXT], int n)
{
    for (int i = 0; i < n; i++) {
        jq_state *jq = reference_new(expr + i, 1);
        if (!jq && d->differences++ < 5)
            printf("# libjq does not compile: %s\n", expr[i]);
        if (jq)
            jq_teardown(&jq);
    }
}

static void compare_group(struct differential *d)
{
    static char expr[GROUP][TEXT], wrong[4][TEXT], wrapped[GROUP][TEXT], json[TEXT * 2];
    static int id[GROUP], wrapped_id[GROUP];
    static jq_state *single[GROUP];
    int wraps = 0;
    struct ss_exprs *set = ss_exprs_new(NULL);
    struct one_record one;
    int n = 0, wrongs = 0;
    for (int i = 0; i < GROUP; i++) {
        make_text(d, expr[n], TEXT, false);
        int kind = sort_out(d, set, expr[n], &id[n]);
        if (kind == -2 && wrongs < 4)
            memcpy(wrong[wrongs++], expr[n], TEXT);
        if (kind == 1) {
            wrapped_id[wraps] = id[n];
            memcpy(wrapped[wraps], expr[n], TEXT);
            single[wraps] = single_new(expr[n]);
            if (!single[wraps++])
                exit(1);
        }
        n += kind == 0;
    }
    jq_state *jq = reference_new(expr, n);
    if (!jq) {
        find_culprit(d, expr, n);
        ss_exprs_free(set);
        return;
    }
    /* What we call malformed must be so to libjq, too: a sample. */
    for (int i = 0; i < wrongs && d->wrong < 200; i++) {
        jq_state *taken = reference_new(wrong + i, 1);
        if (taken && d->differences++ < 5)
            printf("# libjq compiles what is called malformed: %s\n", wrong[i]);
        if (taken)
            jq_teardown(&taken);
    }
    if (!one_record_init(&one) || ss_exprs_bind(set, &one.schema, true) < 0)
        exit(1);
    for (int r = 0; r < RECORDS; r++) {
        make_text(d, json, sizeof json, true);
        if (!one_record_read(&one, json)) {
            printf("# no record: %s\n", json);
            d->differences++;
            continue;
        }
        jv all = reference_run(jq, json);
        ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
        for (int i = 0; i < n; i++)
            compare_one(d, set, id[i], all, i, expr[i], json, true);
        jv_free(all);
        for (int i = 0; i < wraps; i++) {
            all = single_run(single[i], json);
            compare_one(d, set, wrapped_id[i], all, 0, wrapped[i], json, false);
            jv_free(all);
        }
    }
    one_record_free(&one);
    for (int i = 0; i < wraps; i++)
        jq_teardown(&single[i]);
    jq_teardown(&jq);
    ss_exprs_free(set);
}

static void compare_groups(struct differential *d, int groups, uint64_t seed, long libjq_wanted)
{
    *d = (struct differential){.libjq_wanted = libjq_wanted};
    ss_rng_seed(&d->gen.rng, seed);
    ss_buf_init(&d->text, 1 << 20);
    d->gen.to = &d->text;
    for (int i = 0; i < groups; i++)
        compare_group(d);
    ss_buf_free(&d->text);
}

#endif
