#include "store/settings.h"
#include "web/figures.h"
#include "base/time.h"
#include "json/write.h"
#include "store/case_stats.h"
#include "web/period.h"
#include "web/settings.h"
#include <math.h>

#define POINTS 24 /* of a course */

struct course {
    int64_t from_us, step_us;
    struct ss_bucket sum, before; /* of the period, and of the one before it */
    double point[POINTS], fraud[POINTS], alerts[POINTS], blocked[POINTS], amount[POINTS];
};

static void add(struct ss_bucket *to, const struct ss_bucket *b)
{
    to->payments += b->payments;
    to->amount += b->amount;
    to->alerts += b->alerts;
    to->blocked += b->blocked;
    to->fraud += b->fraud;
    to->genuine += b->genuine;
}

static int add_sum(void *arg, const struct ss_bucket *b)
{
    add(arg, b);
    return 0;
}

static int add_to_course(void *arg, const struct ss_bucket *b)
{
    struct course *c = arg;
    if (b->start_us < c->from_us) {
        add(&c->before, b);
        return 0;
    }
    int64_t i = (b->start_us - c->from_us) / c->step_us;
    add(&c->sum, b);
    if (i < POINTS) {
        c->point[i] += (double)b->payments;
        c->amount[i] += (double)b->amount / 10000;
        c->alerts[i] += (double)b->alerts;
        c->blocked[i] += (double)b->blocked;
        c->fraud[i] += (double)b->fraud;
    }
    return 0;
}

/* Both periods in buckets of `dim`, all keys together or only those that `wanted` takes. */
struct filtered {
    struct course *course;
    bool (*wanted)(struct ss_str key);
    struct filtered *next; /* of the same dimension */
};

static int add_wanted(void *arg, const struct ss_bucket *b)
{
    for (struct filtered *f = arg; f; f = f->next)
        if (!f->wanted || f->wanted(b->key))
            (void)add_to_course(f->course, b);
    return 0;
}

static int64_t step_of(const struct ss_period *period)
{
    int64_t step_us = (period->until_us - period->from_us) / POINTS;
    return step_us > 0 ? step_us : 1;
}

static int read_courses(struct ss_call *call, const char *dim, int64_t bucket_us,
                        const struct ss_period *period, struct filtered *first)
{
    int64_t span_us = period->until_us - period->from_us;
    for (struct filtered *f = first; f; f = f->next)
        *f->course = (struct course){.from_us = period->from_us, .step_us = step_of(period)};
    struct ss_bucket_span span = {dim, period->from_us - span_us, period->until_us, bucket_us};
    return ss_buckets_by_time(call->db, &span, add_wanted, first);
}

static int read_course(struct ss_call *call, const char *dim, int64_t bucket_us,
                       const struct ss_period *period, bool (*wanted)(struct ss_str key), struct course *c)
{
    return read_courses(call, dim, bucket_us, period, &(struct filtered){c, wanted, NULL});
}

static void put_figure(struct ss_buf *to, const char *key, double value, double before, const double *spark)
{
    ss_json_open(to, key, '{');
    ss_put_real_of(to, "value", value);
    ss_put_real_of(to, "previous", before);
    ss_json_open(to, "spark", '[');
    for (int i = 0; spark && i < POINTS; i++) {
        ss_json_next(to);
        ss_json_put_double(to, spark[i]);
    }
    ss_buf_puts(to, "]}");
}

static double share(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

static bool is_critical(struct ss_str key)
{
    return ss_str_is(key, "CRITICAL");
}

/* What alerts are made of where nothing else is said. */
static bool is_at_risk(struct ss_str key)
{
    return is_critical(key) || ss_str_is(key, "HIGH");
}

static bool is_velocity(struct ss_str key)
{
    return memmem(key.p, key.n, "velocity", 8) || memmem(key.p, key.n, "burst", 5);
}

/* Payments that something was done about: what precision is measured on. */
static bool is_acted_on(struct ss_str key)
{
    return !ss_str_is(key, "allow") && !ss_str_is(key, "notify");
}

struct latencies {
    struct ss_latencies now, before;
    int64_t from_us;
};

static int add_latency(void *arg, const struct ss_bucket *b)
{
    struct latencies *l = arg;
    ss_latencies_add(b->start_us < l->from_us ? &l->before : &l->now, b);
    return 0;
}

static int put_latency(struct ss_call *call, const struct ss_period *period)
{
    struct latencies l = {.from_us = period->from_us};
    int64_t span_us = period->until_us - period->from_us;
    struct ss_bucket_span span = {span_us > 14 * SS_DAY_US ? "latency/day" : "latency",
                                  period->from_us - span_us, period->until_us, SS_HOUR_US};
    int err = ss_buckets_by_time(call->db, &span, add_latency, &l);
    double now = ss_latencies_at(&l.now, 0.99), before = ss_latencies_at(&l.before, 0.99);
    put_figure(&call->res.body, "latency_ms", now < 0 ? NAN : now / 1000, before < 0 ? NAN : before / 1000,
               NULL);
    return err;
}

/* By the wall clock, as cases are: how many were open at the end of each step of as long a time as the
 * period is, from how many are, and which came and went since. */
struct open_cases {
    double came[POINTS], went[POINTS];
};

static int count_came(void *arg, int64_t step, int64_t n)
{
    struct open_cases *o = arg;
    o->came[step < POINTS ? step : POINTS - 1] += (double)n;
    return 0;
}

static int count_went(void *arg, int64_t step, int64_t n)
{
    struct open_cases *o = arg;
    o->went[step < POINTS ? step : POINTS - 1] += (double)n;
    return 0;
}

static int put_cases(struct ss_call *call, const struct ss_period *period)
{
    struct open_cases o = {0};
    double point[POINTS];
    int64_t span_us = period->until_us - period->from_us, open = 0, breached = 0;
    struct ss_bucket_span span = {NULL, call->now_us - span_us, call->now_us + 1, step_of(period)};
    int err = ss_cases_open(call->db, call->now_us, &open, &breached);
    err = err ? err : ss_cases_by_time(call->db, &span, false, count_came, &o);
    err = err ? err : ss_cases_by_time(call->db, &span, true, count_went, &o);
    if (err)
        return err;
    double then = (double)open;
    for (int i = POINTS; i-- > 0; then += o.went[i] - o.came[i])
        point[i] = then;
    put_figure(&call->res.body, "open_cases", (double)open, then, point);
    put_figure(&call->res.body, "sla_breached", (double)breached, NAN, NULL);
    return 0;
}

/* Both periods of a span that hours are too long for; the steps of the one before it come first. */
static int add_value(void *arg, int64_t step, int64_t amount)
{
    struct course *c = arg;
    if (step < POINTS) {
        c->before.amount += amount;
        return 0;
    }
    c->sum.amount += amount;
    step -= POINTS;
    c->amount[step < POINTS ? step : POINTS - 1] += (double)amount / 10000;
    return 0;
}

static int read_levels(struct ss_call *call, const struct ss_period *period, struct course *critical,
                       struct course *risk)
{
    bool hours = period->until_us - period->from_us > 2 * SS_HOUR_US;
    struct filtered second = {risk, is_at_risk, NULL},
                    first = {critical, is_critical, hours ? &second : NULL};
    int err = read_courses(call, "level", SS_HOUR_US, period, &first);
    if (err || hours)
        return err;
    int64_t step_us = step_of(period);
    struct ss_bucket_span span = {NULL, period->from_us - step_us * POINTS, period->until_us, step_us};
    *risk = (struct course){0};
    return ss_value_at_risk(call->db, &span, add_value, risk);
}

/* What sums of all payments are named in. */
static void put_currency(struct ss_call *call)
{
    if (call->web->settings)
        ss_put_text_of(&call->res.body, "currency", ss_setting_text(call->web->settings, "currency"));
}

int ss_kpis(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_period period;
    struct course all, critical, risk, velocity, acted;
    int err;
    if (!ss_period_read(call, "24h", SS_MINUTE_US, &period, &err))
        return err;
    /* Days are told apart by the minute, longer periods by the hour. */
    bool minutes = period.until_us - period.from_us <= 2 * SS_DAY_US;
    err = read_course(call, minutes ? "minute" : "all", minutes ? SS_MINUTE_US : SS_HOUR_US, &period, NULL,
                      &all);
    err = err ? err : read_levels(call, &period, &critical, &risk);
    bool days = period.until_us - period.from_us > 30 * SS_DAY_US; /* hours of rules are not kept for good */
    err = err ? err
              : read_course(call, days ? "rule/day" : "rule", days ? SS_DAY_US : SS_HOUR_US, &period,
                            is_velocity, &velocity);
    err = err ? err : read_course(call, "action", SS_HOUR_US, &period, is_acted_on, &acted);
    if (err)
        return err;
    /* Labels are counted by the hour only. */
    struct course labels;
    err = read_course(call, "all", SS_HOUR_US, &period, NULL, &labels);
    struct ss_bucket hour = {0};
    struct ss_bucket_span last_hour = {"minute", period.as_of_us - SS_HOUR_US, period.as_of_us + 1, 0};
    err = err ? err : ss_buckets_by_key(call->db, &last_hour, 1, add_sum, &hour);
    if (err)
        return err;
    ss_buf_putc(to, '{');
    ss_put_time_of(to, "as_of", period.as_of_us);
    ss_put_text_of(to, "period", ss_str_of(period.name));
    put_currency(call);
    ss_put_int_of(to, "payments_1h", hour.payments);
    put_figure(to, "payments", (double)all.sum.payments, (double)all.before.payments, all.point);
    put_figure(to, "amount", (double)all.sum.amount / 10000, (double)all.before.amount / 10000, all.amount);
    put_figure(to, "value_at_risk", (double)risk.sum.amount / 10000, (double)risk.before.amount / 10000,
               risk.amount);
    put_figure(to, "alerts", (double)all.sum.alerts, (double)all.before.alerts, all.alerts);
    put_figure(to, "critical_alerts", (double)critical.sum.alerts, (double)critical.before.alerts,
               critical.alerts);
    put_figure(to, "blocked", (double)all.sum.blocked, (double)all.before.blocked, all.blocked);
    put_figure(to, "fraud_rate", share(labels.sum.fraud, labels.sum.payments),
               share(labels.before.fraud, labels.before.payments), labels.fraud);
    put_figure(to, "velocity_violations", (double)velocity.sum.payments, (double)velocity.before.payments,
               velocity.point);
    put_figure(to, "precision", share(acted.sum.fraud, acted.sum.fraud + acted.sum.genuine),
               share(acted.before.fraud, acted.before.fraud + acted.before.genuine), acted.fraud);
    err = put_latency(call, &period);
    err = err ? err : put_cases(call, &period);
    ss_buf_putc(to, '}');
    return err;
}

/* ---- summary ---- */

static int put_sum(struct ss_call *call, const char *key, int64_t from_us, int64_t until_us)
{
    struct ss_buf *to = &call->res.body;
    struct ss_bucket sum = {0};
    struct ss_bucket_span span = {"all", from_us, until_us, 0};
    int err = ss_buckets_by_key(call->db, &span, 1, add_sum, &sum);
    ss_json_open(to, key, '{');
    ss_put_int_of(to, "payments", sum.payments);
    ss_put_amount_of(to, "amount", sum.amount);
    ss_put_int_of(to, "alerts", sum.alerts);
    ss_put_int_of(to, "blocked", sum.blocked);
    ss_put_int_of(to, "fraud", sum.fraud);
    ss_put_real_of(to, "fraud_rate", share(sum.fraud, sum.payments));
    ss_buf_putc(to, '}');
    return err;
}

int ss_summary(struct ss_call *call)
{
    struct ss_period period;
    int err;
    if (!ss_period_read(call, "24h", SS_HOUR_US, &period, &err))
        return err;
    int64_t day = ss_floor_div(period.as_of_us, SS_DAY_US) * SS_DAY_US;
    struct ss_civil civil;
    ss_time_to_civil(period.as_of_us, &civil);
    ss_buf_putc(&call->res.body, '{');
    ss_put_time_of(&call->res.body, "as_of", period.as_of_us);
    put_currency(call);
    err = put_sum(call, "today", day, period.until_us);
    err = err ? err : put_sum(call, "week", day - civil.weekday * SS_DAY_US, period.until_us);
    err = err ? err : put_sum(call, "total", 0, INT64_MAX);
    ss_buf_putc(&call->res.body, '}');
    return err;
}

/* ---- cases in steps ---- */

int64_t ss_steps_at(const struct ss_steps *steps, int64_t start_us)
{
    int64_t i = steps->step_us ? (start_us - steps->from_us) / steps->step_us : -1;
    return i >= 0 && i < SS_STEPS_MAX ? steps->n[i] : 0;
}

static int count_step(void *arg, int64_t step, int64_t n)
{
    struct ss_steps *steps = arg;
    if (step >= 0 && step < SS_STEPS_MAX)
        steps->n[step] = (uint32_t)n;
    return 0;
}

int ss_steps_of_cases(struct ss_call *call, const struct ss_bucket_span *span, struct ss_steps *opened,
                      struct ss_steps *resolved)
{
    opened->from_us = resolved->from_us = span->from_us;
    opened->step_us = resolved->step_us = span->step_us;
    int err = ss_cases_by_time(call->db, span, false, count_step, opened);
    return err ? err : ss_cases_by_time(call->db, span, true, count_step, resolved);
}
