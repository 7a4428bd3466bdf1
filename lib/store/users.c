#include "store/users.h"
#include "base/err.h"
#include "store/copy.h"

#define COLUMNS                                                                                  \
    "id, email, name, role, department, password, oidc_subject, must_change, active, failures, " \
    "locked_until_us, password_us, created_us, last_login_us, version"

struct ss_str ss_email_of(struct ss_str text, struct ss_arena *arena)
{
    const struct ss_str none = {NULL, 0};
    text = ss_str_trim(text);
    const char *at = text.n ? memchr(text.p, '@', text.n) : NULL;
    if (!at || at == text.p || at == text.p + text.n - 1 || text.n > SS_EMAIL_MAX)
        return none;
    if (memchr(at + 1, '@', (size_t)(text.p + text.n - at) - 1))
        return none;
    char *to = ss_arena_alloc(arena, text.n + 1);
    if (!to)
        return none;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= ' ' || c == 0x7f || c == '"' || c == ',' || c == '<' || c == '>')
            return none;
        to[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    to[text.n] = '\0';
    return (struct ss_str){to, text.n};
}

int ss_users_next(struct ss_rows *rows, struct ss_user *user)
{
    int more = ss_rows_next(rows);
    if (more > 0)
        *user = (struct ss_user){
            .id = ss_rows_int(rows, 0),
            .email = ss_rows_text(rows, 1),
            .name = ss_rows_text(rows, 2),
            .role = ss_rows_text(rows, 3),
            .department = ss_rows_text(rows, 4),
            .password = ss_rows_text(rows, 5),
            .oidc_subject = ss_rows_text(rows, 6),
            .must_change = ss_rows_int(rows, 7) != 0,
            .active = ss_rows_int(rows, 8) != 0,
            .failures = ss_rows_int(rows, 9),
            .locked_until_us = ss_rows_int(rows, 10),
            .password_us = ss_rows_int(rows, 11),
            .created_us = ss_rows_int(rows, 12),
            .last_login_us = ss_rows_int(rows, 13),
            .version = ss_rows_int(rows, 14),
        };
    return more;
}

static int one(struct ss_db *db, const char *sql, struct ss_arg arg, struct ss_arena *arena,
               struct ss_user *user)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, sql, &arg, 1, &rows);
    if (err)
        return err;
    err = ss_users_next(rows, user);
    if (err > 0) {
        struct ss_str *const texts[] = {&user->email,      &user->name,     &user->role,
                                        &user->department, &user->password, &user->oidc_subject};
        for (size_t i = 0; i < SS_COUNT(texts) && err > 0; i++)
            if (ss_copy_text(arena, texts[i]))
                err = SS_ENOMEM;
    }
    ss_rows_free(rows);
    return err;
}

int ss_user_get(struct ss_db *db, int64_t id, struct ss_arena *arena, struct ss_user *user)
{
    return one(db, "SELECT " COLUMNS " FROM users WHERE id = $1", ss_arg_int(id), arena, user);
}

int ss_user_find(struct ss_db *db, struct ss_str email, struct ss_arena *arena, struct ss_user *user)
{
    return one(db, "SELECT " COLUMNS " FROM users WHERE email = $1", ss_arg_text(email), arena, user);
}

int ss_user_find_subject(struct ss_db *db, struct ss_str subject, struct ss_arena *arena,
                         struct ss_user *user)
{
    return one(db, "SELECT " COLUMNS " FROM users WHERE oidc_subject = $1", ss_arg_text(subject), arena,
               user);
}

int ss_user_add(struct ss_db *db, struct ss_user *user, int64_t now_us)
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db,
        "INSERT INTO users (email, name, role, department, password, password_us, oidc_subject, must_change, "
        "created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id",
        SS_ARGS(ss_arg_text(user->email), ss_arg_text(user->name), ss_arg_text(user->role),
                ss_arg_text(user->department), ss_arg_text(user->password),
                user->password.p ? ss_arg_int(now_us) : ss_arg_null(), ss_arg_text(user->oidc_subject),
                ss_arg_int(user->must_change), ss_arg_int(now_us)),
        &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        user->id = ss_rows_int(rows, 0);
        user->active = true;
        user->created_us = now_us;
        user->version = 1;
    }
    ss_rows_free(rows);
    return err;
}

static int changed(int64_t n)
{
    return n < 0 ? (int)n : 0;
}

int ss_user_update(struct ss_db *db, struct ss_user *user)
{
    user->version++;
    return changed(ss_db_exec(db,
                              "UPDATE users SET name = $2, role = $3, department = $4, active = $5, "
                              "oidc_subject = $6, version = $7 WHERE id = $1",
                              SS_ARGS(ss_arg_int(user->id), ss_arg_text(user->name), ss_arg_text(user->role),
                                      ss_arg_text(user->department), ss_arg_int(user->active),
                                      ss_arg_text(user->oidc_subject), ss_arg_int(user->version))));
}

int ss_user_set_password(struct ss_db *db, int64_t id, struct ss_str hash, bool must_change, int64_t now_us)
{
    return changed(
        ss_db_exec(db,
                   "UPDATE users SET password = $2, password_us = $3, must_change = $4, failures = 0, "
                   "locked_until_us = NULL, version = version + 1 WHERE id = $1",
                   SS_ARGS(ss_arg_int(id), ss_arg_text(hash), ss_arg_int(now_us), ss_arg_int(must_change))));
}

int ss_user_signed_in(struct ss_db *db, int64_t id, int64_t now_us)
{
    return changed(ss_db_exec(
        db, "UPDATE users SET last_login_us = $2, failures = 0, locked_until_us = NULL WHERE id = $1",
        SS_ARGS(ss_arg_int(id), ss_arg_int(now_us))));
}

int ss_user_failed(struct ss_db *db, int64_t id, int64_t failures, int64_t locked_until_us)
{
    return changed(ss_db_exec(db, "UPDATE users SET failures = $2, locked_until_us = $3 WHERE id = $1",
                              SS_ARGS(ss_arg_int(id), ss_arg_int(failures),
                                      locked_until_us ? ss_arg_int(locked_until_us) : ss_arg_null())));
}

int ss_user_other_admins(struct ss_db *db, int64_t id, int64_t *n)
{
    return ss_db_int(db, "SELECT count(*) FROM users WHERE role = 'admin' AND active = 1 AND id <> $1",
                     SS_ARGS(ss_arg_int(id)), 0, n);
}

int ss_users_list(struct ss_db *db, const struct ss_user_filter *f, struct ss_rows **rows)
{
    return ss_db_query(db,
                       "SELECT " COLUMNS
                       " FROM users WHERE id > $1 AND (CAST($2 AS TEXT) IS NULL OR role = $2)"
                       " AND ($3 < 0 OR active = $3) AND ($4 = 0 OR role IN ('analyst', 'admin'))"
                       " AND (CAST($5 AS TEXT) IS NULL OR replace(lower(email), $5, '') <> lower(email)"
                       " OR replace(lower(name), $5, '') <> lower(name)) ORDER BY id LIMIT $6",
                       SS_ARGS(ss_arg_int(f->after_id), ss_arg_text(f->role), ss_arg_int(f->active),
                               ss_arg_int(f->workers), ss_arg_text(f->q), ss_arg_int(f->limit)),
                       rows);
}
