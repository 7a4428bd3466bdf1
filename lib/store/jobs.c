#include "store/jobs.h"
#include "base/err.h"

#define COLUMNS "id, kind, status, progress, params, error, actor, created_us, started_us, finished_us, runs"

static const char *const status_names[] = {"waiting", "running", "cancelling", "done", "failed", "cancelled"};

const char *ss_job_status_name(enum ss_job_status status)
{
    return status_names[status];
}

void ss_jobs_row(const struct ss_rows *rows, struct ss_job_row *job)
{
    enum ss_job_status status = SS_JOB_FAILED;
    for (int i = 0; i < SS_JOB_STATUSES; i++)
        if (ss_str_is(ss_rows_text(rows, 2), status_names[i]))
            status = (enum ss_job_status)i;
    *job = (struct ss_job_row){
        .id = ss_rows_int(rows, 0),
        .kind = ss_rows_text(rows, 1),
        .status = status,
        .progress = ss_rows_real(rows, 3),
        .params = ss_rows_text(rows, 4),
        .error = ss_rows_text(rows, 5),
        .actor = ss_rows_text(rows, 6),
        .created_us = ss_rows_int(rows, 7),
        .started_us = ss_rows_int(rows, 8),
        .finished_us = ss_rows_int(rows, 9),
        .runs = ss_rows_int(rows, 10),
    };
}

static int keep(struct ss_arena *arena, struct ss_str *text)
{
    if (!text->p)
        return 0;
    text->p = ss_arena_copy(arena, text->p, text->n);
    return text->p ? 0 : SS_ENOMEM;
}

int ss_jobs_get(struct ss_db *db, int64_t id, struct ss_arena *arena, struct ss_job_row *job)
{
    struct ss_rows *rows;
    int err =
        ss_db_query(db, "SELECT " COLUMNS ", result FROM jobs WHERE id = $1", SS_ARGS(ss_arg_int(id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        ss_jobs_row(rows, job);
        job->result = ss_rows_text(rows, 11);
        if (keep(arena, &job->kind) || keep(arena, &job->params) || keep(arena, &job->error) ||
            keep(arena, &job->actor) || keep(arena, &job->result))
            err = SS_ENOMEM;
    }
    ss_rows_free(rows);
    return err;
}

int ss_jobs_list(struct ss_db *db, int status, struct ss_str kind, int64_t before, int64_t limit,
                 struct ss_rows **rows)
{
    /* An empty text stands for all. */
    return ss_db_query(db,
                       "SELECT " COLUMNS " FROM jobs WHERE id < $1 AND ($2 = '' OR status = $2)"
                       " AND ($3 = '' OR kind = $3) ORDER BY id DESC LIMIT $4",
                       SS_ARGS(ss_arg_int(before > 0 ? before : INT64_MAX),
                               ss_arg_cstr(status < 0 ? "" : status_names[status]),
                               kind.p ? ss_arg_text(kind) : ss_arg_cstr(""), ss_arg_int(limit)),
                       rows);
}

int ss_jobs_open(struct ss_db *db, int64_t *n)
{
    return ss_db_int(
        db,
        "SELECT count(*) FROM jobs WHERE status = 'waiting' OR status = 'running' OR status = 'cancelling'",
        SS_NO_ARGS, 0, n);
}

static int done(int64_t n)
{
    return n < 0 ? (int)n : 0;
}

int ss_jobs_add(struct ss_db *db, struct ss_str kind, struct ss_str params, struct ss_str actor,
                int64_t now_us, int64_t *id)
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db,
        "INSERT INTO jobs (kind, status, params, actor, created_us)"
        " VALUES ($1, 'waiting', $2, $3, $4) RETURNING id",
        SS_ARGS(ss_arg_text(kind), ss_arg_text(params), ss_arg_text(actor), ss_arg_int(now_us)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        *id = ss_rows_int(rows, 0);
    ss_rows_free(rows);
    return err < 0 ? err : err ? 0 : ss_fail(SS_EBUG, "a job was not added");
}

int ss_jobs_cancel(struct ss_db *db, int64_t id, int64_t now_us)
{
    int err = done(ss_db_exec(db,
                              "UPDATE jobs SET status = 'cancelled', finished_us = $2"
                              " WHERE id = $1 AND status = 'waiting'",
                              SS_ARGS(ss_arg_int(id), ss_arg_int(now_us))));
    return err ? err
               : done(ss_db_exec(db,
                                 "UPDATE jobs SET status = 'cancelling' WHERE id = $1 AND status = 'running'",
                                 SS_ARGS(ss_arg_int(id))));
}

int64_t ss_jobs_prune(struct ss_db *db, int64_t until_us)
{
    return ss_db_exec(db, "DELETE FROM jobs WHERE finished_us < $1 AND id < (SELECT max(id) FROM jobs)",
                      SS_ARGS(ss_arg_int(until_us)));
}

/* ---- running ---- */

int ss_jobs_recover(struct ss_db *db, int64_t now_us)
{
    int err = ss_db_begin(db, true);
    if (err)
        return err;
    err = done(
        ss_db_exec(db, "UPDATE jobs SET status = 'cancelled', finished_us = $1 WHERE status = 'cancelling'",
                   SS_ARGS(ss_arg_int(now_us))));
    err = err ? err
              : done(ss_db_exec(db,
                                "UPDATE jobs SET status = 'failed', finished_us = $1,"
                                " error = 'interrupted too often' WHERE status = 'running' AND runs >= $2",
                                SS_ARGS(ss_arg_int(now_us), ss_arg_int(SS_JOB_RUNS_MAX))));
    err =
        err ? err
            : done(ss_db_exec(db, "UPDATE jobs SET status = 'waiting', progress = 0 WHERE status = 'running'",
                              SS_NO_ARGS));
    if (err) {
        ss_db_rollback(db);
        return err;
    }
    return ss_db_commit(db);
}

int ss_jobs_claim(struct ss_db *db, int64_t now_us, int64_t *id)
{
    struct ss_rows *rows;
    int err =
        ss_db_query(db,
                    "UPDATE jobs SET status = 'running', started_us = $1, progress = 0, runs = runs + 1"
                    " WHERE status = 'waiting' AND id = (SELECT min(id) FROM jobs WHERE status = 'waiting')"
                    " RETURNING id",
                    SS_ARGS(ss_arg_int(now_us)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        *id = ss_rows_int(rows, 0);
    ss_rows_free(rows);
    return err;
}

int ss_jobs_progress(struct ss_db *db, int64_t id, double progress)
{
    int64_t n = ss_db_exec(db, "UPDATE jobs SET progress = $2 WHERE id = $1 AND status = 'running'",
                           SS_ARGS(ss_arg_int(id), ss_arg_real(progress)));
    return n < 0 ? (int)n : n > 0;
}

int ss_jobs_finish(struct ss_db *db, int64_t id, enum ss_job_status status, struct ss_str result,
                   struct ss_str error, int64_t now_us)
{
    return done(ss_db_exec(db,
                           "UPDATE jobs SET status = $2, result = $3, error = $4, finished_us = $5,"
                           " progress = CASE WHEN $2 = 'done' THEN 1 ELSE progress END WHERE id = $1",
                           SS_ARGS(ss_arg_int(id), ss_arg_cstr(status_names[status]), ss_arg_text(result),
                                   ss_arg_text(error), ss_arg_int(now_us))));
}

int ss_jobs_put_back(struct ss_db *db, int64_t id)
{
    return done(ss_db_exec(db,
                           "UPDATE jobs SET status = CASE WHEN status = 'cancelling' THEN 'cancelled' ELSE"
                           " 'waiting' END, progress = 0, runs = runs - 1 WHERE id = $1",
                           SS_ARGS(ss_arg_int(id))));
}
