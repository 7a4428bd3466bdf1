/* Scores without storing: one payment, many, and what-if. By the writer's thread, which owns the pipeline. */
#include "base/err.h"
#include "json/cursor.h"
#include "json/write.h"
#include "record/decision.h"
#include "store/payments.h"
#include "web/engine.h"
#include "web/flips.h"
#include "web/signs.h"
#include "web/variant.h"

#define BATCH_MAX  1000
#define BATCH_BODY ((size_t)4 << 20)

/* The engine, or NULL: answered with 503. */
static struct ss_engine *engine_of(struct ss_call *call)
{
    if (!call->web->engine)
        ss_problem(call, 503, "no_pipeline", "this server hosts no pipeline: start it with --pipeline");
    return call->web->engine;
}

/* The body as it came, an object with a good amount; p == NULL: answered. */
static struct ss_str payment_of(struct ss_call *call)
{
    int64_t amount;
    if (!ss_call_json(call))
        return (struct ss_str){NULL, 0};
    ss_body_amount(call, "amount", true, &amount);
    if (!ss_call_check(call))
        return (struct ss_str){NULL, 0};
    return ss_str_trim(call->req.body);
}

static int score(struct ss_call *call)
{
    struct ss_engine *engine = engine_of(call);
    struct ss_verdict verdict;
    int err;
    if (!engine)
        return 0;
    struct ss_str text = payment_of(call);
    if (!text.p)
        return 0;
    text = ss_variant_completed(call, text, &err);
    err = err ? err : engine->ops->attempt(engine, &text, 1, &verdict);
    if (err)
        return err;
    if (!verdict.line.p)
        return ss_problem(call, 422, "rejected", "%s",
                          verdict.reason ? verdict.reason : "the pipeline dropped it");
    ss_buf_put(&call->res.body, verdict.line.p, verdict.line.n);
    return 0;
}

/* ---- many ---- */

static int score_batch(struct ss_call *call)
{
    struct ss_engine *engine = engine_of(call);
    struct ss_buf *to = &call->res.body;
    if (!engine || !ss_call_json(call))
        return 0;
    struct ss_str list = ss_cursor_member(ss_str_trim(call->req.body), "payments");
    const struct ss_json_value *items = ss_json_get(call->json, "payments");
    if (!items || items->type != SS_JSON_ARRAY || items->n > BATCH_MAX) {
        ss_fault(call, "payments", "is a list of at most %d payments", BATCH_MAX);
        ss_call_check(call);
        return 0;
    }
    struct ss_str *text = ss_arena_alloc(&call->arena, (items->n + 1) * sizeof *text);
    struct ss_verdict *verdict = ss_arena_zalloc(&call->arena, (items->n + 1) * sizeof *verdict);
    if (!text || !verdict)
        return SS_ENOMEM;
    struct ss_cursor c = {list.p, list.p + list.n};
    size_t n = 0;
    int err = 0;
    ss_cursor_take(&c, '[');
    while (n < items->n && ss_cursor_value(&c, &text[n]) && !err) {
        text[n] = ss_variant_completed(call, text[n], &err);
        n++;
        ss_cursor_take(&c, ',');
    }
    err = err || !n ? err : engine->ops->attempt(engine, text, n, verdict);
    if (err)
        return err;
    ss_buf_puts(to, "{\"items\":[");
    for (size_t i = 0; i < n; i++) {
        ss_page_item(call);
        if (verdict[i].line.p) {
            ss_buf_put(to, verdict[i].line.p, verdict[i].line.n);
            continue;
        }
        ss_buf_putc(to, '{');
        ss_put_text_of(to, "type", SS_STR("about:blank"));
        ss_put_int_of(to, "status", 422);
        ss_put_text_of(to, "code", SS_STR("rejected"));
        ss_put_text_of(to, "detail", ss_str_of(verdict[i].reason ? verdict[i].reason : "dropped"));
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "]}");
    return 0;
}

/* ---- what if ---- */

static void put_member(struct ss_buf *to, struct ss_str line, const char *key)
{
    struct ss_str value = ss_cursor_member(line, key);
    ss_json_key(to, key);
    ss_buf_put(to, value.p ? value.p : "null", value.p ? value.n : 4);
}

static int what_if(struct ss_call *call)
{
    struct ss_engine *engine = engine_of(call);
    struct ss_buf *to = &call->res.body;
    struct ss_verdict verdict;
    struct ss_signs signs;
    int err;
    if (!engine)
        return 0;
    struct ss_str text = payment_of(call);
    if (!text.p)
        return 0;
    struct ss_str user = ss_cursor_member(text, "user_id");
    if (!user.n || user.p[0] == 'n' || ss_str_is(user, "\"\"")) {
        ss_fault(call, "user_id", "is required");
        ss_call_check(call);
        return 0;
    }
    text = ss_variant_completed(call, text, &err);
    err = err ? err : ss_signs_read(call, text, &signs);
    err = err ? err : engine->ops->attempt(engine, &text, 1, &verdict);
    if (err)
        return err;
    if (!verdict.line.p)
        return ss_problem(call, 422, "rejected", "%s",
                          verdict.reason ? verdict.reason : "the pipeline dropped it");
    struct ss_str line = ss_call_copy(call, verdict.line);
    ss_signs_judge(&signs, line);
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "status", signs.n ? SS_STR("fraud") : SS_STR("valid"));
    put_member(to, line, "decision");
    put_member(to, line, "score");
    ss_signs_put(&signs, to);
    ss_json_key(to, "evaluated");
    ss_buf_put(to, text.p, text.n);
    ss_buf_puts(to, ",\"flips\":[");
    err = ss_flips_put(call, engine, text, line, &signs);
    ss_buf_puts(to, "],\"record\":");
    ss_buf_put(to, line.p, line.n);
    ss_buf_putc(to, '}');
    return err;
}

const struct ss_route ss_routes_score[] = {
    {SS_POST, "/api/v1/score", score, SS_WORKERS | SS_SERVICE, "score", SS_RUN_TRY, 0},
    {SS_POST, "/api/v1/score/batch", score_batch, SS_WORKERS | SS_SERVICE, "score", SS_RUN_TRY, BATCH_BODY},
    {SS_POST, "/api/v1/what-if", what_if, SS_WORKERS | SS_SERVICE, "score", SS_RUN_TRY, 0},
    {0},
};
