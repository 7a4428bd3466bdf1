#include "store/notices.h"
#include "store/select.h"

int ss_notice_add(struct ss_db *db, const struct ss_notice *n)
{
    int64_t added = ss_db_exec(
        db, "INSERT INTO notices (user_id, kind, title, link, created_us) VALUES ($1, $2, $3, $4, $5)",
        SS_ARGS(ss_arg_int(n->user_id), ss_arg_cstr(n->kind), ss_arg_text(n->title), ss_arg_text(n->link),
                ss_arg_int(n->time_us)));
    return added < 0 ? (int)added : 0;
}

int ss_notice_admins(struct ss_db *db, const struct ss_notice *n, int64_t except,
                     void (*told)(void *arg, int64_t user_id, const struct ss_notice *notice), void *arg)
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db,
        "INSERT INTO notices (user_id, kind, title, link, created_us) SELECT id, CAST($1 AS TEXT), "
        "CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT) FROM users WHERE role = 'admin' AND active = "
        "1 AND "
        "id <> $5 RETURNING user_id",
        SS_ARGS(ss_arg_cstr(n->kind), ss_arg_text(n->title), ss_arg_text(n->link), ss_arg_int(n->time_us),
                ss_arg_int(except)),
        &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0)
        if (told)
            told(arg, ss_rows_int(rows, 0), n);
    ss_rows_free(rows);
    return err;
}

int ss_notices_list(struct ss_db *db, int64_t user_id, bool unread, int64_t before, int64_t limit,
                    struct ss_arena *arena, int (*each)(void *arg, const struct ss_notice_row *row),
                    void *arg, bool *more)
{
    struct ss_select q;
    struct ss_rows *rows = NULL;
    *more = false;
    ss_select_init(&q, "SELECT id, kind, title, link, created_us, read_us FROM notices");
    ss_select_where(&q, "user_id = ?1", SS_ARGS(ss_arg_int(user_id)));
    if (unread)
        ss_select_where(&q, "read_us IS NULL", SS_NO_ARGS);
    if (before)
        ss_select_where(&q, "id < ?1", SS_ARGS(ss_arg_int(before)));
    ss_select_add(&q, "ORDER BY id DESC LIMIT ?1", SS_ARGS(ss_arg_int(limit + 1)));
    int err = ss_select_run(&q, db, &rows), got = 0;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        if (n == limit) {
            *more = true;
            break;
        }
        struct ss_notice_row row = {.id = ss_rows_int(rows, 0),
                                    .kind = ss_rows_copy(rows, 1, arena),
                                    .title = ss_rows_copy(rows, 2, arena),
                                    .link = ss_rows_copy(rows, 3, arena),
                                    .created_us = ss_rows_int(rows, 4),
                                    .read_us = ss_rows_int(rows, 5)};
        err = each(arg, &row);
    }
    ss_rows_free(rows);
    ss_select_free(&q);
    return err ? err : got < 0 ? got : 0;
}

int ss_notices_unread(struct ss_db *db, int64_t user_id, int64_t *count)
{
    return ss_db_int(db, "SELECT count(*) FROM notices WHERE user_id = $1 AND read_us IS NULL",
                     SS_ARGS(ss_arg_int(user_id)), 0, count);
}

int64_t ss_notices_read(struct ss_db *db, int64_t user_id, int64_t id, int64_t now_us)
{
    if (!id)
        return ss_db_exec(db, "UPDATE notices SET read_us = $1 WHERE user_id = $2 AND read_us IS NULL",
                          SS_ARGS(ss_arg_int(now_us), ss_arg_int(user_id)));
    return ss_db_exec(db, "UPDATE notices SET read_us = COALESCE(read_us, $1) WHERE user_id = $2 AND id = $3",
                      SS_ARGS(ss_arg_int(now_us), ss_arg_int(user_id), ss_arg_int(id)));
}

/* ---- people ---- */

int ss_person_find(struct ss_db *db, int64_t id, struct ss_arena *arena, struct ss_person *person)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT id, name, email, active, role FROM users WHERE id = $1",
                          SS_ARGS(ss_arg_int(id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        struct ss_str role = ss_rows_text(rows, 4);
        *person = (struct ss_person){.id = ss_rows_int(rows, 0),
                                     .active = ss_rows_int(rows, 3) != 0,
                                     .works = ss_str_is(role, "analyst") || ss_str_is(role, "admin")};
        person->name = ss_rows_copy(rows, 1, arena);
        person->email = ss_rows_copy(rows, 2, arena);
    }
    ss_rows_free(rows);
    return err;
}

int ss_person_called(struct ss_db *db, struct ss_str word, struct ss_arena *arena, int64_t *id)
{
    struct ss_select q;
    struct ss_rows *rows = NULL;
    int64_t found = 0, count = 0;
    *id = 0;
    ss_select_init(&q, "SELECT id FROM users");
    ss_select_where(&q, "active = 1", SS_NO_ARGS);
    ss_select_where(&q, "lower(email) = lower(?1) OR lower(email) LIKE lower(?2) ESCAPE '\\'",
                    SS_ARGS(ss_arg_text(word), ss_arg_text(ss_like_pattern("", word, "@%", arena))));
    ss_select_add(&q, "LIMIT 2", SS_NO_ARGS);
    int err = ss_select_run(&q, db, &rows), got = 0;
    while (!err && (got = ss_rows_next(rows)) > 0) {
        found = ss_rows_int(rows, 0);
        count++;
    }
    ss_rows_free(rows);
    ss_select_free(&q);
    if (count == 1)
        *id = found;
    return err ? err : got < 0 ? got : 0;
}
