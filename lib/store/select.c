#include "store/select.h"
#include "base/err.h"

#define SQL_MAX ((size_t)16 << 10)

void ss_select_init(struct ss_select *q, const char *sql)
{
    memset(q, 0, sizeof *q);
    ss_buf_init(&q->sql, SQL_MAX);
    ss_buf_puts(&q->sql, sql);
}

void ss_select_free(struct ss_select *q)
{
    ss_buf_free(&q->sql);
}

void ss_select_add(struct ss_select *q, const char *piece, const struct ss_arg *args, size_t n)
{
    ss_buf_putc(&q->sql, ' ');
    for (const char *c = piece; *c; c++) {
        if (*c == '?')
            ss_buf_printf(&q->sql, "$%zu", q->n + (size_t)(*++c - '0'));
        else
            ss_buf_putc(&q->sql, *c);
    }
    if (q->n + n > SS_SELECT_ARGS) {
        q->sql.failed = true;
        return;
    }
    if (n)
        memcpy(q->arg + q->n, args, n * sizeof *args);
    q->n += n;
}

void ss_select_open(struct ss_select *q)
{
    ss_buf_puts(&q->sql, q->filtered ? " AND (" : " WHERE (");
    q->filtered = true;
}

void ss_select_close(struct ss_select *q)
{
    ss_buf_putc(&q->sql, ')');
}

void ss_select_where(struct ss_select *q, const char *piece, const struct ss_arg *args, size_t n)
{
    ss_select_open(q);
    ss_select_add(q, piece, args, n);
    ss_select_close(q);
}

void ss_select_words(struct ss_select *q, const char *column, const char *const *words, unsigned set)
{
    if (!set)
        return;
    ss_select_open(q);
    ss_buf_puts(&q->sql, column);
    const char *piece = "IN (?1";
    for (unsigned i = 0; words[i]; i++) {
        if (!(set >> i & 1))
            continue;
        ss_select_add(q, piece, SS_ARGS(ss_arg_cstr(words[i])));
        piece = ", ?1";
    }
    ss_buf_puts(&q->sql, "))");
}

void ss_select_numbers(struct ss_select *q, const char *column, unsigned set)
{
    if (!set)
        return;
    ss_select_open(q);
    ss_buf_puts(&q->sql, column);
    const char *piece = "IN (?1";
    for (; set; set &= set - 1) {
        ss_select_add(q, piece, SS_ARGS(ss_arg_int(__builtin_ctz(set))));
        piece = ", ?1";
    }
    ss_buf_puts(&q->sql, "))");
}

struct ss_str ss_like_pattern(const char *before, struct ss_str text, const char *after,
                              struct ss_arena *arena)
{
    size_t n = strlen(before), end = strlen(after);
    char *to = ss_arena_alloc(arena, n + text.n * 2 + end);
    if (!to)
        return (struct ss_str){NULL, 0};
    memcpy(to, before, n);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '%' || text.p[i] == '_' || text.p[i] == '\\')
            to[n++] = '\\';
        to[n++] = text.p[i];
    }
    memcpy(to + n, after, end);
    return (struct ss_str){to, n + end};
}

int ss_select_run(struct ss_select *q, struct ss_db *db, struct ss_rows **rows)
{
    *rows = NULL;
    if (ss_buf_check(&q->sql))
        return ss_fail(SS_EBUG, "a query with too many parts");
    return ss_db_query(db, ss_buf_cstr(&q->sql), q->arg, q->n, rows);
}
