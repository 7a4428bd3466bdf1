/* Asking for a backtest. */
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include "web/jobs.h"
#include "web/rule_change.h"
#include "web/rules.h"

#define EXAMPLES      10
#define EXAMPLES_MAX  100
#define PARAMS_MEMORY (4 * SS_RULES_TEXT_MAX)

struct ask {
    struct ss_str text; /* the candidate's */
    int64_t version;    /* 0: the text was given */
    const char *base;   /* a number of enum baseline (backtest.c): "0" stored, "1" none, "2" rules */
    int64_t base_version, from_us, until_us, limit, examples;
};

/* "current", "stored", "none", or a version's number. False when the call is answered, or *err is set. */
static bool read_baseline(struct ss_call *call, struct ask *ask, int *err)
{
    const struct ss_json_value *v = ss_json_get(call->json, "baseline");
    struct ss_rule_set set;
    struct ss_str name = SS_STR("current");
    int64_t number;
    *err = 0;
    if (v && v->type == SS_JSON_STRING && (ss_str_is(v->text, "stored") || ss_str_is(v->text, "none"))) {
        ask->base = ss_str_is(v->text, "stored") ? "0" : "1";
        return true;
    }
    if (v && v->type == SS_JSON_NUMBER && ss_int_parse(v->text.p, v->text.n, &number))
        name = v->text;
    else if (v && !(v->type == SS_JSON_STRING && ss_str_is(v->text, "current"))) {
        ss_fault(call, "baseline", "is current, stored, none, or a version's number");
        return true;
    }
    *err = ss_rule_set_find(call, name, &set);
    ask->base = "2";
    ask->base_version = set.version;
    bool found = *err > 0;
    *err = *err < 0 ? *err : 0;
    return found;
}

static bool read_candidate(struct ss_call *call, struct ask *ask, int *err)
{
    struct ss_rule_set set;
    *err = 0;
    if (ss_body_text(call, "text", false, SS_RULES_TEXT_MAX, &ask->text) && ask->text.p)
        return true;
    if (!ss_body_int(call, "version", false, 1, INT64_MAX, &ask->version)) {
        ss_fault(call, "text", "or a version is required");
        return true;
    }
    *err = ss_rule_set_find(call, ss_call_format(call, "%lld", (long long)ask->version), &set);
    ask->text = set.text;
    bool found = *err > 0;
    *err = *err < 0 ? *err : 0;
    return found;
}

static int ask_write(struct ss_call *call)
{
    const struct ask *ask = call->state;
    struct ss_buf params;
    ss_buf_init(&params, PARAMS_MEMORY);
    ss_buf_putc(&params, '{');
    ss_json_key(&params, "base");
    ss_buf_puts(&params, ask->base);
    ss_put_int_of(&params, "base_version", ask->base_version);
    ss_put_int_of(&params, "version", ask->version);
    if (!ask->version)
        ss_put_text_of(&params, "text", ask->text);
    ss_put_int_of(&params, "from_us", ask->from_us);
    ss_put_int_of(&params, "until_us", ask->until_us);
    ss_put_int_of(&params, "limit", ask->limit);
    ss_put_int_of(&params, "examples", ask->examples);
    ss_buf_putc(&params, '}');
    int err = ss_buf_check(&params);
    err = err ? err : ss_job_ask(call, "backtest", (struct ss_str){params.p, params.n});
    ss_buf_free(&params);
    return err;
}

static int ask_backtest(struct ss_call *call)
{
    static const char *const known[] = {"text",  "version", "baseline", "from",
                                        "until", "limit",   "examples", NULL};
    struct ask *ask = ss_arena_zalloc(&call->arena, sizeof *ask);
    int err;
    if (!ask)
        return SS_ENOMEM;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    ask->limit = INT64_MAX;
    ask->examples = EXAMPLES;
    ask->from_us = INT64_MIN;
    ask->until_us = INT64_MAX;
    (void)ss_body_int(call, "limit", false, 1, INT64_MAX, &ask->limit);
    (void)ss_body_int(call, "examples", false, 0, EXAMPLES_MAX, &ask->examples);
    (void)ss_body_time(call, "from", false, &ask->from_us);
    (void)ss_body_time(call, "until", false, &ask->until_us);
    if (ask->from_us >= ask->until_us)
        ss_fault(call, "until", "lies before from");
    if (!read_candidate(call, ask, &err) || !read_baseline(call, ask, &err) || !ss_call_check(call))
        return err;
    call->state = ask;
    return ss_rule_review_then(call, ask->text, ask_write);
}

const struct ss_route ss_routes_backtests[] = {
    {SS_POST, "/api/v1/backtests", ask_backtest, SS_WORKERS | SS_SERVICE, "jobs:write", SS_RUN_SLOW,
     2 * SS_RULES_TEXT_MAX},
    {0},
};
