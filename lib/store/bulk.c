#include "store/bulk.h"
#include "base/err.h"
#include "base/hash.h"
#include "store/wire.h"
#include <stdlib.h>

static void names(const struct ss_bulk *bulk, struct ss_buf *text)
{
    for (int i = 0; i < bulk->columns; i++)
        ss_buf_printf(text, "%s%s", i ? ", " : "", bulk->column[i]);
}

static int column_of(const struct ss_bulk *bulk, struct ss_str name)
{
    for (int i = 0; i < bulk->columns; i++)
        if (ss_str_is(name, bulk->column[i]))
            return i;
    return -1;
}

/* `update` as a statement of its own: excluded.NAME becomes the parameter of that column. */
static int update_sql(const struct ss_bulk *bulk, struct ss_buf *text)
{
    int key[SS_BULK_KEYS], keys = ss_bulk_keys(bulk, key);
    const struct ss_str excluded = SS_STR("excluded.");
    ss_buf_printf(text, "UPDATE %s AS t SET ", bulk->table);
    for (const char *at = bulk->update; *at;) {
        if (strncmp(at, excluded.p, excluded.n) != 0) {
            ss_buf_putc(text, *at++);
            continue;
        }
        at += excluded.n;
        size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
        int column = column_of(bulk, (struct ss_str){at, n});
        if (column < 0)
            return ss_fail(SS_EBUG, "no such column: excluded.%.*s", (int)n, at);
        ss_buf_printf(text, "$%d", column + 1);
        at += n;
    }
    for (int i = 0; i < keys; i++)
        ss_buf_printf(text, "%s%s = $%d", i ? " AND " : " WHERE ", bulk->column[key[i]], key[i] + 1);
    return keys < 0 ? keys : ss_buf_check(text);
}

int ss_bulk_sql(const struct ss_bulk *bulk, enum ss_bulk_text kind, bool tell, struct ss_buf *text)
{
    ss_buf_reset(text);
    if (kind == SS_BULK_UPDATE)
        return update_sql(bulk, text);
    if (kind == SS_BULK_COPY) {
        ss_buf_printf(text, "SAVEPOINT ss_copy;COPY %s (", bulk->table);
        names(bulk, text);
        ss_buf_puts(text, ") FROM STDIN (FORMAT binary);RELEASE SAVEPOINT ss_copy");
        return ss_buf_check(text);
    }
    ss_buf_printf(text, "INSERT INTO %s AS t (", bulk->table);
    names(bulk, text);
    ss_buf_puts(text, kind == SS_BULK_VALUES ? ") VALUES (" : ") SELECT * FROM unnest(");
    for (int i = 0; i < bulk->columns; i++)
        ss_buf_printf(text, "%s$%d%s%s", i ? ", " : "", i + 1, kind == SS_BULK_ARRAYS ? "::" : "",
                      kind == SS_BULK_ARRAYS ? ss_wire_array(bulk->type[i]) : "");
    ss_buf_printf(text, ") ON CONFLICT (%s) DO ", bulk->key);
    if (bulk->update)
        ss_buf_printf(text, "UPDATE SET %s", bulk->update);
    else
        ss_buf_puts(text, "NOTHING");
    if (tell)
        ss_buf_printf(text, " RETURNING %s", bulk->key);
    return ss_buf_check(text);
}

int ss_bulk_keys(const struct ss_bulk *bulk, int key[SS_BULK_KEYS])
{
    int n = 0;
    for (const char *p = bulk->key; *p; p += strspn(p, ", ")) {
        struct ss_str name = {p, strcspn(p, ", ")};
        int column = 0;
        while (column < bulk->columns && !ss_str_is(name, bulk->column[column]))
            column++;
        if (column == bulk->columns || n == SS_BULK_KEYS)
            return ss_fail(SS_EBUG, "the key '%s' of '%s' is not among the columns", bulk->key, bulk->table);
        key[n++] = column;
        p += name.n;
    }
    return n;
}

int ss_bulk_check(const struct ss_bulk *bulk, const struct ss_arg *args, size_t n)
{
    for (size_t at = 0; at < n * (size_t)bulk->columns; at++) {
        const struct ss_arg *a = &args[at];
        size_t column = at % (size_t)bulk->columns;
        enum ss_arg_type want = bulk->type[column];
        if (a->type == SS_ARG_TEXT && a->s.n && memchr(a->s.p, '\0', a->s.n))
            return ss_fail(SS_EDATA, "a text for '%s.%s' holds a NUL", bulk->table, bulk->column[column]);
        if (a->type != SS_ARG_NULL && a->type != want && !(a->type == SS_ARG_INT && want == SS_ARG_REAL))
            return ss_fail(SS_EBUG, "a value for '%s.%s' has another type", bulk->table,
                           bulk->column[column]);
    }
    return 0;
}

size_t ss_bulk_slice(const struct ss_bulk *bulk, const struct ss_arg *args, size_t n, size_t rows,
                     size_t bytes)
{
    size_t row = 0, size = 0;
    for (; row < n && row < rows; row++) {
        for (int i = 0; i < bulk->columns; i++)
            size += 12 + args[row * (size_t)bulk->columns + (size_t)i].s.n;
        if (row && size > bytes)
            break;
    }
    return row;
}

/* ---- keys ---- */

static uint64_t hash_of(const struct ss_arg *row, const int *key, int keys, bool *null)
{
    uint64_t hash = 0;
    *null = false;
    for (int i = 0; i < keys; i++) {
        const struct ss_arg *a = &row[key[i]];
        uint64_t bits = ss_wire_bits(a);
        *null |= a->type == SS_ARG_NULL;
        hash = a->s.p ? ss_hash64_seed(a->s.p, a->s.n, hash) : ss_hash64_seed(&bits, sizeof bits, hash);
    }
    return hash;
}

static bool same(const struct ss_arg *a, const struct ss_arg *b, const int *key, int keys)
{
    for (int i = 0; i < keys; i++) {
        const struct ss_arg *x = &a[key[i]], *y = &b[key[i]];
        if (x->s.p ? !ss_str_eq(x->s, y->s) : ss_wire_bits(x) != ss_wire_bits(y))
            return false;
    }
    return true;
}

int ss_bulk_firsts(const struct ss_bulk *bulk, const struct ss_arg *args, size_t n, bool *first)
{
    int key[SS_BULK_KEYS], keys = ss_bulk_keys(bulk, key);
    size_t slots = 16;
    while (slots < 2 * n)
        slots *= 2;
    uint32_t *slot = keys > 0 ? calloc(slots, sizeof *slot) : NULL; /* row + 1 */
    if (!slot)
        return keys < 0 ? keys : ss_fail(SS_ENOMEM, "out of memory");
    for (size_t row = 0; row < n; row++) {
        const struct ss_arg *own = args + row * (size_t)bulk->columns;
        bool null;
        size_t at = hash_of(own, key, keys, &null) & (slots - 1);
        first[row] = true;
        while (!null && slot[at] && first[row]) {
            first[row] = !same(own, args + (slot[at] - 1) * (size_t)bulk->columns, key, keys);
            at = (at + 1) & (slots - 1);
        }
        if (!null && first[row])
            slot[at] = (uint32_t)row + 1;
    }
    free(slot);
    return 0;
}
