#include "cmd/ss-serve/writer.h"
#include "cmd/ss-serve/http.h"
#include "cmd/ss-serve/input.h"
#include "cmd/ss-serve/options.h"
#include "cmd/ss-serve/readers.h"
#include "cmd/ss-serve/rulebook.h"
#include "cmd/ss-serve/streamer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/notify.h"
#include "cli/run.h"
#include "record/pan.h"
#include "store/claim.h"
#include "store/migrate.h"
#include "store/settings.h"
#include "web/auth.h"
#include "web/hub.h"
#include "web/jobs.h"
#include "web/metrics.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLAIM_NS ((int64_t)5000000000)

/* All the parts, in the order in which they are made; they end in the opposite one. */
struct server {
    struct ss_serve_options opt;
    char secret[4096];
    volatile int stop;
    struct ss_web web;
    struct ss_pan *pan;
    struct ss_hub *hub;
    struct ss_rulebook book;
    struct ss_hosted *hosted;
    struct ss_gate gate;
    struct ss_loop loop;
    struct ss_db *read_db;
    struct ss_readers *readers;
    struct ss_mover *mover;
    struct ss_writer *writer;
    struct ss_http *http;
    struct ss_live_input *input;
    struct ss_streamer *streamer;
    struct ss_writer_counts writer_counts; /* the loop's copy */
    struct ss_buf told;
};

/* ---- what the parts call ---- */

static void done(void *arg, struct ss_task *task)
{
    struct server *s = arg;
    ss_http_done(s->http, task);
}

static void tell(void *arg, const char *topic, struct ss_str json)
{
    int t = ss_topic_of(ss_str_of(topic));
    if (t >= 0)
        ss_hub_post(arg, (enum ss_topic)t, json);
}

static void answered(void *arg, const struct ss_task *task, int64_t now_ns)
{
    struct server *s = arg;
    ss_metrics_count(s->web.metrics, &task->call, (now_ns - task->whole_ns) / 1000);
}

static void look_at_writer(struct server *s, struct ss_facts *f)
{
    struct ss_writer_counts *w = &s->writer_counts;
    ss_writer_counts(s->writer, w);
    f->payments = w->payments;
    f->lines = w->lines;
    f->lines_us = w->lines_us;
    f->lines_us_sum = w->lines_us_sum;
    f->rejected = w->rejected;
    f->writes = w->writes;
    f->tries = w->tries;
    f->commits = w->commits;
    f->failed_commits = w->failed_commits;
    f->store_fine = w->store_fine;
    memcpy(f->store_fault, w->fault, sizeof f->store_fault);
    f->commit_ns = w->commit_ns;
    f->commit_ns_sum = w->commit_ns_sum;
    f->batch = w->batch;
    f->store_bytes = w->store_bytes;
    f->writer_waiting = ss_writer_waiting(s->writer);
    f->writer_limit = SS_WRITER_LIMIT;
}

/* Once a second, in the loop's thread: what the other threads know becomes facts, and listeners are told. */
static void second(void *arg)
{
    struct server *s = arg;
    struct ss_facts *f = ss_metrics_facts(s->web.metrics);
    const struct ss_loop_counts *loop = &s->loop.counts;
    struct ss_live_input_counts input;
    struct ss_buf *told = &s->told;
    look_at_writer(s, f);
    f->connections = loop->connections;
    f->feeds = loop->feeds;
    f->under_way = loop->under_way;
    f->accepted = loop->accepted;
    f->refused = loop->refused;
    f->readers_waiting = ss_readers_waiting(s->readers);
    f->readers_limit = SS_READERS_LIMIT;
    ss_live_input_counts(s->input, &input);
    f->input_there = input.there;
    f->input_ended = input.ended;
    memcpy(f->input_fault, input.fault, sizeof f->input_fault);
    ss_streamer_look(s->streamer, f);
    f->hub = ss_hub_counts(s->hub);
    ss_metrics_tick(s->web.metrics, ss_clock_mono_ns());
    ss_buf_reset(told);
    ss_metrics_live(s->web.metrics, told);
    if (f->hub.listeners && ss_buf_check(told) == 0)
        ss_hub_post(s->hub, SS_ON_METRICS, (struct ss_str){told->p, told->n});
}

/* ---- start ---- */

static int open_web(struct server *s)
{
    const struct ss_hub_options hub = {.now_us = ss_clock_wall_us(), .wake = ss_feed_push};
    s->web.now_us = ss_clock_wall_us;
    s->web.started_us = ss_clock_wall_us();
    s->web.version = SS_VERSION;
    s->web.proxies = s->opt.proxies.n || s->opt.proxies.local ? &s->opt.proxies : NULL;
    int err = ss_hub_new(&hub, &s->hub);
    ss_buf_init(&s->told, 65536);
    if (!err)
        err = ss_metrics_new(&s->web.metrics);
    s->web.hub = s->hub;
    if (!s->opt.secret) {
        snprintf(s->secret, sizeof s->secret, "%s.secret",
                 strstr(s->opt.store, "://") ? "ss-serve" : s->opt.store);
        s->opt.secret = s->secret;
    }
    const struct ss_auth_options auth = {.secret_file = s->opt.secret, .oidc_file = s->opt.oidc};
    if (!err)
        err = ss_pan_of_options(s->opt.pan, s->opt.pan_key, &s->pan);
    s->web.pan = s->pan;
    if (!err)
        err = ss_auth_new(&auth, &s->web.auth);
    return err ? err : ss_settings_new(&s->web.settings);
}

/* One that is just ending, or that was killed, is waited for a moment. */
static int claim(struct ss_db *db)
{
    int64_t until_ns = ss_clock_mono_ns() + CLAIM_NS;
    int taken = ss_claim_take(db);
    while (taken == 0 && ss_clock_mono_ns() < until_ns) {
        ss_clock_wait_until(ss_clock_mono_ns() + CLAIM_NS / 50);
        taken = ss_claim_take(db);
    }
    if (taken == 0)
        return ss_fail(SS_EAWAY, "another server works on '%s': a store has one", ss_db_name(db));
    return taken < 0 ? taken : 0;
}

static int open_store(struct server *s, struct ss_db **desk_db)
{
    const struct ss_db_options write = {
        .durability = s->opt.durability, .busy_timeout_ms = 3000, .own_checkpoints = true};
    const struct ss_db_options read = {.read_only = true, .must_exist = true};
    char token[SS_SETUP_TOKEN];
    int err = ss_store_open(s->opt.store, &write, desk_db);
    if (!err)
        err = claim(*desk_db);
    if (!err)
        err = ss_store_open(s->opt.store, &read, &s->read_db);
    if (!err)
        err = ss_settings_refresh(s->web.settings, *desk_db);
    int made = err ? err : ss_auth_setup_token(*desk_db, ss_clock_wall_us(), token);
    if (made > 0)
        fprintf(
            stderr,
            "ss-serve: there is no administrator yet. The first one is made with this token, which is good\n"
            "ss-serve: for a day, or until the next start: %s\n",
            token);
    return made < 0 ? made : err;
}

/* What the pipeline shall read lies there before it is opened. */
static int open_rules(struct server *s, struct ss_db *desk_db)
{
    int err = ss_rulebook_read(&s->book, s->opt.pipeline, s->opt.store);
    if (err || !s->book.kept)
        return err;
    return ss_rules_open(&s->book.rules, desk_db, ss_clock_wall_us(), &s->web.rules);
}

static int open_jobs(struct server *s)
{
    const struct ss_jobs_options jobs = {.store = s->opt.store, .web = &s->web, .tell = tell, .ctx = s->hub};
    return ss_jobs_new(&jobs, &s->web.jobs);
}

/* Standard input is a stream when somebody made it one. */
static const char *input_of(const struct ss_serve_options *opt)
{
    struct stat st;
    if (opt->input)
        return opt->input;
    return fstat(STDIN_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode)) ? "-" : NULL;
}

static int open_threads(struct server *s, struct ss_db *desk_db)
{
    s->gate = (struct ss_gate){.web = &s->web, .db = s->read_db, .done = done, .arg = s, .ui = s->opt.ui};
    s->loop = (struct ss_loop){
        .gate = &s->gate,
        .hub = s->hub,
        .allow_origin = s->opt.allow_origin,
        .log_requests = s->opt.log_requests,
        .timeout_us = s->opt.timeout_us,
        .answered = answered,
        .arg = s,
    };
    ss_loop_init(&s->loop);
    const struct ss_http_options http = {
        .listen = s->opt.listen,
        .cert = s->opt.cert,
        .key = s->opt.key,
        .http2 = s->opt.http2,
        .poll = s->opt.poll,
        .loop = &s->loop,
        .second = second,
        .arg = s,
    };
    int err = ss_mover_open(s->opt.store, &s->mover);
    const struct ss_writer_options writer = {
        .gate = &s->gate,
        .db = desk_db,
        .hosted = s->hosted,
        .mover = s->mover,
        .save_every_us = s->opt.save_every_us,
        .prune_every_us = s->opt.prune_every_us,
        .stop = &s->stop,
    };
    if (!err)
        err = ss_http_open(&http, &s->http);
    if (!err)
        err = ss_writer_open(&writer, &s->writer);
    s->gate.writer = s->writer;
    if (!err)
        err = ss_readers_open(&s->gate, s->opt.store, s->opt.readers, &s->readers);
    s->gate.readers = s->readers;
    if (!err && s->opt.stream)
        err = ss_streamer_open(&s->gate, s->opt.stream, &s->streamer);
    s->gate.streamer = s->streamer;
    const char *input = input_of(&s->opt);
    if (!err && input)
        err = ss_live_input_open(s->writer, input, s->opt.max_record, &s->input);
    return err ? err : ss_http_start(s->http);
}

static int start(struct server *s)
{
    struct ss_db *desk_db = NULL;
    int err = open_web(s);
    if (!err)
        err = open_store(s, &desk_db);
    if (!err && s->opt.pipeline)
        err = open_rules(s, desk_db);
    if (!err)
        err = open_jobs(s);
    if (!err && s->opt.pipeline) {
        const struct ss_hosted_options hosted = {
            .pipeline = s->book.pipeline,
            .state_path = s->opt.state,
            .warm_us = s->opt.warm_us,
            .stop = &s->stop,
        };
        err = ss_hosted_open(&hosted, desk_db, &s->hosted);
        s->web.engine = s->hosted ? &s->hosted->engine : NULL;
    }
    if (!err)
        err = open_threads(s, desk_db);
    return err;
}

/* ---- run and stop ---- */

static void reload(struct server *s)
{
    if (ss_auth_reload(s->web.auth))
        ss_warn("%s; the keys in use stay", ss_err_text());
    ss_http_reload(s->http);
    ss_writer_reload(s->writer);
}

/* No more requests, no more input, the last commit, the snapshot, in this order. The library's sockets end
 * with the process. */
static int stop(struct server *s)
{
    ss_notify("STOPPING=1");
    ss_http_stop(s->http, s->opt.grace_ms);
    ss_live_input_close(s->input);
    ss_readers_close(s->readers);
    ss_streamer_close(s->streamer);
    int err = ss_writer_close(s->writer);
    ss_mover_close(s->mover);
    ss_jobs_free(s->web.jobs);
    return err;
}

static int serve(struct server *s, const sigset_t *signals)
{
    int sig = 0;
    ss_notify("READY=1");
    ss_info("listening at %s", ss_http_address(s->http));
    while (sig != SIGTERM && sig != SIGINT) {
        if (sigwait(signals, &sig) != 0)
            break;
        if (sig == SIGHUP)
            reload(s);
    }
    s->stop = 1;
    return stop(s);
}

int main(int argc, char **argv)
{
    static char name[] = "ss-serve";
    static struct server server;
    struct server *s = &server;
    ss_cli_hold_streams();
    ss_log_init(name, SS_LOG_WARN, false);
    argv[0] = name;
    ss_serve_parse(argc, argv, &s->opt);
    ss_log_init(name, s->opt.quiet ? SS_LOG_ERROR : SS_LOG_WARN + (s->opt.verbose > 2 ? 2 : s->opt.verbose),
                s->opt.log_json);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* in all threads: they come to sigwait */
    int err = start(s);
    if (!err)
        err = serve(s, &signals);
    int status = err < 0 ? ss_cli_fail(err) : 0;
    fflush(NULL);
    _exit(status); /* the loop's thread may be at work still */
}
