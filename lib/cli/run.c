#include "cli/run.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/progress.h"
#include "cli/watch.h"
#include "flow/loop.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t stop_flag, reload_flag;
_Static_assert(sizeof(sig_atomic_t) == sizeof(int), "stages read these flags as int");

/* A signal that comes just before read(2) would go unseen while that waits: the alarm comes until it is seen.
 */
static void on_stop(int sig)
{
    if (sig != SIGALRM)
        stop_flag = 1;
    alarm(1);
}

static void on_reload(int sig)
{
    (void)sig;
    reload_flag++;
}

/* Without SA_RESTART: a blocked read must return for the stop to be seen. A second Ctrl-C kills as usual. */
static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
    struct sigaction reload = {.sa_handler = on_reload};
    struct sigaction again = {.sa_handler = on_stop};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGALRM, &again, NULL);
    sigaction(SIGHUP, &reload, NULL);
    sigaction(SIGPIPE, &ignore, NULL); /* seen as EPIPE, so that statistics are still written */
}

/* Opened the wrong way round: using them fails, as it should. */
void ss_cli_hold_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return; /* no /dev/null, or no descriptor left: what follows will say so */
}

void ss_cli_log(const struct ss_options *opt, const char *program)
{
    enum ss_log_level level = SS_LOG_WARN;
    if (opt->verbose)
        level = opt->verbose > 1 ? SS_LOG_DEBUG : SS_LOG_INFO;
    if (opt->quiet)
        level = SS_LOG_ERROR;
    ss_log_init(program, level, opt->log_json);
}

int ss_cli_fail(int err)
{
    if (err != SS_EPIPE && err != SS_EANSWER)
        ss_error("%s", ss_err_text());
    else if (err == SS_EANSWER && ss_err_text()[0])
        ss_error("%s", ss_err_text());
    return ss_err_exit(err);
}

static void say_rejects(const struct ss_loop_counts *counts, const struct ss_options *opt)
{
    if (!counts->rejected)
        return;
    const char *hint = opt->rejects ? "" : "; --rejects FILE keeps them";
    ss_warn("%llu record%s rejected, the first at %s%s", (unsigned long long)counts->rejected,
            counts->rejected == 1 ? "" : "s", counts->first_reject, hint);
}

/* The reader of our output has gone: leave as any filter does, by the signal that was held back. */
static void die_of_sigpipe(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &standard, NULL);
    raise(SIGPIPE);
}

int ss_cli_run(struct ss_chain *chain, const struct ss_options *opt, const char *program)
{
    struct ss_loop_counts counts = {0};
    struct ss_watch watch;
    bool measure = opt->want_stats || opt->metrics;
    counts.latency = measure ? calloc(1, sizeof *counts.latency) : NULL;
    struct ss_loop_options loop = {
        .inputs = opt->inputs,
        .n_inputs = opt->n_inputs,
        .output = opt->output,
        .rejects = opt->rejects,
        .state_path = opt->state,
        .rebuild_us = opt->rebuild_us,
        .snapshot_us = opt->snapshot_us,
        .program = program,
        .max_record = opt->max_record,
        .measure = measure,
        .color = !opt->output && isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
        .stop = &stop_flag,
        .reload = &reload_flag,
        .progress = opt->progress && isatty(STDERR_FILENO) ? ss_progress : NULL,
        .watch = ss_watch_turn,
        .watch_arg = &watch,
    };
    catch_signals();
    int err = ss_watch_open(&watch, program, opt->metrics);
    err = err ? err : ss_loop_run(chain, &loop, &counts);
    if (loop.progress)
        ss_progress_end(&counts);
    int stats = opt->want_stats ? ss_stats_print(&counts, chain, program, opt->stats) : 0;
    say_rejects(&counts, opt);
    ss_chain_free(chain);
    free(counts.latency);
    ss_buf_free(&counts.ports);
    if (err == SS_EPIPE)
        die_of_sigpipe();
    if (err < 0)
        return ss_cli_fail(err);
    if (stats < 0)
        return ss_cli_fail(stats);
    return opt->strict && counts.rejected ? 1 : 0;
}
