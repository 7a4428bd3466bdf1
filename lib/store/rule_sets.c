#include "store/rule_sets.h"
#include "base/digest.h"
#include "base/err.h"

#define COLUMNS                                                                           \
    "version, based_on, revision, status, length(text), hash, comment, author, approver," \
    " published_by, created_us, updated_us, approved_us, published_us"

static const char *const status_names[] = {"draft",     "submitted", "approved",
                                           "published", "retired",   "withdrawn"};

const char *ss_rule_set_status_name(enum ss_rule_set_status status)
{
    return status_names[status];
}

int ss_rule_set_status_of(struct ss_str name)
{
    for (int i = 0; i < SS_SET_STATUSES; i++)
        if (ss_str_is(name, status_names[i]))
            return i;
    return -1;
}

void ss_rule_set_row(const struct ss_rows *rows, struct ss_rule_set *set)
{
    int status = ss_rule_set_status_of(ss_rows_text(rows, 3));
    *set = (struct ss_rule_set){
        .version = ss_rows_int(rows, 0),
        .based_on = ss_rows_int(rows, 1),
        .revision = ss_rows_int(rows, 2),
        .status = status < 0 ? SS_SET_WITHDRAWN : (enum ss_rule_set_status)status,
        .bytes = ss_rows_int(rows, 4),
        .hash = ss_rows_text(rows, 5),
        .comment = ss_rows_text(rows, 6),
        .author = ss_rows_text(rows, 7),
        .approver = ss_rows_text(rows, 8),
        .published_by = ss_rows_text(rows, 9),
        .created_us = ss_rows_int(rows, 10),
        .updated_us = ss_rows_int(rows, 11),
        .approved_us = ss_rows_int(rows, 12),
        .published_us = ss_rows_int(rows, 13),
    };
}

static int keep(struct ss_arena *arena, struct ss_str *text)
{
    if (!text->p)
        return 0;
    text->p = ss_arena_copy(arena, text->p, text->n);
    return text->p ? 0 : SS_ENOMEM;
}

static int read_one(struct ss_rows *rows, struct ss_arena *arena, struct ss_rule_set *set)
{
    int err = ss_rows_next(rows);
    if (err > 0) {
        ss_rule_set_row(rows, set);
        set->text = ss_rows_text(rows, 14);
        set->bytes = (int64_t)set->text.n;
        struct ss_str *const texts[] = {&set->text,   &set->hash,     &set->comment,
                                        &set->author, &set->approver, &set->published_by};
        for (size_t i = 0; i < SS_COUNT(texts) && err > 0; i++)
            err = keep(arena, texts[i]) ? SS_ENOMEM : err;
    }
    ss_rows_free(rows);
    return err;
}

int ss_rule_set_get(struct ss_db *db, int64_t version, struct ss_arena *arena, struct ss_rule_set *set)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT " COLUMNS ", text FROM rule_sets WHERE version = $1",
                          SS_ARGS(ss_arg_int(version)), &rows);
    return err ? err : read_one(rows, arena, set);
}

int ss_rule_set_published(struct ss_db *db, struct ss_arena *arena, struct ss_rule_set *set)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT " COLUMNS ", text FROM rule_sets WHERE status = 'published'",
                          SS_NO_ARGS, &rows);
    return err ? err : read_one(rows, arena, set);
}

int ss_rule_set_list(struct ss_db *db, int status, int64_t before, int64_t limit, struct ss_rows **rows)
{
    if (before <= 0)
        before = INT64_MAX;
    if (status < 0)
        return ss_db_query(db,
                           "SELECT " COLUMNS " FROM rule_sets WHERE version < $1 AND status <> 'withdrawn'"
                           " ORDER BY version DESC LIMIT $2",
                           SS_ARGS(ss_arg_int(before), ss_arg_int(limit)), rows);
    return ss_db_query(db,
                       "SELECT " COLUMNS " FROM rule_sets WHERE version < $1 AND status = $3"
                       " ORDER BY version DESC LIMIT $2",
                       SS_ARGS(ss_arg_int(before), ss_arg_int(limit), ss_arg_cstr(status_names[status])),
                       rows);
}

static int retire(struct ss_db *db, int64_t now_us)
{
    int64_t n = ss_db_exec(db,
                           "UPDATE rule_sets SET status = 'retired', revision = revision + 1, updated_us = $1"
                           " WHERE status = 'published'",
                           SS_ARGS(ss_arg_int(now_us)));
    return n < 0 ? (int)n : 0;
}

static void short_hash(struct ss_str text, char hex[SS_DIGEST_HEX])
{
    ss_sha256_hex(text.p ? text.p : "", text.n, hex);
    hex[8] = '\0';
}

int ss_rule_set_known(struct ss_db *db, struct ss_str text, bool *known)
{
    int64_t n;
    int err =
        ss_db_int(db, "SELECT count(*) FROM rule_sets WHERE text = $1", SS_ARGS(ss_arg_text(text)), 0, &n);
    *known = n > 0;
    return err;
}

int ss_rule_set_written_by(struct ss_db *db, int64_t version, struct ss_str actor, bool *written)
{
    char subject[64];
    int64_t n;
    snprintf(subject, sizeof subject, "rule_set:%lld", (long long)version);
    int err = ss_db_int(db,
                        "SELECT count(*) FROM audit WHERE subject = $1 AND actor = $2 AND"
                        " (action = 'rules.draft' OR action = 'rules.edit' OR action = 'rules.restore')",
                        SS_ARGS(ss_arg_cstr(subject), ss_arg_text(actor)), 0, &n);
    *written = n > 0;
    return err;
}

int ss_rule_set_add(struct ss_db *db, const struct ss_rule_set *set, int64_t now_us, int64_t *version)
{
    char hash[SS_DIGEST_HEX];
    bool published = set->status == SS_SET_PUBLISHED;
    struct ss_rows *rows;
    short_hash(set->text, hash);
    int err = published ? retire(db, now_us) : 0;
    if (err)
        return err;
    err = ss_db_query(
        db,
        "INSERT INTO rule_sets (text, hash, status, comment, based_on, author, created_us,"
        " updated_us, published_by, published_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9) RETURNING version",
        SS_ARGS(ss_arg_text(set->text), ss_arg_cstr(hash), ss_arg_cstr(status_names[set->status]),
                set->comment.p ? ss_arg_text(set->comment) : ss_arg_cstr(""),
                set->based_on ? ss_arg_int(set->based_on) : ss_arg_null(), ss_arg_text(set->author),
                ss_arg_int(now_us), published ? ss_arg_text(set->author) : ss_arg_null(),
                published ? ss_arg_int(now_us) : ss_arg_null()),
        &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        *version = ss_rows_int(rows, 0);
    ss_rows_free(rows);
    return err < 0 ? err : err ? 0 : ss_fail(SS_EBUG, "a rule set was not added");
}

int ss_rule_set_edit(struct ss_db *db, const struct ss_rule_set *old, struct ss_str text,
                     struct ss_str comment, struct ss_str author, int64_t now_us)
{
    char hash[SS_DIGEST_HEX];
    bool changed = text.p && !ss_str_eq(text, old->text);
    if (!changed)
        text = old->text;
    if (!comment.p)
        comment = old->comment;
    short_hash(text, hash);
    int64_t n = ss_db_exec(db,
                           "UPDATE rule_sets SET text = $2, hash = $3, comment = $4, author = $5,"
                           " updated_us = $6, revision = revision + 1 WHERE version = $1",
                           SS_ARGS(ss_arg_int(old->version), ss_arg_text(text), ss_arg_cstr(hash),
                                   ss_arg_text(comment), ss_arg_text(changed ? author : old->author),
                                   ss_arg_int(now_us)));
    return n < 0 ? (int)n : 0;
}

int ss_rule_set_move(struct ss_db *db, int64_t version, enum ss_rule_set_status status, struct ss_str actor,
                     int64_t now_us)
{
    const char *sql = "UPDATE rule_sets SET status = $2, revision = revision + 1, updated_us = $4"
                      " WHERE version = $1";
    int err = 0;
    if (status == SS_SET_PUBLISHED) {
        err = retire(db, now_us);
        sql = "UPDATE rule_sets SET status = $2, revision = revision + 1, updated_us = $4,"
              " published_by = $3, published_us = $4 WHERE version = $1";
    } else if (status == SS_SET_APPROVED) {
        sql = "UPDATE rule_sets SET status = $2, revision = revision + 1, updated_us = $4,"
              " approver = $3, approved_us = $4 WHERE version = $1";
    } else if (status == SS_SET_DRAFT) {
        sql = "UPDATE rule_sets SET status = $2, revision = revision + 1, updated_us = $4,"
              " approver = NULL, approved_us = NULL WHERE version = $1";
    }
    if (err)
        return err;
    int64_t n = ss_db_exec(db, sql,
                           SS_ARGS(ss_arg_int(version), ss_arg_cstr(status_names[status]), ss_arg_text(actor),
                                   ss_arg_int(now_us)));
    return n < 0 ? (int)n : 0;
}
