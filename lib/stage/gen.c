#include "base/clock.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "flow/stage.h"
#include "gen/damage.h"
#include "gen/line.h"
#include "gen/traffic.h"
#include "json/write.h"

#define CHUNK ((size_t)64 * 1024) /* lines are built into pieces of the arena of this size */

struct gen {
    struct ss_gen_options opt;
    double fraud; /* --fraud and --scenario, applied once all options are known */
    double own_share[SS_SCENARIOS];
    bool has_fraud, has_share[SS_SCENARIOS];
    bool paced, start_now, describe;

    struct ss_env *env;
    struct ss_gen gen;
    struct ss_gen_liner liner;
    bool begun, has_next;
    struct ss_gen_event next; /* not due yet */
    int64_t began_ns;
    uint64_t lines;
    char *at; /* free bytes of the chunk */
    size_t left;
};

enum {
    OPT_SEED = 0x200,
    OPT_RATE,
    OPT_EVENT_RATE,
    OPT_START,
    OPT_CUSTOMERS,
    OPT_MERCHANTS,
    OPT_DEVICES,
    OPT_FRAUD,
    OPT_SCENARIO,
    OPT_NO_LABELS,
    OPT_LABELS_DELAY,
    OPT_MALFORMED,
    OPT_LATE,
    OPT_LATE_BY,
    OPT_DUPLICATE,
    OPT_FORMAT,
    OPT_DESCRIBE
};

static const struct argp_option options[] = {
    {"count", 'n', "N", 0, "Lines to print, 0 = without end (1000)", 0},
    {"seed", OPT_SEED, "N", 0, "Another number, other payments (1)", 0},
    {"rate", OPT_RATE, "R", 0, "Print R payments a second, as time goes by", 0},
    {"event-rate", OPT_EVENT_RATE, "R", 0,
     "On average R payments a second of event time, without waiting (2 a day for each customer)", 0},
    {"start", OPT_START, "TIME", 0,
     "Time of the first payment (2026-01-01T00:00:00Z); with --rate also the word now", 0},
    {"customers", OPT_CUSTOMERS, "N", 0, "Number of customers (5000, more at high rates)", 0},
    {"merchants", OPT_MERCHANTS, "N", 0, "Number of merchants (2000, or a quarter of the customers)", 0},
    {"devices", OPT_DEVICES, "N", 0, "Number of devices at the start (1.5 for each customer)", 0},
    {"fraud", OPT_FRAUD, "SHARE", 0, "Share of fraudulent payments, over all scenarios (0.01)", 0},
    {"scenario", OPT_SCENARIO, "NAME=SHARE", 0, "Share of one scenario (may be repeated)", 0},
    {"no-labels", OPT_NO_LABELS, 0, 0, "Leave label and scenario out", 0},
    {"labels-delay", OPT_LABELS_DELAY, "D", 0,
     "Labels as records of their own, D later in event time, instead of in the payments", 0},
    {"malformed", OPT_MALFORMED, "SHARE", 0, "Share of broken lines", 0},
    {"late", OPT_LATE, "SHARE", 0, "Share of payments that come late, out of order", 0},
    {"late-by", OPT_LATE_BY, "D", 0, "How much late at the most (10m)", 0},
    {"duplicate", OPT_DUPLICATE, "SHARE", 0, "Share of lines that repeat an earlier payment", 0},
    {"format", OPT_FORMAT, "FORMAT", 0, "ndjson or csv", 0},
    {"describe", OPT_DESCRIBE, 0, 0, "Print what would be generated, as one JSON line", 0},
    {0},
};

static double number_of(const char *arg, const char *name, double most, struct argp_state *state)
{
    double v;
    if (!ss_double_parse(arg, strlen(arg), &v) || !(v >= 0 && v <= most))
        argp_error(state, "--%s takes a number between 0 and %g, not '%s'", name, most, arg);
    return v;
}

static uint64_t count_of(const char *arg, const char *name, int64_t least, int64_t most,
                         struct argp_state *state)
{
    int64_t v;
    if (!ss_int_parse(arg, strlen(arg), &v) || v < least || v > most)
        argp_error(state, "--%s takes a whole number from %lld to %lld, not '%s'", name, (long long)least,
                   (long long)most, arg);
    return (uint64_t)v;
}

static int64_t duration_of(const char *arg, const char *name, struct argp_state *state)
{
    int64_t v;
    if (!ss_duration_parse(arg, strlen(arg), &v))
        argp_error(state, "--%s takes a duration such as 90s, 10m or 7d, not '%s'", name, arg);
    return v;
}

static void parse_start(struct gen *st, const char *arg, struct argp_state *state)
{
    st->start_now = strcmp(arg, "now") == 0;
    if (st->start_now)
        return;
    if (!ss_time_parse(arg, strlen(arg), &st->opt.start_us))
        argp_error(state, "--start takes a time such as 2026-01-01T00:00:00Z, or now, not '%s'", arg);
    st->opt.start_us -= st->opt.start_us % 1000;
}

static void parse_scenario(struct gen *st, const char *arg, struct argp_state *state)
{
    const char *eq = strchr(arg, '=');
    size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
    enum ss_scenario scenario = ss_scenario_of((struct ss_str){arg, n});
    if (!eq || scenario == SS_GENUINE) {
        struct ss_buf known;
        ss_buf_init(&known, 4096);
        for (int i = SS_GENUINE + 1; i < SS_SCENARIOS; i++)
            ss_buf_printf(&known, " %s", ss_scenario_name((enum ss_scenario)i));
        argp_error(state, "--scenario takes NAME=SHARE with a NAME of:%s", ss_buf_cstr(&known));
        ss_buf_free(&known);
        return;
    }
    st->own_share[scenario] = number_of(eq + 1, "scenario", 1, state);
    st->has_share[scenario] = true;
}

static error_t parse_stream(struct gen *st, int key, char *arg, struct argp_state *state)
{
    struct ss_gen_options *opt = &st->opt;
    switch (key) {
    case OPT_FRAUD:
        st->fraud = number_of(arg, "fraud", 0.9, state);
        st->has_fraud = true;
        break;
    case OPT_SCENARIO: parse_scenario(st, arg, state); break;
    case OPT_NO_LABELS: opt->labels = false; break;
    case OPT_LABELS_DELAY:
        opt->label_delay_us = duration_of(arg, "labels-delay", state);
        opt->labels = false;
        break;
    case OPT_MALFORMED: opt->malformed = number_of(arg, "malformed", 0.5, state); break;
    case OPT_LATE: opt->late = number_of(arg, "late", 1, state); break;
    case OPT_LATE_BY: opt->late_by_us = duration_of(arg, "late-by", state); break;
    case OPT_DUPLICATE: opt->duplicate = number_of(arg, "duplicate", 0.5, state); break;
    case OPT_FORMAT:
        opt->format = strcmp(arg, "csv") == 0 ? SS_GEN_CSV : SS_GEN_NDJSON;
        if (opt->format == SS_GEN_NDJSON && strcmp(arg, "ndjson") != 0)
            argp_error(state, "--format takes ndjson or csv, not '%s'", arg);
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct gen *st = state->input;
    struct ss_gen_options *opt = &st->opt;
    switch (key) {
    case ARGP_KEY_INIT: ss_gen_defaults(opt); break;
    case 'n': opt->count = count_of(arg, "count", 0, INT64_MAX, state); break;
    case OPT_SEED: opt->seed = count_of(arg, "seed", 0, INT64_MAX, state); break;
    case OPT_RATE:
        opt->rate = number_of(arg, "rate", 1e8, state);
        st->paced = true;
        break;
    case OPT_EVENT_RATE: opt->event_rate = number_of(arg, "event-rate", 1e8, state); break;
    case OPT_START: parse_start(st, arg, state); break;
    case OPT_CUSTOMERS:
        opt->customers = (uint32_t)count_of(arg, "customers", 1, SS_GEN_CUSTOMERS_MAX, state);
        break;
    case OPT_MERCHANTS:
        opt->merchants = (uint32_t)count_of(arg, "merchants", 1, SS_GEN_MERCHANTS_MAX, state);
        break;
    case OPT_DEVICES: opt->devices = (uint32_t)count_of(arg, "devices", 1, 1 << 30, state); break;
    case OPT_DESCRIBE: st->describe = true; break;
    default: return parse_stream(st, key, arg, state);
    }
    return 0;
}

static const struct argp argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

static int open_gen(void *state, struct ss_env *env)
{
    struct gen *st = state;
    st->env = env;
    if (st->paced && !(st->opt.rate > 0))
        return ss_fail(SS_EUSAGE, "--rate 0 would print nothing");
    if (st->paced && st->opt.event_rate > 0)
        return ss_fail(SS_EUSAGE, "--rate sets the event rate: --event-rate cannot be given too");
    if (st->start_now && !st->paced)
        return ss_fail(SS_EUSAGE, "--start now needs --rate: without it the same seed gives the same bytes");
    if (st->opt.format == SS_GEN_CSV && !env->alone)
        return ss_fail(SS_EUSAGE, "--format csv gives no records to the next stage");
    if (st->opt.format == SS_GEN_CSV && st->opt.label_delay_us)
        return ss_fail(SS_EUSAGE, "--labels-delay needs --format ndjson");
    if (st->start_now)
        st->opt.start_us = ss_clock_wall_us() / 1000 * 1000;
    if (st->has_fraud)
        ss_gen_set_fraud(&st->opt, st->fraud);
    for (int i = 1; i < SS_SCENARIOS; i++)
        if (st->has_share[i])
            st->opt.share[i] = st->own_share[i];
    if (ss_gen_settle(&st->opt) < 0)
        return SS_EUSAGE;
    int err = ss_gen_init(&st->gen, &st->opt);
    if (!err)
        ss_gen_liner_init(&st->liner, &st->gen);
    return err;
}

static int describe(struct gen *st)
{
    const struct ss_gen_options *opt = &st->opt;
    struct ss_buf buf;
    ss_buf_init(&buf, 65536);
    ss_buf_printf(&buf, "{\"seed\":%llu,\"count\":%llu,\"customers\":%u,\"merchants\":%u,\"devices\":%u",
                  (unsigned long long)opt->seed, (unsigned long long)opt->count, opt->customers,
                  opt->merchants, opt->devices);
    ss_json_key(&buf, "payments_per_second");
    ss_json_put_double(&buf, opt->rate > 0 ? opt->rate : opt->event_rate);
    ss_buf_puts(&buf, ",\"shares\":{");
    for (int i = 1; i < SS_SCENARIOS; i++) {
        ss_json_key(&buf, ss_scenario_name((enum ss_scenario)i));
        ss_json_put_double(&buf, opt->share[i]);
    }
    ss_buf_puts(&buf, "}}\n");
    int err = ss_buf_check(&buf);
    if (!err)
        err = ss_sink_write(st->env->out, buf.p, buf.n);
    ss_buf_free(&buf);
    return err;
}

/* What stands before the first line; true in *done when nothing follows. */
static int begin(struct gen *st, bool *done)
{
    st->begun = true;
    st->began_ns = ss_clock_mono_ns();
    *done = st->describe;
    if (st->describe)
        return describe(st);
    if (st->opt.format != SS_GEN_CSV)
        return 0;
    const char *header = ss_gen_csv_header(&st->gen);
    int err = ss_sink_write(st->env->out, header, strlen(header));
    return err < 0 ? err : ss_sink_write(st->env->out, "\n", 1);
}

static int add_line(struct gen *st, struct ss_batch *batch)
{
    if (st->left < SS_GEN_LINE_MAX + SS_JSON_PADDING) {
        st->at = ss_arena_alloc(&batch->arena[0], CHUNK);
        st->left = CHUNK;
    }
    struct ss_record *rec = st->at ? ss_batch_add(batch) : NULL;
    if (!rec)
        return SS_ENOMEM;
    size_t len = ss_gen_line(&st->liner, &st->next, st->at);
    if (st->next.kind == SS_GEN_MALFORMED)
        len = ss_gen_damage(st->at, len, SS_GEN_LINE_MAX, st->next.damage);
    rec->text = st->at;
    rec->len = (uint32_t)len;
    rec->line = rec->record_no = ++st->lines;
    st->at += len;
    st->left -= len;
    return 0;
}

/* The fields of a text that a later stage looks at; read once the text behind it is there as padding. */
static int read_fields(struct gen *st, struct ss_batch *batch)
{
    for (size_t i = 0; !st->env->alone && i < batch->n; i++)
        if (ss_record_read(batch, &batch->rec[i], batch->rec[i].text, batch->rec[i].len) < 0)
            return SS_ENOMEM;
    return 0;
}

/* Waits until the next line's time has come, all earlier ones having left. False when the run is to stop. */
static bool wait_for(struct gen *st, int64_t due_ns, int *err)
{
    *err = st->env->flush ? st->env->flush(st->env) : 0;
    while (!*err && !ss_clock_wait_until(due_ns))
        if (st->env->stop && *st->env->stop)
            return false;
    return *err == 0;
}

#define END_US (253402300800 * SS_SECOND_US) /* 10000-01-01 */

static int fill(void *state, struct ss_feed *feed, struct ss_batch *batch, size_t *consumed)
{
    struct gen *st = state;
    bool done = false;
    int err = st->begun ? 0 : begin(st, &done);
    (void)feed;
    (void)consumed;
    st->left = 0; /* the arena was reset since */
    while (!err && !done && batch->n < SS_BATCH_MAX) {
        int more = st->has_next ? 1 : ss_gen_next(&st->gen, &st->next);
        if (more <= 0) {
            err = more;
            break;
        }
        st->has_next = true;
        if (st->next.at_us >= END_US) {
            err = ss_fail(SS_EUSAGE, "the payments would go beyond the year 9999: an earlier --start helps");
            break;
        }
        int64_t due_ns = st->began_ns + (st->next.at_us - st->opt.start_us) * 1000;
        if (st->paced && due_ns > ss_clock_mono_ns() && (batch->n || !wait_for(st, due_ns, &err)))
            break;
        st->has_next = false;
        err = add_line(st, batch);
    }
    return err < 0 ? err : read_fields(st, batch);
}

static void close_gen(void *state)
{
    struct gen *st = state;
    ss_gen_free(&st->gen);
}

const struct ss_stage ss_stage_gen = {
    .name = "gen",
    .about = "Makes synthetic payments with labelled fraud, the same for the same seed.",
    .argp = &argp,
    .state_size = sizeof(struct gen),
    .args = "",
    .open = open_gen,
    .fill = fill,
    .close = close_gen,
};
