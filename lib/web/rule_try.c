/* Rules tried out: is a text sound, and what would it say of these payments? Nothing is stored. */
#include "base/err.h"
#include "json/cursor.h"
#include "json/write.h"
#include "record/batch.h"
#include "store/history.h"
#include "web/mask.h"
#include "web/rule_change.h"
#include "web/rule_view.h"
#include "web/rules.h"

#define BODY_BYTES  (2 * SS_RULES_TEXT_MAX)
#define RECORDS_MAX 200
#define SAMPLE      200

/* The text that the body gives, or that of the version it names; the published one where it has neither.
 * False when the call is answered or *err is set. */
static bool read_text(struct ss_call *call, struct ss_str *text, int *err)
{
    struct ss_rule_set set;
    int64_t version = 0;
    *err = 0;
    if (ss_body_text(call, "text", false, SS_RULES_TEXT_MAX, text) && text->p)
        return true;
    (void)ss_body_int(call, "version", false, 1, INT64_MAX, &version);
    if (call->n_faults)
        return true; /* the caller tells them all */
    struct ss_str name = version ? ss_call_format(call, "%lld", (long long)version) : SS_STR("current");
    *err = ss_rule_set_find(call, name, &set);
    *text = set.text;
    bool found = *err > 0;
    *err = *err < 0 ? *err : 0;
    return found;
}

/* ---- validate ---- */

static void put_compiled(struct ss_buf *to, struct ss_ruleset *set)
{
    static const char *const kinds[] = {"native", "libjq", "child"};
    const struct ss_rule_spec *spec = ss_ruleset_spec(set);
    ss_json_open(to, "rules", '[');
    for (uint32_t i = 0; i < spec->rules; i++) {
        ss_json_item(to);
        ss_put_rule(to, &spec->rule[i]);
        ss_put_text_of(to, "runs",
                       ss_str_of(kinds[ss_expr_kind(ss_ruleset_exprs(set), ss_ruleset_when(set, i))]));
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
    ss_json_key(to, "settings");
    ss_put_rule_settings(to, spec);
    ss_put_text_of(to, "hash", ss_str_of(ss_ruleset_hash(set)));
}

static int validate(struct ss_call *call)
{
    static const char *const known[] = {"text", "version", "sample", NULL};
    struct ss_buf *to = &call->res.body;
    struct ss_rule_notes notes;
    struct ss_schema schema;
    struct ss_ruleset *set;
    struct ss_str text = {NULL, 0};
    int64_t sample = SAMPLE;
    int err;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    (void)ss_body_int(call, "sample", false, 0, 10000, &sample);
    if (!read_text(call, &text, &err) || !ss_call_check(call))
        return err;
    err = ss_schema_init(&schema);
    if (err)
        return err;
    err = ss_rule_notes_make(call, text, sample, &schema, &notes, &set);
    if (!err) {
        ss_buf_putc(to, '{');
        ss_put_bool_of(to, "ok", notes.review.errors == 0);
        ss_put_rule_notes(to, &notes);
        if (set)
            put_compiled(to, set);
        ss_buf_putc(to, '}');
    }
    ss_ruleset_free(set);
    ss_rule_notes_free(&notes);
    ss_schema_free(&schema);
    return err;
}

/* ---- test ---- */

struct trial {
    struct ss_call *call;
    struct ss_ruleset *set;
    struct ss_batch batch;
    bool explain;
    int n;
};

struct parts {
    struct ss_buf *to;
    bool any;
};

static void put_part(void *ctx, struct ss_str text, struct ss_str value)
{
    struct parts *parts = ctx;
    ss_buf_puts(parts->to, parts->any ? ",{" : "{");
    parts->any = true;
    ss_put_text_of(parts->to, "text", text);
    ss_put_text_of(parts->to, "value", value); /* as JSON, or an error's message: a text */
    ss_buf_putc(parts->to, '}');
}

static const char *outcome_of(struct ss_exprs *exprs, int id, const struct ss_rule *rule,
                              const struct ss_decision *decision)
{
    const struct ss_fired *fired = rule->shadow ? decision->shadow : decision->rule;
    uint32_t n = rule->shadow ? decision->shadows : decision->rules;
    for (uint32_t i = 0; i < n; i++)
        if (ss_str_eq(fired[i].id, rule->name))
            return "fires";
    int result = ss_expr_test(exprs, id);
    if (!rule->enabled)
        return result == SS_EXPR_TRUE ? "off, would fire" : "off";
    /* Its rollout, from or until leaves this payment out. */
    return result == SS_EXPR_TRUE ? "not for this one" : result == SS_EXPR_FALSE ? "silent" : "fails";
}

/* Each rule with every value on the way to its answer. The decision was made of this very record. */
static void put_trace(struct trial *t, const struct ss_decision *decision)
{
    struct ss_buf *to = &t->call->res.body;
    const struct ss_rule_spec *spec = ss_ruleset_spec(t->set);
    struct ss_exprs *exprs = ss_ruleset_exprs(t->set);
    ss_json_open(to, "trace", '[');
    for (uint32_t i = 0; i < spec->rules; i++) {
        int id = ss_ruleset_when(t->set, i);
        struct parts parts = {to, false};
        ss_json_item(to);
        ss_put_text_of(to, "rule", spec->rule[i].name);
        ss_put_text_of(to, "mode", spec->rule[i].shadow ? SS_STR("shadow") : SS_STR("live"));
        ss_put_text_of(to, "outcome", ss_str_of(outcome_of(exprs, id, &spec->rule[i], decision)));
        ss_json_open(to, "parts", '[');
        ss_expr_explain(exprs, id, put_part, &parts);
        ss_buf_puts(to, "]}");
    }
    ss_buf_putc(to, ']');
}

static int decide(struct trial *t, struct ss_str text)
{
    struct ss_buf *to = &t->call->res.body;
    const struct ss_decision *decision;
    static const struct ss_str none = {NULL, 0};
    ss_batch_reset(&t->batch);
    struct ss_record *rec = ss_batch_add(&t->batch);
    char *copy = rec ? ss_batch_copy(&t->batch, text.p, text.n) : NULL;
    if (!copy)
        return SS_ENOMEM;
    int err = ss_record_read(&t->batch, rec, copy, text.n);
    if (err)
        return err;
    rec->record_no = rec->line = (uint64_t)++t->n;
    ss_page_item(t->call);
    ss_buf_putc(to, '{');
    if (rec->fate == SS_REJECT) {
        ss_put_text_of(to, "error", ss_str_of(rec->reason));
        ss_buf_putc(to, '}');
        return 0;
    }
    ss_put_text_of(to, "txn_id", ss_record_text(rec, SS_TXN_ID, &t->batch.arena[0]));
    ss_record_set(rec, SS_DECISION, none); /* of rules that decided it before */
    ss_record_set(rec, SS_ALERT, none);
    err = ss_ruleset_batched(t->set) ? ss_ruleset_batch(t->set, 0, &t->batch) : 0;
    err = err ? err : ss_ruleset_decide(t->set, 0, rec, &t->batch.arena[0], &decision);
    if (err)
        return err;
    ss_json_key(to, "decision");
    ss_decision_put(decision, to);
    if (t->explain)
        put_trace(t, decision);
    ss_buf_putc(to, '}');
    return 0;
}

static int decide_given(struct trial *t)
{
    struct ss_str records = ss_cursor_member(t->call->req.body, "records"), one;
    struct ss_cursor c = {records.p, records.p + records.n};
    int err = 0;
    if (!records.p || !ss_cursor_take(&c, '[') || ss_cursor_peek(&c) == ']')
        return 0;
    do
        err = ss_cursor_value(&c, &one) ? decide(t, one) : SS_EDATA;
    while (!err && ss_cursor_take(&c, ','));
    return err;
}

static int decide_stored(struct trial *t, struct ss_str txn_id)
{
    struct ss_rows *rows;
    struct ss_past past;
    int err = ss_history_find(t->call->db, txn_id, &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        ss_history_row(rows, &past);
        bool explain = t->explain;
        t->explain = explain && !ss_masks(t->call); /* a trace shows the values of fields */
        err = decide(t, past.record);
        t->explain = explain;
    } else if (err == 0) {
        ss_page_item(t->call);
        ss_buf_putc(&t->call->res.body, '{');
        ss_put_text_of(&t->call->res.body, "txn_id", txn_id);
        ss_put_text_of(&t->call->res.body, "error", SS_STR("no such payment"));
        ss_buf_putc(&t->call->res.body, '}');
    }
    ss_rows_free(rows);
    return err;
}

static void check_array(struct ss_call *call, const char *name, enum ss_json_type type, const char *what)
{
    const struct ss_json_value *v = ss_json_get(call->json, name);
    bool good = !v || (v->type == SS_JSON_ARRAY && v->n <= RECORDS_MAX);
    for (uint32_t i = 0; v && good && i < v->n; i++)
        good = v->at[i].type == type;
    if (!good)
        ss_fault(call, name, "is an array of at most %d %s", RECORDS_MAX, what);
}

static int run_trial(struct ss_call *call, struct ss_ruleset *set, struct ss_schema *schema, bool explain)
{
    struct trial t = {.call = call, .set = set, .explain = explain};
    const struct ss_json_value *ids = ss_json_get(call->json, "txn_ids");
    int err = ss_batch_init(&t.batch, schema, 1);
    if (err)
        return err;
    ss_page_begin(call);
    err = decide_given(&t);
    for (uint32_t i = 0; ids && i < ids->n && !err; i++)
        err = decide_stored(&t, ids->at[i].text);
    ss_buf_puts(&call->res.body, "],\"next\":null");
    ss_put_text_of(&call->res.body, "hash", ss_str_of(ss_ruleset_hash(set)));
    ss_buf_putc(&call->res.body, '}');
    ss_batch_free(&t.batch);
    return err;
}

static int test(struct ss_call *call)
{
    static const char *const known[] = {"text", "version", "records", "txn_ids", "explain", NULL};
    struct ss_rule_notes notes;
    struct ss_schema schema;
    struct ss_ruleset *set;
    struct ss_str text = {NULL, 0};
    bool explain = false;
    int err;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    (void)ss_body_bool(call, "explain", false, &explain);
    check_array(call, "records", SS_JSON_OBJECT, "payments");
    check_array(call, "txn_ids", SS_JSON_STRING, "ids");
    if (!read_text(call, &text, &err) || !ss_call_check(call))
        return err;
    err = ss_schema_init(&schema);
    if (err)
        return err;
    err = ss_rule_notes_make(call, text, 0, &schema, &notes, &set);
    if (!err && notes.review.errors)
        err = ss_rule_refuse(call, &notes);
    else if (!err)
        err = run_trial(call, set, &schema, explain);
    ss_ruleset_free(set);
    ss_rule_notes_free(&notes);
    ss_schema_free(&schema);
    return err;
}

const struct ss_route ss_routes_rule_try[] = {
    {SS_POST, "/api/v1/rule-sets/validate", validate, SS_WORKERS | SS_SERVICE, "rules:read", SS_RUN_SLOW,
     BODY_BYTES},
    {SS_POST, "/api/v1/rule-sets/test", test, SS_WORKERS | SS_SERVICE, "rules:read", SS_RUN_SLOW, BODY_BYTES},
    {0},
};
