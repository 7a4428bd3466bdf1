#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "base/time.h"
#include "feature/engine.h"
#include "feature/file.h"
#include "feature/hold.h"
#include "feature/trial.h"
#include "flow/stage.h"

struct features {
    const char *file;
    struct ss_feature_config config;
    int64_t lateness_us;
    /* From here on set by open. */
    struct ss_feature_plan *plan;
    struct ss_feature_engine *engine;
    struct ss_feature_trial *trial; /* once something has been tried */
    struct ss_hold hold;
    int workers;
};

enum { OPT_LATE_BOUND = 512, OPT_MAX_MEMORY, OPT_LATENESS };

static const struct argp_option options[] = {
    {"features", 'f', "FILE", 0, "Feature file, or the name of a shipped one (default)", 0},
    {"lateness", OPT_LATENESS, "D", 0, "Hold records for D of event time and pass them on in order of time",
     0},
    {"late-bound", OPT_LATE_BOUND, "D", 0, "How late a record may be and still find its whole windows (1d)",
     0},
    {"max-memory", OPT_MAX_MEMORY, "SIZE", 0, "Bytes of state: beyond, entities untouched longest go (4G)",
     0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct features *st = state->input;
    switch (key) {
    case 'f': st->file = arg; return 0;
    case OPT_LATENESS:
        if (!ss_duration_parse(arg, strlen(arg), &st->lateness_us))
            argp_error(state, "--lateness takes a duration such as 30s or 10m, not '%s'", arg);
        return 0;
    case OPT_LATE_BOUND:
        if (!ss_duration_parse(arg, strlen(arg), &st->config.late_bound_us))
            argp_error(state, "--late-bound takes a duration such as 10m or 1d, not '%s'", arg);
        return 0;
    case OPT_MAX_MEMORY:
        if (!ss_size_parse(arg, &st->config.max_memory) || st->config.max_memory < 1 << 20)
            argp_error(state, "--max-memory takes a size of at least 1M, such as 512M or 4G, not '%s'", arg);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp features_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

static int open(void *state, struct ss_env *env)
{
    struct features *st = state;
    st->workers = env->workers;
    return ss_feature_file_plan(st->file ? st->file : SS_FEATURE_FILE_DEFAULT, env->schema, &st->plan);
}

static int part_open(void *state, int part)
{
    struct features *st = state;
    (void)part;
    ss_hold_init(&st->hold, st->lateness_us);
    return ss_feature_engine_new(st->plan, st->workers, &st->config, &st->engine);
}

static void part_close(void *state, int part)
{
    struct features *st = state;
    struct ss_feature_stats s;
    (void)part;
    ss_hold_free(&st->hold);
    if (!st->engine)
        return;
    ss_feature_engine_stats(st->engine, &s);
    ss_info(
        "%llu records, %llu late; %llu late labels; %llu entities in %llu bytes; %llu expired, %llu evicted, "
        "%llu events cut",
        (unsigned long long)s.records, (unsigned long long)s.late, (unsigned long long)s.labels,
        (unsigned long long)s.entities, (unsigned long long)s.bytes, (unsigned long long)s.expired,
        (unsigned long long)s.evicted, (unsigned long long)s.cut);
    ss_feature_trial_free(st->trial);
    ss_feature_engine_free(st->engine);
    st->trial = NULL;
    st->engine = NULL;
}

static int step(void *state, struct ss_batch *batch)
{
    struct features *st = state;
    int err = ss_hold_pass(&st->hold, batch);
    return err ? err : ss_feature_engine_prepare(st->engine, batch);
}

static int work(void *state, int phase, int worker, int workers, struct ss_batch *batch)
{
    struct features *st = state;
    return ss_feature_engine_work(st->engine, phase, worker, workers, batch);
}

/* A payment that is only asked about is not held. */
static int trial(void *state, struct ss_batch *batch)
{
    struct features *st = state;
    int err = st->trial ? 0 : ss_feature_trial_new(st->engine, &st->trial);
    return err ? err : ss_feature_trial_run(st->trial, batch);
}

static void status(const void *state, struct ss_stage_status *status)
{
    const struct features *st = state;
    struct ss_feature_stats s;
    ss_feature_engine_stats(st->engine, &s);
    snprintf(status->version, sizeof status->version, "%s", st->plan->names.set);
    ss_status_add(status, "entities", s.entities);
    ss_status_add(status, "bytes", s.bytes);
    ss_status_add(status, "held", st->hold.n);
    ss_status_add(status, "late", s.late);
    ss_status_add(status, "labels", s.labels);
    ss_status_add(status, "expired", s.expired);
    ss_status_add(status, "evicted", s.evicted);
    ss_status_add(status, "cut", s.cut);
}

/* What is still held leaves now, in order, computed here since no phases follow. */
static int finish(void *state, struct ss_batch *batch)
{
    struct features *st = state;
    int err = ss_hold_release(&st->hold, batch);
    return err ? err : ss_feature_engine_run(st->engine, batch);
}

static int write_state(void *to, const void *bytes, size_t len)
{
    return ss_sink_write(to, bytes, len);
}

static int read_state(void *from, void *bytes, size_t len)
{
    for (char *p = bytes; len;) {
        ssize_t n = ss_source_read(from, p, len);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return ss_fail(SS_EDATA, "state of features is truncated");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int save(const void *state, int part, struct ss_sink *to)
{
    const struct features *st = state;
    (void)part;
    int err = ss_feature_engine_save(st->engine, write_state, to);
    return err ? err : ss_hold_save(&st->hold, write_state, to);
}

static int load(void *state, int part, struct ss_source *from)
{
    struct features *st = state;
    (void)part;
    int err = ss_feature_engine_load(st->engine, read_state, from);
    return err ? err : ss_hold_load(&st->hold, read_state, from);
}

static void close(void *state)
{
    struct features *st = state;
    ss_feature_plan_free(st->plan);
    st->plan = NULL;
}

const struct ss_stage ss_stage_features = {
    .name = "features",
    .about = "Windows and profiles of users, cards, devices and merchants, from a feature file",
    .argp = &features_argp,
    .state_size = sizeof(struct features),
    .open = open,
    .step = step,
    .phases = SS_FEATURE_PHASES,
    .work = work,
    .finish = finish,
    .hosted = true,
    .trial = trial,
    .status = status,
    .close = close,
    .part_open = part_open,
    .part_close = part_close,
    .save = save,
    .load = load,
};
