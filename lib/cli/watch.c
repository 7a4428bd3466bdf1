#include "cli/watch.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/notify.h"
#include "flow/parts.h"
#include "io/metrics.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define EVERY_NS ((int64_t)1000000000) /* well below any scrape interval */
#define TEXT_MAX ((size_t)64 << 20)

/* Written aside and renamed, so that a reader sees a whole one; not synced: the next is there in seconds. */
static int replace(const char *path, const struct ss_buf *text)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof aside)
        return ss_fail(SS_ECREATE, "cannot write '%s': its name is too long", path);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot write '%s'", path);
    int bad = ss_file_write_all(fd, text->p, text->n);
    bad |= close(fd);
    if (bad || rename(aside, path) < 0) {
        int err = ss_fail_errno(SS_EIO, "cannot write '%s'", path);
        unlink(aside);
        return err;
    }
    return 0;
}

static void put_counts(struct ss_metrics *m, const struct ss_watch *w, const struct ss_loop_counts *c)
{
    const struct {
        const char *what;
        uint64_t n;
    } counts[] = {{"in", c->in}, {"out", c->out}, {"rejected", c->rejected}, {"dropped", c->dropped}};
    for (size_t i = 0; i < SS_COUNT(counts); i++)
        ss_metrics_add(m, "ss_records_total", "counter", "Records by what became of them.",
                       (double)counts[i].n, "program", w->program, "what", counts[i].what, NULL);
    ss_metrics_add(m, "ss_input_bytes_total", "counter", "Bytes read.", (double)c->bytes_in, "program",
                   w->program, NULL);
    static const struct {
        const char *name;
        double q;
    } quantiles[] = {{"0.5", 0.5}, {"0.99", 0.99}, {"0.999", 0.999}};
    for (size_t i = 0; c->latency && i < SS_COUNT(quantiles); i++)
        ss_metrics_add(m, "ss_latency_seconds", "gauge", "From the read of a record to its write.",
                       (double)ss_histogram_quantile(c->latency, quantiles[i].q) / 1e9, "program", w->program,
                       "quantile", quantiles[i].name, NULL);
}

static void put_process(struct ss_metrics *m, const struct ss_watch *w)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
        ss_metrics_add(m, "ss_cpu_seconds_total", "counter", "Processor time.", cpu, "program", w->program,
                       NULL);
        ss_metrics_add(m, "ss_memory_peak_bytes", "gauge", "The most memory that was resident.",
                       (double)usage.ru_maxrss * 1024, "program", w->program, NULL);
    }
    ss_metrics_add(m, "ss_start_time_seconds", "gauge", "When the run began, since 1970.",
                   (double)(w->started_wall_us / 1000000), "program", w->program, NULL);
    ss_metrics_add(m, "ss_metrics_time_seconds", "gauge", "When this was written, since 1970.",
                   (double)(ss_clock_wall_us() / 1000000), "program", w->program, NULL);
}

static void put_stages(struct ss_metrics *m, const struct ss_watch *w, struct ss_chain *chain)
{
    for (int i = 0; i < chain->n; i++) {
        const struct ss_link *link = &chain->link[i];
        const char *name = link->stage->name;
        ss_metrics_add(m, "ss_stage_records_total", "counter", "Records that came to a stage.",
                       (double)link->records, "program", w->program, "stage", name, NULL);
        ss_metrics_add(m, "ss_stage_busy_seconds_total", "counter", "Time spent in a stage.",
                       (double)link->busy_ns / 1e9, "program", w->program, "stage", name, NULL);
        struct ss_stage_status status, largest;
        if (!link->stage->status || !link->opened)
            continue;
        ss_chain_status(chain, i, &status, &largest);
        ss_metrics_add(m, "ss_stage_info", "gauge", "What a stage works with.", 1, "program", w->program,
                       "stage", name, "version", status.version, NULL);
        for (int k = 0; k < status.n; k++)
            ss_metrics_add(m, "ss_stage_number", "gauge", "What a stage tells of itself, by name.",
                           (double)status.number[k].value, "program", w->program, "stage", name, "name",
                           status.number[k].name, NULL);
        for (int k = 0; k < largest.n; k++)
            ss_metrics_add(m, "ss_stage_largest_number", "gauge",
                           "The same of the partition that has most of it: limits hold for each.",
                           (double)largest.number[k].value, "program", w->program, "stage", name, "name",
                           largest.number[k].name, NULL);
    }
}

static void put_states(struct ss_metrics *m, const struct ss_watch *w, const struct ss_keeper *k)
{
    const struct {
        const char *name, *type, *help;
        double value;
    } figures[] = {
        {"ss_state_snapshots_total", "counter", "Snapshots of partitions' states that were written.",
         (double)k->snapshots},
        {"ss_state_failed_snapshots_total", "counter", "Snapshots that could not be written.",
         (double)k->failed},
        {"ss_state_snapshot_pause_seconds", "gauge", "How long the stream stood still for a snapshot, p99.",
         (double)ss_histogram_quantile(&k->pause_ns, 0.99) / 1e9},
        {"ss_state_snapshot_age_seconds", "gauge", "Since the last snapshot was begun, or the run.",
         (double)(ss_clock_mono_ns() - k->last_ns) / 1e9},
    };
    for (size_t i = 0; i < SS_COUNT(figures); i++)
        ss_metrics_add(m, figures[i].name, figures[i].type, figures[i].help, figures[i].value, "program",
                       w->program, NULL);
}

static void put_ports(struct ss_metrics *m, const struct ss_loop_view *view)
{
    if (view->src && view->src->ops->metrics)
        view->src->ops->metrics(view->src, m);
    if (view->out && view->out->ops->metrics)
        view->out->ops->metrics(view->out, "output", m);
    if (view->rejects && view->rejects->ops->metrics)
        view->rejects->ops->metrics(view->rejects, "rejects", m);
}

static int write_text(struct ss_watch *w, const struct ss_loop_view *view)
{
    struct ss_metrics m = {.unit = w->unit};
    struct ss_buf text;
    ss_buf_init(&text, TEXT_MAX);
    if (view) {
        put_counts(&m, w, view->counts);
        put_process(&m, w);
        put_stages(&m, w, view->chain);
        if (view->keeper)
            put_states(&m, w, view->keeper);
        put_ports(&m, view);
    }
    int err = ss_metrics_print(&m, &text);
    if (!err)
        err = replace(w->path, &text);
    ss_buf_free(&text);
    ss_metrics_reset(&m);
    return err;
}

int ss_watch_open(struct ss_watch *watch, const char *program, const char *path)
{
    *watch = (struct ss_watch){.program = program,
                               .path = path,
                               .started_wall_us = ss_clock_wall_us(),
                               .watchdog_ns = ss_notify_watchdog_us() * 1000 / 3};
    if (!path)
        return 0;
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    snprintf(watch->unit, sizeof watch->unit, "%.*s",
             (int)(dot && dot > base ? dot - base : (ptrdiff_t)strlen(base)), base);
    return write_text(watch, NULL);
}

static void notify(struct ss_watch *w, const struct ss_loop_view *view, int64_t now)
{
    char text[256];
    bool due = w->watchdog_ns && now - w->told_ns >= w->watchdog_ns;
    if (w->ready && !due && !(view->stopping && !w->stopping))
        return;
    const char *what = "WATCHDOG=1";
    if (!w->ready)
        what = "READY=1";
    else if (view->stopping && !w->stopping)
        what = "STOPPING=1";
    snprintf(text, sizeof text, "%s\nSTATUS=%llu records, %llu rejected", what,
             (unsigned long long)view->counts->in, (unsigned long long)view->counts->rejected);
    ss_notify(text);
    w->ready = true;
    w->stopping |= view->stopping;
    w->told_ns = now;
}

void ss_watch_turn(void *arg, const struct ss_loop_view *view, bool over)
{
    struct ss_watch *w = arg;
    int64_t now = ss_clock_mono_ns();
    notify(w, view, now);
    if (!w->path || (!over && w->written_ns && now - w->written_ns < EVERY_NS))
        return;
    w->written_ns = now;
    if (write_text(w, view) < 0 && !w->complained) {
        w->complained = true; /* once: the run is worth more than its figures */
        ss_warn("%s", ss_err_text());
    }
}
