#include "cmd/ss-serve/writer_parts.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/answers.h"
#include "store/audit.h"
#include "store/passed.h"
#include "store/size.h"
#include "web/auth.h"
#include "web/settings.h"
#include "web/deadlines.h"
#include "web/replay.h"
#include <inttypes.h>

#define MINUTE_NS ((int64_t)60 * 1000000000)
#define PRUNE_NS  (5 * 1000000) /* of pruning at once: others wait */
#define HEAD_NS   (60 * MINUTE_NS)
#define BUSY      1024 /* payments a second, or more: their counts are written with them */

/* Is the store there, though nobody asks? How large is it? */
static void look_at_store(struct ss_writer *writer)
{
    int64_t bytes = -1;
    int err = ss_db_check(writer->opt.db);
    err = err ? err : ss_writer_keep_claim(writer);
    if (err) {
        ss_writer_note(writer, err, 0);
        return;
    }
    err = ss_store_bytes(writer->opt.db, &bytes);
    pthread_mutex_lock(&writer->lock);
    writer->counts.store_bytes = err ? -1 : bytes;
    pthread_mutex_unlock(&writer->lock);
}

static void sweep(struct ss_writer *writer, int64_t now_ns)
{
    int err = ss_writer_begin(writer);
    if (!err && writer->web->auth)
        err = ss_auth_sweep(writer->web->auth, writer->opt.db, writer->web->now_us());
    if (!err) {
        int64_t gone = ss_stored_answers_prune(writer->opt.db, writer->web->now_us() - SS_REPLAY_US);
        err = gone < 0 ? (int)gone : 0;
    }
    (void)!ss_writer_end(writer, err, now_ns);
}

/* The end of the audit log, told to a log that is kept elsewhere: `ss-ctl audit verify --head` then holds the
 * store to it. */
void ss_writer_tell_head(struct ss_db *db)
{
    char hash[SS_DIGEST_HEX];
    int64_t seq;
    if (ss_audit_head(db, &seq, hash))
        ss_warn("the head of the audit log is not known: %s", ss_err_text());
    else
        ss_info("audit head %" PRId64 ":%s", seq, hash);
}

/* What was deleted is a change like any other: the log says so. */
static int note_pruned(struct ss_writer *writer)
{
    const struct ss_pruned *p = &writer->prune.pruned;
    char told[300];
    int n = snprintf(told, sizeof told,
                     "{\"payments\":%" PRId64 ",\"labels\":%" PRId64 ",\"alerts\":%" PRId64
                     ",\"customers\":%" PRId64 ",\"links\":%" PRId64 ",\"counts\":%" PRId64
                     ",\"answers\":%" PRId64 ",\"notices\":%" PRId64 ",\"payments_kept\":%" PRId64 "}",
                     p->payments, p->labels, p->alerts, p->customers, p->links, p->counts, p->answers,
                     p->notices, p->kept);
    const struct ss_audit entry = {.actor = "ss-serve",
                                   .action = "store.prune",
                                   .subject = SS_STR("store"),
                                   .new_value = {told, (size_t)n},
                                   .time_us = writer->web->now_us()};
    if (p->payments + p->labels + p->alerts + p->customers + p->links + p->counts == 0)
        return 0;
    int err = ss_writer_begin(writer);
    err = err ? err : ss_audit_add(writer->opt.db, &entry);
    return ss_writer_end(writer, err, ss_clock_mono_ns());
}

/* Now and then, by the settings of then; a step at a time between other work. */
static void prune(struct ss_writer *writer, int64_t now_ns)
{
    int more = 1;
    if (!writer->pruning && now_ns - writer->pruned_ns < writer->opt.prune_every_us * 1000)
        return;
    if (!writer->pruning) {
        writer->pruned_ns = now_ns;
        writer->prune = (struct ss_prune_run){0};
        more = ss_prune_default(writer->opt.db, writer->web->now_us(),
                                ss_setting_int(writer->web->settings, "retention.payments_days"),
                                &writer->policy);
        more = more ? more : 1;
    }
    while (more > 0) {
        more = ss_prune_step(writer->opt.db, &writer->policy, &writer->prune);
        if (ss_clock_mono_ns() - now_ns > PRUNE_NS)
            break;
    }
    writer->pruning = more > 0;
    if (more == 0)
        more = note_pruned(writer);
    if (more < 0 && more != SS_EAWAY)
        ss_warn("what is old stays: %s", ss_err_text());
}

static void settle(struct ss_writer *writer)
{
    int64_t begun_ns = ss_clock_mono_ns();
    pthread_mutex_lock(&writer->lock);
    uint64_t taken = writer->counts.payments + writer->counts.lines;
    pthread_mutex_unlock(&writer->lock);
    bool busy = taken - writer->looked_taken >= BUSY;
    writer->looked_taken = taken;
    if (busy)
        return;
    if (!ss_submit_unsettled(writer->submit) || ss_submit_owes(writer->submit))
        return;
    int err = ss_writer_begin(writer);
    if (!err)
        err = ss_submit_settle(writer->submit, writer->opt.db);
    /* Nobody waits for it, and if it is lost it is made up for: it goes to the disk with what comes next. */
    if (!err)
        err = ss_db_commit_soon(writer->opt.db);
    if (err < 0)
        ss_db_rollback(writer->opt.db);
    ss_writer_note(writer, err < 0 ? err : 0, ss_clock_mono_ns() - begun_ns);
    ss_submit_done(writer->submit, err >= 0);
}

/* A snapshot, where something has come since the last one. */
static void save(struct ss_writer *writer)
{
    int64_t seq;
    ss_flusher_drain(writer->flusher); /* it may not know of what the store could yet lose */
    if (ss_submit_owes(writer->submit) || ss_flusher_failed(writer->flusher))
        return;
    int err = ss_passed_last(writer->opt.db, &seq);
    if (!err && seq != writer->saved_seq) {
        err = ss_hosted_save_soon(writer->opt.hosted, seq);
        writer->saved_seq = seq;
    }
    if (err)
        ss_warn("no snapshot: %s", ss_err_text());
}

void ss_writer_chores(struct ss_writer *writer)
{
    int64_t now_ns = ss_clock_mono_ns();
    if (now_ns - writer->looked_ns >= MINUTE_NS / 60) {
        writer->looked_ns = now_ns;
        look_at_store(writer);
        settle(writer);
        if (writer->opt.hosted)
            ss_hosted_look(writer->opt.hosted);
    }
    if (now_ns - writer->watched_ns >= MINUTE_NS / 60) {
        writer->watched_ns = now_ns;
        int err = ss_deadlines_watch(writer->web, writer->opt.db);
        if (err && err != SS_EAWAY)
            ss_warn("deadlines are not watched: %s", ss_err_text());
    }
    if (now_ns - writer->swept_ns >= MINUTE_NS) {
        writer->swept_ns = now_ns;
        sweep(writer, now_ns);
    }
    prune(writer, now_ns);
    if (now_ns - writer->headed_ns >= HEAD_NS) {
        writer->headed_ns = now_ns;
        ss_writer_tell_head(writer->opt.db);
    }
    if (writer->opt.hosted && now_ns - writer->saved_ns >= writer->opt.save_every_us * 1000) {
        writer->saved_ns = now_ns;
        save(writer);
    }
}
