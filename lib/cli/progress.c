#include "cli/progress.h"
#include "base/clock.h"
#include "base/err.h"
#include "json/write.h"
#include <sys/resource.h>
#include <unistd.h>

#define REDRAW_NS 200000000

static int64_t drawn_ns;

static void draw(const struct ss_loop_counts *c, int64_t now)
{
    char line[256];
    double seconds = (double)(now - c->started_ns) / 1e9;
    double rate = seconds > 0 ? (double)c->in / seconds : 0;
    int n = 0;
    if (c->bytes_total > 0) {
        double share = (double)c->bytes_in / (double)c->bytes_total;
        int filled = (int)(share * 24 + 0.5);
        double left = share > 0.001 ? seconds * (1 - share) / share : 0;
        n = snprintf(line, sizeof line, "\r[%.*s%.*s] %3.0f %%  %llu records  %.0f/s  %.0f s left\033[K",
                     filled < 24 ? filled : 24, "########################", 24 - (filled < 24 ? filled : 24),
                     "........................", share * 100, (unsigned long long)c->in, rate, left);
    } else {
        n = snprintf(line, sizeof line, "\r%llu records  %.0f/s  %.0f s\033[K", (unsigned long long)c->in,
                     rate, seconds);
    }
    ssize_t written SS_UNUSED = write(STDERR_FILENO, line, (size_t)n);
}

void ss_progress(const struct ss_loop_counts *counts)
{
    int64_t now = ss_clock_mono_ns();
    if (now - drawn_ns < REDRAW_NS)
        return;
    drawn_ns = now;
    draw(counts, now);
}

void ss_progress_end(const struct ss_loop_counts *counts)
{
    draw(counts, ss_clock_mono_ns());
    ssize_t written SS_UNUSED = write(STDERR_FILENO, "\n", 1);
}

static void put_latency(struct ss_buf *buf, const struct ss_histogram *h)
{
    static const struct {
        const char *name;
        double q;
    } quantiles[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}};
    ss_json_open(buf, "latency_us", '{');
    for (size_t i = 0; i < SS_COUNT(quantiles); i++) {
        ss_json_key(buf, quantiles[i].name);
        ss_json_put_double(buf, (double)ss_histogram_quantile(h, quantiles[i].q) / 1000);
    }
    ss_json_key(buf, "max");
    ss_json_put_double(buf, (double)h->max / 1000);
    ss_buf_putc(buf, '}');
}

static void put_stages(struct ss_buf *buf, const struct ss_chain *chain)
{
    ss_json_open(buf, "stage_ns", '{');
    for (int i = 0; i < chain->n; i++) {
        const struct ss_link *link = &chain->link[i];
        ss_json_key(buf, link->stage->name);
        ss_buf_printf(buf, "%.1f", link->records ? (double)link->busy_ns / (double)link->records : 0.0);
    }
    ss_buf_putc(buf, '}');
}

int ss_stats_print(const struct ss_loop_counts *c, const struct ss_chain *chain, const char *program,
                   const char *path)
{
    struct ss_buf buf;
    struct rusage usage;
    double seconds = (double)(ss_clock_mono_ns() - c->started_ns) / 1e9;
    ss_buf_init(&buf, 65536);
    ss_buf_putc(&buf, '{');
    ss_json_key(&buf, "program");
    ss_json_put_string(&buf, ss_str_of(program));
    ss_json_key(&buf, "records_in");
    ss_json_put_int(&buf, (int64_t)c->in);
    ss_json_key(&buf, "records_out");
    ss_json_put_int(&buf, (int64_t)c->out);
    ss_json_key(&buf, "rejected");
    ss_json_put_int(&buf, (int64_t)c->rejected);
    ss_json_key(&buf, "seconds");
    ss_buf_printf(&buf, "%.6f", seconds);
    ss_json_key(&buf, "records_per_s");
    ss_buf_printf(&buf, "%.0f", seconds > 0 ? (double)c->in / seconds : 0.0);
    if (c->latency)
        put_latency(&buf, c->latency);
    put_stages(&buf, chain);
    if (c->ports.n) {
        ss_buf_putc(&buf, ',');
        ss_buf_put(&buf, c->ports.p, c->ports.n);
    }
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        ss_json_key(&buf, "peak_kib");
        ss_json_put_int(&buf, usage.ru_maxrss);
    }
    ss_buf_put(&buf, "}\n", 2);
    int err = ss_buf_check(&buf);
    struct ss_sink *sink = NULL;
    if (!err)
        err = ss_sink_open(path[0] ? path : "/dev/stderr", &sink);
    if (!err)
        err = ss_sink_write(sink, buf.p, buf.n);
    int closed = ss_sink_close(sink);
    ss_buf_free(&buf);
    return err ? err : closed;
}
