#include "web/jobs.h"
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include "web/after.h"
#include "web/auth.h"

static void put_job(struct ss_buf *to, const struct ss_job_row *job, bool whole)
{
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "id", job->id);
    ss_put_text_of(to, "kind", job->kind);
    ss_put_text_of(to, "status", ss_str_of(ss_job_status_name(job->status)));
    ss_put_real_of(to, "progress", job->progress);
    ss_put_text_of(to, "error", job->error);
    ss_put_text_of(to, "by", job->actor);
    ss_put_time_of(to, "created_at", job->created_us);
    ss_put_time_of(to, "started_at", job->started_us);
    ss_put_time_of(to, "finished_at", job->finished_us);
    if (whole) {
        ss_put_raw_of(to, "params", job->params);
        ss_put_raw_of(to, "result", job->result);
    }
    ss_buf_putc(to, '}');
}

static int find(struct ss_call *call, struct ss_job_row *job)
{
    int64_t id;
    struct ss_str name = call->param[0];
    int err = ss_int_parse(name.p, name.n, &id) ? ss_jobs_get(call->db, id, &call->arena, job) : 0;
    if (err == 0)
        ss_problem_missing(call, "job", name);
    return err;
}

static int list_jobs(struct ss_call *call)
{
    static const char *const sorts[] = {"-id", NULL};
    static const char *const statuses[] = {"waiting", "running",   "cancelling", "done",
                                           "failed",  "cancelled", NULL};
    struct ss_page page;
    struct ss_job_row job;
    struct ss_rows *rows;
    struct ss_str kind = ss_query(call, "kind");
    int status;
    (void)ss_page_read(call, sorts, &page);
    (void)ss_query_word(call, "status", statuses, -1, &status);
    if (!ss_call_check(call))
        return 0;
    int err = ss_jobs_list(call->db, status, kind, page.has_cursor ? page.key : 0, page.limit + 1, &rows);
    if (err)
        return err;
    ss_page_begin(call);
    int64_t n = 0, last = 0;
    while ((err = ss_rows_next(rows)) > 0 && n++ < page.limit) {
        ss_jobs_row(rows, &job);
        last = job.id;
        ss_page_item(call);
        put_job(&call->res.body, &job, false);
    }
    ss_rows_free(rows);
    if (err < 0)
        return err;
    ss_page_end(call, &page, err > 0, last, SS_STR(""), SS_STR(""));
    return 0;
}

static int get_job(struct ss_call *call)
{
    struct ss_job_row job;
    int err = find(call, &job);
    if (err > 0)
        put_job(&call->res.body, &job, true);
    return err < 0 ? err : 0;
}

static int cancel_job(struct ss_call *call)
{
    struct ss_job_row job;
    int err = find(call, &job);
    if (err <= 0)
        return err;
    if (job.status > SS_JOB_CANCELLING)
        return ss_problem(call, 409, "finished", "job %lld is %s", (long long)job.id,
                          ss_job_status_name(job.status));
    err = ss_jobs_cancel(call->db, job.id, call->now_us);
    err = err ? err
              : ss_call_audit(call, "job.cancel", ss_call_format(call, "job:%lld", (long long)job.id),
                              (struct ss_str){NULL, 0}, (struct ss_str){NULL, 0});
    err = err ? err : ss_jobs_get(call->db, job.id, &call->arena, &job);
    if (err < 0)
        return err;
    call->after |= SS_AFTER_JOBS;
    put_job(&call->res.body, &job, true);
    ss_event_add(call, "jobs", (struct ss_str){call->res.body.p, call->res.body.n});
    return 0;
}

int ss_job_ask(struct ss_call *call, const char *kind, struct ss_str params)
{
    struct ss_job_row job;
    struct ss_buf *to = &call->res.body;
    int64_t open, id;
    int err = ss_jobs_open(call->db, &open);
    if (err)
        return err;
    if (open >= SS_JOBS_OPEN_MAX) {
        call->res.retry_after_s = 30;
        return ss_problem(call, 429, "busy", "%lld jobs wait already", (long long)open);
    }
    err = ss_jobs_add(call->db, ss_str_of(kind), params, ss_str_of(call->who.name), call->now_us, &id);
    err = err ? err : ss_jobs_get(call->db, id, &call->arena, &job);
    err = err < 0 ? err
                  : ss_call_audit(call, "job.ask", ss_call_format(call, "job:%lld", (long long)id),
                                  (struct ss_str){NULL, 0}, ss_call_format(call, "{\"kind\":\"%s\"}", kind));
    if (err)
        return err;
    ss_buf_reset(to);
    put_job(to, &job, false);
    call->after |= SS_AFTER_JOBS;
    call->res.status = 202;
    call->res.location = ss_call_format(call, "/api/v1/jobs/%lld", (long long)id);
    ss_event_add(call, "jobs", (struct ss_str){to->p, to->n});
    return 0;
}

const struct ss_route ss_routes_jobs[] = {
    {SS_GET, "/api/v1/jobs", list_jobs, SS_WORKERS | SS_SERVICE, "jobs:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/jobs/{id}", get_job, SS_WORKERS | SS_SERVICE, "jobs:read", SS_RUN_QUICK, 0},
    {SS_DELETE, "/api/v1/jobs/{id}", cancel_job, SS_WORKERS | SS_SERVICE, "jobs:write", SS_RUN_WRITE, 0},
    {0},
};
