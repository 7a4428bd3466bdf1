/* The thread that does the jobs. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "json/write.h"
#include "store/settings.h"
#include "web/jobs.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define JOB_MEMORY   ((size_t)256 << 20)
#define TELL_EACH_NS 500000000
#define AGAIN_S      2 /* after the store was away */

struct ss_jobs {
    struct ss_jobs_options options;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken;
    atomic_bool stop;
};

static const struct ss_job_kind *const kinds[] = {&ss_job_backtest};

/* ---- progress ---- */

static void tell(struct ss_jobs *jobs, const struct ss_job_row *row, enum ss_job_status status,
                 double progress)
{
    struct ss_buf json;
    if (!jobs->options.tell)
        return;
    ss_buf_init(&json, 4096);
    ss_buf_putc(&json, '{');
    ss_put_int_of(&json, "id", row->id);
    ss_put_text_of(&json, "kind", row->kind);
    ss_put_text_of(&json, "status", ss_str_of(ss_job_status_name(status)));
    ss_put_real_of(&json, "progress", progress);
    ss_buf_putc(&json, '}');
    if (ss_buf_check(&json) == 0)
        jobs->options.tell(jobs->options.ctx, "jobs", (struct ss_str){json.p, json.n});
    ss_buf_free(&json);
}

bool ss_job_goes_on(struct ss_job *job, double progress)
{
    if (atomic_load(&job->jobs->stop) || job->cancelled)
        return false;
    int64_t now_ns = ss_clock_mono_ns();
    if (now_ns - job->told_ns < TELL_EACH_NS)
        return true;
    job->told_ns = now_ns;
    progress = (double)(int64_t)(progress * 1000) / 1000;
    int on = ss_jobs_progress(job->writer, job->row->id, progress);
    if (on < 0)
        ss_warn("job %lld: %s", (long long)job->row->id, ss_err_text()); /* the work itself goes on */
    job->cancelled = on == 0;
    if (on > 0)
        tell(job->jobs, job->row, SS_JOB_RUNNING, progress);
    return !job->cancelled;
}

/* ---- one job ---- */

static int work(struct ss_job *job)
{
    for (size_t i = 0; i < SS_COUNT(kinds); i++)
        if (ss_str_is(job->row->kind, kinds[i]->name))
            return kinds[i]->run(job);
    return ss_fail(SS_EDATA, "no such kind of job");
}

static struct ss_str message(struct ss_job *job)
{
    const char *text = ss_err_text();
    const char *copy = ss_arena_copy(&job->arena, text, strlen(text));
    return copy ? ss_str_of(copy) : SS_STR("out of memory");
}

static int finish(struct ss_job *job, int err)
{
    struct ss_jobs *jobs = job->jobs;
    const struct ss_job_row *row = job->row;
    static const struct ss_str none = {NULL, 0};
    enum ss_job_status status = SS_JOB_DONE;
    if (atomic_load(&jobs->stop) && !job->cancelled)
        return ss_jobs_put_back(job->writer, row->id);
    if (!err)
        err = ss_buf_check(&job->result);
    if (job->cancelled)
        status = SS_JOB_CANCELLED;
    else if (err)
        status = SS_JOB_FAILED;
    struct ss_str result = {job->result.p ? job->result.p : "null", job->result.n};
    struct ss_str why = status == SS_JOB_FAILED ? message(job) : none;
    err = ss_jobs_finish(job->writer, row->id, status, status == SS_JOB_DONE ? result : none, why,
                         jobs->options.web->now_us());
    tell(jobs, row, status, status == SS_JOB_DONE ? 1 : row->progress);
    return err;
}

static int run_one(struct ss_jobs *jobs, struct ss_db *reader, struct ss_db *writer, int64_t id)
{
    struct ss_job_row row;
    struct ss_job job = {.db = reader, .web = jobs->options.web, .jobs = jobs, .writer = writer};
    ss_arena_init(&job.arena, JOB_MEMORY);
    ss_buf_init(&job.result, SS_JOB_RESULT_BYTES);
    int err = ss_jobs_get(writer, id, &job.arena, &row);
    if (err > 0) {
        job.row = &row;
        job.told_ns = ss_clock_mono_ns();
        tell(jobs, &row, SS_JOB_RUNNING, 0);
        err = finish(&job, work(&job));
    }
    ss_buf_free(&job.result);
    ss_arena_free(&job.arena);
    return err;
}

static void prune(struct ss_jobs *jobs, struct ss_db *writer)
{
    const struct ss_settings *settings = jobs->options.web->settings;
    int64_t days = settings ? ss_setting_int(settings, "retention.jobs_days") : 0;
    if (days > 0 && ss_jobs_prune(writer, jobs->options.web->now_us() - days * SS_DAY_US) < 0)
        ss_warn("old jobs stay: %s", ss_err_text());
}

static int run_all(struct ss_jobs *jobs, struct ss_db *reader, struct ss_db *writer)
{
    int64_t id = 0;
    int n = 0, err = ss_db_check(reader);
    err = err ? err : ss_db_check(writer);
    if (err)
        return err;
    prune(jobs, writer);
    while (!atomic_load(&jobs->stop) && (err = ss_jobs_claim(writer, jobs->options.web->now_us(), &id)) > 0) {
        err = run_one(jobs, reader, writer, id);
        if (err)
            break;
        n++;
    }
    return err < 0 ? err : n;
}

/* ---- the thread ---- */

static int open_both(struct ss_jobs *jobs, struct ss_db **reader, struct ss_db **writer)
{
    const struct ss_db_options read = {.read_only = true, .must_exist = true};
    /* A row that a power cut takes is written again: the job is run again. */
    const struct ss_db_options write = {.durability = SS_RELAXED, .must_exist = true};
    *reader = *writer = NULL;
    int err = ss_db_open(jobs->options.store, &read, reader);
    return err ? err : ss_db_open(jobs->options.store, &write, writer);
}

int ss_jobs_run(struct ss_jobs *jobs)
{
    struct ss_db *reader, *writer;
    int err = open_both(jobs, &reader, &writer);
    err = err ? err : run_all(jobs, reader, writer);
    ss_db_close(reader);
    ss_db_close(writer);
    return err;
}

static void wait_for_work(struct ss_jobs *jobs, bool failed)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += AGAIN_S;
    pthread_mutex_lock(&jobs->lock);
    while (!jobs->woken && !atomic_load(&jobs->stop))
        if (!failed)
            pthread_cond_wait(&jobs->wake, &jobs->lock);
        else if (pthread_cond_timedwait(&jobs->wake, &jobs->lock, &until) != 0)
            break;
    jobs->woken = false;
    pthread_mutex_unlock(&jobs->lock);
}

static void *loop(void *arg)
{
    struct ss_jobs *jobs = arg;
    struct ss_db *reader = NULL, *writer = NULL;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 19); /* of this thread; without it we are a nuisance */
    while (!atomic_load(&jobs->stop)) {
        int err = writer ? 0 : open_both(jobs, &reader, &writer);
        err = err ? err : run_all(jobs, reader, writer);
        if (err < 0) {
            ss_warn("jobs wait: %s", ss_err_text());
            ss_db_close(reader);
            ss_db_close(writer);
            reader = writer = NULL;
        }
        wait_for_work(jobs, err < 0);
    }
    ss_db_close(reader);
    ss_db_close(writer);
    return NULL;
}

int ss_jobs_new(const struct ss_jobs_options *options, struct ss_jobs **out)
{
    pthread_condattr_t attr;
    struct ss_db *reader, *writer;
    struct ss_jobs *jobs = calloc(1, sizeof *jobs);
    *out = NULL;
    if (!jobs)
        return ss_fail(SS_ENOMEM, "out of memory for jobs");
    jobs->options = *options;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&jobs->wake, &attr);
    pthread_condattr_destroy(&attr);
    int err = open_both(jobs, &reader, &writer);
    err = err ? err : ss_jobs_recover(writer, options->web->now_us());
    ss_db_close(reader);
    ss_db_close(writer);
    if (!err && !options->no_thread) {
        jobs->has_thread = pthread_create(&jobs->thread, NULL, loop, jobs) == 0;
        err = jobs->has_thread ? 0 : ss_fail(SS_ENOMEM, "cannot start the jobs' thread");
    }
    if (err) {
        ss_jobs_free(jobs);
        return err;
    }
    *out = jobs;
    return 0;
}

void ss_jobs_wake(struct ss_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->woken = true;
    pthread_cond_signal(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
}

void ss_jobs_free(struct ss_jobs *jobs)
{
    if (!jobs)
        return;
    atomic_store(&jobs->stop, true);
    ss_jobs_wake(jobs);
    if (jobs->has_thread)
        pthread_join(jobs->thread, NULL);
    pthread_cond_destroy(&jobs->wake);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}
