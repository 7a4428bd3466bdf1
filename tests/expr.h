/* One expression over one line of JSON: what tests of expressions share. */
#ifndef TESTS_EXPR_H
#define TESTS_EXPR_H

#include "base/err.h"
#include "rule/expr.h"
#include <stdio.h>

/* A record read from `text`, in a batch of its own. */
struct one_record {
    struct ss_schema schema;
    struct ss_batch batch;
    struct ss_record *rec;
};

static inline bool one_record_read(struct one_record *one, const char *text)
{
    ss_batch_reset(&one->batch);
    one->rec = ss_batch_add(&one->batch);
    char *copy = ss_batch_copy(&one->batch, text, strlen(text));
    return one->rec && copy && ss_record_read(&one->batch, one->rec, copy, strlen(text)) == 0 &&
           one->rec->fate == SS_KEEP;
}

static inline bool one_record_init(struct one_record *one)
{
    return ss_schema_init(&one->schema) == 0 && ss_batch_init(&one->batch, &one->schema, 1) == 0;
}

static inline void one_record_free(struct one_record *one)
{
    ss_batch_free(&one->batch);
    ss_schema_free(&one->schema);
}

/* The first output as JSON, "empty", "error: why", or "refused: why". */
static inline const char *expr_result(const struct ss_exprs_options *opt, const char *expr, const char *json,
                                      enum ss_expr_kind *kind)
{
    static char out[1 << 16];
    struct one_record one;
    struct ss_buf to;
    struct ss_exprs *set = ss_exprs_new(opt);
    int id = 0;
    ss_buf_init(&to, sizeof out - 1);
    out[0] = '\0';
    if (!set || !one_record_init(&one)) {
        snprintf(out, sizeof out, "out of memory");
    } else if (ss_exprs_add(set, ss_str_of(expr), "test:1", &id) < 0 ||
               ss_exprs_bind(set, &one.schema, true) < 0) {
        snprintf(out, sizeof out, "refused: %s", ss_err_text());
    } else if (!one_record_read(&one, json) || ss_exprs_batch(set, &one.batch) < 0) {
        snprintf(out, sizeof out, "no record: %s", json);
    } else {
        *kind = ss_expr_kind(set, id);
        ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
        if (ss_expr_json(set, id, &to) == SS_EXPR_ERROR)
            snprintf(out, sizeof out, "error: %s", ss_expr_error(set));
        else
            snprintf(out, sizeof out, "%.*s", (int)to.n, to.p);
    }
    ss_buf_free(&to);
    one_record_free(&one);
    ss_exprs_free(set);
    return out;
}

#endif
