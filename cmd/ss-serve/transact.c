/* What the writer does in one transaction, and tells of it. */
#include "cmd/ss-serve/writer_parts.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/claim.h"
#include "web/after.h"
#include "web/hub.h"
#include <signal.h>
#include <unistd.h>

void ss_writer_note(struct ss_writer *writer, int err, int64_t took_ns)
{
    pthread_mutex_lock(&writer->lock);
    bool was = writer->counts.store_fine;
    writer->counts.store_fine = !err;
    if (err) {
        writer->counts.failed_commits++;
        snprintf(writer->counts.fault, sizeof writer->counts.fault, "%s", ss_err_text());
    } else {
        writer->counts.commits++;
        ss_histogram_add(&writer->counts.commit_ns, (uint64_t)took_ns, 1);
        writer->counts.commit_ns_sum += (uint64_t)took_ns;
        writer->counts.fault[0] = 0;
    }
    pthread_mutex_unlock(&writer->lock);
    if (err && was)
        ss_warn("nothing can be stored: %s", ss_err_text());
    else if (!err && !was)
        ss_warn("the store is back");
}

/* A connection that was made anew must have the store again before anything is written by it. */
int ss_writer_keep_claim(struct ss_writer *writer)
{
    unsigned redials = ss_db_redials(writer->opt.db);
    if (redials == writer->redials)
        return 0;
    int ours = ss_claim_keep(writer->opt.db);
    if (ours < 0)
        return ours;
    if (ours > 0) {
        writer->redials = redials;
        return 0;
    }
    ss_error("another server has taken the store while it was away: this one ends");
    kill(getpid(), SIGTERM);
    return ss_fail(SS_EAWAY, "another server has the store");
}

int ss_writer_begin(struct ss_writer *writer)
{
    int err = ss_db_check(writer->opt.db);
    err = err ? err : ss_db_begin(writer->opt.db, true);
    return err ? err : ss_writer_keep_claim(writer);
}

int ss_writer_end(struct ss_writer *writer, int err, int64_t begun_ns)
{
    if (!err)
        err = ss_db_commit(writer->opt.db);
    if (err)
        ss_db_rollback(writer->opt.db);
    ss_writer_note(writer, err, ss_clock_mono_ns() - begun_ns);
    return err;
}

void ss_writer_tell(struct ss_writer *writer)
{
    ss_submit_take_told(writer->submit, &writer->told);
    ss_submit_tell(writer->web, &writer->told);
}

static void unavailable(struct ss_call *call)
{
    call->then = NULL;
    call->after = 0;
    call->res.retry_after_s = 1;
    ss_problem(call, 503, "away", "nothing can be stored just now; try again");
}

/* One change, in a part of the transaction of its own. */
static int change(struct ss_writer *writer, struct ss_call *call)
{
    struct ss_db *db = writer->opt.db;
    int err = ss_db_mark(db);
    if (err)
        return err;
    call->db = db;
    ss_route_run(call);
    call->db = NULL;
    if (call->res.status < 400 || call->keep)
        return ss_db_keep(db);
    call->after = 0;
    return ss_db_undo(db);
}

static void hand_on(struct ss_writer *writer, struct ss_task *tasks)
{
    for (struct ss_task *next; tasks; tasks = next) {
        next = tasks->next;
        tasks->next = NULL;
        ss_gate_pass(writer->opt.gate, tasks);
    }
}

static bool is_payment(const struct ss_task *task)
{
    return !task->call.then && task->call.route->run == SS_RUN_PAYMENT;
}

static bool is_try(const struct ss_task *task)
{
    return (task->call.then ? task->call.then_run : task->call.route->run) == SS_RUN_TRY;
}

/* What the committed calls leave to be done, and to be told. */
static void follow_up(struct ss_writer *writer, struct ss_task *tasks)
{
    unsigned after = 0;
    for (struct ss_task *t = tasks; t; t = t->next) {
        after |= t->call.after;
        t->call.after = 0;
    }
    if (after)
        ss_after_commit(writer->web, writer->opt.db, after);
    for (struct ss_task *t = tasks; t && writer->web->hub; t = t->next) {
        for (int i = 0; i < t->call.events; i++) {
            int topic = ss_topic_of(ss_str_of(t->call.event[i].topic));
            if (topic >= 0)
                ss_hub_post(writer->web->hub, (enum ss_topic)topic, t->call.event[i].json);
        }
        t->call.events = 0;
    }
}

void ss_writer_flushed(void *arg, struct ss_promise *promise, int err)
{
    struct ss_writer *writer = arg;
    ss_writer_note(writer, err, ss_clock_mono_ns() - promise->begun_ns);
    if (err) {
        for (struct ss_task *t = promise->tasks; t; t = t->next)
            unavailable(&t->call);
    } else {
        ss_submit_tell(writer->web, &promise->told);
        pthread_mutex_lock(&writer->lock);
        writer->counts.payments += promise->payments;
        ss_histogram_add(&writer->counts.batch, promise->payments, 1);
        pthread_mutex_unlock(&writer->lock);
    }
    hand_on(writer, promise->tasks);
}

void ss_writer_refuse(struct ss_writer *writer, struct ss_task *tasks)
{
    for (struct ss_task *t = tasks; t; t = t->next)
        unavailable(&t->call);
    hand_on(writer, tasks);
}

/* A batch of payments alone: answered by the flusher. */
static void take_payments(struct ss_writer *writer, struct ss_task *tasks, size_t n)
{
    struct ss_promise *promise = ss_flusher_take(writer->flusher);
    promise->begun_ns = ss_clock_mono_ns();
    int err = ss_writer_begin(writer);
    if (!err)
        err = ss_submit_calls(writer->submit, writer->opt.db, writer->payment, n);
    if (!err)
        err = ss_db_commit_soon(writer->opt.db);
    ss_submit_done(writer->submit, err >= 0);
    if (err < 0) {
        ss_db_rollback(writer->opt.db);
        ss_writer_note(writer, err, 0);
        ss_flusher_give(writer->flusher, promise);
        ss_writer_refuse(writer, tasks);
        return;
    }
    promise->tasks = tasks;
    promise->payments = n;
    ss_submit_take_told(writer->submit, &promise->told);
    ss_flusher_put(writer->flusher, promise);
}

/* All changes and payments of the list, in one transaction that is answered at once; behind what was promised
 * before, so that listeners hear all in its order. */
static void take_changes(struct ss_writer *writer, struct ss_task *tasks, size_t payments)
{
    int64_t begun_ns = ss_clock_mono_ns();
    size_t writes = 0;
    int err = ss_writer_begin(writer);
    if (!err && payments)
        err = ss_submit_calls(writer->submit, writer->opt.db, writer->payment, payments);
    for (struct ss_task *t = tasks; t && !err; t = t->next)
        if (!is_payment(t)) {
            err = change(writer, &t->call);
            writes++;
        }
    err = ss_writer_end(writer, err, begun_ns);
    if (payments)
        ss_submit_done(writer->submit, !err);
    if (err) {
        ss_writer_refuse(writer, tasks);
        return;
    }
    ss_flusher_drain(writer->flusher);
    if (payments)
        ss_writer_tell(writer);
    pthread_mutex_lock(&writer->lock);
    writer->counts.payments += payments;
    writer->counts.writes += writes;
    if (payments)
        ss_histogram_add(&writer->counts.batch, payments, 1);
    pthread_mutex_unlock(&writer->lock);
    follow_up(writer, tasks);
    hand_on(writer, tasks);
}

static void transact(struct ss_writer *writer, struct ss_task *tasks)
{
    size_t payments = 0, all = 0;
    for (struct ss_task *t = tasks; t; t = t->next, all++)
        if (is_payment(t))
            writer->payment[payments++] = &t->call;
    if (all && payments == all)
        take_payments(writer, tasks, payments);
    else if (all)
        take_changes(writer, tasks, payments);
}

/* What is only tried is answered at once. Returns the others. */
static struct ss_task *try_all(struct ss_writer *writer, struct ss_task *tasks)
{
    struct ss_task *tried = NULL, *others = NULL, **last_tried = &tried, **last_other = &others;
    uint64_t n = 0;
    for (struct ss_task *t = tasks, *next; t; t = next) {
        next = t->next;
        t->next = NULL;
        if (!is_try(t)) {
            *last_other = t;
            last_other = &t->next;
            continue;
        }
        t->call.db = writer->opt.db;
        ss_route_run(&t->call);
        t->call.db = NULL;
        *last_tried = t;
        last_tried = &t->next;
        n++;
    }
    hand_on(writer, tried);
    pthread_mutex_lock(&writer->lock);
    writer->counts.tries += n;
    pthread_mutex_unlock(&writer->lock);
    return others;
}

void ss_writer_transact(struct ss_writer *writer, struct ss_task *tasks)
{
    transact(writer, try_all(writer, tasks));
}
