#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "base/time.h"
#include "feature/engine.h"
#include "feature/file.h"
#include "feature/hold.h"
#include "feature/trial.h"
#include "flow/snapshot.h"

struct features {
    const char *file;
    struct ss_feature_config config;
    int64_t lateness_us;
    /* From here on set by open. */
    struct ss_feature_plan *plan;
    int workers;
    struct part {
        struct ss_feature_engine *engine;
        struct ss_feature_trial *trial; /* once something has been tried */
        struct ss_hold hold;
    } part;
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

static int part_open(void *state)
{
    struct features *st = state;
    ss_hold_init(&st->part.hold, st->lateness_us);
    return ss_feature_engine_new(st->plan, st->workers, &st->config, &st->part.engine);
}

static void part_close(void *state)
{
    struct features *st = state;
    struct ss_feature_stats s;
    ss_hold_free(&st->part.hold);
    if (!st->part.engine)
        return;
    ss_feature_engine_stats(st->part.engine, &s);
    ss_info(
        "%llu records, %llu late; %llu late labels; %llu entities in %llu bytes; %llu expired, %llu evicted, "
        "%llu events cut",
        (unsigned long long)s.records, (unsigned long long)s.late, (unsigned long long)s.labels,
        (unsigned long long)s.entities, (unsigned long long)s.bytes, (unsigned long long)s.expired,
        (unsigned long long)s.evicted, (unsigned long long)s.cut);
    ss_feature_trial_free(st->part.trial);
    ss_feature_engine_free(st->part.engine);
    st->part.trial = NULL;
    st->part.engine = NULL;
}

static int step(void *state, struct ss_batch *batch)
{
    struct features *st = state;
    int err = ss_hold_pass(&st->part.hold, batch);
    return err ? err : ss_feature_engine_prepare(st->part.engine, batch);
}

static int work(void *state, int phase, int worker, int workers, struct ss_batch *batch)
{
    struct features *st = state;
    return ss_feature_engine_work(st->part.engine, phase, worker, workers, batch);
}

/* A payment that is only asked about is not held. */
static int trial(void *state, struct ss_batch *batch)
{
    struct features *st = state;
    int err = st->part.trial ? 0 : ss_feature_trial_new(st->part.engine, &st->part.trial);
    return err ? err : ss_feature_trial_run(st->part.trial, batch);
}

static void status(const void *state, struct ss_stage_status *status)
{
    const struct features *st = state;
    snprintf(status->version, sizeof status->version, "%s", st->plan->names.set);
}

static void part_status(const void *state, struct ss_stage_status *status)
{
    const struct features *st = state;
    struct ss_feature_stats s;
    if (!st->part.engine)
        return;
    ss_feature_engine_stats(st->part.engine, &s);
    ss_status_add(status, "entities", s.entities);
    ss_status_add(status, "bytes", s.bytes);
    ss_status_add(status, "held", st->part.hold.n);
    ss_status_add(status, "late", s.late);
    ss_status_add(status, "labels", s.labels);
    ss_status_add(status, "expired", s.expired);
    ss_status_add(status, "evicted", s.evicted);
    ss_status_add(status, "cut", s.cut);
}

/* What is still held leaves now, in order, computed here since no phases follow. */
static int part_finish(void *state, struct ss_batch *batch)
{
    struct features *st = state;
    int err = ss_hold_release(&st->part.hold, batch);
    return err || !batch->n ? err : ss_feature_engine_run(st->part.engine, batch);
}

static int save(const void *state, struct ss_sink *to)
{
    const struct features *st = state;
    int err = ss_feature_engine_save(st->part.engine, ss_state_write, to);
    return err ? err : ss_hold_save(&st->part.hold, ss_state_write, to);
}

static int load(void *state, struct ss_source *from)
{
    struct features *st = state;
    int err = ss_feature_engine_load(st->part.engine, ss_state_read, from);
    return err ? err : ss_hold_load(&st->part.hold, ss_state_read, from);
}

static int64_t memory_us(const void *state)
{
    const struct features *st = state;
    int64_t us = ss_feature_plan_memory_us(st->plan, &st->config);
    return us == INT64_MAX ? us : us + st->lateness_us;
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
    .hosted = true,
    .trial = trial,
    .status = status,
    .part_status = part_status,
    .close = close,
    .part_at = offsetof(struct features, part),
    .part_bytes = sizeof(struct part),
    .part_open = part_open,
    .part_finish = part_finish,
    .memory_us = memory_us,
    .part_close = part_close,
    .save = save,
    .load = load,
};
