#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "flow/lines.h"
#include "flow/pace.h"
#include "flow/stage.h"

struct pace {
    struct ss_pace schedule;
    bool stamp, measure, json, has_speed;
    const char *report_uri;

    struct ss_env *env;
    struct ss_lines lines;
    bool begun;
    int64_t began_mono_ns, began_wall_ns, most_behind_ns;
    struct ss_sink *report_sink;
    struct ss_pace_report report;
};

enum { OPT_SPEED = 0x200, OPT_RATE, OPT_STAMP, OPT_MEASURE, OPT_REPORT, OPT_JSON };

static const struct argp_option options[] = {
    {"speed", OPT_SPEED, "N", 0, "Let event time pass N times as fast as it did (1)", 0},
    {"rate", OPT_RATE, "R", 0, "R records a second, whatever their times", 0},
    {"stamp", OPT_STAMP, 0, 0, "Add when each record was meant to leave", 0},
    {"measure", OPT_MEASURE, 0, 0, "Take records in, and report how late they came after their stamps", 0},
    {"report", OPT_REPORT, "URI", 0, "Measure, write the report there, and pass the records on", 0},
    {"json", OPT_JSON, 0, 0, "The report as one JSON line", 0},
    {0},
};

static double positive(const char *arg, const char *name, struct argp_state *state)
{
    double v;
    if (!ss_double_parse(arg, strlen(arg), &v) || !(v > 0 && v <= 1e9))
        argp_error(state, "--%s takes a number above 0, up to 1e9, not '%s'", name, arg);
    return v;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct pace *st = state->input;
    switch (key) {
    case ARGP_KEY_INIT: st->schedule.speed = 1; break;
    case OPT_SPEED:
        st->schedule.speed = positive(arg, "speed", state);
        st->has_speed = true;
        break;
    case OPT_RATE: st->schedule.rate = positive(arg, "rate", state); break;
    case OPT_STAMP: st->stamp = true; break;
    case OPT_MEASURE: st->measure = true; break;
    case OPT_REPORT:
        st->measure = true;
        st->report_uri = arg;
        break;
    case OPT_JSON: st->json = true; break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

static int64_t wall_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int open_pace(void *state, struct ss_env *env)
{
    struct pace *st = state;
    st->env = env;
    if (st->schedule.rate > 0 && st->has_speed)
        return ss_fail(SS_EUSAGE, "--rate and --speed cannot be given together");
    if (st->measure && (st->stamp || st->has_speed || st->schedule.rate > 0))
        return ss_fail(SS_EUSAGE,
                       "--measure is for the end of a pipeline: it takes no pace and sets no stamps");
    if (st->json && !st->measure)
        return ss_fail(SS_EUSAGE, "--json is for the report of --measure");
    return st->report_uri ? ss_sink_open(st->report_uri, &st->report_sink) : 0;
}

static void measure(struct pace *st, struct ss_record *rec, int64_t now_ns)
{
    if (rec->fate != SS_KEEP)
        return;
    ss_pace_arrived(&st->report, rec, now_ns);
    if (!st->report_uri)
        rec->fate = SS_DROP;
}

static int stamp(struct pace *st, struct ss_batch *batch, struct ss_record *rec, int64_t due_ns)
{
    char *text = ss_arena_alloc(&batch->arena[0], SS_PACED_TEXT);
    if (!text)
        return SS_ENOMEM;
    ss_record_set(rec, SS_PACED, (struct ss_str){text, ss_paced_print(st->began_wall_ns + due_ns, text)});
    return 0;
}

/* Waits for the record's time, all earlier records having left. 1 when it has come, 0 when the run is to end.
 */
static int wait_for(struct pace *st, int64_t due_mono_ns)
{
    int err = st->env->flush ? st->env->flush(st->env) : 0;
    if (err < 0)
        return err;
    while (!ss_clock_wait_until(due_mono_ns))
        if (st->env->stop && *st->env->stop)
            return 0;
    return 1;
}

/*
 * Is the record, the last of the batch, to leave now? 1 yes, having waited for it where it is the first of
 * the batch; 0 later.
 */
static int release(struct pace *st, struct ss_batch *batch)
{
    struct ss_record *rec = &batch->rec[batch->n - 1];
    if (rec->fate != SS_KEEP)
        return 1;
    if (!st->begun) {
        st->begun = true;
        st->began_mono_ns = ss_clock_mono_ns();
        st->began_wall_ns = wall_ns();
    }
    struct ss_pace before = st->schedule;
    int64_t due_ns = ss_pace_due_ns(&st->schedule, rec), due_mono_ns = st->began_mono_ns + due_ns;
    int64_t behind_ns = ss_clock_mono_ns() - due_mono_ns;
    int now = behind_ns >= 0 ? 1 : batch->n > 1 ? 0 : wait_for(st, due_mono_ns);
    if (now == 0)
        st->schedule = before;
    if (now == 1 && behind_ns > st->most_behind_ns)
        st->most_behind_ns = behind_ns;
    return now == 1 && st->stamp ? (stamp(st, batch, rec, due_ns) < 0 ? SS_ENOMEM : 1) : now;
}

/* Takes the lines that are due, one by one; of what is not due nothing is consumed. */
static int fill_paced(struct pace *st, struct ss_feed *feed, struct ss_batch *batch, size_t *consumed)
{
    struct ss_feed rest = *feed;
    *consumed = 0;
    for (size_t used = 1; used && batch->n < SS_BATCH_MAX;) {
        struct ss_lines before = st->lines;
        size_t n = batch->n;
        int err = ss_lines_fill(&st->lines, &rest, batch, n + 1, &used);
        if (err < 0)
            return err;
        int now = batch->n > n ? release(st, batch) : 1;
        if (now < 0)
            return now;
        if (now == 0) {
            batch->n = n;
            st->lines = before;
            return 0;
        }
        *consumed += used;
        rest.p += used;
        rest.n -= used;
        rest.new_input = rest.full = false;
    }
    return 0;
}

static int fill(void *state, struct ss_feed *feed, struct ss_batch *batch, size_t *consumed)
{
    struct pace *st = state;
    if (!st->measure)
        return fill_paced(st, feed, batch, consumed);
    int64_t now_ns = wall_ns();
    int err = ss_lines_fill(&st->lines, feed, batch, SS_BATCH_MAX, consumed);
    for (size_t i = 0; !err && i < batch->n; i++)
        measure(st, &batch->rec[i], now_ns);
    return err;
}

/* Behind other stages in one process it can only measure. */
static int step(void *state, struct ss_batch *batch)
{
    struct pace *st = state;
    if (!st->measure)
        return ss_fail(SS_EUSAGE, "'pace' must be the first stage, unless it measures");
    int64_t now_ns = wall_ns();
    for (size_t i = 0; i < batch->n; i++)
        measure(st, &batch->rec[i], now_ns);
    return 0;
}

static int finish(void *state, struct ss_batch *batch)
{
    struct pace *st = state;
    (void)batch;
    if (!st->measure) {
        ss_info("%llu records, at most %.3f ms after their time", (unsigned long long)st->schedule.n,
                (double)(st->most_behind_ns / 1000) / 1000);
        return 0;
    }
    struct ss_buf buf;
    ss_buf_init(&buf, 65536);
    ss_pace_print(&st->report, st->json, &buf);
    int err = ss_buf_check(&buf);
    if (!err)
        err = ss_sink_write(st->report_sink ? st->report_sink : st->env->out, buf.p, buf.n);
    ss_buf_free(&buf);
    int closed = ss_sink_close(st->report_sink);
    st->report_sink = NULL;
    return err < 0 ? err : closed;
}

static void close_pace(void *state)
{
    struct pace *st = state;
    if (st->report_sink && ss_sink_close(st->report_sink) < 0)
        ss_warn("%s", ss_err_text());
}

const struct ss_stage ss_stage_pace = {
    .name = "pace",
    .about = "Lets records through at their own pace or a fixed rate, and measures how late they arrive.",
    .argp = &argp,
    .state_size = sizeof(struct pace),
    .open = open_pace,
    .fill = fill,
    .needs_input = true,
    .step = step,
    .finish = finish,
    .close = close_pace,
};
