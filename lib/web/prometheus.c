#include "web/prometheus.h"
#include "json/write.h"
#include "web/metrics_parts.h"

static void head(struct ss_buf *to, const char *name, const char *type, const char *help)
{
    ss_buf_printf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct ss_buf *to, const char *name, const char *type, const char *help, double value)
{
    head(to, name, type, help);
    ss_buf_printf(to, "%s ", name);
    ss_json_put_double(to, value);
    ss_buf_putc(to, '\n');
}

/* A label's value: quotes, backslashes and line ends escaped. */
static void put_label(struct ss_buf *to, const char *name, struct ss_str value)
{
    ss_buf_printf(to, "%s=\"", name);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\n') {
            ss_buf_put(to, "\\n", 2);
            continue;
        }
        if (value.p[i] == '"' || value.p[i] == '\\')
            ss_buf_putc(to, '\\');
        ss_buf_putc(to, value.p[i]);
    }
    ss_buf_putc(to, '"');
}

/* Upper bounds in seconds. `unit` is how many of the histogram's steps make a second. */
static void buckets(struct ss_buf *to, const char *name, const char *labels, const struct ss_histogram *h,
                    double unit, double sum)
{
    static const double le[] = {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                0.05,   0.1,    0.2,    0.5,   1,     2,     5,    10};
    const char *comma = *labels ? "," : "";
    for (size_t i = 0; i < sizeof le / sizeof *le; i++) {
        ss_buf_printf(to, "%s_bucket{%s%sle=\"", name, labels, comma);
        ss_json_put_double(to, le[i]);
        ss_buf_printf(to, "\"} %llu\n", (unsigned long long)ss_histogram_below(h, (uint64_t)(le[i] * unit)));
    }
    ss_buf_printf(to, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma, (unsigned long long)h->count);
    ss_buf_printf(to, *labels ? "%s_sum{%s} " : "%s_sum%s ", name, labels);
    ss_json_put_double(to, sum);
    ss_buf_printf(to, *labels ? "\n%s_count{%s} %llu\n" : "\n%s_count%s %llu\n", name, labels,
                  (unsigned long long)h->count);
}

static void put_requests(const struct ss_metrics *m, struct ss_buf *to)
{
    struct ss_buf labels;
    ss_buf_init(&labels, 4096);
    head(to, "ss_http_responses_total", "counter", "Answers by route and class of status.");
    for (int i = 0; i < m->routes; i++) {
        const struct ss_route_metrics *r = &m->route[i];
        for (int class = 1; class < 6; class ++) {
            if (!r->answers[class])
                continue;
            ss_buf_puts(to, "ss_http_responses_total{");
            put_label(to, "method", ss_str_of(r->route ? ss_method_name(r->route->method) : ""));
            ss_buf_putc(to, ',');
            put_label(to, "route", ss_str_of(r->route ? r->route->path : ""));
            ss_buf_printf(to, ",class=\"%dxx\"} %llu\n", class, (unsigned long long)r->answers[class]);
        }
    }
    head(to, "ss_http_request_seconds", "histogram", "From a whole request to its answer.");
    for (int i = 0; i < m->routes; i++) {
        const struct ss_route_metrics *r = &m->route[i];
        ss_buf_reset(&labels);
        put_label(&labels, "method", ss_str_of(r->route ? ss_method_name(r->route->method) : ""));
        ss_buf_putc(&labels, ',');
        put_label(&labels, "route", ss_str_of(r->route ? r->route->path : ""));
        buckets(to, "ss_http_request_seconds", ss_buf_cstr(&labels), r->us, 1e6, (double)r->sum_us / 1e6);
    }
    ss_buf_free(&labels);
}

static double number(const struct ss_json_value *object, const char *key)
{
    const struct ss_json_value *v = ss_json_get(object, key);
    return v && v->type == SS_JSON_NUMBER ? v->number : 0;
}

static void put_stages(const struct ss_json_value *stages, struct ss_buf *to)
{
    static const struct {
        const char *key, *name, *type, *help;
        double scale;
    } of[] = {
        {"records", "ss_stage_records_total", "counter", "Records run through a stage.", 1},
        {"busy_ns", "ss_stage_busy_seconds_total", "counter", "Time spent in a stage.", 1e-9},
        {"p50_us", "ss_stage_latency_p50_seconds", "gauge", "Half of the batches leave a stage within.",
         1e-6},
        {"p99_us", "ss_stage_latency_p99_seconds", "gauge", "99 of 100 batches leave a stage within.", 1e-6},
    };
    for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
        head(to, of[k].name, of[k].type, of[k].help);
        for (uint32_t i = 0; i < stages->n; i++) {
            const struct ss_json_value *name = ss_json_get(&stages->at[i], "name");
            ss_buf_printf(to, "%s{", of[k].name);
            put_label(to, "stage", name ? name->text : SS_STR(""));
            ss_buf_puts(to, "} ");
            ss_json_put_double(to, number(&stages->at[i], of[k].key) * of[k].scale);
            ss_buf_putc(to, '\n');
        }
    }
    head(to, "ss_stage_info", "gauge", "The version of what a stage works with: features, model, rules.");
    for (uint32_t i = 0; i < stages->n; i++) {
        const struct ss_json_value *name = ss_json_get(&stages->at[i], "name");
        const struct ss_json_value *version = ss_json_get(&stages->at[i], "version");
        if (!name || !version || version->text.n == 0)
            continue;
        ss_buf_puts(to, "ss_stage_info{");
        put_label(to, "stage", name->text);
        ss_buf_putc(to, ',');
        put_label(to, "version", version->text);
        ss_buf_puts(to, "} 1\n");
    }
}

static int put_engine(struct ss_str engine, struct ss_arena *arena, struct ss_buf *to)
{
    const struct ss_json_value *root;
    if (engine.n == 0)
        return 0;
    int err = ss_json_parse(engine.p, engine.n, arena, &root);
    if (err)
        return err;
    const struct ss_json_value *fine = ss_json_get(root, "healthy"), *stages = ss_json_get(root, "stages");
    single(to, "ss_pipeline_up", "gauge", "1: the hosted pipeline is ready.",
           fine && fine->type == SS_JSON_TRUE);
    single(to, "ss_pipeline_failed_snapshots_total", "counter", "Snapshots that could not be written.",
           number(root, "failed_snapshots"));
    if (stages && stages->type == SS_JSON_ARRAY)
        put_stages(stages, to);
    return 0;
}

static void put_facts(const struct ss_facts *f, struct ss_buf *to)
{
    const struct {
        const char *name, *type, *help;
        double value;
    } facts[] = {
        {"ss_connections", "gauge", "Open connections.", f->connections},
        {"ss_connections_accepted_total", "counter", "Connections taken.", (double)f->accepted},
        {"ss_connections_refused_total", "counter", "Connections refused: too many.", (double)f->refused},
        {"ss_requests_under_way", "gauge", "Requests at the writer or a reader.", f->under_way},
        {"ss_writer_waiting", "gauge", "Changes that wait for the writer.", f->writer_waiting},
        {"ss_readers_waiting", "gauge", "Queries that wait for a reader.", f->readers_waiting},
        {"ss_payments_total", "counter", "Payments submitted and committed.", (double)f->payments},
        {"ss_stream_records_total", "counter", "Records of the live input.", (double)f->lines},
        {"ss_stream_rejected_total", "counter", "Records of the live input that are none.",
         (double)f->rejected},
        {"ss_changes_total", "counter", "Other changes.", (double)f->writes},
        {"ss_tries_total", "counter", "Payments scored without being stored.", (double)f->tries},
        {"ss_commits_total", "counter", "Transactions committed.", (double)f->commits},
        {"ss_commits_failed_total", "counter", "Transactions that failed.", (double)f->failed_commits},
        {"ss_store_up", "gauge", "1: the last transaction went through.", f->store_fine},
        {"ss_store_bytes", "gauge", "The size of the store.", (double)f->store_bytes},
        {"ss_input_up", "gauge", "1: the live input is being read.",
         f->input_there && !f->input_ended && !*f->input_fault},
        {"ss_streamed_total", "counter", "Payments handed on to the stream.", (double)f->streamed},
        {"ss_stream_up", "gauge", "1: payments can be handed on to the stream.", f->stream_up},
        {"ss_stream_waiting", "gauge", "Payments that wait for the stream.", f->stream_waiting},
        {"ss_listeners", "gauge", "Live feeds.", f->hub.listeners},
        {"ss_subscriptions", "gauge", "Distinct subscriptions of live feeds.", f->hub.subscriptions},
        {"ss_events_total", "counter", "Events told to live feeds.", (double)f->hub.events},
        {"ss_events_skipped_total", "counter", "Events left out: payments beyond the sample.",
         (double)f->hub.skipped},
        {"ss_events_lost_total", "counter", "Events that slow listeners missed.", (double)f->hub.lost},
        {"ss_alerts_total", "counter", "Alerts told.", (double)f->hub.told[SS_ON_ALERTS]},
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        single(to, facts[i].name, facts[i].type, facts[i].help, facts[i].value);
}

int ss_prometheus_put(const struct ss_metrics *m, const char *version, struct ss_str engine,
                      struct ss_arena *arena, struct ss_buf *to)
{
    head(to, "ss_build_info", "gauge", "The program's version.");
    ss_buf_puts(to, "ss_build_info{");
    put_label(to, "version", ss_str_of(version));
    ss_buf_puts(to, "} 1\n");
    put_facts(&m->facts, to);
    head(to, "ss_commit_seconds", "histogram", "How long transactions take.");
    buckets(to, "ss_commit_seconds", "", &m->facts.commit_ns, 1e9, (double)m->facts.commit_ns_sum / 1e9);
    struct ss_histogram decided;
    ss_metrics_decided(m, &decided);
    head(to, "ss_decision_seconds", "histogram", "From a whole payment to its decision, durable.");
    buckets(to, "ss_decision_seconds", "", &decided, 1e6,
            (double)(m->payment_us_sum + m->facts.lines_us_sum) / 1e6);
    put_requests(m, to);
    return put_engine(engine, arena, to);
}
