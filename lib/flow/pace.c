#include "flow/pace.h"
#include "base/number.h"
#include "json/write.h"

/* A hundred years are as good as never, and no sum with a clock overflows. */
static int64_t bounded(double ns)
{
    return ns < 3.2e18 ? ns > 0 ? (int64_t)ns : 0 : (int64_t)3200000000 * 1000000000;
}

int64_t ss_pace_due_ns(struct ss_pace *pace, const struct ss_record *rec)
{
    int64_t due = pace->last_ns;
    if (pace->rate > 0) {
        due = bounded((double)pace->n * 1e9 / pace->rate);
    } else if (rec->has_time) {
        if (!pace->has_first)
            pace->first_us = rec->time_us;
        pace->has_first = true;
        due = bounded((double)(rec->time_us - pace->first_us) * 1e3 / pace->speed);
    }
    pace->n++;
    if (due > pace->last_ns)
        pace->last_ns = due;
    return pace->last_ns;
}

size_t ss_paced_print(int64_t at_ns, char *out)
{
    memcpy(out, "{\"at\":", 6);
    size_t n = 6 + ss_int_print(at_ns, out + 6);
    out[n++] = '}';
    return n;
}

bool ss_paced_at(const struct ss_record *rec, int64_t *at_ns)
{
    struct ss_str m = ss_record_member(rec, SS_PACED);
    return m.n > 7 && memcmp(m.p, "{\"at\":", 6) == 0 && m.p[m.n - 1] == '}' &&
           ss_int_parse(m.p + 6, m.n - 7, at_ns);
}

void ss_pace_arrived(struct ss_pace_report *report, const struct ss_record *rec, int64_t now_ns)
{
    int64_t at, from = now_ns;
    if (ss_paced_at(rec, &at)) {
        from = at;
        report->stamped++;
        ss_histogram_add(&report->latency_ns, now_ns > at ? (uint64_t)(now_ns - at) : 0, 1);
    }
    if (report->records++ == 0)
        report->first_ns = from;
    report->last_ns = now_ns;
}

static const struct {
    const char *name;
    double q;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

static double latency_us(const struct ss_pace_report *report, int i)
{
    uint64_t ns = i == SS_COUNT(quantiles) - 1 ? report->latency_ns.max
                                               : ss_histogram_quantile(&report->latency_ns, quantiles[i].q);
    return (double)(ns / 100) / 10;
}

void ss_pace_print(const struct ss_pace_report *report, bool json, struct ss_buf *to)
{
    double seconds = (double)((report->last_ns - report->first_ns) / 1000) / 1e6;
    double rate = seconds > 0 ? (double)(int64_t)((double)report->records / seconds * 10) / 10 : 0;
    if (!json) {
        ss_buf_printf(to, "%-12s %12llu\n%-12s %12llu\n%-12s %12.3f\n%-12s %12.1f\n", "records",
                      (unsigned long long)report->records, "stamped", (unsigned long long)report->stamped,
                      "seconds", seconds, "records/s", rate);
        for (int i = 0; i < (int)SS_COUNT(quantiles); i++)
            ss_buf_printf(to, "%-12s %12.1f us\n", quantiles[i].name, latency_us(report, i));
        return;
    }
    ss_buf_putc(to, '{');
    ss_json_key(to, "records");
    ss_json_put_int(to, (int64_t)report->records);
    ss_json_key(to, "stamped");
    ss_json_put_int(to, (int64_t)report->stamped);
    ss_json_key(to, "seconds");
    ss_json_put_double(to, seconds);
    ss_json_key(to, "records_per_s");
    ss_json_put_double(to, rate);
    ss_json_open(to, "latency_us", '{');
    for (int i = 0; i < (int)SS_COUNT(quantiles); i++) {
        ss_json_key(to, quantiles[i].name);
        ss_json_put_double(to, latency_us(report, i));
    }
    ss_buf_puts(to, "}}\n");
}
