#include "alert/desks.h"
#include "alert/messenger.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "flow/stage.h"
#include "rule/expr.h"

#define MEMBER_MAX    ((size_t)64 << 10)
#define STATE_MAX     ((size_t)512 << 20)
#define DRAIN_US      (30 * SS_SECOND_US)
#define DRAIN_ONLY_US (10 * SS_MINUTE_US)

struct alert {
    struct ss_desk_options opt;
    const char *routes_path, *spool_path, *snooze_path, *when;
    bool only, drain;
    int64_t drain_us; /* -1: not given */

    struct ss_env *env;
    struct ss_desk *desk;   /* of the partition at hand */
    struct ss_desks desks;  /* of all */
    struct ss_exprs *exprs; /* of --when */
    int when_id;
    uint64_t when_errors;
    struct ss_snooze *snooze;
    struct ss_messenger messenger;
    struct ss_buf member;
    int reloads;
};

enum {
    OPT_LEVEL = 0x200,
    OPT_ACTION,
    OPT_TAG,
    OPT_RULE,
    OPT_WHEN,
    OPT_DEDUPE,
    OPT_EXTEND,
    OPT_COOLDOWN,
    OPT_UPDATES,
    OPT_SNOOZE,
    OPT_MAX,
    OPT_ROUTES,
    OPT_SPOOL,
    OPT_DRAIN,
    OPT_DRAIN_TIMEOUT,
    OPT_ONLY,
};

static const struct argp_option options[] = {
    {"level", OPT_LEVEL, "LEVEL", 0, "Alert from this level up (HIGH, where nothing else is chosen)", 0},
    {"action", OPT_ACTION, "LIST", 0, "Alert on these actions, such as block,review", 0},
    {"tag", OPT_TAG, "LIST", 0, "Alert where a rule with one of these tags fired", 0},
    {"rule", OPT_RULE, "LIST", 0, "Alert where one of these rules fired", 0},
    {"when", OPT_WHEN, "EXPR", 0, "Alert where this jq expression is true, such as '.amount > 1000'", 0},
    {"dedupe", OPT_DEDUPE, "FIELDS,TIME", 0, "One alert for all payments that share these fields within TIME",
     0},
    {"extend", OPT_EXTEND, 0, 0, "Count that TIME from an alert's latest payment, not from its first", 0},
    {"cooldown", OPT_COOLDOWN, "TIME", 0, "After an alert's TIME no other of its key for so long", 0},
    {"updates", OPT_UPDATES, "WHICH", 0, "Tell of an alert that grows: doubling (default), all, none", 0},
    {"snooze", OPT_SNOOZE, "FILE", 0, "What shall not alert for a while", 0},
    {"max", OPT_MAX, "N/TIME", 0, "At most N new alerts in TIME, such as 100/h; CRITICAL ones pass", 0},
    {"routes", OPT_ROUTES, "FILE", 0, "Destinations, and which alerts go where", 0},
    {"spool", OPT_SPOOL, "DIR", 0, "Where messages are kept until they are delivered", 0},
    {"drain", OPT_DRAIN, 0, 0, "Read nothing: deliver what the spool holds", 0},
    {"drain-timeout", OPT_DRAIN_TIMEOUT, "TIME", 0,
     "Wait so long for delivery at the end (30s; --drain: 10m)", 0},
    {"only", OPT_ONLY, 0, 0, "Print only the records that alert", 0},
    {0},
};

static int64_t duration(const char *arg, const char *name, struct argp_state *state)
{
    int64_t us = 0;
    if (strcmp(arg, "0") != 0 && (!ss_duration_parse(arg, strlen(arg), &us) || us > 3660 * SS_DAY_US))
        argp_error(state, "--%s takes a duration such as 10m, not '%s'", name, arg);
    return us;
}

static void choose(struct alert *st, const char *name, const char *arg, struct argp_state *state)
{
    if (ss_choice_add(&st->opt.choice, ss_str_of(name), ss_str_of(arg)) < 0)
        argp_error(state, "--%s: %s", name, ss_err_text());
}

static void parse_updates(struct alert *st, const char *arg, struct argp_state *state)
{
    static const char *const names[] = {"doubling", "all", "none"};
    for (int i = 0; i < 3; i++)
        if (strcmp(arg, names[i]) == 0) {
            st->opt.updates = (enum ss_updates)i;
            return;
        }
    argp_error(state, "--updates takes doubling, all or none, not '%s'", arg);
}

static void check_options(const struct alert *st, struct argp_state *state)
{
    if (!st->opt.fields && (st->opt.extend || st->opt.cooldown_us))
        argp_error(state, "--extend and --cooldown go with --dedupe");
    if (st->routes_path && !st->spool_path)
        argp_error(state, "--routes needs --spool DIR, which keeps messages until they are delivered");
    if (st->spool_path && !st->routes_path)
        argp_error(state, "--spool needs --routes FILE, which says where its messages go");
    if (st->drain && !st->routes_path)
        argp_error(state, "--drain needs --routes and --spool");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct alert *st = state->input;
    switch (key) {
    case ARGP_KEY_INIT: st->drain_us = -1; break;
    case OPT_LEVEL: choose(st, "level", arg, state); break;
    case OPT_ACTION: choose(st, "action", arg, state); break;
    case OPT_TAG: choose(st, "tag", arg, state); break;
    case OPT_RULE: choose(st, "rule", arg, state); break;
    case OPT_WHEN:
        st->when = arg;
        st->opt.by_expression = true;
        break;
    case OPT_DEDUPE:
        if (ss_desk_dedupe(ss_str_of(arg), &st->opt) < 0)
            argp_error(state, "%s, not '%s'", ss_err_text(), arg);
        break;
    case OPT_EXTEND: st->opt.extend = true; break;
    case OPT_COOLDOWN: st->opt.cooldown_us = duration(arg, "cooldown", state); break;
    case OPT_UPDATES: parse_updates(st, arg, state); break;
    case OPT_SNOOZE: st->snooze_path = arg; break;
    case OPT_MAX:
        if (!ss_budget_parse(ss_str_of(arg), &st->opt.budget))
            argp_error(state, "--max takes a number and a time, such as 100/h or 5/10m, not '%s'", arg);
        break;
    case OPT_ROUTES: st->routes_path = arg; break;
    case OPT_SPOOL: st->spool_path = arg; break;
    case OPT_DRAIN: st->drain = true; break;
    case OPT_DRAIN_TIMEOUT: st->drain_us = duration(arg, "drain-timeout", state); break;
    case OPT_ONLY: st->only = true; break;
    case ARGP_KEY_END: check_options(st, state); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp alert_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

static int tell_ended(void *arg, const struct ss_group *group)
{
    struct alert *st = arg;
    return ss_messenger_tell(&st->messenger, SS_ENDED, group, NULL, NULL);
}

/* --- opening --- */

static int load_snooze(struct alert *st, bool opening)
{
    struct ss_snooze *snooze = NULL;
    int err = ss_snooze_read(st->snooze_path, &snooze);
    err = err ? err : ss_snooze_bind(snooze, st->env->schema, opening);
    if (err) {
        ss_snooze_free(snooze);
        return err;
    }
    for (int i = 0; i < st->desks.n; i++)
        ss_desk_snooze(st->desks.at[i], snooze);
    ss_snooze_free(st->snooze);
    st->snooze = snooze;
    return 0;
}

static int open_when(struct alert *st)
{
    const struct ss_exprs_options opt = {.full_jq = false};
    st->exprs = ss_exprs_new(&opt);
    if (!st->exprs)
        return ss_fail(SS_ENOMEM, "out of memory for --when");
    int err = ss_exprs_add(st->exprs, ss_str_of(st->when), "--when", &st->when_id);
    return err ? err : ss_exprs_bind(st->exprs, st->env->schema, true);
}

static void rename_places(void *arg, const struct ss_str *before, uint32_t n_before, const struct ss_str *now,
                          uint32_t n)
{
    struct alert *st = arg;
    for (int i = 0; i < st->desks.n; i++)
        ss_desk_rename(st->desks.at[i], before, n_before, now, n);
}

static int alert_open(void *state, struct ss_env *env)
{
    struct alert *st = state;
    st->env = env;
    st->reloads = env->reload ? *env->reload : 0;
    st->opt.ended = tell_ended;
    st->opt.arg = st;
    ss_buf_init(&st->member, MEMBER_MAX);
    ss_messenger_init(&st->messenger);
    env->no_input = st->drain;
    int err = st->when ? open_when(st) : 0;
    if (!err && st->snooze_path)
        err = load_snooze(st, true);
    return !err && st->routes_path ? ss_messenger_open(&st->messenger, st->routes_path, st->spool_path) : err;
}

static int alert_part_open(void *state)
{
    struct alert *st = state;
    int err = ss_desks_open(&st->desks, &st->opt, st->env->schema, &st->desk);
    if (err)
        return err;
    if (st->snooze)
        ss_desk_snooze(st->desk, st->snooze);
    return 0;
}

static void alert_part_close(void *state)
{
    struct alert *st = state;
    ss_desks_close(&st->desks, st->desk);
    st->desk = NULL;
}

static int64_t alert_memory_us(const void *state)
{
    const struct alert *st = state;
    int64_t group_us = st->opt.fields ? st->opt.window_us + st->opt.cooldown_us : 0;
    int64_t budget_us = st->opt.budget.max ? st->opt.budget.window_us : 0;
    return group_us > budget_us ? group_us : budget_us;
}

static void alert_close(void *state)
{
    struct alert *st = state;
    ss_messenger_close(&st->messenger);
    ss_exprs_free(st->exprs);
    ss_snooze_free(st->snooze);
    ss_buf_free(&st->member);
}

/* Both files, whatever becomes of the other. */
static int alert_reload(void *state)
{
    struct alert *st = state;
    char why[512] = "";
    int err = st->snooze_path ? load_snooze(st, false) : 0;
    if (err < 0)
        snprintf(why, sizeof why, "%s; ", ss_err_text());
    else if (st->snooze_path)
        ss_info("snooze list '%s' reloaded", st->snooze_path);
    int routes = st->routes_path ? ss_messenger_reload(&st->messenger, rename_places, st) : 0;
    if (!routes && st->routes_path)
        ss_info("routes '%s' reloaded", st->routes_path);
    if (routes < 0) {
        char more[512];
        snprintf(more, sizeof more, "%s", ss_err_text());
        return ss_fail((enum ss_err)routes, "%s%s", why, more);
    }
    return err < 0 ? ss_fail((enum ss_err)err, "%.*s", (int)strlen(why) - 2, why) : 0;
}

static void reload_where_asked(struct alert *st)
{
    if (!st->env->reload || *st->env->reload == st->reloads)
        return;
    st->reloads = *st->env->reload;
    if (alert_reload(st) < 0)
        ss_warn("%s: what is in use stays", ss_err_text());
}

/* --- records --- */

static int set_member(struct alert *st, struct ss_record *rec, const struct ss_group *group,
                      struct ss_arena *arena)
{
    ss_buf_reset(&st->member);
    ss_desk_put_member(group, &st->member);
    char *text = ss_buf_check(&st->member) ? NULL : ss_arena_copy(arena, st->member.p, st->member.n);
    if (!text)
        return SS_ENOMEM;
    ss_record_set(rec, SS_ALERT, (struct ss_str){text, st->member.n});
    return 0;
}

static bool is_wanted(struct alert *st, const struct ss_record *rec, struct ss_arena *arena)
{
    if (!st->exprs)
        return true;
    ss_exprs_begin(st->exprs, rec, arena);
    int result = ss_expr_test(st->exprs, st->when_id);
    if (result == SS_EXPR_ERROR && st->when_errors++ == 0)
        ss_warn("--when fails on record %llu and counts as false: %s", (unsigned long long)rec->record_no,
                ss_expr_error(st->exprs));
    return result == SS_EXPR_TRUE;
}

static int judge(struct alert *st, struct ss_record *rec, struct ss_arena *arena)
{
    struct ss_ruling ruling;
    int err = ss_desk_judge(st->desk, rec, is_wanted(st, rec, arena), arena, &ruling);
    if (err)
        return err;
    if (!ruling.alerts) {
        if (rec->field[SS_ALERT].type != SS_JSON_ABSENT) /* of an earlier pass */
            ss_record_set(rec, SS_ALERT, (struct ss_str){NULL, 0});
        rec->fate = st->only ? SS_DROP : SS_KEEP;
        return 0;
    }
    struct ss_group *group = ruling.group;
    if (st->routes_path)
        group->places |= ss_routes_places(&st->messenger.routes, &ruling.facts);
    err = set_member(st, rec, group, arena);
    if (!err && ruling.event >= 0 && group->places)
        err = ss_messenger_tell(&st->messenger, (enum ss_event)ruling.event, group, &ruling.facts, rec);
    if (st->only && st->messenger.routes.uses_stdout && !(group->places & SS_PLACE_STDOUT))
        rec->fate = SS_DROP;
    return err;
}

static int alert_step(void *state, struct ss_batch *batch)
{
    struct alert *st = state;
    struct ss_arena *arena = &batch->arena[0];
    int err = 0;
    reload_where_asked(st);
    st->messenger.silent = batch->silent;
    for (size_t i = 0; i < batch->n && !err; i++) {
        struct ss_record *rec = &batch->rec[i];
        if (rec->fate != SS_KEEP)
            continue;
        bool closing = ss_desk_is_closing(rec);
        if (closing)
            ss_desk_close(st->desk, rec, arena);
        if (closing || ss_record_is_label(rec))
            rec->fate = st->only ? SS_DROP : SS_KEEP;
        else
            err = judge(st, rec, arena);
    }
    return err ? err : ss_messenger_commit(&st->messenger);
}

/* --- the end --- */

static void report(struct alert *st)
{
    struct ss_desk_counts n = ss_desks_counts(&st->desks);
    ss_info("%llu alerts with %llu further payments; %llu snoozed, %llu in cool-down, %llu over the budget, "
            "%llu CRITICAL above it",
            (unsigned long long)n.alerts, (unsigned long long)n.joined, (unsigned long long)n.snoozed,
            (unsigned long long)n.cooled, (unsigned long long)n.over_budget,
            (unsigned long long)n.above_budget);
    if (n.over_budget)
        ss_warn("the budget held back %llu payments that would have alerted",
                (unsigned long long)n.over_budget);
    if (st->when_errors > 1)
        ss_warn("--when failed on %llu records", (unsigned long long)st->when_errors);
    if (n.pushed_out)
        ss_warn("%llu alerts were ended early: too many were open at once", (unsigned long long)n.pushed_out);
}

static int drain(struct alert *st)
{
    int64_t wait_us = st->drain_us >= 0 ? st->drain_us : st->drain ? DRAIN_ONLY_US : DRAIN_US;
    uint64_t left = ss_delivery_drain(st->messenger.delivery, wait_us, st->env->stop);
    struct ss_delivery_counts n = ss_messenger_counts(&st->messenger);
    ss_info("%llu messages delivered, %llu given up, %llu tries failed", (unsigned long long)n.sent,
            (unsigned long long)n.dead, (unsigned long long)n.failed_tries);
    if (!left)
        return 0;
    if (st->drain)
        return ss_fail(SS_EAWAY, "%llu messages still wait in '%s'", (unsigned long long)left,
                       st->spool_path);
    ss_warn("%llu messages wait in '%s': the next run sends them, or --drain", (unsigned long long)left,
            st->spool_path);
    return 0;
}

static int alert_part_finish(void *state, struct ss_batch *batch)
{
    struct alert *st = state;
    (void)batch;
    st->messenger.silent = false;
    int err = st->env->state_path || st->drain ? 0 : ss_desk_end(st->desk);
    return err ? err : ss_messenger_commit(&st->messenger);
}

static int alert_finish(void *state, struct ss_batch *batch)
{
    struct alert *st = state;
    (void)batch;
    if (!st->drain)
        report(st);
    return st->messenger.delivery ? drain(st) : 0;
}

static void alert_status(const void *state, struct ss_stage_status *status)
{
    const struct alert *st = state;
    struct ss_desk_counts n = ss_desks_counts(&st->desks);
    struct ss_delivery_counts d = ss_messenger_counts(&st->messenger);
    ss_status_add(status, "alerts", n.alerts);
    ss_status_add(status, "joined", n.joined);
    ss_status_add(status, "snoozed", n.snoozed);
    ss_status_add(status, "cooled", n.cooled);
    ss_status_add(status, "over_budget", n.over_budget);
    ss_status_add(status, "above_budget", n.above_budget);
    if (!st->messenger.spool)
        return;
    ss_status_add(status, "waiting", ss_spool_waiting(st->messenger.spool));
    ss_status_add(status, "sent", d.sent);
    ss_status_add(status, "dead", d.dead);
    ss_status_add(status, "failed_tries", d.failed_tries);
}

static int alert_save(const void *state, struct ss_sink *to)
{
    const struct alert *st = state;
    struct ss_buf buf;
    ss_buf_init(&buf, STATE_MAX);
    ss_desk_save(st->desk, st->messenger.place, st->messenger.routes.n, &buf);
    int err = ss_buf_check(&buf);
    err = err ? err : ss_sink_write(to, buf.p, buf.n);
    ss_buf_free(&buf);
    return err;
}

static int alert_load(void *state, struct ss_source *from)
{
    struct alert *st = state;
    struct ss_buf buf;
    ssize_t n = 1;
    ss_buf_init(&buf, STATE_MAX);
    while (n > 0) {
        char *to = ss_buf_room(&buf, 65536);
        n = to ? ss_source_read(from, to, 65536) : SS_ENOMEM;
        buf.n += n > 0 ? (size_t)n : 0;
    }
    int err = n < 0 ? (int)n
                    : ss_desk_load(st->desk, (struct ss_str){buf.p, buf.n}, st->messenger.place,
                                   st->messenger.routes.n);
    ss_buf_free(&buf);
    return err;
}

const struct ss_stage ss_stage_alert = {
    .name = "alert",
    .about = "Choose, group and hold back alerts, mark their payments, and tell those who should know.",
    .argp = &alert_argp,
    .state_size = sizeof(struct alert),
    .open = alert_open,
    .step = alert_step,
    .finish = alert_finish,
    .hosted = true,
    .reload = alert_reload,
    .status = alert_status,
    .close = alert_close,
    .part_at = offsetof(struct alert, desk),
    .part_bytes = sizeof(struct ss_desk *),
    .part_open = alert_part_open,
    .part_finish = alert_part_finish,
    .part_close = alert_part_close,
    .memory_us = alert_memory_us,
    .save = alert_save,
    .load = alert_load,
};
