/* store: each batch in one transaction of a database, and only then on to the next stage. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "flow/stage.h"
#include "record/pan.h"
#include "store/case_auto.h"
#include "store/ledger.h"
#include "store/migrate.h"
#include "store/settings.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct store {
    const char *uri;
    struct ss_db_options options;
    const char *pan_mode, *pan_key;
    struct ss_pan *pan;
    bool only_new, no_cases;
    int64_t give_up_us;
    struct ss_env *env;
    struct ss_db *db;
    struct ss_ledger *ledger;
    struct ss_settings *settings;
    int64_t settings_ns; /* when they were read */
    bool *added;         /* which records of the batch the ledger took */
    bool gathers; /* many batches may become one transaction: nobody sees a record before ss_stage.secure */
    bool failed;  /* for good */
    uint64_t stored, known, labels;
};

enum { OPT_DURABILITY = 512, OPT_GIVE_UP, OPT_ONLY_NEW, OPT_NO_CASES, OPT_PAN, OPT_PAN_KEY };

/* A transaction of fewer comes from an input that has paused: the moment to bring the counts up to date. */
#define BUSY 256
/* SQLite's lock is held for some 40 ms then, and more together is hardly quicker. For PostgreSQL it is, since
 * the rows that many payments change are changed once. */
static const size_t gather_records[] = {[SS_SQLITE] = 1024, [SS_POSTGRES] = 8192};
#define GATHER_BYTES ((size_t)16 << 20)

static const struct argp_option options[] = {
    {"durability", OPT_DURABILITY, "full|normal", 0,
     "full: what was passed on survives a power cut; normal: it may take the last moments (full)", 0},
    {"give-up", OPT_GIVE_UP, "DURATION", 0, "Try this long when the database is locked or away (10m)", 0},
    {"only-new", OPT_ONLY_NEW, 0, 0, "Pass on only payments that were not stored before", 0},
    {"no-cases", OPT_NO_CASES, 0, 0, "Open no cases for alerts, as when history is brought in", 0},
    {"pan", OPT_PAN, "MODE", 0, "Card numbers: mask, hash (needs --pan-key) or keep (mask)", 0},
    {"pan-key", OPT_PAN_KEY, "FILE", 0, "Hash them with this key: a file of 16 to 256 bytes", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct store *st = state->input;
    switch (key) {
    case ARGP_KEY_INIT: st->give_up_us = 10 * SS_MINUTE_US; return 0;
    case OPT_DURABILITY:
        if (strcmp(arg, "full") != 0 && strcmp(arg, "normal") != 0)
            argp_error(state, "--durability is full or normal, not '%s'", arg);
        st->options.durability = strcmp(arg, "full") == 0 ? SS_DURABLE : SS_RELAXED;
        return 0;
    case OPT_GIVE_UP:
        if (!ss_duration_parse(arg, strlen(arg), &st->give_up_us))
            argp_error(state, "--give-up takes a duration such as 10m, not '%s'", arg);
        return 0;
    case OPT_ONLY_NEW: st->only_new = true; return 0;
    case OPT_NO_CASES: st->no_cases = true; return 0;
    case OPT_PAN: st->pan_mode = arg; return 0;
    case OPT_PAN_KEY: st->pan_key = arg; return 0;
    case ARGP_KEY_ARG:
        if (st->uri)
            return ARGP_ERR_UNKNOWN; /* an input like any other's */
        st->uri = arg;
        return 0;
    case ARGP_KEY_END:
        if (!st->uri)
            argp_error(state, "needs a store: a file such as fraud.db, or postgresql://HOST/DATABASE");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int open_store(void *arg, struct ss_env *env)
{
    struct store *st = arg;
    st->env = env;
    st->gathers = env->alone && !st->only_new;
    st->added = calloc(SS_BATCH_MAX, sizeof *st->added);
    if (!st->added)
        return ss_fail(SS_ENOMEM, "out of memory");
    int err = ss_pan_of_options(st->pan_mode, st->pan_key, &st->pan);
    err = err ? err : ss_store_open(st->uri, &st->options, &st->db);
    err = err ? err : ss_ledger_new(&st->ledger);
    return err ? err : ss_settings_new(&st->settings);
}

/* Alerts open cases as the settings say now: people change them while the stream goes on. */
static int open_cases(struct store *st)
{
    struct ss_case_auto how;
    int64_t now_ns = ss_clock_mono_ns();
    if (st->no_cases || (st->settings_ns && now_ns - st->settings_ns < 1000000000))
        return 0;
    st->settings_ns = now_ns;
    int err = ss_settings_refresh(st->settings, st->db);
    ss_case_auto_of(st->settings, &how);
    ss_ledger_cases(st->ledger, &how);
    return err;
}

/* One transaction with all that the ledger holds. */
static int write_all(struct store *st, bool settle)
{
    int err = ss_db_begin(st->db, true);
    if (err)
        return err;
    err = open_cases(st);
    if (!err)
        err = ss_ledger_write(st->ledger, st->db, ss_clock_wall_us());
    if (!err && settle)
        err = ss_ledger_settle(st->ledger, st->db);
    if (!err)
        return ss_db_commit(st->db);
    ss_db_rollback(st->db);
    return err;
}

/* How long to wait before trial number `n` again: from 20 ms, doubling up to 2 s. */
static void wait_before(int n)
{
    int64_t ms = 20 << (n < 7 ? n : 7);
    struct timespec ts = {.tv_sec = (ms < 2000 ? ms : 2000) / 1000,
                          .tv_nsec = (ms < 2000 ? ms : 0) % 1000 * 1000000};
    nanosleep(&ts, NULL);
}

static bool has_time(const struct store *st, int64_t began_ns)
{
    return (ss_clock_mono_ns() - began_ns) / 1000 < st->give_up_us && !(st->env->stop && *st->env->stop);
}

/* Tries until it works, the time is up, or it never will. */
static int commit_all(struct store *st, bool settle)
{
    int64_t began_ns = ss_clock_mono_ns();
    for (int n = 0;; n++) {
        int err = write_all(st, settle);
        if (!err)
            return 0;
        ss_ledger_done(st->ledger, false);
        if (err != SS_EAWAY)
            return err;
        if (n == 0)
            ss_warn("%s; trying again", ss_err_text());
        if (!has_time(st, began_ns))
            return ss_fail_in(
                err, "gave up after %lld s: ", (long long)((ss_clock_mono_ns() - began_ns) / 1000000000));
        wait_before(n);
        if (ss_db_check(st->db) && n == 0)
            ss_info("%s", ss_err_text());
    }
}

/* All that was added is in the store, and counted what became of it. */
static int commit(struct store *st)
{
    size_t n = ss_ledger_count(st->ledger);
    if (st->failed) /* what failed is told already, and would take as long again */
        return ss_fail(SS_EAWAY, "not stored");
    if (n == 0)
        return 0;
    int err = commit_all(st, n < BUSY);
    st->failed = err < 0;
    for (size_t i = 0; i < n && !err; i++) {
        const struct ss_taken *taken = ss_ledger_taken(st->ledger, i);
        st->stored += taken->as == SS_TAKEN_NEW;
        st->known += taken->as == SS_TAKEN_KNOWN;
        st->labels += taken->as == SS_TAKEN_LABEL;
    }
    return err;
}

static int secure(void *arg)
{
    struct store *st = arg;
    int err = commit(st);
    if (!err)
        ss_ledger_done(st->ledger, true);
    return err;
}

/* The record with its card numbers hidden, for the store and for whoever comes behind. */
static int hide_numbers(struct store *st, struct ss_batch *batch, struct ss_record *rec)
{
    struct ss_str text = {rec->text, rec->len};
    int err = ss_pan_scrub(st->pan, batch->arena, &text);
    if (err || text.p == rec->text)
        return err;
    const char *copy = ss_batch_copy(batch, text.p, text.n);
    return copy ? ss_record_read(batch, rec, copy, text.n) : SS_ENOMEM;
}

static int add(struct store *st, struct ss_batch *batch, struct ss_record *rec, bool *added)
{
    *added = false;
    int err = rec->fate == SS_KEEP ? hide_numbers(st, batch, rec) : 0;
    if (err)
        return err;
    err = rec->fate == SS_KEEP ? ss_ledger_add(st->ledger, rec, -1) : 1;
    if (err == SS_EDATA) {
        const char *why = ss_arena_copy(batch->arena, ss_err_text(), strlen(ss_err_text()));
        ss_record_reject(rec, "ss-store", why ? why : "cannot be stored");
        return 0;
    }
    *added = err == 0;
    return err < 0 ? err : 0;
}

static int step(void *arg, struct ss_batch *batch)
{
    struct store *st = arg;
    int err = 0;
    for (size_t i = 0; i < batch->n && !err; i++)
        err = add(st, batch, &batch->rec[i], &st->added[i]);
    bool full = ss_ledger_count(st->ledger) >= gather_records[ss_db_kind(st->db)] ||
                ss_ledger_bytes(st->ledger) >= GATHER_BYTES;
    if (err || (st->gathers && !full))
        return err;
    err = commit(st);
    for (size_t i = 0, k = 0; i < batch->n && !err && st->only_new; i++)
        if (st->added[i] && ss_ledger_taken(st->ledger, k++)->as == SS_TAKEN_KNOWN)
            batch->rec[i].fate = SS_DROP;
    if (!err)
        ss_ledger_done(st->ledger, true);
    return err;
}

static int finish(void *arg, struct ss_batch *batch)
{
    struct store *st = arg;
    (void)batch;
    int err = secure(st);
    if (!err && ss_ledger_unsettled(st->ledger) != 0)
        err = commit_all(st, true);
    if (!err)
        ss_ledger_done(st->ledger, true);
    ss_info("%llu payments stored, %llu known before, %llu labels", (unsigned long long)st->stored,
            (unsigned long long)st->known, (unsigned long long)st->labels);
    return err;
}

static void close_store(void *arg)
{
    struct store *st = arg;
    ss_ledger_free(st->ledger);
    ss_settings_free(st->settings);
    ss_db_close(st->db);
    free(st->added);
    free(st->pan);
}

static const struct argp argp = {options, parse, "STORE", NULL, NULL, NULL, NULL};

const struct ss_stage ss_stage_store = {
    .name = "store",
    .about = "Write records to SQLite or PostgreSQL, and pass them on once they are safe there.",
    .argp = &argp,
    .args = "STORE [FILE...]",
    .operands = 1,
    .state_size = sizeof(struct store),
    .open = open_store,
    .step = step,
    .secure = secure,
    .finish = finish,
    .close = close_store,
};
