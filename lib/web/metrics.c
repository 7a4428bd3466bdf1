#include "web/metrics.h"
#include "base/embedded.h"
#include "base/err.h"
#include "web/engine.h"
#include "web/prometheus.h"
#include "web/metrics_parts.h"
#include "json/write.h"
#include <math.h>
#include <stdlib.h>

int ss_metrics_new(struct ss_metrics **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ss_fail(SS_ENOMEM, "out of memory");
    (*out)->facts.store_fine = true;
    (*out)->facts.store_bytes = -1;
    return 0;
}

void ss_metrics_free(struct ss_metrics *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->routes; i++)
        free(m->route[i].us);
    free(m);
}

struct ss_facts *ss_metrics_facts(struct ss_metrics *m)
{
    return &m->facts;
}

static struct ss_route_metrics *find(struct ss_metrics *m, const struct ss_route *route)
{
    for (int i = 0; i < m->routes; i++)
        if (m->route[i].route == route)
            return &m->route[i];
    struct ss_histogram *us = m->routes < SS_ROUTES_MAX ? calloc(1, sizeof *us) : NULL;
    if (!us)
        return NULL;
    m->route[m->routes] = (struct ss_route_metrics){.route = route, .us = us};
    return &m->route[m->routes++];
}

void ss_metrics_count(struct ss_metrics *m, const struct ss_call *call, int64_t us)
{
    struct ss_route_metrics *r = m->last && m->last->route == call->route ? m->last : find(m, call->route);
    int class = call->res.status / 100;
    m->last = r;
    m->requests++;
    if (!r)
        return;
    ss_histogram_add(r->us, us < 0 ? 0 : (uint64_t)us, 1);
    r->sum_us += us < 0 ? 0 : (uint64_t)us;
    r->answers[class > 0 && class < 6 ? class : 5]++;
    if (call->route && call->route->run == SS_RUN_PAYMENT && call->res.status == 201) {
        ss_histogram_add(&m->payment_us, us < 0 ? 0 : (uint64_t)us, 1);
        m->payment_us_sum += us < 0 ? 0 : (uint64_t)us;
    }
}

void ss_metrics_decided(const struct ss_metrics *m, struct ss_histogram *us)
{
    *us = m->payment_us;
    ss_histogram_merge(us, &m->facts.lines_us);
}

void ss_metrics_tick(struct ss_metrics *m, int64_t now_ns)
{
    struct ss_second *second = &m->second[m->seconds++ % SS_SECONDS];
    second->ns = now_ns;
    second->requests = m->requests;
    second->payments = m->facts.payments + m->facts.lines;
    second->us_sum = m->payment_us_sum + m->facts.lines_us_sum;
    second->alerts = m->facts.hub.told[SS_ON_ALERTS];
    ss_metrics_decided(m, &second->decided_us);
}

/* The newest and the one some ten seconds before it; false in the first second. */
static bool span(const struct ss_metrics *m, const struct ss_second **from, const struct ss_second **to)
{
    if (m->seconds < 2)
        return false;
    uint64_t back = m->seconds - 1 < SS_SECONDS - 1 ? m->seconds - 1 : SS_SECONDS - 1;
    *to = &m->second[(m->seconds - 1) % SS_SECONDS];
    *from = &m->second[(m->seconds - 1 - back) % SS_SECONDS];
    return (*to)->ns > (*from)->ns;
}

static double rounded(double v)
{
    return (double)(int64_t)(v * 100 + 0.5) / 100;
}

/* Decisions of the last seconds; without any there is no latency: null. */
static void put_decisions(struct ss_buf *to, const struct ss_histogram *us, uint64_t us_sum)
{
    static const struct {
        const char *key;
        double q;
    } of[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}};
    ss_put_real_of(to, "average_latency_ms",
                   us->count ? rounded((double)us_sum / (double)us->count / 1000) : 0);
    ss_json_open(to, "decision_ms", '{');
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        ss_put_real_of(to, of[i].key,
                       us->count ? rounded((double)ss_histogram_quantile(us, of[i].q) / 1000) : NAN);
    ss_buf_putc(to, '}');
}

static void put_rates(const struct ss_metrics *m, struct ss_buf *to)
{
    const struct ss_second *a, *b;
    double s = 0, requests = 0, payments = 0, alerts = 0;
    struct ss_histogram decided = {0};
    uint64_t us_sum = 0;
    if (span(m, &a, &b)) {
        s = (double)(b->ns - a->ns) / 1e9;
        requests = (double)(b->requests - a->requests) / s;
        payments = (double)(b->payments - a->payments) / s;
        alerts = (double)(b->alerts - a->alerts) / s;
        decided = b->decided_us;
        ss_histogram_since(&decided, &a->decided_us);
        us_sum = b->us_sum - a->us_sum;
    }
    ss_put_real_of(to, "requests_per_s", rounded(requests));
    ss_put_real_of(to, "payments_per_s", rounded(payments));
    ss_put_real_of(to, "alerts_per_s", rounded(alerts));
    put_decisions(to, &decided, us_sum);
}

void ss_metrics_live(const struct ss_metrics *m, struct ss_buf *to)
{
    const struct ss_facts *f = &m->facts;
    ss_buf_putc(to, '{');
    put_rates(m, to);
    ss_put_int_of(to, "payments", (int64_t)(f->payments + f->lines));
    ss_put_int_of(to, "rejected", (int64_t)f->rejected);
    ss_put_int_of(to, "alerts", (int64_t)f->hub.told[SS_ON_ALERTS]);
    ss_put_int_of(to, "connections", f->connections);
    ss_put_int_of(to, "listeners", f->hub.listeners);
    ss_put_int_of(to, "waiting", f->writer_waiting + f->readers_waiting);
    ss_put_bool_of(to, "store", f->store_fine);
    ss_buf_putc(to, '}');
}

/* ---- endpoints ---- */

static int no_metrics(struct ss_call *call)
{
    return ss_problem(call, 503, "away", "this server counts nothing");
}

enum state { OK, DEGRADED, UNHEALTHY };

static struct ss_str engine_text(struct ss_call *call, struct ss_buf *room)
{
    ss_buf_init(room, (size_t)1 << 17);
    if (call->web->engine)
        call->web->engine->ops->describe(call->web->engine, room);
    return (struct ss_str){room->p ? room->p : "", room->n};
}

static bool pipeline_fine(struct ss_str described)
{
    struct ss_str healthy = described.n ? ss_cursor_member(described, "healthy") : described;
    return described.n == 0 || !healthy.p || ss_str_is(healthy, "true");
}

static void put_check(struct ss_buf *to, const char *name, const char *status, const char *fault)
{
    ss_json_open(to, name, '{');
    ss_put_text_of(to, "status", ss_str_of(status));
    if (*fault)
        ss_put_text_of(to, "detail", ss_str_of(fault));
    ss_buf_putc(to, '}');
}

static int get_health(struct ss_call *call)
{
    static const char *const words[] = {"ok", "degraded", "unhealthy"};
    struct ss_metrics *m = call->web->metrics;
    if (!m)
        return no_metrics(call);
    const struct ss_facts *f = &m->facts;
    struct ss_buf room, *to = &call->res.body;
    struct ss_str engine = engine_text(call, &room);
    bool pipeline = pipeline_fine(engine), input = !*f->input_fault;
    bool stream = !f->stream_there || f->stream_up;
    bool busy = f->writer_waiting * 4 > f->writer_limit * 3 || f->readers_waiting * 4 > f->readers_limit * 3;
    enum state state = !f->store_fine ? UNHEALTHY : pipeline && input && stream && !busy ? OK : DEGRADED;
    call->res.status = state == UNHEALTHY ? 503 : 200;
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "status", ss_str_of(words[state]));
    if (call->who.role != SS_NOBODY) {
        ss_put_text_of(to, "version", ss_str_of(call->web->version));
        ss_put_time_of(to, "started", call->web->started_us);
        ss_put_int_of(to, "uptime_s", (call->now_us - call->web->started_us) / 1000000);
        ss_json_open(to, "checks", '{');
        put_check(to, "store", f->store_fine ? "ok" : "away", f->store_fault);
        put_check(to, "pipeline", !call->web->engine ? "none" : pipeline ? "ok" : "away", "");
        put_check(to, "input",
                  !f->input_there  ? "none"
                  : !input         ? "failed"
                  : f->input_ended ? "ended"
                                   : "ok",
                  f->input_fault);
        put_check(to, "stream", !f->stream_there ? "none" : stream ? "ok" : "away", f->stream_fault);
        put_check(to, "queues", busy ? "full" : "ok", "");
        ss_buf_putc(to, '}');
        ss_put_int_of(to, "connections", f->connections);
        ss_put_int_of(to, "listeners", f->hub.listeners);
        ss_put_int_of(to, "payments", (int64_t)(f->payments + f->lines));
        ss_put_int_of(to, "alerts", (int64_t)f->hub.told[SS_ON_ALERTS]);
        ss_put_int_of(to, "writer_waiting", f->writer_waiting);
        ss_put_int_of(to, "readers_waiting", f->readers_waiting);
        if (engine.n) {
            ss_json_key(to, "pipeline");
            ss_buf_put(to, engine.p, engine.n);
        }
    }
    ss_buf_putc(to, '}');
    ss_buf_free(&room);
    return 0;
}

static void put_quantiles(struct ss_buf *to, const char *key, const struct ss_histogram *h, double unit)
{
    ss_json_open(to, key, '{');
    ss_put_real_of(to, "p50", rounded((double)ss_histogram_quantile(h, 0.5) / unit));
    ss_put_real_of(to, "p95", rounded((double)ss_histogram_quantile(h, 0.95) / unit));
    ss_put_real_of(to, "p99", rounded((double)ss_histogram_quantile(h, 0.99) / unit));
    ss_put_real_of(to, "max", rounded((double)h->max / unit));
    ss_buf_putc(to, '}');
}

static void put_route(struct ss_buf *to, const struct ss_route_metrics *r)
{
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "method", ss_str_of(r->route ? ss_method_name(r->route->method) : ""));
    ss_put_text_of(to, "route", ss_str_of(r->route ? r->route->path : ""));
    ss_put_int_of(to, "requests", (int64_t)r->us->count);
    ss_put_int_of(to, "refused", (int64_t)r->answers[4]);
    ss_put_int_of(to, "failed", (int64_t)r->answers[5]);
    put_quantiles(to, "latency_ms", r->us, 1000);
    ss_buf_putc(to, '}');
}

static int get_metrics(struct ss_call *call)
{
    struct ss_metrics *m = call->web->metrics;
    if (!m)
        return no_metrics(call);
    const struct ss_facts *f = &m->facts;
    struct ss_buf room, *to = &call->res.body;
    struct ss_str engine = engine_text(call, &room);
    ss_buf_putc(to, '{');
    put_rates(m, to);
    ss_put_int_of(to, "requests", (int64_t)m->requests);
    ss_put_int_of(to, "payments", (int64_t)f->payments);
    ss_put_int_of(to, "streamed", (int64_t)f->streamed);
    ss_put_int_of(to, "stream_records", (int64_t)f->lines);
    ss_put_int_of(to, "rejected", (int64_t)f->rejected);
    ss_put_int_of(to, "alerts", (int64_t)f->hub.told[SS_ON_ALERTS]);
    ss_put_int_of(to, "changes", (int64_t)f->writes);
    ss_put_int_of(to, "tries", (int64_t)f->tries);
    ss_put_int_of(to, "commits", (int64_t)f->commits);
    ss_put_int_of(to, "failed_commits", (int64_t)f->failed_commits);
    put_quantiles(to, "commit_ms", &f->commit_ns, 1e6);
    put_quantiles(to, "batch", &f->batch, 1);
    ss_put_int_of(to, "store_bytes", f->store_bytes);
    ss_put_int_of(to, "connections", f->connections);
    ss_put_int_of(to, "listeners", f->hub.listeners);
    ss_put_int_of(to, "events", (int64_t)f->hub.events);
    ss_put_int_of(to, "events_skipped", (int64_t)f->hub.skipped);
    ss_put_int_of(to, "events_lost", (int64_t)f->hub.lost);
    ss_put_int_of(to, "writer_waiting", f->writer_waiting);
    ss_put_int_of(to, "readers_waiting", f->readers_waiting);
    ss_put_int_of(to, "uptime_s", (call->now_us - call->web->started_us) / 1000000);
    if (engine.n) {
        ss_json_key(to, "pipeline");
        ss_buf_put(to, engine.p, engine.n);
    }
    ss_json_open(to, "routes", '[');
    for (int i = 0; i < m->routes; i++) {
        ss_json_next(to);
        put_route(to, &m->route[i]);
    }
    ss_buf_puts(to, "]}");
    ss_buf_free(&room);
    return 0;
}

static int get_prometheus(struct ss_call *call)
{
    struct ss_metrics *m = call->web->metrics;
    struct ss_buf room;
    if (!m)
        return no_metrics(call);
    call->res.type = "text/plain; version=0.0.4; charset=utf-8";
    int err =
        ss_prometheus_put(m, call->web->version, engine_text(call, &room), &call->arena, &call->res.body);
    ss_buf_free(&room);
    return err;
}

static int get_version(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "name", SS_STR("sentinel-stream"));
    ss_put_text_of(to, "version", ss_str_of(call->web->version));
    ss_put_text_of(to, "api", SS_STR("v1"));
    ss_buf_putc(to, '}');
    return 0;
}

static int get_openapi(struct ss_call *call)
{
    struct ss_str text = ss_embedded_find("web/openapi.json");
    if (!text.p)
        return ss_problem(call, 404, "not_found", "the description is not built in");
    ss_buf_put(&call->res.body, text.p, text.n);
    call->res.may_cache = true;
    return 0;
}

const struct ss_route ss_routes_metrics[] = {
    {SS_GET, "/api/v1/health", get_health, SS_ANYONE, "metrics:read", SS_RUN_QUICK, 0},
    {SS_GET, "/health", get_health, SS_ANYONE, "metrics:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/metrics", get_metrics, SS_READERS, "metrics:read", SS_RUN_QUICK, 0},
    {SS_GET, "/metrics", get_prometheus, SS_READERS, "metrics:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/version", get_version, SS_ANYONE, "metrics:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/openapi.json", get_openapi, SS_ANYONE, "metrics:read", SS_RUN_QUICK, 0},
    {0},
};
