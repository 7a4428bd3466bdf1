#include "store/comments.h"
#include "store/select.h"

static int changed(int64_t n)
{
    return n < 0 ? (int)n : 0;
}

int ss_comment_add(struct ss_db *db, struct ss_comment *c)
{
    return ss_db_int(
        db,
        "INSERT INTO comments (case_id, time_us, actor, user_id, content, internal) VALUES ($1, $2, $3, "
        "$4, $5, $6) RETURNING id",
        SS_ARGS(ss_arg_int(c->case_id), ss_arg_int(c->time_us), ss_arg_text(c->actor),
                c->user_id ? ss_arg_int(c->user_id) : ss_arg_null(), ss_arg_text(c->content),
                ss_arg_int(c->internal)),
        0, &c->id);
}

#define COMMENT_COLUMNS \
    "SELECT id, case_id, time_us, user_id, edited_us, actor, content, internal FROM comments"

static void comment_of_row(const struct ss_rows *rows, struct ss_arena *arena, struct ss_comment *c)
{
    *c = (struct ss_comment){.id = ss_rows_int(rows, 0),
                             .case_id = ss_rows_int(rows, 1),
                             .time_us = ss_rows_int(rows, 2),
                             .user_id = ss_rows_int(rows, 3),
                             .edited_us = ss_rows_int(rows, 4),
                             .actor = ss_rows_copy(rows, 5, arena),
                             .content = ss_rows_copy(rows, 6, arena),
                             .internal = ss_rows_int(rows, 7) != 0};
}

int ss_comment_find(struct ss_db *db, int64_t case_id, int64_t id, struct ss_arena *arena,
                    struct ss_comment *c)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, COMMENT_COLUMNS " WHERE id = $1 AND case_id = $2",
                          SS_ARGS(ss_arg_int(id), ss_arg_int(case_id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        comment_of_row(rows, arena, c);
    ss_rows_free(rows);
    return err;
}

int ss_comment_edit(struct ss_db *db, const struct ss_comment *c)
{
    return changed(ss_db_exec(db, "UPDATE comments SET content = $1, edited_us = $2 WHERE id = $3",
                              SS_ARGS(ss_arg_text(c->content), ss_arg_int(c->edited_us), ss_arg_int(c->id))));
}

int ss_comments_count(struct ss_db *db, int64_t case_id, bool internal, int64_t *count)
{
    return ss_db_int(db, "SELECT count(*) FROM comments WHERE case_id = $1 AND internal <= $2",
                     SS_ARGS(ss_arg_int(case_id), ss_arg_int(internal)), 0, count);
}

int ss_comments_list(struct ss_db *db, int64_t case_id, bool internal, int64_t after, int64_t limit,
                     struct ss_arena *arena, int (*each)(void *arg, const struct ss_comment *comment),
                     void *arg, bool *more)
{
    struct ss_rows *rows;
    *more = false;
    int got = 0,
        err = ss_db_query(
            db, COMMENT_COLUMNS " WHERE case_id = $1 AND internal <= $2 AND id > $3 ORDER BY id LIMIT $4",
            SS_ARGS(ss_arg_int(case_id), ss_arg_int(internal), ss_arg_int(after), ss_arg_int(limit + 1)),
            &rows);
    if (err)
        return err;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        struct ss_comment c;
        if (n == limit) {
            *more = true;
            break;
        }
        comment_of_row(rows, arena, &c);
        err = each(arg, &c);
    }
    ss_rows_free(rows);
    return err ? err : got < 0 ? got : 0;
}

/* ---- evidence ---- */

int ss_evidence_add(struct ss_db *db, struct ss_evidence *e, struct ss_str content, char hex[SS_DIGEST_HEX])
{
    ss_sha256_hex(content.p, content.n, hex);
    e->sha256 = ss_str_of(hex);
    e->size = (int64_t)content.n;
    return ss_db_int(
        db,
        "INSERT INTO evidence (case_id, time_us, actor, name, type, size, sha256, content) VALUES ($1, "
        "$2, $3, $4, $5, $6, $7, $8) RETURNING id",
        SS_ARGS(ss_arg_int(e->case_id), ss_arg_int(e->time_us), ss_arg_text(e->actor), ss_arg_text(e->name),
                ss_arg_text(e->type), ss_arg_int(e->size), ss_arg_text(e->sha256), ss_arg_blob(content)),
        0, &e->id);
}

static void evidence_of_row(const struct ss_rows *rows, struct ss_arena *arena, struct ss_evidence *e)
{
    *e = (struct ss_evidence){.id = ss_rows_int(rows, 0),
                              .case_id = ss_rows_int(rows, 1),
                              .time_us = ss_rows_int(rows, 2),
                              .size = ss_rows_int(rows, 3),
                              .actor = ss_rows_copy(rows, 4, arena),
                              .name = ss_rows_copy(rows, 5, arena),
                              .type = ss_rows_copy(rows, 6, arena),
                              .sha256 = ss_rows_copy(rows, 7, arena)};
}

int ss_evidence_find(struct ss_db *db, int64_t case_id, int64_t id, struct ss_arena *arena,
                     struct ss_evidence *e, struct ss_str *content)
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db,
        content
            ? "SELECT id, case_id, time_us, size, actor, name, type, sha256, content FROM evidence WHERE id "
              "= $1 "
              "AND case_id = $2"
            : "SELECT id, case_id, time_us, size, actor, name, type, sha256 FROM evidence WHERE id = $1 AND "
              "case_id = $2",
        SS_ARGS(ss_arg_int(id), ss_arg_int(case_id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        evidence_of_row(rows, arena, e);
        if (content) {
            struct ss_str blob = ss_rows_blob(rows, 8);
            char *p = ss_arena_copy(arena, blob.p ? blob.p : "", blob.n);
            *content = (struct ss_str){p, p ? blob.n : 0};
        }
    }
    ss_rows_free(rows);
    return err;
}

int ss_evidence_list(struct ss_db *db, int64_t case_id, struct ss_arena *arena,
                     int (*each)(void *arg, const struct ss_evidence *evidence), void *arg)
{
    struct ss_rows *rows;
    int got = 0,
        err = ss_db_query(db,
                          "SELECT id, case_id, time_us, size, actor, name, type, sha256 FROM evidence WHERE "
                          "case_id = $1 ORDER BY id",
                          SS_ARGS(ss_arg_int(case_id)), &rows);
    while (!err && (got = ss_rows_next(rows)) > 0) {
        struct ss_evidence e;
        evidence_of_row(rows, arena, &e);
        err = each(arg, &e);
    }
    ss_rows_free(rows);
    return err ? err : got;
}

int ss_evidence_bytes(struct ss_db *db, int64_t case_id, int64_t *bytes)
{
    return ss_db_int(db, "SELECT CAST(sum(size) AS BIGINT) FROM evidence WHERE case_id = $1",
                     SS_ARGS(ss_arg_int(case_id)), 0, bytes);
}
