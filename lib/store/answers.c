#include "store/answers.h"
#include "store/copy.h"

int ss_stored_answer_get(struct ss_db *db, struct ss_str key, int64_t since_us, struct ss_arena *arena,
                         struct ss_stored_answer *answer)
{
    struct ss_rows *rows;
    int err = ss_db_query(db,
                          "SELECT request_hash, status, body, location, etag FROM answers WHERE key = $1 "
                          "AND created_us >= $2",
                          SS_ARGS(ss_arg_text(key), ss_arg_int(since_us)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        *answer = (struct ss_stored_answer){
            .request = ss_rows_text(rows, 0),
            .status = ss_rows_int(rows, 1),
            .body = ss_rows_text(rows, 2),
            .location = ss_rows_text(rows, 3),
            .etag = ss_rows_text(rows, 4),
        };
        if (ss_copy_text(arena, &answer->request) || ss_copy_text(arena, &answer->body) ||
            ss_copy_text(arena, &answer->location) || ss_copy_text(arena, &answer->etag))
            err = SS_ENOMEM;
    }
    ss_rows_free(rows);
    return err;
}

int ss_stored_answer_put(struct ss_db *db, struct ss_str key, const struct ss_stored_answer *answer,
                         int64_t now_us)
{
    int64_t n =
        ss_db_exec(db,
                   "INSERT INTO answers (key, request_hash, status, body, location, etag, created_us) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key) DO UPDATE SET request_hash = $2, "
                   "status = $3, body = $4, location = $5, etag = $6, created_us = $7",
                   SS_ARGS(ss_arg_text(key), ss_arg_text(answer->request), ss_arg_int(answer->status),
                           ss_arg_text(answer->body), ss_arg_text(answer->location),
                           ss_arg_text(answer->etag), ss_arg_int(now_us)));
    return n < 0 ? (int)n : 0;
}

int64_t ss_stored_answers_prune(struct ss_db *db, int64_t before_us)
{
    return ss_db_exec(db, "DELETE FROM answers WHERE created_us < $1", SS_ARGS(ss_arg_int(before_us)));
}
