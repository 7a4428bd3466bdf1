/* Looking after a store: its schema, what is old in it, a copy of it. */
#include "base/clock.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "cmd/ss-ctl/command.h"
#include "cmd/ss-ctl/store.h"
#include "json/write.h"
#include "store/audit.h"
#include "store/migrate.h"
#include "store/prune.h"
#include "store/settings.h"
#include <argp.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct keep_args {
    const char *uri, *to; /* to: only of backup */
    int64_t days;         /* -1: as the setting says */
    bool takes_to, json;
};

enum { OPT_PAYMENTS = 512, OPT_JSON };

static const struct argp_option prune_options[] = {
    {"payments", OPT_PAYMENTS, "DAYS", 0, "Delete payments older than so many days; 0: none (as set)", 0},
    {"json", OPT_JSON, 0, 0, "What was deleted, as a line of JSON", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct keep_args *a = state->input;
    switch (key) {
    case OPT_PAYMENTS:
        if (!ss_int_parse(arg, strlen(arg), &a->days) || a->days < 0 || a->days > 36500)
            argp_error(state, "--payments takes a number of days up to 36500, not '%s'", arg);
        return 0;
    case OPT_JSON: a->json = true; return 0;
    case ARGP_KEY_ARG:
        if (a->uri && (!a->takes_to || a->to))
            argp_error(state, "'%s' is too much", arg);
        *(a->uri ? &a->to : &a->uri) = arg;
        return 0;
    case ARGP_KEY_END:
        if (!a->uri || (a->takes_to && !a->to))
            argp_error(state, a->takes_to ? "needs a store and the file to make" : "needs a store");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- migrate ---- */

int ss_ctl_migrate(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,    parse,
        "STORE", "Bring a store's schema to this program's version; make one where there is none.",
        NULL,    NULL,
        NULL};
    struct keep_args a = {.days = -1};
    struct ss_db *db;
    int from, to;
    argv[0] = (char[]){"ss-ctl migrate"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
        return 64;
    int err = ss_db_open(a.uri, NULL, &db);
    if (err)
        return ss_ctl_end(err);
    err = ss_migrate(db, &from, &to);
    if (!err && from == to)
        printf("schema %d, as it should be\n", to);
    else if (!err)
        printf("schema %d, was %d\n", to, from);
    ss_db_close(db);
    return ss_ctl_end(err);
}

/* ---- prune ---- */

static const struct {
    const char *name;
    size_t at;
} pruned_names[] = {
    {"payments", offsetof(struct ss_pruned, payments)},  {"labels", offsetof(struct ss_pruned, labels)},
    {"alerts", offsetof(struct ss_pruned, alerts)},      {"customers", offsetof(struct ss_pruned, customers)},
    {"links", offsetof(struct ss_pruned, links)},        {"counts", offsetof(struct ss_pruned, counts)},
    {"answers", offsetof(struct ss_pruned, answers)},    {"notices", offsetof(struct ss_pruned, notices)},
    {"payments_kept", offsetof(struct ss_pruned, kept)},
};

static void put_pruned(const struct ss_pruned *p, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    for (size_t i = 0; i < SS_COUNT(pruned_names); i++) {
        ss_json_key(to, pruned_names[i].name);
        ss_json_put_int(to, *(const int64_t *)((const char *)p + pruned_names[i].at));
    }
    ss_buf_putc(to, '}');
}

/* Deleting customers' data is a change like any other. */
static int note(struct ss_db *db, const struct ss_buf *pruned)
{
    const struct passwd *user = getpwuid(getuid());
    char actor[300];
    snprintf(actor, sizeof actor, "ss-ctl:%s", user ? user->pw_name : "?");
    const struct ss_audit entry = {.actor = actor,
                                   .action = "store.prune",
                                   .subject = SS_STR("store"),
                                   .new_value = {pruned->p, pruned->n},
                                   .time_us = ss_clock_wall_us()};
    int err = ss_db_begin(db, true);
    err = err ? err : ss_audit_add(db, &entry);
    err = err ? err : ss_db_commit(db);
    if (err)
        ss_db_rollback(db);
    return err;
}

static int prune(struct ss_ctl_store *store, const struct keep_args *a)
{
    int64_t days = a->days >= 0 ? a->days : ss_setting_int(store->web.settings, "retention.payments_days");
    struct ss_prune_policy policy;
    struct ss_prune_run run = {.stage = 0};
    struct ss_buf line;
    int more = ss_prune_default(store->db, ss_clock_wall_us(), days, &policy);
    more = more ? more : 1;
    while (more > 0)
        more = ss_prune_step(store->db, &policy, &run);
    ss_buf_init(&line, 4096);
    put_pruned(&run.pruned, &line);
    int err = more < 0 ? more : ss_buf_check(&line);
    err = err ? err : note(store->db, &line);
    if (!err && a->json)
        printf("%.*s\n", (int)line.n, line.p);
    for (size_t i = 0; i < SS_COUNT(pruned_names) && !err && !a->json; i++)
        printf("%-14s %" PRId64 "\n", pruned_names[i].name,
               *(const int64_t *)((const char *)&run.pruned + pruned_names[i].at));
    ss_buf_free(&line);
    return err;
}

int ss_ctl_prune(int argc, char **argv)
{
    static const struct argp argp = {
        prune_options,
        parse,
        "STORE",
        "Delete what is older than the settings say, a little at a time beside whoever "
        "works on the store.",
        NULL,
        NULL,
        NULL};
    struct keep_args a = {.days = -1};
    struct ss_ctl_store store;
    argv[0] = (char[]){"ss-ctl prune"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
        return 64;
    int err = ss_ctl_open(a.uri, &store);
    if (err)
        return ss_ctl_end(err);
    err = prune(&store, &a);
    ss_ctl_close(&store);
    return ss_ctl_end(err);
}

/* ---- backup ---- */

/* A file that was synced, and so the folder that names it. */
static int make_durable(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    const char *const both[] = {path, folder};
    for (int i = 0; i < 2; i++) {
        int fd = open(both[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0) {
            int err = ss_fail_errno(SS_EIO, "cannot sync '%s'", both[i]);
            if (fd >= 0)
                close(fd);
            return err;
        }
        close(fd);
    }
    return 0;
}

/* One moment of the store, beside whoever writes it. */
static int copy(struct ss_db *db, const char *to)
{
    char part[4096];
    int n = snprintf(part, sizeof part, "%s.part", to);
    if (n < 0 || (size_t)n >= sizeof part)
        return ss_fail(SS_EUSAGE, "the name '%s' is too long", to);
    if (access(to, F_OK) == 0)
        return ss_fail(SS_ECREATE, "'%s' is there already", to);
    (void)unlink(part);
    mode_t mask = umask(077);
    int64_t done = ss_db_exec(db, "VACUUM INTO $1", SS_ARGS(ss_arg_cstr(part)));
    umask(mask);
    int err = done < 0 ? (int)done : make_durable(part);
    if (!err && rename(part, to) < 0)
        err = ss_fail_errno(SS_ECREATE, "cannot create '%s'", to);
    if (err)
        (void)unlink(part);
    return err ? err : make_durable(to);
}

int ss_ctl_backup(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, parse, "STORE FILE", "Copy an SQLite store as it is at one moment, beside whoever works on it.",
        NULL, NULL,  NULL};
    static const struct ss_db_options options = {.must_exist = true};
    struct keep_args a = {.takes_to = true, .days = -1};
    struct ss_db *db;
    argv[0] = (char[]){"ss-ctl backup"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
        return 64;
    int err = ss_db_open(a.uri, &options, &db);
    if (err)
        return ss_ctl_end(err);
    if (ss_db_kind(db) != SS_SQLITE)
        err = ss_fail(SS_EUSAGE, "'%s' is copied by pg_dump(1), not here", ss_db_name(db));
    err = err ? err : copy(db, a.to);
    ss_db_close(db);
    return ss_ctl_end(err);
}
