#include "rule/list_file.h"
#include "base/err.h"
#include "base/file.h"
#include "base/time.h"

#define CELLS 64

struct cells {
    struct ss_str cell[CELLS];
    int n;
};

/* --- lines --- */

/* A quoted cell: "" stands for one quote. Such a cell is copied; its offset is kept, since `scratch` may
 * move. */
static bool quoted_cell(struct ss_str line, size_t *at, struct ss_buf *scratch, size_t *from, size_t *len)
{
    size_t i = *at + 1;
    *from = scratch->n;
    for (;; i++) {
        if (i >= line.n)
            return false;
        if (line.p[i] == '"') {
            if (i + 1 >= line.n || line.p[i + 1] != '"')
                break;
            i++;
        }
        ss_buf_putc(scratch, line.p[i]);
    }
    *len = scratch->n - *from;
    for (i++; i < line.n && line.p[i] == ' '; i++)
        continue;
    *at = i;
    return i == line.n || line.p[i] == ',';
}

static int split(struct ss_str line, struct ss_buf *scratch, struct cells *cells)
{
    size_t i = 0, from[CELLS], len[CELLS];
    bool quoted[CELLS];
    cells->n = 0;
    ss_buf_reset(scratch);
    for (;;) {
        int c = cells->n++;
        if (c == CELLS)
            return ss_fail(SS_ECONFIG, "more than %d columns", CELLS);
        while (i < line.n && line.p[i] == ' ')
            i++;
        quoted[c] = i < line.n && line.p[i] == '"';
        if (quoted[c]) {
            if (!quoted_cell(line, &i, scratch, &from[c], &len[c]))
                return ss_fail(SS_ECONFIG, "a quote that does not end its cell");
        } else {
            size_t start = i;
            while (i < line.n && line.p[i] != ',')
                i++;
            cells->cell[c] = ss_str_trim((struct ss_str){line.p + start, i - start});
        }
        if (i >= line.n)
            break;
        i++;
    }
    int err = ss_buf_check(scratch);
    for (int c = 0; c < cells->n && !err; c++)
        if (quoted[c])
            cells->cell[c] = (struct ss_str){scratch->p ? scratch->p + from[c] : "", len[c]};
    return err;
}

static struct ss_str cell_of(const struct cells *cells, int column)
{
    return column >= 0 && column < cells->n ? cells->cell[column] : (struct ss_str){"", 0};
}

static int find_column(const struct cells *cells, const char *name)
{
    for (int i = 0; i < cells->n; i++)
        if (ss_str_is(cells->cell[i], name))
            return i;
    return -1;
}

/* The first line that counts tells the columns. True when it is a header. */
static int find_columns(const struct cells *cells, const char *column, struct ss_list_columns *columns)
{
    int value = find_column(cells, column ? column : "value");
    *columns = (struct ss_list_columns){true, value >= 0, 0, 1, 2, 3};
    if (value < 0)
        return column ? ss_fail(SS_ECONFIG, "the header has no column '%s'", column) : 0;
    columns->value = value;
    columns->reason = find_column(cells, "reason");
    columns->from = find_column(cells, "from");
    columns->until = find_column(cells, "until");
    return 1;
}

static int parse_time(struct ss_str cell, const char *what, int64_t open, int64_t *time_us)
{
    *time_us = open;
    if (cell.n == 0 || ss_time_parse(cell.p, cell.n, time_us))
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' (%s) is no date or time such as 2026-03-01 or 2026-03-01T12:00:00Z",
                   cell.n < 64 ? (int)cell.n : 64, cell.p, what);
}

int ss_list_line(struct ss_str line, const char *column, struct ss_list_columns *columns,
                 struct ss_buf *scratch, struct ss_list_entry *entry)
{
    struct cells cells;
    line = ss_str_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return 0;
    int err = split(line, scratch, &cells);
    if (!err && !columns->known) {
        err = find_columns(&cells, column, columns);
        if (err > 0)
            return 0;
    }
    if (err)
        return err;
    entry->value = cell_of(&cells, columns->value);
    entry->reason = cell_of(&cells, columns->reason);
    if (entry->reason.n == 0)
        entry->reason.p = NULL;
    err = parse_time(cell_of(&cells, columns->from), "from", SS_LIST_OPEN_FROM, &entry->from_us);
    err = err ? err
              : parse_time(cell_of(&cells, columns->until), "until", SS_LIST_OPEN_UNTIL, &entry->until_us);
    if (!err && entry->until_us <= entry->from_us)
        err = ss_fail(SS_ECONFIG, "an entry that ends before it begins");
    return err ? err : 1;
}

/* --- whole files --- */

static bool next_line(struct ss_str *text, struct ss_str *line)
{
    if (text->n == 0)
        return false;
    const char *end = memchr(text->p, '\n', text->n);
    size_t n = end ? (size_t)(end - text->p) : text->n;
    *line = (struct ss_str){text->p, n};
    text->p += n + (end != NULL);
    text->n -= n + (end != NULL);
    return true;
}

static struct ss_str without_mark(struct ss_str text)
{
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        return (struct ss_str){text.p + 3, text.n - 3};
    return text;
}

int ss_list_read(struct ss_list *list, struct ss_str text, const char *name, const char *column)
{
    struct ss_list_columns columns = {0};
    struct ss_list_entry entry;
    struct ss_str line;
    struct ss_buf scratch;
    unsigned long number = 0;
    int err = 0;
    ss_buf_init(&scratch, 1 << 20);
    text = without_mark(text);
    while (err >= 0 && next_line(&text, &line)) {
        number++;
        err = ss_list_line(line, column, &columns, &scratch, &entry);
        if (err > 0)
            err = ss_list_add(list, &entry);
    }
    ss_buf_free(&scratch);
    ss_list_trim(list);
    return err < 0 ? ss_fail_in(err, "%s:%lu: ", name, number) : 0;
}

int ss_list_load(struct ss_list *list, const char *path, const char *column)
{
    struct ss_buf text;
    ss_buf_init(&text, SS_LIST_FILE_MAX);
    int err = ss_file_read(path, &text);
    err = err ? err : ss_list_read(list, (struct ss_str){text.p ? text.p : "", text.n}, path, column);
    ss_buf_free(&text);
    return err;
}

/* --- edits --- */

/* A semicolon or a tab is quoted, too: where a comma is the decimal sign, spreadsheets part cells there. */
static void put_cell(struct ss_str cell, struct ss_buf *to)
{
    bool plain = cell.n == 0 || (cell.p[0] != '#' && cell.p[0] != ' ' && cell.p[cell.n - 1] != ' ');
    for (size_t i = 0; i < cell.n && plain; i++)
        plain = !memchr(",;\t\"", cell.p[i], 4);
    if (plain) {
        ss_buf_put(to, cell.p, cell.n);
        return;
    }
    ss_buf_putc(to, '"');
    for (size_t i = 0; i < cell.n; i++) {
        if (cell.p[i] == '"')
            ss_buf_putc(to, '"');
        ss_buf_putc(to, cell.p[i]);
    }
    ss_buf_putc(to, '"');
}

void ss_list_put_line(const struct ss_list_entry *entry, const struct ss_list_columns *columns,
                      struct ss_buf *to)
{
    char from[SS_TIME_TEXT], until[SS_TIME_TEXT];
    struct ss_str cell[4] = {entry->value, entry->reason, {from, 0}, {until, 0}};
    int column[4] = {columns->value, columns->reason, columns->from, columns->until}, last = 0;
    if (entry->from_us != SS_LIST_OPEN_FROM)
        cell[2].n = ss_time_print(entry->from_us, from);
    if (entry->until_us != SS_LIST_OPEN_UNTIL)
        cell[3].n = ss_time_print(entry->until_us, until);
    for (int i = 0; i < 4; i++)
        if (cell[i].n && column[i] > last)
            last = column[i];
    for (int c = 0; c <= last; c++) {
        if (c)
            ss_buf_putc(to, ',');
        for (int i = 0; i < 4; i++)
            if (column[i] == c)
                put_cell(cell[i], to);
    }
    ss_buf_putc(to, '\n');
}

/* Copies all lines but those of `value`, and finds the columns. */
static int copy_others(struct ss_str text, struct ss_str value, struct ss_list_columns *columns,
                       struct ss_buf *to)
{
    struct ss_list_entry entry;
    struct ss_str line;
    struct ss_buf scratch;
    unsigned long number = 0;
    int err = 0, same = 0;
    ss_buf_init(&scratch, 1 << 20);
    text = without_mark(text);
    while (err >= 0 && next_line(&text, &line)) {
        number++;
        err = ss_list_line(line, NULL, columns, &scratch, &entry);
        if (err > 0 && ss_str_eq(entry.value, value)) {
            same++;
            continue;
        }
        ss_buf_put(to, line.p, line.n);
        ss_buf_putc(to, '\n');
    }
    ss_buf_free(&scratch);
    if (err < 0)
        return ss_fail_in(err, "line %lu: ", number);
    err = ss_buf_check(to);
    return err ? err : same;
}

int ss_list_edit_remove(struct ss_str text, struct ss_str value, struct ss_buf *to)
{
    struct ss_list_columns columns = {0};
    return copy_others(text, value, &columns, to);
}

int ss_list_edit_put(struct ss_str text, enum ss_list_kind kind, const struct ss_list_entry *entry,
                     struct ss_buf *to)
{
    struct ss_list_columns columns = {0};
    struct ss_list *probe;
    int err = ss_list_new(kind, &probe); /* is it a value of that kind? */
    err = err ? err : ss_list_add(probe, entry);
    ss_list_free(probe);
    if (err)
        return err;
    if (memchr(entry->value.p, '\n', entry->value.n) ||
        (entry->reason.n && memchr(entry->reason.p, '\n', entry->reason.n)))
        return ss_fail(SS_ECONFIG, "a line end in an entry");
    int same = copy_others(text, entry->value, &columns, to);
    if (same < 0)
        return same;
    if (!columns.known) {
        columns = (struct ss_list_columns){true, true, 0, 1, 2, 3};
        ss_buf_puts(to, "value,reason,from,until\n");
    }
    if ((entry->reason.n && columns.reason < 0) ||
        (entry->from_us != SS_LIST_OPEN_FROM && columns.from < 0) ||
        (entry->until_us != SS_LIST_OPEN_UNTIL && columns.until < 0))
        return ss_fail(SS_ECONFIG,
                       "the file has no column for the reason or the span: add `reason`, `from` and "
                       "`until` to its header");
    ss_list_put_line(entry, &columns, to);
    err = ss_buf_check(to);
    return err ? err : same;
}
