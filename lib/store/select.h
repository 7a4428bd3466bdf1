/*
 * A SELECT put together from constant pieces, for lists with many filters. What a caller asks for decides
 * which pieces are taken, never what stands in them: values go beside the text, as arguments. In a piece
 * `?1`, `?2` are the piece's own arguments.
 */
#ifndef SS_STORE_SELECT_H
#define SS_STORE_SELECT_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/db.h"

#define SS_SELECT_ARGS 64

struct ss_select {
    struct ss_buf sql;
    struct ss_arg arg[SS_SELECT_ARGS];
    size_t n;
    bool filtered; /* there is a WHERE */
};

void ss_select_init(struct ss_select *q, const char *sql);
void ss_select_free(struct ss_select *q);
/* Adds a piece behind a blank. Texts among the arguments live until the rows are freed. */
void ss_select_add(struct ss_select *q, const char *piece, const struct ss_arg *args, size_t n);
/* Adds a condition: WHERE for the first, AND for the others. */
void ss_select_where(struct ss_select *q, const char *piece, const struct ss_arg *args, size_t n);
/* The same for a condition of several pieces, which ss_select_add and ss_select_close follow. */
void ss_select_open(struct ss_select *q);
void ss_select_close(struct ss_select *q);
/* Adds `column` IN those of the NULL-terminated words whose bit is set; nothing when `set` is 0. */
void ss_select_words(struct ss_select *q, const char *column, const char *const *words, unsigned set);
/* Adds `column` IN the numbers whose bit is set; nothing when `set` is 0. */
void ss_select_numbers(struct ss_select *q, const char *column, unsigned set);
/* A LIKE pattern, in the arena: `before`, the text as it is, `after`. Conditions with it say ESCAPE '\'. p ==
 * NULL: no memory. */
struct ss_str ss_like_pattern(const char *before, struct ss_str text, const char *after,
                              struct ss_arena *arena);
int ss_select_run(struct ss_select *q, struct ss_db *db, struct ss_rows **rows) SS_MUST_CHECK;

/* A column's text in the arena; p == NULL for null (and when the arena is full). */
static inline struct ss_str ss_rows_copy(const struct ss_rows *rows, int column, struct ss_arena *arena)
{
    struct ss_str text = ss_rows_text(rows, column);
    char *p = text.p ? ss_arena_copy(arena, text.p, text.n) : NULL;
    return (struct ss_str){p, p ? text.n : 0};
}

#endif
