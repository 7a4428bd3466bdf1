/* Analytics: what the counts say. */
#include "base/time.h"
#include "json/write.h"
#include "record/decision.h"
#include "store/analytics.h"
#include "web/figures.h"
#include "web/period.h"
#include "web/web.h"
#include <math.h>

static void put_counts(struct ss_buf *to, const struct ss_bucket *b)
{
    ss_put_int_of(to, "payments", b->payments);
    ss_put_amount_of(to, "amount", b->amount);
    ss_put_int_of(to, "alerts", b->alerts);
    ss_put_int_of(to, "blocked", b->blocked);
    ss_put_int_of(to, "fraud", b->fraud);
    ss_put_int_of(to, "genuine", b->genuine);
}

static void put_precision(struct ss_buf *to, const char *key, int64_t fraud, int64_t genuine)
{
    ss_put_real_of(to, key, fraud + genuine ? (double)fraud / (double)(fraud + genuine) : NAN);
}

/* ---- trend ---- */

struct trend {
    struct ss_call *call;
    struct ss_bucket step; /* the one being put together */
    int64_t level[SS_LEVELS];
    int64_t step_us, next_us, until_us;
    const struct ss_steps *opened, *resolved;
    bool open;
};

static void put_step(struct trend *t, int64_t start_us, const struct ss_bucket *counts)
{
    static const struct ss_bucket none;
    struct ss_buf *to = &t->call->res.body;
    ss_json_item(to);
    ss_put_time_of(to, "start", start_us);
    put_counts(to, counts ? counts : &none);
    ss_json_open(to, "levels", '{');
    for (int i = SS_LOW; i < SS_LEVELS; i++)
        ss_put_int_of(to, ss_level_name((enum ss_level)i), counts ? t->level[i] : 0);
    ss_buf_putc(to, '}');
    ss_put_int_of(to, "cases_opened", ss_steps_at(t->opened, start_us));
    ss_put_int_of(to, "cases_resolved", ss_steps_at(t->resolved, start_us));
    ss_buf_putc(to, '}');
}

/* Steps without payments are there too: a line that skips them would lie. */
static void close_step(struct trend *t, int64_t up_to_us)
{
    if (t->open)
        put_step(t, t->step.start_us, &t->step);
    if (t->open)
        t->next_us = t->step.start_us + t->step_us;
    t->open = false;
    for (; t->next_us < up_to_us; t->next_us += t->step_us)
        put_step(t, t->next_us, NULL);
}

static int add_level(void *arg, const struct ss_bucket *b)
{
    struct trend *t = arg;
    int level = ss_level_of(b->key);
    if (!t->open || b->start_us != t->step.start_us) {
        close_step(t, b->start_us);
        t->open = true;
        t->step = *b;
        t->step.payments = t->step.amount = t->step.alerts = t->step.blocked = t->step.fraud =
            t->step.genuine = 0;
        memset(t->level, 0, sizeof t->level);
    }
    t->step.payments += b->payments;
    t->step.amount += b->amount;
    t->step.alerts += b->alerts;
    t->step.blocked += b->blocked;
    t->step.fraud += b->fraud;
    t->step.genuine += b->genuine;
    if (level >= 0)
        t->level[level] += b->payments;
    return 0;
}

static int add_minute(void *arg, const struct ss_bucket *b)
{
    return add_level(arg, b); /* minutes have no levels: their key is empty */
}

#define STEPS_MAX 10000

static int trend(struct ss_call *call)
{
    static const char *const words[] = {"minute", "hour", "day", NULL};
    static const int64_t steps[] = {SS_MINUTE_US, SS_HOUR_US, SS_DAY_US};
    struct ss_period period;
    struct ss_steps opened = {0}, resolved = {0};
    int by, err;
    ss_query_word(call, "by", words, 1, &by);
    if (!ss_period_read(call, by == 2 ? "30d" : by == 1 ? "24h" : "1h", steps[by], &period, &err))
        return err;
    if ((period.until_us - period.from_us) / steps[by] > STEPS_MAX)
        return ss_problem(call, 422, "too_long", "more than %d steps: take longer ones, or a shorter span",
                          STEPS_MAX);
    struct trend t = {.call = call, .step_us = steps[by], .opened = &opened, .resolved = &resolved};
    t.next_us = ss_floor_div(period.from_us, steps[by]) * steps[by];
    struct ss_bucket_span span = {by == 0 ? "minute" : "level", t.next_us, period.until_us, steps[by]};
    err = ss_steps_of_cases(call, &span, &opened, &resolved);
    if (err)
        return err;
    ss_buf_putc(&call->res.body, '{');
    ss_put_text_of(&call->res.body, "by", ss_str_of(words[by]));
    ss_put_time_of(&call->res.body, "as_of", period.as_of_us);
    ss_json_open(&call->res.body, "items", '[');
    if (period.as_of_us) {
        err = ss_buckets_by_time(call->db, &span, by == 0 ? add_minute : add_level, &t);
        if (!err)
            close_step(&t, period.until_us);
    }
    ss_buf_puts(&call->res.body, "]}");
    return err;
}

/* ---- by a dimension ---- */

static int put_key(void *arg, const struct ss_bucket *b)
{
    struct ss_buf *to = arg;
    ss_json_item(to);
    ss_put_text_of(to, "key", b->key);
    put_counts(to, b);
    put_precision(to, "precision", b->fraud, b->genuine);
    ss_buf_putc(to, '}');
    return 0;
}

/* Long spans of the dimensions that have both are summed from days. */
static const char *dim_for(const char *hourly, const char *daily, const struct ss_period *period)
{
    bool whole_days = period->from_us % SS_DAY_US == 0 && period->until_us % SS_DAY_US == 0;
    return daily && (whole_days || !hourly || period->until_us - period->from_us > 60 * SS_DAY_US) ? daily
                                                                                                   : hourly;
}

static int breakdown(struct ss_call *call)
{
    static const char *const words[] = {"level",   "action",   "category", "merchant", "country",
                                        "channel", "currency", "reason",   "rule",     NULL};
    static const char *const daily[] = {NULL,           NULL,          "category/day",
                                        "merchant/day", "country/day", "channel/day",
                                        "currency/day", "reason/day",  "rule/day"};
    struct ss_period period;
    int64_t limit;
    int dim, err;
    ss_query_word(call, "dim", words, 0, &dim);
    ss_query_int(call, "limit", 10, 1, 500, &limit);
    if (!ss_period_read(call, "24h", dim == 3 ? SS_DAY_US : SS_HOUR_US, &period, &err))
        return err;
    struct ss_bucket_span span = {dim_for(dim == 3 ? NULL : words[dim], daily[dim], &period), period.from_us,
                                  period.until_us, 0};
    ss_buf_putc(&call->res.body, '{');
    ss_put_text_of(&call->res.body, "dim", ss_str_of(words[dim]));
    ss_put_time_of(&call->res.body, "as_of", period.as_of_us);
    ss_json_open(&call->res.body, "items", '[');
    err = ss_buckets_by_key(call->db, &span, limit, put_key, &call->res.body);
    ss_buf_puts(&call->res.body, "]}");
    return err;
}

/* ---- hour of the week ---- */

static int add_to_week(void *arg, const struct ss_bucket *b)
{
    struct ss_bucket *week = arg;
    struct ss_civil civil;
    ss_time_to_civil(b->start_us, &civil);
    struct ss_bucket *at = &week[civil.weekday * 24 + civil.hour];
    at->payments += b->payments;
    at->alerts += b->alerts;
    at->fraud += b->fraud;
    return 0;
}

static int heatmap(struct ss_call *call)
{
    struct ss_bucket week[7 * 24] = {0};
    struct ss_period period;
    int err;
    if (!ss_period_read(call, "30d", SS_HOUR_US, &period, &err))
        return err;
    struct ss_bucket_span span = {"all", period.from_us, period.until_us, SS_HOUR_US};
    err = ss_buckets_by_time(call->db, &span, add_to_week, week);
    struct ss_buf *to = &call->res.body;
    ss_buf_puts(to, "{\"items\":[");
    for (int i = 0; i < 7 * 24; i++) {
        ss_json_item(to);
        ss_put_int_of(to, "weekday", i / 24);
        ss_put_int_of(to, "hour", i % 24);
        ss_put_int_of(to, "payments", week[i].payments);
        ss_put_int_of(to, "alerts", week[i].alerts);
        ss_put_int_of(to, "fraud", week[i].fraud);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "]}");
    return err;
}

/* ---- scores ---- */

#define BINS 20

static int add_to_bin(void *arg, const struct ss_bucket *b)
{
    struct ss_bucket *bins = arg;
    int bin = b->key.n == 2 ? (b->key.p[0] - '0') * 10 + b->key.p[1] - '0' : -1;
    if (bin >= 0 && bin < BINS)
        bins[bin] = *b;
    return 0;
}

/* Precision and recall of each threshold over the payments that are labelled, and the share of all that it
 * takes. */
static void put_thresholds(struct ss_buf *to, const struct ss_bucket *bins)
{
    int64_t fraud = 0, genuine = 0, payments = 0, all_fraud = 0, all = 0;
    for (int i = 0; i < BINS; i++) {
        all_fraud += bins[i].fraud;
        all += bins[i].payments;
    }
    for (int i = BINS - 1; i >= 0; i--) {
        fraud += bins[i].fraud;
        genuine += bins[i].genuine;
        payments += bins[i].payments;
        ss_json_item(to);
        ss_put_real_of(to, "threshold", (double)i / BINS);
        put_precision(to, "precision", fraud, genuine);
        ss_put_real_of(to, "recall", all_fraud ? (double)fraud / (double)all_fraud : NAN);
        ss_put_real_of(to, "share", all ? (double)payments / (double)all : 0);
        ss_buf_putc(to, '}');
    }
}

static int scores(struct ss_call *call)
{
    struct ss_bucket bins[BINS] = {0};
    struct ss_period period;
    int err;
    if (!ss_period_read(call, "7d", SS_HOUR_US, &period, &err))
        return err;
    struct ss_bucket_span span = {dim_for("score", "score/day", &period), period.from_us, period.until_us, 0};
    err = ss_buckets_by_key(call->db, &span, BINS, add_to_bin, bins);
    struct ss_buf *to = &call->res.body;
    ss_buf_puts(to, "{\"bins\":[");
    for (int i = 0; i < BINS; i++) {
        ss_json_item(to);
        ss_put_real_of(to, "from", (double)i / BINS);
        ss_put_real_of(to, "to", (double)(i + 1) / BINS);
        ss_put_int_of(to, "payments", bins[i].payments);
        ss_put_int_of(to, "fraud", bins[i].fraud);
        ss_put_int_of(to, "genuine", bins[i].genuine);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "],\"thresholds\":[");
    put_thresholds(to, bins);
    ss_buf_puts(to, "]}");
    return err;
}

/* ---- rules ---- */

struct rules {
    struct ss_buf *to;
    bool shadow;
};

static int put_rule(void *arg, const struct ss_bucket *b)
{
    struct rules *r = arg;
    ss_json_item(r->to);
    ss_put_text_of(r->to, "rule", b->key);
    ss_put_bool_of(r->to, "shadow", r->shadow);
    ss_put_int_of(r->to, "hits", b->payments);
    ss_put_amount_of(r->to, "amount", b->amount);
    ss_put_int_of(r->to, "fraud", b->fraud);
    ss_put_int_of(r->to, "genuine", b->genuine);
    put_precision(r->to, "precision", b->fraud, b->genuine);
    ss_buf_putc(r->to, '}');
    return 0;
}

static int rule_results(struct ss_call *call)
{
    struct ss_period period;
    int err;
    if (!ss_period_read(call, "30d", SS_HOUR_US, &period, &err))
        return err;
    struct rules live = {&call->res.body, false}, tried = {&call->res.body, true};
    struct ss_bucket_span span = {dim_for("rule", "rule/day", &period), period.from_us, period.until_us, 0};
    ss_buf_puts(&call->res.body, "{\"items\":[");
    err = ss_buckets_by_key(call->db, &span, 1000, put_rule, &live);
    span.dim = dim_for("shadow", "shadow/day", &period);
    if (!err)
        err = ss_buckets_by_key(call->db, &span, 1000, put_rule, &tried);
    ss_buf_puts(&call->res.body, "]}");
    return err;
}

/* ---- latency and throughput ---- */

struct latency {
    struct ss_buf *to;
    struct ss_latencies all, step;
    int64_t start_us;
};

static void put_latency(struct ss_buf *to, const char *key, double us)
{
    ss_put_real_of(to, key, us < 0 ? NAN : us);
}

static void close_latency(struct latency *l)
{
    if (!l->step.n)
        return;
    ss_json_item(l->to);
    ss_put_time_of(l->to, "start", l->start_us);
    put_latency(l->to, "p50_us", ss_latencies_at(&l->step, 0.5));
    put_latency(l->to, "p99_us", ss_latencies_at(&l->step, 0.99));
    ss_buf_putc(l->to, '}');
    memset(&l->step, 0, sizeof l->step);
}

static int add_latency(void *arg, const struct ss_bucket *b)
{
    struct latency *l = arg;
    if (b->start_us != l->start_us)
        close_latency(l);
    l->start_us = b->start_us;
    ss_latencies_add(&l->all, b);
    ss_latencies_add(&l->step, b);
    return 0;
}

static int latency(struct ss_call *call)
{
    struct ss_period period;
    struct latency l = {.to = &call->res.body};
    int err;
    if (!ss_period_read(call, "24h", SS_HOUR_US, &period, &err))
        return err;
    bool days = period.until_us - period.from_us > 14 * SS_DAY_US;
    struct ss_bucket_span span = {days ? "latency/day" : "latency", period.from_us, period.until_us,
                                  days ? SS_DAY_US : SS_HOUR_US};
    ss_buf_puts(l.to, "{\"items\":[");
    err = ss_buckets_by_time(call->db, &span, add_latency, &l);
    close_latency(&l);
    ss_buf_putc(l.to, ']');
    ss_put_int_of(l.to, "payments", l.all.n);
    put_latency(l.to, "avg_us", ss_latencies_mean(&l.all));
    put_latency(l.to, "min_us", ss_latencies_at(&l.all, 0));
    put_latency(l.to, "p50_us", ss_latencies_at(&l.all, 0.5));
    put_latency(l.to, "p95_us", ss_latencies_at(&l.all, 0.95));
    put_latency(l.to, "p99_us", ss_latencies_at(&l.all, 0.99));
    put_latency(l.to, "max_us", ss_latencies_at(&l.all, 1));
    ss_buf_putc(l.to, '}');
    return err;
}

struct throughput {
    struct ss_buf *to;
    int64_t minutes, payments, least, most;
};

static int add_throughput(void *arg, const struct ss_bucket *b)
{
    struct throughput *t = arg;
    ss_json_item(t->to);
    ss_put_time_of(t->to, "start", b->start_us);
    ss_put_int_of(t->to, "payments", b->payments);
    ss_buf_putc(t->to, '}');
    if (t->minutes == 0 || b->payments < t->least)
        t->least = b->payments;
    if (b->payments > t->most)
        t->most = b->payments;
    t->minutes++;
    t->payments += b->payments;
    return 0;
}

static int throughput(struct ss_call *call)
{
    struct ss_period period;
    struct throughput t = {.to = &call->res.body};
    int err;
    if (!ss_period_read(call, "1h", SS_MINUTE_US, &period, &err))
        return err;
    if (period.until_us - period.from_us > 7 * SS_DAY_US)
        period.from_us = period.until_us - 7 * SS_DAY_US; /* minutes are kept no longer */
    struct ss_bucket_span span = {"minute", period.from_us, period.until_us, SS_MINUTE_US};
    ss_buf_puts(t.to, "{\"items\":[");
    err = ss_buckets_by_time(call->db, &span, add_throughput, &t);
    ss_buf_putc(t.to, ']');
    ss_put_real_of(t.to, "avg_tps", t.minutes ? (double)t.payments / (double)t.minutes / 60 : 0);
    ss_put_real_of(t.to, "min_tps", (double)t.least / 60);
    ss_put_real_of(t.to, "max_tps", (double)t.most / 60);
    ss_buf_putc(t.to, '}');
    return err;
}

/* ---- cards ---- */

static int put_card(void *arg, const struct ss_card_risk *card)
{
    struct ss_buf *to = arg;
    ss_json_item(to);
    ss_put_text_of(to, "card_id", card->card);
    ss_put_int_of(to, "payments", card->payments);
    ss_put_amount_of(to, "amount", card->amount);
    ss_put_int_of(to, "alerts", card->alerts);
    ss_put_real_of(to, "max_score", card->max_score);
    ss_put_text_of(to, "level", ss_str_of(ss_level_name((enum ss_level)card->level)));
    ss_put_time_of(to, "last_seen", card->last_us);
    ss_buf_putc(to, '}');
    return 0;
}

static int cards(struct ss_call *call)
{
    struct ss_period period;
    int64_t limit;
    int err;
    ss_query_int(call, "limit", 10, 1, 50, &limit);
    if (!ss_period_read(call, "7d", SS_HOUR_US, &period, &err))
        return err;
    ss_buf_puts(&call->res.body, "{\"items\":[");
    err = ss_cards_at_risk(call->db, period.from_us, period.until_us, limit, put_card, &call->res.body);
    ss_buf_puts(&call->res.body, "]}");
    return err;
}

#define ANALYSIS(path, handler)                                                                  \
    {                                                                                            \
        SS_GET, "/api/v1/analytics/" path, handler, SS_READERS, "analytics:read", SS_RUN_SLOW, 0 \
    }

const struct ss_route ss_routes_analytics[] = {
    ANALYSIS("kpis", ss_kpis),
    ANALYSIS("summary", ss_summary),
    ANALYSIS("trend", trend),
    ANALYSIS("breakdown", breakdown),
    ANALYSIS("heatmap", heatmap),
    ANALYSIS("scores", scores),
    ANALYSIS("rules", rule_results),
    ANALYSIS("latency", latency),
    ANALYSIS("throughput", throughput),
    ANALYSIS("cards", cards),
    {0},
};
