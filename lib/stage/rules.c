#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "flow/stage.h"
#include "rule/ruleset.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETS_MAX       SS_RULE_FILES
#define MEMBER_MAX     ((size_t)16 << 20)
#define STATE_MAX      ((size_t)4 << 30)
#define WATCH_EVERY_NS 500000000

enum { OPT_LISTS = 512, OPT_FULL_JQ, OPT_WATCH, OPT_PROFILE, OPT_EXPLAIN, OPT_CHECK, OPT_TEST, OPT_SAMPLE };

struct rules {
    const char *name[SETS_MAX];
    size_t n;
    struct ss_ruleset_options options;
    bool watch, explain, profile;
    const char *explain_id, *profile_path;
    /* From here on set by open. */
    struct ss_env *env;
    struct ss_ruleset *set;
    struct ss_auto_lists *autos;
    int workers, reloads;
    uint64_t stamp; /* of the files as they were loaded */
    int64_t watched_ns;
    bool done; /* the batch at hand was decided by step */
    struct ss_buf text[SS_WORKERS_MAX];
};

static const struct argp_option options[] = {
    {"rules", 'r', "FILE", 0, "Rule file, or the name of a shipped pack (default); may be repeated", 0},
    {"lists", OPT_LISTS, "DIR", 0, "Where list files lie (beside their rule file)", 0},
    {"full-jq", OPT_FULL_JQ, 0, 0, "Allow jq that is not proven to end, in a limited process of its own", 0},
    {"watch", OPT_WATCH, 0, 0, "Reload rules and lists when their files change, not only on SIGHUP", 0},
    {"profile", OPT_PROFILE, "FILE", OPTION_ARG_OPTIONAL,
     "At the end print hits, cost and share of time per rule to FILE or standard error", 0},
    {"explain", OPT_EXPLAIN, "TXN_ID", OPTION_ARG_OPTIONAL,
     "Instead of records print how each, or the one of that txn_id, is decided", 0},
    {"check", OPT_CHECK, 0, 0, "Look for mistakes in the rules, read no records; exit status 1 if any", 0},
    {"sample", OPT_SAMPLE, "FILE", 0, "With --check: records that show which fields there are", 0},
    {"test", OPT_TEST, 0, 0, "Run the rules' tests, read no records; exit status 1 when one fails", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct rules *st = state->input;
    switch (key) {
    case 'r':
        if (st->n == SETS_MAX) {
            argp_error(state, "more than %d rule files", SETS_MAX);
            return EINVAL; /* where a server parses, argp_error comes back */
        }
        st->name[st->n++] = arg;
        return 0;
    case OPT_LISTS: st->options.lists_dir = arg; return 0;
    case OPT_FULL_JQ: st->options.full_jq = true; return 0;
    case OPT_WATCH: st->watch = true; return 0;
    case OPT_PROFILE:
        st->profile = st->options.profile = true;
        st->profile_path = arg;
        return 0;
    case OPT_EXPLAIN:
        st->explain = true;
        st->explain_id = arg;
        return 0;
    case OPT_CHECK:
    case OPT_SAMPLE:
    case OPT_TEST:
        argp_error(state, "--check and --test need ss-rules by itself: ss-rules --check -r FILE");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp rules_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

/* --- loading --- */

/* Changes when a file is written, replaced, or goes away. */
static uint64_t stamp_of(const struct rules *st)
{
    const char *const *file;
    size_t n = ss_ruleset_files(st->set, &file);
    uint64_t stamp = 0;
    for (size_t i = 0; i < n; i++) {
        struct stat s;
        uint64_t one = 0;
        if (stat(file[i], &s) == 0)
            one = (uint64_t)s.st_ino ^ (uint64_t)s.st_size << 20 ^
                  ((uint64_t)s.st_mtim.tv_sec * 1000000000 + (uint64_t)s.st_mtim.tv_nsec);
        stamp = (stamp ^ one) * 0x9e3779b97f4a7c15u;
    }
    return stamp;
}

static int rules_open(void *state, struct ss_env *env)
{
    struct rules *st = state;
    st->env = env;
    if (env->hosted && st->explain)
        return ss_fail(SS_EUSAGE, "--explain prints: it cannot be used here");
    st->workers = env->workers > 0 ? env->workers : 1;
    st->reloads = env->reload ? *env->reload : 0;
    if (st->n == 0)
        st->name[st->n++] = "default";
    for (int w = 0; w < SS_WORKERS_MAX; w++)
        ss_buf_init(&st->text[w], MEMBER_MAX);
    int err = ss_ruleset_load(st->name, st->n, &st->options, env->schema, true, st->workers, &st->set);
    if (!err) {
        st->stamp = stamp_of(st);
        ss_info("%u rules, set %s", ss_ruleset_spec(st->set)->rules, ss_ruleset_hash(st->set));
    }
    return err;
}

static void rules_close(void *state)
{
    struct rules *st = state;
    for (int w = 0; w < SS_WORKERS_MAX; w++)
        ss_buf_free(&st->text[w]);
    ss_ruleset_free(st->set);
    st->set = NULL;
}

static int rules_part_open(void *state)
{
    struct rules *st = state;
    st->autos = ss_auto_lists_new();
    return st->autos ? ss_ruleset_adopt(st->set, st->autos, st->env->schema, true) : SS_ENOMEM;
}

/* The rules look into the lists of the partition at hand. */
static int rules_part_use(void *state)
{
    struct rules *st = state;
    bool learns = st->autos && ss_ruleset_spec(st->set)->n_autos;
    return learns ? ss_ruleset_adopt(st->set, st->autos, st->env->schema, false) : 0;
}

static void rules_part_close(void *state)
{
    struct rules *st = state;
    ss_auto_lists_free(st->autos);
    st->autos = NULL;
}

static int64_t rules_memory_us(const void *state)
{
    const struct rules *st = state;
    const struct ss_rule_spec *spec = ss_ruleset_spec(st->set);
    int64_t most = 0;
    for (uint32_t i = 0; i < spec->n_autos; i++) {
        int64_t us = spec->autos[i].ttl_us + spec->autos[i].delay_us;
        most = us > most ? us : most;
    }
    return most;
}

static int rules_save(const void *state, struct ss_sink *to)
{
    const struct rules *st = state;
    struct ss_buf text;
    ss_buf_init(&text, STATE_MAX);
    ss_auto_lists_save(st->autos, &text);
    int err = ss_buf_check(&text);
    err = err || text.n == 0 ? err : ss_sink_write(to, text.p, text.n);
    ss_buf_free(&text);
    return err;
}

static int rules_load(void *state, struct ss_source *from)
{
    struct rules *st = state;
    struct ss_buf text;
    ss_buf_init(&text, STATE_MAX);
    int err = 0;
    for (;;) {
        char *to = ss_buf_room(&text, 65536);
        ssize_t n = to ? ss_source_read(from, to, 65536) : SS_ENOMEM;
        if (n == SS_AGAIN)
            continue;
        if (n <= 0) {
            err = (int)n;
            break;
        }
        text.n += (size_t)n;
    }
    if (!err)
        err = ss_auto_lists_load(st->autos, (struct ss_str){text.p ? text.p : "", text.n});
    ss_buf_free(&text);
    return err;
}

static bool wants_reload(struct rules *st)
{
    bool wanted = st->env->reload && *st->env->reload != st->reloads;
    if (wanted) {
        st->reloads = *st->env->reload;
        return true;
    }
    if (!st->watch)
        return false;
    int64_t now_ns = ss_clock_mono_ns();
    if (now_ns - st->watched_ns < WATCH_EVERY_NS)
        return false;
    st->watched_ns = now_ns;
    return stamp_of(st) != st->stamp;
}

/* Between batches, while no worker is at work: the new set is made whole before the old one goes. */
static int rules_reload(void *state)
{
    struct rules *st = state;
    struct ss_ruleset *set;
    struct ss_ruleset_options with_lists = st->options;
    with_lists.previous = st->set;
    st->stamp = stamp_of(st); /* also of files that will not load: one warning each is enough */
    int err = ss_ruleset_load(st->name, st->n, &with_lists, st->env->schema, false, st->workers, &set);
    if (!err) {
        err = ss_ruleset_adopt(set, st->autos, st->env->schema, false);
        if (err)
            ss_ruleset_free(set);
    }
    if (err)
        return err;
    ss_ruleset_profile_take(set, st->set);
    ss_ruleset_free(st->set);
    st->set = set;
    st->stamp = stamp_of(st);
    ss_info("reloaded: %u rules, set %s", ss_ruleset_spec(set)->rules, ss_ruleset_hash(set));
    return 0;
}

static void reload_where_asked(struct rules *st)
{
    if (wants_reload(st) && rules_reload(st) < 0)
        ss_warn("%s: the rules in use stay", ss_err_text());
}

/* --- deciding --- */

static int decide(struct rules *st, int worker, struct ss_record *rec, struct ss_arena *arena)
{
    struct ss_buf *text = &st->text[worker];
    const struct ss_decision *decision;
    int err = ss_ruleset_decide(st->set, worker, rec, arena, &decision);
    if (err)
        return err;
    ss_buf_reset(text);
    ss_decision_put(decision, text);
    err = ss_buf_check(text);
    const char *copy = err ? NULL : ss_arena_copy(arena, text->p, text->n);
    if (!copy)
        return err ? err : SS_ENOMEM;
    rec->decision = decision;
    ss_record_set(rec, SS_DECISION, (struct ss_str){copy, text->n});
    return 0;
}

static int explain(struct rules *st, struct ss_record *rec, struct ss_arena *arena)
{
    struct ss_buf *text = &st->text[0];
    struct ss_str id = ss_record_text(rec, SS_TXN_ID, arena);
    rec->fate = SS_DROP;
    if (st->explain_id && !(id.p && ss_str_is(id, st->explain_id)))
        return 0;
    ss_buf_reset(text);
    int err = ss_ruleset_explain(st->set, rec, arena, text);
    return err ? err : ss_sink_write(st->env->out, text->p, text->n);
}

/* One record after the other, by one worker: where labels teach, a child process evaluates, or words go out.
 */
static int in_turn(struct rules *st, struct ss_batch *batch)
{
    struct ss_arena *arena = &batch->arena[0];
    int err = ss_ruleset_batched(st->set) ? ss_ruleset_batch(st->set, 0, batch) : 0;
    for (size_t i = 0; i < batch->n && !err; i++) {
        struct ss_record *rec = &batch->rec[i];
        if (rec->fate != SS_KEEP)
            continue;
        bool learn = ss_auto_lists_concern(st->autos, rec), label = ss_record_is_label(rec);
        if (!label)
            err = st->explain ? explain(st, rec, arena) : decide(st, 0, rec, arena);
        else if (st->explain)
            rec->fate = SS_DROP;
        if (learn && !err)
            err = ss_auto_lists_learn(st->autos, rec, arena);
    }
    st->done = true;
    return err;
}

static int rules_step(void *state, struct ss_batch *batch)
{
    struct rules *st = state;
    reload_where_asked(st);
    st->done = false;
    bool serial = st->explain || ss_ruleset_batched(st->set);
    for (size_t i = 0; i < batch->n && !serial; i++)
        serial = ss_auto_lists_concern(st->autos, &batch->rec[i]);
    return serial ? in_turn(st, batch) : 0;
}

static int rules_work(void *state, int phase, int worker, int workers, struct ss_batch *batch)
{
    struct rules *st = state;
    size_t from, to;
    int err = 0;
    (void)phase;
    ss_rows_of(batch, worker, workers, &from, &to);
    for (size_t i = from; i < to && !st->done && !err; i++)
        if (batch->rec[i].fate == SS_KEEP && !ss_record_is_label(&batch->rec[i]))
            err = decide(st, worker, &batch->rec[i], &batch->arena[worker]);
    return err;
}

/* As in_turn, but nothing is learnt and no rule's hits are counted. */
static int rules_trial(void *state, struct ss_batch *batch)
{
    struct rules *st = state;
    reload_where_asked(st);
    int err = ss_ruleset_batched(st->set) ? ss_ruleset_batch(st->set, 0, batch) : 0;
    ss_ruleset_quiet(st->set, true);
    for (size_t i = 0; i < batch->n && !err; i++)
        if (batch->rec[i].fate == SS_KEEP && !ss_record_is_label(&batch->rec[i]))
            err = decide(st, 0, &batch->rec[i], &batch->arena[0]);
    ss_ruleset_quiet(st->set, false);
    return err;
}

static void rules_status(const void *state, struct ss_stage_status *status)
{
    const struct rules *st = state;
    snprintf(status->version, sizeof status->version, "%s", ss_ruleset_hash(st->set));
    ss_status_add(status, "rules", ss_ruleset_spec(st->set)->rules);
}

static int rules_finish(void *state, struct ss_batch *batch)
{
    struct rules *st = state;
    struct ss_sink *sink;
    struct ss_buf text;
    (void)batch;
    if (!st->profile)
        return 0;
    ss_buf_init(&text, MEMBER_MAX);
    ss_ruleset_profile(st->set, &text);
    int err = ss_buf_check(&text);
    if (!err && st->profile_path) {
        err = ss_sink_open(st->profile_path, &sink);
        if (!err) {
            err = ss_sink_write(sink, text.p, text.n);
            int closed = ss_sink_close(sink);
            err = err ? err : closed;
        }
    } else if (!err) {
        for (size_t done = 0; done < text.n;) {
            ssize_t n = write(STDERR_FILENO, text.p + done, text.n - done);
            if (n < 0)
                break;
            done += (size_t)n;
        }
    }
    ss_buf_free(&text);
    return err;
}

const struct ss_stage ss_stage_rules = {
    .name = "rules",
    .about = "Decide about each payment by rules and lists: an action, a level and reasons.",
    .argp = &rules_argp,
    .state_size = sizeof(struct rules),
    .open = rules_open,
    .step = rules_step,
    .phases = 1,
    .work = rules_work,
    .finish = rules_finish,
    .hosted = true,
    .trial = rules_trial,
    .reload = rules_reload,
    .status = rules_status,
    .close = rules_close,
    .part_at = offsetof(struct rules, autos),
    .part_bytes = sizeof(struct ss_auto_lists *),
    .part_open = rules_part_open,
    .part_use = rules_part_use,
    .memory_us = rules_memory_us,
    .part_close = rules_part_close,
    .save = rules_save,
    .load = rules_load,
};
