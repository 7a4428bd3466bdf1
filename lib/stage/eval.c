#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/time.h"
#include "eval/report.h"
#include "flow/stage.h"
#include "record/decision.h"
#include "record/score.h"
#include <stdlib.h>

#define REPORT_MAX ((size_t)16 << 20)
#define K_LIMIT    1000000

struct eval {
    bool json;
    const char *from, *to, *cost_file, *svg, *known;
    struct ss_eval_options options;
    /* From here on set by open. */
    struct ss_env *env;
    int64_t from_us, to_us, since_us, delay_us;
    char *known_field;
    int card, entity, group, scenario, handbook_scenario; /* slots, -1: not asked for */
    struct ss_cost cost;
    struct ss_eval_table *table;
    struct ss_eval_skipped skipped;
};

enum {
    OPT_JSON = 512,
    OPT_FROM,
    OPT_TO,
    OPT_K,
    OPT_CARD,
    OPT_SCENARIO,
    OPT_BY,
    OPT_COST,
    OPT_SVG,
    OPT_KNOWN,
    OPT_THRESHOLD,
    OPT_LEVEL,
    OPT_ALERTED,
    OPT_LABEL_DELAY,
    OPT_TUNE,
    OPT_PER_DAY,
    OPT_RATE
};

static const struct argp_option options[] = {
    {"json", OPT_JSON, NULL, 0, "Print one line of JSON", 0},
    {"svg", OPT_SVG, "FILE", 0, "Also draw ROC, precision-recall, reliability and scores", 0},
    {"from", OPT_FROM, "TIME", 0, "Evaluate records from this event time on", 1},
    {"to", OPT_TO, "TIME", 0, "Evaluate records before this event time", 1},
    {"drop-known", OPT_KNOWN, "FIELD,DELAY[,SINCE]", 0,
     "Leave out entities with a fraud (since SINCE) already known when the day began", 1},
    {"threshold", OPT_THRESHOLD, "X", 0, "Alerts are scores of at least X", 2},
    {"level", OPT_LEVEL, "LEVEL", 0, "Alerts are records of this level or above (HIGH)", 2},
    {"alerted", OPT_ALERTED, "WHAT", 0, "Alerts by score (the default) or by decision", 2},
    {"k", OPT_K, "N[,N...]", 0, "Cards looked into per day (100)", 3},
    {"card", OPT_CARD, "FIELD", 0, "The field that names the card (user_id)", 3},
    {"cost", OPT_COST, "FILE", 0, "What alerts and frauds cost", 4},
    {"scenario", OPT_SCENARIO, "FIELD", 0,
     "The field that names the kind of fraud (scenario, else TX_FRAUD_SCENARIO)", 5},
    {"by", OPT_BY, "FIELD", 0, "Also evaluate each value of this field, or each rule, alone", 5},
    {"label-delay", OPT_LABEL_DELAY, "TIME", 0, "Count the records whose label may not have come yet", 5},
    {"tune", OPT_TUNE, NULL, 0, "Propose the threshold: cheapest by --cost, best within a budget", 6},
    {"alerts-per-day", OPT_PER_DAY, "N", 0, "Budget: so many alerts a day", 6},
    {"alert-rate", OPT_RATE, "X", 0, "Budget: so many alerts a record, such as 0.005 or 0.5%", 6},
    {0},
};

static int read_list_of_k(struct ss_eval_options *o, const char *arg)
{
    o->n_k = 0;
    for (const char *p = arg; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        int64_t k;
        if (!ss_int_parse(p, strcspn(p, ","), &k) || k < 1 || k > K_LIMIT || o->n_k == SS_EVAL_K_MAX)
            return -1;
        o->k[o->n_k++] = (uint32_t)k;
    }
    return 0;
}

/* 0.005 or 0.5%, 0 to 1. */
static bool read_share(const char *text, double *share)
{
    size_t n = strlen(text);
    bool percent = n && text[n - 1] == '%';
    if (!ss_double_parse(text, n - percent, share))
        return false;
    *share /= percent ? 100 : 1;
    return *share >= 0 && *share <= 1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct eval *st = state->input;
    struct ss_eval_options *o = &st->options;
    int level;
    switch (key) {
    case OPT_JSON: st->json = true; return 0;
    case OPT_SVG: st->svg = arg; return 0;
    case OPT_FROM: st->from = arg; return 0;
    case OPT_TO: st->to = arg; return 0;
    case OPT_KNOWN: st->known = arg; return 0;
    case OPT_CARD: o->card_field = arg; return 0;
    case OPT_COST: st->cost_file = arg; return 0;
    case OPT_SCENARIO: o->scenario_field = arg; return 0;
    case OPT_BY:
        o->by_rule = strcmp(arg, "rule") == 0;
        o->group_field = o->by_rule ? NULL : arg;
        return 0;
    case OPT_TUNE: o->tune.wanted = true; return 0;
    case OPT_PER_DAY:
        o->tune.has_per_day = ss_double_parse(arg, strlen(arg), &o->tune.per_day);
        if (!o->tune.has_per_day || !(o->tune.per_day >= 0 && o->tune.per_day <= 1e12))
            argp_error(state, "--alerts-per-day takes a number of 0 or more, not '%s'", arg);
        return 0;
    case OPT_RATE:
        o->tune.has_rate = read_share(arg, &o->tune.rate);
        if (!o->tune.has_rate)
            argp_error(state, "--alert-rate takes a share such as 0.005 or 0.5%%, not '%s'", arg);
        return 0;
    case OPT_LABEL_DELAY:
        if (!ss_duration_parse(arg, strlen(arg), &o->label_delay_us))
            argp_error(state, "--label-delay takes a duration such as 7d, not '%s'", arg);
        return 0;
    case OPT_ALERTED:
        o->by_decision = strcmp(arg, "decision") == 0;
        if (!o->by_decision && strcmp(arg, "score") != 0)
            argp_error(state, "--alerted takes score or decision, not '%s'", arg);
        return 0;
    case OPT_K:
        if (read_list_of_k(o, arg))
            argp_error(state, "--k takes up to %d whole numbers from 1 to %d, not '%s'", SS_EVAL_K_MAX,
                       K_LIMIT, arg);
        return 0;
    case OPT_THRESHOLD:
        o->by_threshold = true;
        if (!ss_double_parse(arg, strlen(arg), &o->threshold))
            argp_error(state, "--threshold takes a number, not '%s'", arg);
        return 0;
    case OPT_LEVEL:
        if ((level = ss_level_of(ss_str_of(arg))) <= SS_NONE)
            argp_error(state, "--level takes LOW, MEDIUM, HIGH or CRITICAL, not '%s'", arg);
        o->level = (enum ss_level)level;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp eval_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

static int read_time(const char *option, const char *text, int64_t *time_us, int64_t otherwise)
{
    *time_us = otherwise;
    if (!text || ss_time_parse(text, strlen(text), time_us))
        return 0;
    return ss_fail(SS_EUSAGE, "%s '%s' is not a time such as 2026-03-01 or 2026-03-01T12:30:00Z", option,
                   text);
}

/* FIELD,DELAY[,SINCE] */
static int read_known(struct eval *st)
{
    if (!st->known)
        return 0;
    const char *delay = strchr(st->known, ','), *since = delay ? strchr(delay + 1, ',') : NULL;
    if (!delay || delay == st->known)
        return ss_fail(SS_EUSAGE, "--drop-known '%s' is not FIELD,DELAY[,SINCE]", st->known);
    size_t n = since ? (size_t)(since - delay - 1) : strlen(delay + 1);
    if (!(n == 1 && delay[1] == '0') && !ss_duration_parse(delay + 1, n, &st->delay_us))
        return ss_fail(SS_EUSAGE, "--drop-known: '%.*s' is not a duration such as 7d", (int)n, delay + 1);
    st->known_field = strndup(st->known, (size_t)(delay - st->known));
    if (!st->known_field)
        return ss_fail(SS_ENOMEM, "out of memory");
    st->options.known_field = st->known_field;
    return read_time("--drop-known: SINCE", since ? since + 1 : NULL, &st->since_us, INT64_MIN);
}

static int slot(struct eval *st, const char *field, int *to)
{
    *to = field ? ss_schema_slot(st->env->schema, ss_str_of(field)) : -1;
    return field && *to < 0 ? *to : 0;
}

static int find_slots(struct eval *st)
{
    const struct ss_eval_options *o = &st->options;
    const char *scenario = o->scenario_field ? o->scenario_field : "scenario";
    int err;
    if ((err = slot(st, o->card_field, &st->card)) != 0 ||
        (err = slot(st, o->group_field, &st->group)) != 0 ||
        (err = slot(st, o->known_field, &st->entity)) != 0 || (err = slot(st, scenario, &st->scenario)) != 0)
        return err;
    return slot(st, o->scenario_field ? NULL : "TX_FRAUD_SCENARIO", &st->handbook_scenario);
}

static int check_options(const struct ss_eval_options *o, const char *cost_file)
{
    bool budget = o->tune.has_per_day || o->tune.has_rate;
    if (o->tune.wanted && !budget && !cost_file)
        return ss_fail(SS_EUSAGE, "--tune needs --cost FILE, --alerts-per-day N or --alert-rate X");
    if (budget && !o->tune.wanted)
        return ss_fail(SS_EUSAGE, "a budget of alerts is for --tune");
    return 0;
}

static int eval_open(void *state, struct ss_env *env)
{
    struct eval *st = state;
    struct ss_eval_options *o = &st->options;
    int err;
    st->env = env;
    if (!o->n_k)
        o->k[o->n_k++] = 100;
    if (!o->level)
        o->level = SS_HIGH;
    if (!o->card_field)
        o->card_field = "user_id";
    if ((err = check_options(o, st->cost_file)) != 0 ||
        (err = read_time("--from", st->from, &st->from_us, INT64_MIN)) != 0 ||
        (err = read_time("--to", st->to, &st->to_us, INT64_MAX)) != 0 || (err = read_known(st)) != 0 ||
        (err = find_slots(st)) != 0)
        return err;
    if (st->cost_file) {
        if ((err = ss_cost_read(st->cost_file, &st->cost)) != 0)
            return err;
        o->cost = &st->cost;
    }
    st->table = malloc(sizeof *st->table);
    if (!st->table)
        return ss_fail(SS_ENOMEM, "out of memory");
    ss_eval_table_init(st->table, st->entity < 0 || st->entity == st->card, st->since_us);
    st->table->detailed = o->by_rule || o->label_delay_us;
    return 0;
}

static struct ss_str text(const struct ss_record *rec, int at, struct ss_arena *arena)
{
    return at < 0 ? (struct ss_str){NULL, 0} : ss_record_text(rec, at, arena);
}

static bool in_range(const struct eval *st, const struct ss_record *rec)
{
    if (!rec->has_time)
        return !st->from && !st->to;
    return rec->time_us >= st->from_us && rec->time_us < st->to_us;
}

/* A label on a line of its own, for a payment that came before. */
static void take_label(struct eval *st, const struct ss_record *rec, struct ss_arena *arena)
{
    int label = ss_record_label(rec);
    if (label >= 0)
        ss_eval_table_label(st->table, ss_record_text(rec, SS_TXN_ID, arena), label);
}

/* What the record was judged by: its score, or the decision's where there is none or it is asked for. */
static bool read_score(const struct eval *st, const struct ss_record *rec, const struct ss_decision *decision,
                       struct ss_score *score)
{
    if (!st->options.by_decision && ss_record_score(rec, score))
        return true;
    if (!decision)
        return false;
    *score = (struct ss_score){decision->score, decision->score, decision->level};
    return true;
}

static int take(struct eval *st, const struct ss_record *rec, struct ss_arena *arena)
{
    const struct ss_decision *decision = NULL;
    struct ss_score score = {0};
    struct ss_eval_row row = {.label = ss_record_label(rec),
                              .has_time = rec->has_time,
                              .time_us = rec->time_us,
                              .amount = rec->has_amount ? rec->amount : 0,
                              .entity = text(rec, st->entity, arena)};
    if (row.label < 0)
        row.txn = ss_record_text(rec, SS_TXN_ID, arena);
    if (!in_range(st, rec)) {
        st->skipped.outside++;
        return ss_eval_table_know(st->table, &row);
    }
    if (st->options.by_decision || st->options.by_rule || !ss_record_score(rec, &score))
        decision = ss_record_decision(rec, arena);
    if (!read_score(st, rec, decision, &score)) {
        *(row.label < 0 ? &st->skipped.unlabelled : &st->skipped.unscored) += 1;
        return ss_eval_table_know(st->table, &row);
    }
    if (row.label < 0 && !row.txn.p) {
        st->skipped.unlabelled++;
        return 0;
    }
    row.score = score.value;
    row.level = score.level;
    row.card = text(rec, st->card, arena);
    row.group = text(rec, st->group, arena);
    row.alerted = decision && decision->action >= SS_REVIEW;
    int err = st->options.by_rule && decision ? ss_eval_rule_set(st->table, decision, arena, &row.group) : 0;
    if (err)
        return err;
    if (row.label != 0) {
        row.scenario = text(rec, st->scenario, arena);
        if (!row.scenario.p)
            row.scenario = text(rec, st->handbook_scenario, arena);
    }
    return ss_eval_table_add(st->table, &row);
}

static int eval_step(void *state, struct ss_batch *batch)
{
    struct eval *st = state;
    for (size_t i = 0; i < batch->n; i++) {
        struct ss_record *rec = &batch->rec[i];
        if (rec->fate != SS_KEEP)
            continue;
        int err = 0;
        if (rec->has_time)
            ss_eval_table_time(st->table, rec->time_us);
        if (ss_record_is_label(rec))
            take_label(st, rec, &batch->arena[0]);
        else
            err = take(st, rec, &batch->arena[0]);
        if (err)
            return err;
        rec->fate = SS_DROP;
    }
    return 0;
}

static int print(struct eval *st, const struct ss_eval_report *report, struct ss_buf *buf)
{
    if (st->json)
        ss_eval_report_json(report, buf);
    else
        ss_eval_report_text(report, st->env->color, buf);
    int err = ss_buf_check(buf);
    if (err == 0)
        err = ss_sink_write(st->env->out, buf->p, buf->n);
    if (err || !st->svg)
        return err;
    ss_buf_reset(buf);
    ss_eval_report_svg(report, buf);
    err = ss_buf_check(buf);
    return err ? err : ss_file_replace(st->svg, buf->p, buf->n);
}

static int eval_finish(void *state, struct ss_batch *batch)
{
    struct eval *st = state;
    struct ss_eval_report *report = calloc(1, sizeof *report);
    struct ss_buf buf;
    (void)batch;
    if (!report)
        return ss_fail(SS_ENOMEM, "out of memory");
    ss_buf_init(&buf, REPORT_MAX);
    int err = ss_eval_table_settle(st->table);
    if (err == 0 && st->known)
        ss_eval_table_drop_known(st->table, st->delay_us);
    if (err == 0)
        err = ss_eval_report_make(st->table, &st->options, &st->skipped, report);
    if (err == 0)
        err = print(st, report, &buf);
    if (err == 0 && report->records == 0)
        ss_warn("no record in range has both a label and a %s",
                st->options.by_decision ? "decision" : "score");
    ss_eval_report_free(report);
    ss_buf_free(&buf);
    free(report);
    return err;
}

static void eval_close(void *state)
{
    struct eval *st = state;
    if (st->table)
        ss_eval_table_free(st->table);
    free(st->table);
    free(st->known_field);
    st->table = NULL;
    st->known_field = NULL;
}

const struct ss_stage ss_stage_eval = {
    .name = "eval",
    .about = "Says how good scores are: metrics of scored records against their labels.",
    .argp = &eval_argp,
    .state_size = sizeof(struct eval),
    .open = eval_open,
    .step = eval_step,
    .finish = eval_finish,
    .close = eval_close,
};
