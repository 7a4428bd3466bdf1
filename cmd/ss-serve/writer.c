#include "cmd/ss-serve/writer_parts.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/claim.h"
#include "store/passed.h"
#include "web/after.h"
#include "web/hub.h"
#include "web/items.h"
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define RETRY_MS  200
#define GATHER_NS 400000
#define BATCH_MIN 8

bool ss_writer_put(struct ss_writer *writer, struct ss_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&writer->lock);
    bool fits = !writer->closing && writer->waiting < SS_WRITER_LIMIT;
    if (fits) {
        *(writer->last ? &writer->last->next : &writer->first) = task;
        writer->last = task;
        int waiting = writer->waiting++;
        if (waiting == 0 || waiting + 1 == writer->wanted)
            pthread_cond_signal(&writer->more);
    }
    pthread_mutex_unlock(&writer->lock);
    return fits;
}

int ss_writer_waiting(struct ss_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    int n = writer->waiting;
    pthread_mutex_unlock(&writer->lock);
    return n;
}

void ss_writer_reload(struct ss_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->reload = true;
    pthread_cond_signal(&writer->more);
    pthread_mutex_unlock(&writer->lock);
}

void ss_writer_counts(struct ss_writer *writer, struct ss_writer_counts *out)
{
    pthread_mutex_lock(&writer->lock);
    *out = writer->counts;
    pthread_mutex_unlock(&writer->lock);
}

int ss_writer_take(struct ss_writer *writer, const struct ss_str *line, size_t n, size_t *rejected)
{
    int64_t begun_ns = ss_clock_mono_ns();
    pthread_mutex_lock(&writer->lock);
    writer->lines = (struct ss_writer_lines){.line = line, .n = n, .there = true};
    pthread_cond_signal(&writer->more);
    while (writer->lines.there)
        pthread_cond_wait(&writer->lines_done, &writer->lock);
    *rejected = writer->lines.rejected;
    int err = writer->lines.err;
    if (!err && writer->web->engine) {
        writer->counts.decided_lines += n;
        writer->counts.lines_us_sum += n * (uint64_t)(ss_clock_mono_ns() - begun_ns) / 1000;
    }
    pthread_mutex_unlock(&writer->lock);
    return err;
}

/* ---- one transaction ---- */

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

/* By the flusher's thread: a batch of payments is on the disk, or may not be. */
static void flushed(void *arg, struct ss_promise *promise, int err)
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

static void refuse_all(struct ss_writer *writer, struct ss_task *tasks)
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
        refuse_all(writer, tasks);
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
        refuse_all(writer, tasks);
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

/* ---- the input ---- */

/* Decided and stored by somebody before us: it is only told. */
static void pass_on(struct ss_writer *writer, struct ss_writer_lines *lines)
{
    struct ss_buf item;
    ss_buf_init(&item, (size_t)1 << 20);
    for (size_t i = 0; i < lines->n; i++) {
        ss_buf_reset(&item);
        if (ss_alert_item(lines->line[i], &item))
            ss_hub_post(writer->web->hub, SS_ON_ALERTS, (struct ss_str){item.p, item.n});
        ss_buf_reset(&item);
        if (!ss_hub_wants_payment(writer->web->hub))
            continue;
        ss_payment_item(lines->line[i], &item);
        ss_hub_post(writer->web->hub, SS_ON_PAYMENTS, (struct ss_str){item.p, item.n});
    }
    ss_buf_free(&item);
}

/* False: the store is away, they wait on. */
static bool take_lines(struct ss_writer *writer, struct ss_writer_lines *lines)
{
    if (!writer->web->engine) {
        pass_on(writer, lines);
        return true;
    }
    int64_t begun_ns = ss_clock_mono_ns();
    int err = ss_writer_begin(writer);
    if (!err)
        err = ss_submit_lines(writer->submit, writer->opt.db, lines->line, lines->n, &lines->rejected);
    err = ss_writer_end(writer, err, begun_ns);
    ss_submit_done(writer->submit, !err);
    if ((err == SS_EAWAY || err == SS_EIO) && !*writer->opt.stop)
        return false;
    ss_flusher_drain(writer->flusher);
    ss_writer_tell(writer);
    lines->err = err;
    return true;
}

static void lines_taken(struct ss_writer *writer, const struct ss_writer_lines *lines)
{
    pthread_mutex_lock(&writer->lock);
    writer->counts.lines += lines->n;
    writer->counts.rejected += lines->rejected;
    writer->lines.rejected = lines->rejected;
    writer->lines.err = lines->err;
    writer->lines.there = false;
    pthread_cond_signal(&writer->lines_done);
    pthread_mutex_unlock(&writer->lock);
}

/* ---- the thread ---- */

/* The disk has refused what was committed: all of it is written anew. */
static bool flush_again(struct ss_writer *writer)
{
    int64_t begun_ns = ss_clock_mono_ns();
    ss_flusher_drain(writer->flusher);
    int err = ss_db_flush_again(writer->opt.db);
    ss_writer_note(writer, err, ss_clock_mono_ns() - begun_ns);
    if (!err)
        ss_flusher_mended(writer->flusher);
    return !err;
}

/* Payments that the pipeline has seen and the store has not go first. */
static bool pay_debt(struct ss_writer *writer)
{
    if (ss_flusher_failed(writer->flusher) && !flush_again(writer))
        return false;
    if (ss_submit_owes(writer->submit)) {
        int64_t begun_ns = ss_clock_mono_ns();
        int err = ss_writer_begin(writer);
        if (!err)
            err = ss_submit_again(writer->submit, writer->opt.db);
        err = ss_writer_end(writer, err, begun_ns);
        ss_submit_done(writer->submit, !err);
        if (err)
            return false;
        ss_writer_tell(writer);
    }
    if (writer->opt.hosted && ss_hosted_broken(writer->opt.hosted)) {
        int err = ss_hosted_mend(writer->opt.hosted, writer->opt.db);
        if (err)
            ss_warn("the pipeline does not start again: %s", ss_err_text());
        else
            ss_warn("the pipeline began anew from its snapshot and the store");
    }
    return true;
}

/* Those that were answered a moment ago mostly ask again at once: a commit of all costs little more than one
 * of half of them. With the lock held. */
static void gather(struct ss_writer *writer)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += GATHER_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    writer->wanted = writer->last_n;
    while (writer->waiting < writer->wanted && !writer->closing)
        if (pthread_cond_clockwait(&writer->more, &writer->lock, CLOCK_MONOTONIC, &until) != 0)
            break;
    writer->wanted = 0;
}

/* As many as one batch may have; and no more than half of those that are under way, so that one half is
 * worked on while the other one's way to the disk takes its time. */
static int batch_of(struct ss_writer *writer)
{
    int all = writer->waiting + ss_flusher_busy(writer->flusher), half = (all + 1) / 2;
    return half < BATCH_MIN ? BATCH_MIN : half < SS_SUBMIT_MAX ? half : SS_SUBMIT_MAX;
}

/* Waits for work, at most a second; not at all where old payments are being deleted. */
static struct ss_task *wait_for_work(struct ss_writer *writer, struct ss_writer_lines *lines, bool *closing,
                                     bool *reload)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&writer->lock);
    while (!writer->first && !writer->lines.there && !writer->closing && !writer->reload && !writer->pruning)
        if (pthread_cond_clockwait(&writer->more, &writer->lock, CLOCK_MONOTONIC, &until) != 0)
            break;
    if (writer->first && writer->waiting < writer->last_n)
        gather(writer);
    struct ss_task *tasks = writer->first, *last = NULL;
    int n = 0, most = batch_of(writer);
    for (struct ss_task *t = tasks; t && n < most; t = t->next, n++)
        last = t;
    writer->first = last ? last->next : NULL;
    if (!writer->first)
        writer->last = NULL;
    if (last)
        last->next = NULL;
    writer->waiting -= n;
    writer->last_n = n;
    *lines = writer->lines;
    *closing = writer->closing && !writer->first;
    *reload = writer->reload;
    writer->reload = false;
    pthread_mutex_unlock(&writer->lock);
    return tasks;
}

static void *work(void *arg)
{
    struct ss_writer *writer = arg;
    bool closing = false, reload;
    pthread_setname_np(pthread_self(), "writer");
    while (!closing) {
        struct ss_writer_lines lines;
        struct ss_task *tasks = wait_for_work(writer, &lines, &closing, &reload);
        if (reload && writer->web->engine && writer->web->engine->ops->reload(writer->web->engine))
            ss_warn("%s; what was in use stays", ss_err_text());
        if (!pay_debt(writer)) {
            refuse_all(writer, tasks);
            if (lines.there && *writer->opt.stop) {
                lines.err = SS_EAWAY;
                lines_taken(writer, &lines);
            }
            ss_clock_wait_until(ss_clock_mono_ns() + RETRY_MS * 1000000);
            continue;
        }
        transact(writer, try_all(writer, tasks));
        if (lines.there && !ss_submit_owes(writer->submit)) {
            if (take_lines(writer, &lines))
                lines_taken(writer, &lines);
            else
                ss_clock_wait_until(ss_clock_mono_ns() + RETRY_MS * 1000000);
        }
        ss_writer_chores(writer);
        enum ss_checkpoint need = ss_db_wants_checkpoint(writer->opt.db);
        if (need)
            ss_mover_wake(writer->opt.mover, need == SS_CHECKPOINT_URGENT);
    }
    ss_flusher_drain(writer->flusher);
    return NULL;
}

int ss_writer_open(const struct ss_writer_options *opt, struct ss_writer **out)
{
    struct ss_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return ss_fail(SS_ENOMEM, "out of memory");
    writer->opt = *opt;
    writer->web = opt->gate->web;
    writer->counts.store_fine = true;
    writer->counts.store_bytes = -1;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->more, NULL);
    pthread_cond_init(&writer->lines_done, NULL);
    *out = writer;
    ss_buf_init(&writer->told, (size_t)8 << 20);
    int err = ss_submit_new(writer->web, &writer->submit);
    if (!err)
        err = ss_flusher_open(opt->db, flushed, writer, &writer->flusher);
    if (err)
        return err;
    writer->web->submit = writer->submit;
    writer->saved_ns = writer->pruned_ns = writer->swept_ns = writer->headed_ns = ss_clock_mono_ns();
    if (pthread_create(&writer->thread, NULL, work, writer) != 0)
        return ss_fail_errno(SS_ENOMEM, "cannot start a thread");
    writer->runs = true;
    return 0;
}

int ss_writer_close(struct ss_writer *writer)
{
    if (!writer)
        return 0;
    pthread_mutex_lock(&writer->lock);
    writer->closing = true;
    pthread_cond_signal(&writer->more);
    pthread_mutex_unlock(&writer->lock);
    if (writer->runs)
        pthread_join(writer->thread, NULL);
    int64_t seq = 0;
    int err = 0;
    if (writer->flusher && ss_flusher_failed(writer->flusher) && !flush_again(writer))
        err = ss_fail(SS_EIO, "the last payments are not on the disk");
    ss_flusher_close(writer->flusher);
    if (!err && writer->runs)
        err = ss_passed_last(writer->opt.db, &seq);
    if (!err && ss_submit_owes(writer->submit))
        err = ss_fail(SS_EAWAY, "the last payments could not be stored");
    if (!err)
        err = ss_hosted_close(writer->opt.hosted, seq);
    if (writer->runs)
        ss_writer_tell_head(writer->opt.db);
    /* The loop's connection goes with the process, so that closing ours does not do it: who copies the file
     * of a server that has ended copies all of it. */
    if (writer->runs && ss_db_empty_log(writer->opt.db))
        ss_warn("the store's log stays beside it: %s", ss_err_text());
    ss_submit_free(writer->submit);
    ss_buf_free(&writer->told);
    ss_db_close(writer->opt.db);
    free(writer);
    return err;
}
