/*
 * Any bytes as an expression (up to a newline) and a record (behind it): refused, or evaluated within its
 * bounds, the same each time, and alike by the short way that rules take. What needs libjq is judged, but not
 * run: libjq is another's to fuzz.
 */
#include "rule/allow.h"
#include "rule/graph.h"
#include "tests/expr.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static void evaluate(struct ss_str expr, const char *json)
{
    struct ss_exprs *set = ss_exprs_new(NULL);
    struct one_record one;
    struct ss_buf first, second;
    int id;
    ss_buf_init(&first, 64 << 20);
    ss_buf_init(&second, 64 << 20);
    if (!set || !one_record_init(&one) || ss_exprs_add(set, expr, "fuzz:1", &id) < 0 ||
        ss_exprs_bind(set, &one.schema, true) < 0)
        abort();
    if (one_record_read(&one, json)) {
        ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
        int r1 = ss_expr_json(set, id, &first);
        ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
        int test = ss_expr_test(set, id), r2 = ss_expr_json(set, id, &second);
        bool null = first.n == 4 && memcmp(first.p, "null", 4) == 0; /* or NaN, which is true */
        bool truth = r1 == SS_EXPR_TRUE && !(first.n == 5 && memcmp(first.p, "false", 5) == 0);
        if (r1 != r2 || first.n != second.n || (first.n && memcmp(first.p, second.p, first.n) != 0))
            abort();
        if (!null && test != (r1 == SS_EXPR_ERROR ? SS_EXPR_ERROR : (int)truth))
            abort();
    }
    one_record_free(&one);
    ss_buf_free(&first);
    ss_buf_free(&second);
    ss_exprs_free(set);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    const unsigned char *newline = memchr(bytes, '\n', len);
    size_t n = newline ? (size_t)(newline - bytes) : len;
    char *json = malloc(len - n + 3);
    char message[256];
    size_t column;
    struct ss_arena arena;
    const struct ss_ast *ast;
    struct ss_allowed allowed;
    struct ss_str expr = {(const char *)bytes, n};
    if (newline) {
        memcpy(json, newline + 1, len - n - 1);
        json[len - n - 1] = '\0';
    } else {
        memcpy(json, "{}", 3);
    }
    ss_arena_init(&arena, 256 << 20);
    enum ss_syntax syntax = ss_ast_parse(expr, &arena, &ast, message, sizeof message, &column);
    if (syntax == SS_SYNTAX_OK) {
        struct ss_exprs *set = ss_exprs_new(NULL);
        const char *why;
        bool native = set && ss_graph_compile(set, 0, ast, &why) != SS_NODE_NONE;
        ss_exprs_free(set);
        if (native)
            evaluate(expr, json);
        else
            (void)ss_allow(ast, &arena, &allowed, message, sizeof message);
    } else {
        (void)ss_allow_child(expr, message, sizeof message);
    }
    ss_arena_free(&arena);
    free(json);
    return 0;
}
