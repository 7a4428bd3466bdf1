#include "store/prune.h"
#include "base/err.h"
#include "base/time.h"
#include "store/analytics.h"
#include "store/recount.h"
#include <stdlib.h>

/* Rows of one transaction. */
#define STEP 200

#define OVER "('resolved', 'closed')"

int ss_prune_default(struct ss_db *db, int64_t now_us, int64_t payments_days, struct ss_prune_policy *policy)
{
    int64_t newest_us;
    int err = ss_newest_us(db, &newest_us);
    if (newest_us > now_us)
        newest_us = now_us;
    *policy = (struct ss_prune_policy){
        .payments_us = payments_days > 0 ? now_us - payments_days * SS_DAY_US : 0,
        .minutes_us = newest_us - 8 * SS_DAY_US,
        .hours_us = newest_us - 70 * SS_DAY_US,
        .answers_us = now_us - 2 * SS_DAY_US,
        .notices_us = now_us - 180 * SS_DAY_US,
    };
    return err;
}

/* How many rows went, added to *count. */
static int64_t drop(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n, int64_t *count)
{
    int64_t gone = ss_db_exec(db, sql, args, n);
    if (gone > 0)
        *count += gone;
    return gone;
}

/* ---- payments ---- */

struct old {
    int64_t seq, time_us;
    bool stays;
    char txn_id[SS_PRUNE_ID];
};

static int read_old(struct ss_db *db, const struct ss_prune_policy *policy, const struct ss_prune_run *run,
                    struct old *old, int64_t *n)
{
    struct ss_rows *rows;
    struct ss_counted counted;
    int64_t newest;
    int err = ss_counted(db, &counted, &newest);
    err = err ? err
              : ss_db_query(
                    db,
                    "SELECT seq, time_us, txn_id, CASE WHEN label = 1 OR seq > $4 OR seq = $5 OR EXISTS "
                    "(SELECT 1 "
                    "FROM case_payments cp JOIN cases c ON c.id = cp.case_id WHERE cp.txn_id = p.txn_id AND "
                    "c.status NOT IN " OVER
                    ") OR EXISTS (SELECT 1 FROM alerts a JOIN cases c ON c.id = a.case_id "
                    "WHERE a.id = p.alert_id AND c.status NOT IN " OVER
                    ") THEN 1 ELSE 0 END FROM payments p WHERE "
                    "(time_us, seq) > ($1, $2) AND time_us < $3 ORDER BY time_us, seq LIMIT $6",
                    SS_ARGS(ss_arg_int(run->time_us), ss_arg_int(run->seq), ss_arg_int(policy->payments_us),
                            ss_arg_int(counted.seq), ss_arg_int(newest), ss_arg_int(STEP)),
                    &rows);
    if (err)
        return err;
    for (*n = 0; *n < STEP && (err = ss_rows_next(rows)) > 0; ++*n) {
        struct ss_str id = ss_rows_text(rows, 2);
        struct old *o = &old[*n];
        *o = (struct old){
            .seq = ss_rows_int(rows, 0), .time_us = ss_rows_int(rows, 1), .stays = ss_rows_int(rows, 3)};
        o->stays |= id.n >= sizeof o->txn_id;
        if (!o->stays)
            memcpy(o->txn_id, id.p, id.n); /* and a NUL: the rest is zero */
    }
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}

static int drop_payments(struct ss_db *db, const struct ss_prune_policy *policy, struct ss_prune_run *run)
{
    struct old *old = malloc(STEP * sizeof *old);
    int64_t n = 0, done = 0;
    int err = old ? read_old(db, policy, run, old, &n) : ss_fail(SS_ENOMEM, "out of memory");
    for (int64_t i = 0; i < n && !err && done >= 0; i++) {
        run->time_us = old[i].time_us;
        run->seq = old[i].seq;
        if (old[i].stays) {
            run->pruned.kept++;
            continue;
        }
        done = drop(db, "DELETE FROM payments WHERE seq = $1", SS_ARGS(ss_arg_int(old[i].seq)),
                    &run->pruned.payments);
        if (done >= 0)
            done = drop(db, "DELETE FROM labels WHERE txn_id = $1", SS_ARGS(ss_arg_cstr(old[i].txn_id)),
                        &run->pruned.labels);
    }
    free(old);
    return err ? err : done < 0 ? (int)done : n == STEP;
}

/* ---- what only they stand for: all rows are looked at, some at a time ---- */

static int drop_alerts(struct ss_db *db, const struct ss_prune_policy *policy, struct ss_prune_run *run)
{
    int64_t last;
    int err = ss_db_int(
        db, "SELECT max(seq) FROM (SELECT seq FROM alerts WHERE seq > $1 ORDER BY seq LIMIT $2) AS part",
        SS_ARGS(ss_arg_int(run->seq), ss_arg_int(STEP)), 0, &last);
    if (err || last == 0)
        return err;
    int64_t gone =
        drop(db,
             "DELETE FROM alerts WHERE seq > $1 AND seq <= $2 AND last_us < $3 AND case_id IS NULL AND NOT "
             "EXISTS (SELECT 1 FROM payments p WHERE p.alert_id = alerts.id)",
             SS_ARGS(ss_arg_int(run->seq), ss_arg_int(last), ss_arg_int(policy->payments_us)),
             &run->pruned.alerts);
    run->seq = last;
    return gone < 0 ? (int)gone : 1;
}

/* The last of the next customers in order of their ids; 0: there are none. */
static int next_customers(struct ss_db *db, const struct ss_prune_run *run, char last[SS_PRUNE_ID])
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db,
        "SELECT max(user_id) FROM (SELECT user_id FROM customers WHERE user_id > $1 ORDER BY user_id "
        "LIMIT $2) AS part",
        SS_ARGS(ss_arg_cstr(run->user_id), ss_arg_int(STEP)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    struct ss_str id = err > 0 ? ss_rows_text(rows, 0) : (struct ss_str){NULL, 0};
    bool any = id.p && id.n < SS_PRUNE_ID;
    if (any) {
        memset(last, 0, SS_PRUNE_ID);
        memcpy(last, id.p, id.n);
    }
    ss_rows_free(rows);
    return err < 0 ? err : any;
}

static int drop_customers(struct ss_db *db, const struct ss_prune_policy *policy, struct ss_prune_run *run)
{
    char last[SS_PRUNE_ID];
    int any = next_customers(db, run, last);
    if (any <= 0)
        return any;
    /* Times of links are right to the day. */
    int64_t gone = drop(
        db, "DELETE FROM links WHERE user_id > $1 AND user_id <= $2 AND last_us < $3",
        SS_ARGS(ss_arg_cstr(run->user_id), ss_arg_cstr(last), ss_arg_int(policy->payments_us - SS_DAY_US)),
        &run->pruned.links);
    if (gone >= 0)
        gone = drop(db,
                    "DELETE FROM customers WHERE user_id > $1 AND user_id <= $2 AND last_us < $3 AND NOT "
                    "EXISTS (SELECT "
                    "1 FROM payments p WHERE p.user_id = customers.user_id)",
                    SS_ARGS(ss_arg_cstr(run->user_id), ss_arg_cstr(last), ss_arg_int(policy->payments_us)),
                    &run->pruned.customers);
    memcpy(run->user_id, last, sizeof last);
    return gone < 0 ? (int)gone : 1;
}

/* ---- counts ---- */

/* Of one dimension: those of its oldest day. */
static int drop_counts(struct ss_db *db, const char *dim, int64_t before_us, struct ss_prune_run *run)
{
    int64_t oldest;
    int err = ss_db_int(db, "SELECT min(start_us) FROM buckets WHERE dim = $1", SS_ARGS(ss_arg_cstr(dim)),
                        before_us, &oldest);
    if (err || oldest >= before_us)
        return err;
    int64_t until_us = oldest + SS_DAY_US < before_us ? oldest + SS_DAY_US : before_us;
    int64_t gone = drop(db, "DELETE FROM buckets WHERE dim = $1 AND start_us < $2",
                        SS_ARGS(ss_arg_cstr(dim), ss_arg_int(until_us)), &run->pruned.counts);
    return gone < 0 ? (int)gone : 1;
}

static int drop_answers(struct ss_db *db, const struct ss_prune_policy *policy, struct ss_prune_run *run)
{
    int64_t gone =
        drop(db, "DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE created_us < $1 LIMIT $2)",
             SS_ARGS(ss_arg_int(policy->answers_us), ss_arg_int(STEP)), &run->pruned.answers);
    return gone < 0 ? (int)gone : gone == STEP;
}

static int drop_notices(struct ss_db *db, const struct ss_prune_policy *policy, struct ss_prune_run *run)
{
    int64_t gone =
        drop(db, "DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE created_us < $1 LIMIT $2)",
             SS_ARGS(ss_arg_int(policy->notices_us), ss_arg_int(STEP)), &run->pruned.notices);
    return gone < 0 ? (int)gone : gone == STEP;
}

/* ---- one after the other ---- */

/* What is counted by the hour and by the day. */
static const char *const twice[] = {"category", "channel", "country", "currency", "rule",
                                    "shadow",   "reason",  "score",   "latency"};

enum { PAYMENTS, ALERTS, CUSTOMERS, ANSWERS, NOTICES, MINUTES, HOURS, END = HOURS + SS_COUNT(twice) };

static int one_stage(struct ss_db *db, const struct ss_prune_policy *p, struct ss_prune_run *run)
{
    switch (run->stage) {
    case PAYMENTS: return p->payments_us ? drop_payments(db, p, run) : 0;
    case ALERTS: return p->payments_us ? drop_alerts(db, p, run) : 0;
    case CUSTOMERS: return p->payments_us ? drop_customers(db, p, run) : 0;
    case ANSWERS: return p->answers_us ? drop_answers(db, p, run) : 0;
    case NOTICES: return p->notices_us ? drop_notices(db, p, run) : 0;
    case MINUTES: return p->minutes_us ? drop_counts(db, "minute", p->minutes_us, run) : 0;
    default: return p->hours_us ? drop_counts(db, twice[run->stage - HOURS], p->hours_us, run) : 0;
    }
}

int ss_prune_step(struct ss_db *db, const struct ss_prune_policy *policy, struct ss_prune_run *run)
{
    const struct ss_prune_run before = *run;
    if (run->stage >= (int)END)
        return 0;
    if (run->stage == PAYMENTS && !run->seq)
        run->time_us = INT64_MIN;
    int err = ss_db_begin(db, true);
    if (err)
        return err;
    int more = one_stage(db, policy, run);
    err = more < 0 ? more : ss_db_commit(db);
    if (err) {
        ss_db_rollback(db);
        *run = before;
        return err;
    }
    if (more == 0) {
        run->stage++;
        run->seq = 0;
    }
    return run->stage < (int)END;
}
