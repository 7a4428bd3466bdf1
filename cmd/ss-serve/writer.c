#include "cmd/ss-serve/writer_parts.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/passed.h"
#include "web/hub.h"
#include "web/items.h"
#include <stdlib.h>

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
        uint64_t us = (uint64_t)(ss_clock_mono_ns() - begun_ns) / 1000;
        ss_histogram_add(&writer->counts.lines_us, us, n);
        writer->counts.lines_us_sum += n * us;
    }
    pthread_mutex_unlock(&writer->lock);
    return err;
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
            ss_writer_refuse(writer, tasks);
            if (lines.there && *writer->opt.stop) {
                lines.err = SS_EAWAY;
                lines_taken(writer, &lines);
            }
            ss_clock_wait_until(ss_clock_mono_ns() + RETRY_MS * 1000000);
            continue;
        }
        ss_writer_transact(writer, tasks);
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
        err = ss_flusher_open(opt->db, ss_writer_flushed, writer, &writer->flusher);
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
