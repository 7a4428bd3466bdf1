#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "eval/align.h"
#include "eval/diff_report.h"
#include "flow/records.h"
#include "record/score.h"
#include <stdlib.h>

#define REPORT_MAX ((size_t)64 << 20)
#define GATES_MAX  64
#define LABELS_MAX 50000000

struct diff {
    const char *against, *labels_uri, *cost_file;
    struct ss_diff_gate gate[GATES_MAX];
    size_t gates;
    int64_t window, examples;
    bool json, has_window, has_examples;
    struct ss_diff_options options;
    /* From here on set by open. */
    struct ss_env *env;
    struct ss_cost cost;
    struct ss_diff sums;
    struct ss_align *align;
    struct ss_records old;
    struct ss_map labelled; /* txn_ids of --labels, and */
    int8_t *label;          /* their labels */
    size_t label_cap;
    bool old_ended, opened;
};

enum {
    OPT_JSON = 512,
    OPT_AGAINST,
    OPT_FAIL_IF,
    OPT_ALERT,
    OPT_LEVEL,
    OPT_LABELS,
    OPT_COST,
    OPT_EXAMPLES,
    OPT_WINDOW
};

static const struct argp_option options[] = {
    {"json", OPT_JSON, NULL, 0, "Print one line of JSON", 0},
    {"against", OPT_AGAINST, "OLD", 0, "What to compare with (instead of the first operand)", 0},
    {"fail-if", OPT_FAIL_IF, "GATE", 0,
     "Exit with 1 when GATE holds, such as 'false_positives > +5%' (may be repeated)", 1},
    {"alert", OPT_ALERT, "ACTION", 0, "Alerts are this action and stronger ones (review)", 2},
    {"level", OPT_LEVEL, "LEVEL", 0, "Alerts of records without a decision: this level or above (HIGH)", 2},
    {"labels", OPT_LABELS, "URI", 0, "Records with txn_id and label, for payments that lack theirs", 3},
    {"cost", OPT_COST, "FILE", 0, "What alerts and frauds cost, as for ss-eval", 3},
    {"examples", OPT_EXAMPLES, "N", 0, "Show the N dearest payments of each kind of change (5)", 4},
    {"window", OPT_WINDOW, "N", 0, "Look for a record's partner among so many (10000)", 4},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct diff *st = state->input;
    int found;
    switch (key) {
    case OPT_JSON: st->json = true; return 0;
    case OPT_LABELS: st->labels_uri = arg; return 0;
    case OPT_COST: st->cost_file = arg; return 0;
    case OPT_AGAINST: st->against = arg; return 0;
    case ARGP_KEY_ARG:
        if (st->against)
            return ARGP_ERR_UNKNOWN; /* NEW: an input like any other's */
        st->against = arg;
        return 0;
    case OPT_FAIL_IF:
        if (st->gates == GATES_MAX)
            argp_error(state, "more than %d gates", GATES_MAX);
        st->gate[st->gates].text = ss_str_of(arg);
        if (ss_gate_parse(st->gate[st->gates].text, &st->gate[st->gates].gate) != 0)
            argp_error(state, "--fail-if %s", ss_err_text());
        st->gates++;
        return 0;
    case OPT_ALERT:
        if ((found = ss_action_of(ss_str_of(arg))) <= SS_ALLOW)
            argp_error(state, "--alert takes notify, review, challenge or block, not '%s'", arg);
        st->options.alert = (enum ss_action)found;
        return 0;
    case OPT_LEVEL:
        if ((found = ss_level_of(ss_str_of(arg))) <= SS_NONE)
            argp_error(state, "--level takes LOW, MEDIUM, HIGH or CRITICAL, not '%s'", arg);
        st->options.level = (enum ss_level)found;
        return 0;
    case OPT_EXAMPLES:
        st->has_examples = ss_int_parse(arg, strlen(arg), &st->examples);
        if (!st->has_examples || st->examples < 0 || st->examples > SS_DIFF_EXAMPLES_MAX)
            argp_error(state, "--examples takes 0 to %d, not '%s'", SS_DIFF_EXAMPLES_MAX, arg);
        return 0;
    case OPT_WINDOW:
        st->has_window = ss_int_parse(arg, strlen(arg), &st->window);
        if (!st->has_window || st->window < 1 || st->window > SS_ALIGN_WINDOW_MAX)
            argp_error(state, "--window takes 1 to %d, not '%s'", SS_ALIGN_WINDOW_MAX, arg);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp diff_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

static int pair(void *ctx, const struct ss_diff_row *old, const struct ss_diff_row *new_, bool displaced)
{
    return ss_diff_pair(&((struct diff *)ctx)->sums, old, new_, displaced);
}

static int only(void *ctx, enum ss_side side, const struct ss_diff_row *row)
{
    ss_diff_only(&((struct diff *)ctx)->sums, side, row);
    return 0;
}

static int keep_label(struct diff *st, struct ss_str txn, int label)
{
    int64_t id = ss_map_add(&st->labelled, txn);
    if (id < 0)
        return (int)id;
    if ((size_t)id >= st->label_cap) {
        size_t cap = st->label_cap ? 2 * st->label_cap : 4096;
        int8_t *more = realloc(st->label, cap);
        if (!more)
            return ss_fail(SS_ENOMEM, "out of memory for %lld labels", (long long)id);
        st->label = more;
        st->label_cap = cap;
    }
    st->label[id] = (int8_t)label;
    return 0;
}

static int read_labels(struct diff *st)
{
    struct ss_records records = {.uri = NULL};
    struct ss_record *rec;
    int err = ss_records_open(&records, st->labels_uri, st->env);
    while (!err && (err = ss_records_next(&records, &rec)) > 0) {
        int label = ss_record_label(rec);
        struct ss_str txn = ss_record_text(rec, SS_TXN_ID, &records.batch.arena[0]);
        err = label >= 0 && txn.p ? keep_label(st, txn, label) : 0;
    }
    if (!err && records.rejected)
        ss_warn("%llu lines of the labels are no records, the first at %s",
                (unsigned long long)records.rejected, records.first_reject);
    ss_records_free(&records);
    return err;
}

static int diff_open(void *state, struct ss_env *env)
{
    struct diff *st = state;
    struct ss_diff_options *o = &st->options;
    const struct ss_align_to to = {pair, only, st};
    int err;
    st->env = env;
    if (!st->against)
        return ss_fail(SS_EUSAGE, "two streams of decisions are needed: OLD and NEW");
    if (!o->alert)
        o->alert = SS_REVIEW;
    if (!o->level)
        o->level = SS_HIGH;
    o->examples = st->has_examples ? (uint32_t)st->examples : 5;
    if (st->cost_file) {
        if ((err = ss_cost_read(st->cost_file, &st->cost)) != 0)
            return err;
        o->cost = &st->cost;
    }
    for (size_t i = 0; i < st->gates; i++)
        if (strcmp(st->gate[i].gate.metric->name, "cost") == 0 && !st->cost_file)
            return ss_fail(SS_EUSAGE, "gate '%.*s' needs --cost FILE", (int)st->gate[i].text.n,
                           st->gate[i].text.p);
    ss_map_init(&st->labelled, LABELS_MAX);
    ss_diff_init(&st->sums, o);
    st->opened = true;
    st->align = ss_align_new(st->has_window ? (uint32_t)st->window : 10000, &to);
    if (!st->align)
        return SS_ENOMEM;
    if (st->labels_uri && (err = read_labels(st)) != 0)
        return err;
    return ss_records_open(&st->old, st->against, env);
}

static enum ss_truth truth_of(const struct diff *st, const struct ss_record *rec, struct ss_str txn)
{
    int label = ss_record_label(rec);
    if (label < 0 && txn.p && st->labels_uri) {
        int64_t id = ss_map_find(&st->labelled, txn);
        label = id < 0 ? -1 : st->label[id];
    }
    return label < 0 ? SS_UNKNOWN : label ? SS_FRAUD : SS_GENUINE;
}

static int read_row(struct diff *st, enum ss_side side, const struct ss_record *rec, struct ss_arena *arena,
                    struct ss_diff_row *row)
{
    const struct ss_decision *decision = ss_record_decision(rec, arena);
    struct ss_score score;
    bool scored = !decision && ss_record_score(rec, &score);
    *row = (struct ss_diff_row){.txn = ss_record_text(rec, SS_TXN_ID, arena),
                                .user = ss_record_text(rec, SS_USER_ID, arena),
                                .currency = ss_record_text(rec, SS_CURRENCY, arena),
                                .time_us = rec->has_time ? rec->time_us : 0,
                                .amount = rec->has_amount ? rec->amount : 0,
                                .has_time = rec->has_time};
    row->truth = truth_of(st, rec, row->txn);
    return ss_diff_decide(&st->sums, side, decision, scored ? &score : NULL, arena, row);
}

/* 1 and OLD's next row, or 0 at its end. */
static int next_old(struct diff *st, struct ss_diff_row *row)
{
    struct ss_record *rec;
    int err;
    while ((err = ss_records_next(&st->old, &rec)) > 0) {
        if (ss_record_is_label(rec))
            continue;
        err = read_row(st, SS_OLD, rec, &st->old.batch.arena[0], row);
        return err ? err : 1;
    }
    if (err == 0 && !st->old_ended && !(st->env->stop && *st->env->stop)) {
        st->old_ended = true;
        err = ss_align_end(st->align, SS_OLD);
    }
    return err;
}

/* Reads OLD as far as it takes to place one row of NEW. */
static int place(struct diff *st, const struct ss_diff_row *new_)
{
    struct ss_diff_row old;
    for (;;) {
        enum ss_side wanted = ss_align_wants(st->align);
        if (wanted == SS_NEW)
            return ss_align_put(st->align, SS_NEW, new_);
        int got = next_old(st, &old);
        if (got < 0)
            return got;
        if (got == 0)
            return ss_align_put(st->align, SS_NEW, new_);
        if (wanted == SS_SIDES)
            return ss_align_both(st->align, &old, new_);
        int err = ss_align_put(st->align, SS_OLD, &old);
        if (err)
            return err;
    }
}

static int diff_step(void *state, struct ss_batch *batch)
{
    struct diff *st = state;
    for (size_t i = 0; i < batch->n; i++) {
        struct ss_record *rec = &batch->rec[i];
        struct ss_diff_row row;
        if (rec->fate == SS_REJECT)
            st->sums.rejected[SS_NEW]++;
        if (rec->fate != SS_KEEP)
            continue;
        rec->fate = SS_DROP;
        if (ss_record_is_label(rec)) {
            st->sums.labels++;
            continue;
        }
        int err = read_row(st, SS_NEW, rec, &batch->arena[0], &row);
        if (!err)
            err = place(st, &row);
        if (err)
            return err;
    }
    return 0;
}

static int print(struct diff *st)
{
    struct ss_buf buf;
    ss_buf_init(&buf, REPORT_MAX);
    if (st->json)
        ss_diff_json(&st->sums, st->gate, st->gates, &buf);
    else
        ss_diff_text(&st->sums, st->gate, st->gates, st->env->color, &buf);
    int err = ss_buf_check(&buf);
    if (err == 0)
        err = ss_sink_write(st->env->out, buf.p, buf.n);
    ss_buf_free(&buf);
    return err;
}

static int judge(const struct diff *st)
{
    size_t failed = 0;
    struct ss_str first = {NULL, 0};
    for (size_t i = 0; i < st->gates; i++)
        if (ss_gate_judge(&st->gate[i].gate, &st->sums).fails && failed++ == 0)
            first = st->gate[i].text;
    if (!failed)
        return 0;
    if (failed == 1)
        return ss_fail(SS_EANSWER, "gate '%.*s' failed", (int)first.n, first.p);
    return ss_fail(SS_EANSWER, "gate '%.*s' and %zu more failed", (int)first.n, first.p, failed - 1);
}

static int diff_finish(void *state, struct ss_batch *batch)
{
    struct diff *st = state;
    struct ss_diff_row row;
    (void)batch;
    int err = st->env->stop && *st->env->stop ? 0 : ss_align_end(st->align, SS_NEW);
    while (!err && (err = next_old(st, &row)) > 0)
        err = ss_align_put(st->align, SS_OLD, &row);
    st->sums.rejected[SS_OLD] = st->old.rejected;
    if (st->old.rejected)
        ss_warn("%llu lines of OLD are no records, the first at %s", (unsigned long long)st->old.rejected,
                st->old.first_reject);
    if (!err)
        err = print(st);
    if (!err && st->sums.pairs == 0)
        ss_warn("no record is in both streams");
    return err ? err : judge(st);
}

static void diff_close(void *state)
{
    struct diff *st = state;
    ss_records_free(&st->old);
    ss_align_free(st->align);
    if (st->opened) {
        ss_diff_free(&st->sums);
        ss_map_free(&st->labelled);
    }
    free(st->label);
    st->align = NULL;
    st->label = NULL;
    st->opened = false;
}

const struct ss_stage ss_stage_diff = {
    .name = "diff",
    .about = "Says what a change would have done: two streams of decisions about one history, side by side.",
    .argp = &diff_argp,
    .args = "OLD [NEW...]",
    .state_size = sizeof(struct diff),
    .open = diff_open,
    .step = diff_step,
    .finish = diff_finish,
    .close = diff_close,
};
