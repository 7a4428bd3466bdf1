#include "base/err.h"
#include "rule/check.h"
#include <stdio.h>

#define WHY_MAX 700

static bool is_object(struct ss_str json)
{
    return json.n && json.p[0] == '{';
}

/* What the rule does with the record, and why when that is an error. */
static int outcome(struct ss_ruleset *set, uint32_t rule, struct ss_batch *batch, char why[WHY_MAX])
{
    struct ss_exprs *exprs = ss_ruleset_exprs(set);
    ss_exprs_begin(exprs, &batch->rec[0], &batch->arena[0]);
    int result = ss_expr_test(exprs, ss_ruleset_when(set, rule));
    if (result == SS_EXPR_ERROR)
        snprintf(why, WHY_MAX, "fails: %s", ss_expr_error(exprs));
    if (result != SS_EXPR_TRUE || ss_ruleset_reason(set, rule) < 0)
        return result;
    struct ss_buf reason;
    ss_buf_init(&reason, SS_EXPR_BYTES);
    if (ss_expr_text(exprs, ss_ruleset_reason(set, rule), &reason) == SS_EXPR_ERROR) {
        snprintf(why, WHY_MAX, "fires, but its reason fails: %s", ss_expr_error(exprs));
        result = SS_EXPR_ERROR;
    }
    ss_buf_free(&reason);
    return result;
}

static int run_test(struct ss_ruleset *set, uint32_t r, const struct ss_rule_test *test,
                    struct ss_batch *batch, const struct ss_selftest_sink *to)
{
    static const int wanted[] = {[SS_EXPECT_FIRES] = SS_EXPR_TRUE,
                                 [SS_EXPECT_SILENT] = SS_EXPR_FALSE,
                                 [SS_EXPECT_ERROR] = SS_EXPR_ERROR};
    const struct ss_rule *rule = &ss_ruleset_spec(set)->rule[r];
    char why[WHY_MAX] = "";
    ss_batch_reset(batch);
    struct ss_record *rec = ss_batch_add(batch);
    char *copy = rec ? ss_batch_copy(batch, test->json.p, test->json.n) : NULL;
    int err = copy ? ss_record_read(batch, rec, copy, test->json.n) : SS_ENOMEM;
    if (err)
        return err;
    if (rec->fate == SS_REJECT || !is_object(test->json)) {
        snprintf(why, sizeof why, "the test's record is no JSON object: %s", rec->reason ? rec->reason : "");
        to->result(to->ctx, rule, test, why);
        return 0;
    }
    err = ss_ruleset_batched(set) ? ss_ruleset_batch(set, 0, batch) : 0;
    if (err)
        return err;
    int result = outcome(set, r, batch, why);
    if (result == wanted[test->expect]) {
        to->result(to->ctx, rule, test, NULL);
        return 0;
    }
    if (!why[0])
        snprintf(why, sizeof why, "%s", result == SS_EXPR_TRUE ? "fires" : "is silent");
    to->result(to->ctx, rule, test, why);
    return 0;
}

int ss_ruleset_selftest(struct ss_ruleset *set, struct ss_schema *schema, const struct ss_selftest_sink *to)
{
    const struct ss_rule_spec *spec = ss_ruleset_spec(set);
    struct ss_batch batch;
    int err = ss_batch_init(&batch, schema, 1);
    for (uint32_t r = 0; r < spec->rules && !err; r++)
        for (uint32_t t = 0; t < spec->rule[r].tests && !err; t++)
            err = run_test(set, r, &spec->rule[r].test[t], &batch, to);
    ss_batch_free(&batch);
    return err;
}
