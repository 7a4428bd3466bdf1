/*
 * What rules would have done with the payments that are stored: a job. Each payment's features and score are
 * those that it was decided with; only the rules are run again. What comes out is what ss-diff says of two
 * streams of decisions (eval/diff.h), and how the candidate's shadow rules did.
 */
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "eval/diff_report.h"
#include "json/write.h"
#include "record/batch.h"
#include "record/score.h"
#include "store/history.h"
#include "web/jobs.h"
#include "web/rule_change.h"
#include "web/rules.h"
#include <math.h>
#include <stdlib.h>

#define PAGE 256

/* ---- what is asked for ---- */

enum baseline { BASE_STORED, BASE_NONE, BASE_TEXT };

struct plan {
    struct ss_str text, base_text; /* the candidate; the baseline where it is a text */
    int64_t version, base_version; /* 0: a text without a version */
    enum baseline base;
    int64_t from_us, until_us, limit, examples;
};

/* ---- running ---- */

/* A rule and the payments that it fired on, by label; or on which it failed. */
struct tally {
    struct ss_map names;
    struct ss_diff_sum (*of)[SS_TRUTHS];
    uint32_t cap;
};

struct run {
    struct ss_job *job;
    struct plan plan;
    struct ss_schema schema;
    struct ss_ruleset *set[SS_SIDES]; /* [SS_OLD] NULL: the baseline needs none */
    struct ss_auto_lists *autos[SS_SIDES];
    struct ss_batch batch;
    struct ss_diff diff;
    struct tally shadow, failed;
    uint64_t rejected;
};

static int count(struct tally *t, struct ss_str rule, enum ss_truth truth, int64_t amount)
{
    int64_t id = ss_map_add(&t->names, rule);
    if (id < 0)
        return (int)id;
    if (id >= t->cap) {
        uint32_t cap = t->cap ? 2 * t->cap : 64;
        struct ss_diff_sum(*more)[SS_TRUTHS] = realloc(t->of, cap * sizeof *more);
        if (!more)
            return ss_fail(SS_ENOMEM, "out of memory for rules");
        memset(more + t->cap, 0, (cap - t->cap) * sizeof *more);
        t->of = more;
        t->cap = cap;
    }
    t->of[id][truth].n++;
    t->of[id][truth].amount += amount;
    return 0;
}

static int count_new(struct run *r, const struct ss_decision *d, const struct ss_diff_row *row)
{
    int err = 0;
    for (uint32_t i = 0; i < d->shadows && !err; i++)
        err = count(&r->shadow, d->shadow[i].id, row->truth, row->amount);
    for (uint32_t i = 0; i < d->failures && !err; i++)
        err = count(&r->failed, d->failed[i].id, row->truth, row->amount);
    return err;
}

/* By the rules of a side, as if the payment came now: decided first, then learnt from. */
static int decide(struct run *r, enum ss_side side, struct ss_record *rec, const struct ss_decision **d)
{
    struct ss_arena *arena = &r->batch.arena[0];
    struct ss_ruleset *set = r->set[side];
    int err = ss_ruleset_batched(set) ? ss_ruleset_batch(set, 0, &r->batch) : 0;
    err = err ? err : ss_ruleset_decide(set, 0, rec, arena, d);
    if (!err && ss_auto_lists_concern(r->autos[side], rec))
        err = ss_auto_lists_learn(r->autos[side], rec, arena);
    return err;
}

static int take(struct run *r, const struct ss_past *past)
{
    static const struct ss_str none = {NULL, 0};
    struct ss_arena *arena = &r->batch.arena[0];
    struct ss_diff_row row[SS_SIDES];
    const struct ss_decision *old = NULL, *now = NULL;
    ss_batch_reset(&r->batch);
    struct ss_record *rec = ss_batch_add(&r->batch);
    char *copy = rec ? ss_batch_copy(&r->batch, past->record.p, past->record.n) : NULL;
    int err = copy ? ss_record_read(&r->batch, rec, copy, past->record.n) : SS_ENOMEM;
    if (err || rec->fate == SS_REJECT) {
        r->rejected += err == 0;
        return err;
    }
    if (r->plan.base == BASE_STORED)
        old = ss_record_decision(rec, arena);
    ss_record_set(rec, SS_DECISION, none); /* rules see none yet */
    ss_record_set(rec, SS_ALERT, none);
    if (r->plan.base == BASE_TEXT)
        err = decide(r, SS_OLD, rec, &old);
    err = err ? err : decide(r, SS_NEW, rec, &now);
    row[SS_OLD] = (struct ss_diff_row){.txn = ss_record_text(rec, SS_TXN_ID, arena),
                                       .user = ss_record_text(rec, SS_USER_ID, arena),
                                       .currency = ss_record_text(rec, SS_CURRENCY, arena),
                                       .time_us = rec->has_time ? rec->time_us : 0,
                                       .amount = rec->has_amount ? rec->amount : 0,
                                       .has_time = rec->has_time,
                                       .truth = past->label < 0 ? SS_UNKNOWN
                                                : past->label   ? SS_FRAUD
                                                                : SS_GENUINE};
    row[SS_NEW] = row[SS_OLD];
    err = err ? err : ss_diff_decide(&r->diff, SS_OLD, old, NULL, arena, &row[SS_OLD]);
    err = err ? err : ss_diff_decide(&r->diff, SS_NEW, now, NULL, arena, &row[SS_NEW]);
    err = err ? err : count_new(r, now, &row[SS_NEW]);
    return err ? err : ss_diff_pair(&r->diff, &row[SS_OLD], &row[SS_NEW], false);
}

/* Short, so that no statement stays open for long. */
static int run_page(struct run *r, struct ss_rows *rows, int64_t *seq, int64_t *n)
{
    int err;
    struct ss_past past;
    *n = 0;
    while ((err = ss_rows_next(rows)) > 0) {
        ss_history_row(rows, &past);
        err = take(r, &past);
        if (err)
            break;
        *seq = past.seq;
        ++*n;
    }
    return err;
}

static int run_all(struct run *r)
{
    const struct plan *p = &r->plan;
    struct ss_rows *rows;
    int64_t total, first, last, n, done = 0;
    int err = ss_history_span(r->job->db, p->from_us, p->until_us, p->limit, &total, &first, &last);
    if (err)
        return err;
    for (int64_t seq = first - 1; done < total;) {
        if (!ss_job_goes_on(r->job, (double)done / (double)total))
            return 0;
        int64_t page = total - done < PAGE ? total - done : PAGE;
        err = ss_history_page(r->job->db, seq, last, p->from_us, p->until_us, page, &rows);
        if (err)
            return err;
        err = run_page(r, rows, &seq, &n);
        ss_rows_free(rows);
        if (err)
            return err;
        if (n == 0)
            break;
        done += n;
    }
    return 0;
}

/* ---- the result ---- */

static void put_tally(struct ss_buf *to, const char *key, const struct tally *t, bool quality)
{
    ss_json_open(to, key, '[');
    for (uint32_t i = 0; i < t->names.n; i++) {
        const struct ss_diff_sum *s = t->of[i];
        uint64_t known = s[SS_FRAUD].n + s[SS_GENUINE].n;
        ss_json_item(to);
        ss_put_text_of(to, "id", t->names.key[i]);
        ss_put_int_of(to, "records", (int64_t)(known + s[SS_UNKNOWN].n));
        if (quality) {
            ss_put_int_of(to, "fraud", (int64_t)s[SS_FRAUD].n);
            ss_put_int_of(to, "genuine", (int64_t)s[SS_GENUINE].n);
            ss_put_real_of(to, "fraud_amount", ss_diff_units(s[SS_FRAUD].amount));
            ss_put_real_of(to, "precision",
                           known ? round((double)s[SS_FRAUD].n / (double)known * 1e6) / 1e6 : NAN);
        }
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

static void put_side(struct ss_buf *to, const char *key, int64_t version, const struct ss_ruleset *set,
                     const char *word)
{
    ss_json_open(to, key, '{');
    if (version)
        ss_put_int_of(to, "version", version);
    else
        ss_put_text_of(to, "version", (struct ss_str){NULL, 0});
    ss_put_text_of(to, "hash", set ? ss_str_of(ss_ruleset_hash(set)) : (struct ss_str){NULL, 0});
    ss_put_text_of(to, "what", ss_str_of(word));
    ss_buf_putc(to, '}');
}

static void put_result(struct run *r)
{
    static const char *const words[] = {"stored decisions", "none", "rules"};
    struct ss_buf *to = &r->job->result;
    ss_diff_json(&r->diff, NULL, 0, to);
    to->n -= to->n > 2 ? 2 : 0; /* "}\n" */
    put_side(to, "baseline", r->plan.base_version, r->set[SS_OLD], words[r->plan.base]);
    put_side(to, "candidate", r->plan.version, r->set[SS_NEW], "rules");
    put_tally(to, "shadow", &r->shadow, true);
    put_tally(to, "failures", &r->failed, false);
    ss_put_int_of(to, "rejected", (int64_t)r->rejected);
    ss_buf_putc(to, '}');
}

/* ---- from the plan to the run ---- */

static int load(struct run *r, enum ss_side side, struct ss_str text)
{
    struct ss_ruleset_options options = ss_rules_compile_options(r->job->web->rules);
    int err = ss_ruleset_of_text(text, side == SS_NEW ? "candidate" : "baseline", &options, &r->schema, 1,
                                 &r->set[side]);
    if (err)
        return err;
    r->autos[side] = ss_auto_lists_new();
    return r->autos[side] ? ss_ruleset_adopt(r->set[side], r->autos[side], &r->schema, true) : SS_ENOMEM;
}

static int text_of(struct ss_job *job, int64_t version, struct ss_str *text)
{
    struct ss_rule_set set;
    int err = ss_rule_set_get(job->db, version, &job->arena, &set);
    if (err == 0)
        return ss_fail(SS_EDATA, "no rule set %lld", (long long)version);
    *text = set.text;
    return err < 0 ? err : 0;
}

static int64_t number_of(const struct ss_json_value *params, const char *key)
{
    const struct ss_json_value *v = ss_json_get(params, key);
    int64_t n = 0;
    return v && v->type == SS_JSON_NUMBER && ss_int_parse(v->text.p, v->text.n, &n) ? n : 0;
}

static int read_plan(struct ss_job *job, struct plan *plan)
{
    const struct ss_json_value *params, *text;
    int err = ss_json_parse(job->row->params.p, job->row->params.n, &job->arena, &params);
    if (err)
        return err;
    *plan = (struct plan){.base = (enum baseline)number_of(params, "base"),
                          .version = number_of(params, "version"),
                          .base_version = number_of(params, "base_version"),
                          .from_us = number_of(params, "from_us"),
                          .until_us = number_of(params, "until_us"),
                          .limit = number_of(params, "limit"),
                          .examples = number_of(params, "examples")};
    text = ss_json_get(params, "text");
    if (text && text->type == SS_JSON_STRING)
        plan->text = text->text;
    else
        err = text_of(job, plan->version, &plan->text);
    if (!err && plan->base == BASE_TEXT)
        err = text_of(job, plan->base_version, &plan->base_text);
    return err;
}

static void close_run(struct run *r)
{
    for (int s = 0; s < SS_SIDES; s++) {
        ss_ruleset_free(r->set[s]);
        ss_auto_lists_free(r->autos[s]);
    }
    ss_batch_free(&r->batch);
    ss_schema_free(&r->schema);
    ss_diff_free(&r->diff);
    ss_map_free(&r->shadow.names);
    ss_map_free(&r->failed.names);
    free(r->shadow.of);
    free(r->failed.of);
    free(r);
}

static int run_backtest(struct ss_job *job)
{
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return ss_fail(SS_ENOMEM, "out of memory for a backtest");
    r->job = job;
    ss_map_init(&r->shadow.names, SS_RULES_MAX);
    ss_map_init(&r->failed.names, 2 * SS_RULES_MAX);
    int err = read_plan(job, &r->plan);
    const struct ss_diff_options options = {
        .alert = SS_REVIEW, .level = SS_HIGH, .examples = (uint32_t)r->plan.examples};
    ss_diff_init(&r->diff, &options);
    err = err ? err : ss_schema_init(&r->schema);
    err = err ? err : load(r, SS_NEW, r->plan.text);
    if (!err && r->plan.base == BASE_TEXT)
        err = load(r, SS_OLD, r->plan.base_text);
    err = err ? err : ss_batch_init(&r->batch, &r->schema, 1);
    err = err ? err : run_all(r);
    if (!err)
        put_result(r);
    close_run(r);
    return err;
}

const struct ss_job_kind ss_job_backtest = {"backtest", run_backtest};
