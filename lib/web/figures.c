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
};

static int add_wanted(void *arg, const struct ss_bucket *b)
{
    struct filtered *f = arg;
    return !f->wanted || f->wanted(b->key) ? add_to_course(f->course, b) : 0;
}

static int read_course(struct ss_call *call, const char *dim, int64_t bucket_us,
                       const struct ss_period *period, bool (*wanted)(struct ss_str key), struct course *c)
{
    int64_t span_us = period->until_us - period->from_us;
    memset(c, 0, sizeof *c);
    c->from_us = period->from_us;
    c->step_us = span_us / POINTS > 0 ? span_us / POINTS : 1;
    struct filtered f = {c, wanted};
    struct ss_bucket_span span = {dim, period->from_us - span_us, period->until_us, bucket_us};
    return ss_buckets_by_time(call->db, &span, add_wanted, &f);
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

static int put_cases(struct ss_call *call)
{
    struct ss_case_stats stats;
    struct ss_sla sla;
    ss_sla_of(call->web->settings, &sla);
    int err = ss_case_stats(call->db, &sla, call->now_us, 0, &stats);
    if (err)
        return err;
    int64_t over = stats.status[SS_CASE_RESOLVED] + stats.status[SS_CASE_CLOSED];
    put_figure(&call->res.body, "open_cases", (double)(stats.total - over), NAN, NULL);
    put_figure(&call->res.body, "sla_breached", (double)stats.sla[SS_SLA_BREACHED], NAN, NULL);
    return 0;
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
    struct course all, critical, velocity, acted;
    int err;
    if (!ss_period_read(call, "24h", SS_MINUTE_US, &period, &err))
        return err;
    /* Days are told apart by the minute, longer periods by the hour. */
    bool minutes = period.until_us - period.from_us <= 2 * SS_DAY_US;
    err = read_course(call, minutes ? "minute" : "all", minutes ? SS_MINUTE_US : SS_HOUR_US, &period, NULL,
                      &all);
    err = err ? err : read_course(call, "level", SS_HOUR_US, &period, is_critical, &critical);
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
    err = err ? err : put_cases(call);
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
