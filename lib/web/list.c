#include "base/number.h"
#include "base/utf8.h"
#include "json/write.h"
#include "web/web.h"

#define CURSOR_MAX 2048

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next field of a cursor's text: up to a NUL. */
static bool field_of(struct ss_str *rest, struct ss_str *field)
{
    const char *end = rest->n ? memchr(rest->p, 0, rest->n) : NULL;
    if (!end)
        return false;
    *field = (struct ss_str){rest->p, (size_t)(end - rest->p)};
    *rest = (struct ss_str){end + 1, rest->n - field->n - 1};
    return true;
}

/* "SORT NUL KEY NUL TEXT NUL TIE NUL", in hexadecimal. */
static bool read_cursor(struct ss_call *call, struct ss_str hex, struct ss_str sort, struct ss_page *page)
{
    if (hex.n % 2 || hex.n > CURSOR_MAX)
        return false;
    char *to = ss_arena_alloc(&call->arena, hex.n / 2 + 1);
    if (!to)
        return false;
    for (size_t i = 0; i < hex.n; i += 2) {
        int high = nibble(hex.p[i]), low = nibble(hex.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i / 2] = (char)(high * 16 + low);
    }
    struct ss_str rest = {to, hex.n / 2}, own, key;
    return field_of(&rest, &own) && ss_str_eq(own, sort) && field_of(&rest, &key) &&
           ss_int_parse(key.p, key.n, &page->key) && field_of(&rest, &page->text) &&
           field_of(&rest, &page->tie) && rest.n == 0 && ss_utf8_is_text(page->text) &&
           ss_utf8_is_text(page->tie);
}

static bool read_sort(struct ss_call *call, struct ss_str sort, const char *const *sorts,
                      struct ss_page *page)
{
    bool down = sort.n && sort.p[0] == '-';
    struct ss_str word = {sort.p + down, sort.n - down};
    for (int i = 0; sorts[i]; i++) {
        if (ss_str_is(word, sorts[i] + (sorts[i][0] == '-'))) {
            page->sort = i;
            page->down = down;
            return true;
        }
    }
    ss_fault(call, "sort", "is not one of the orders of this list, such as %s", sorts[0]);
    return false;
}

bool ss_page_read(struct ss_call *call, const char *const *sorts, struct ss_page *page)
{
    memset(page, 0, sizeof *page);
    page->default_sort = sorts[0];
    bool good = ss_query_int(call, "limit", SS_LIMIT_DEFAULT, 1, SS_LIMIT_MAX, &page->limit);
    struct ss_str sort = ss_query(call, "sort"), cursor = ss_query(call, "cursor");
    if (!sort.p)
        sort = ss_str_of(sorts[0]);
    if (!read_sort(call, sort, sorts, page))
        return false;
    if (cursor.p) {
        page->has_cursor = read_cursor(call, cursor, sort, page);
        if (!page->has_cursor) {
            ss_fault(call, "cursor", "is damaged, or of another order of the list");
            good = false;
        }
    }
    return good;
}

void ss_page_begin(struct ss_call *call)
{
    ss_buf_puts(&call->res.body, "{\"items\":[");
}

void ss_page_item(struct ss_call *call)
{
    ss_json_next(&call->res.body);
}

static void put_hex(struct ss_buf *to, const char *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ss_buf_putc(to, digits[(unsigned char)p[i] >> 4]);
        ss_buf_putc(to, digits[p[i] & 15]);
    }
    ss_buf_puts(to, "00");
}

void ss_page_end(struct ss_call *call, const struct ss_page *page, bool more, int64_t key, struct ss_str text,
                 struct ss_str tie)
{
    struct ss_buf *to = &call->res.body;
    ss_buf_puts(to, "],\"next\":");
    if (more) {
        struct ss_str sort = ss_query(call, "sort");
        char number[SS_NUMBER_MAX];
        ss_buf_putc(to, '"');
        if (!sort.p)
            sort = ss_str_of(page->default_sort);
        put_hex(to, sort.p, sort.n);
        put_hex(to, number, ss_int_print(key, number));
        put_hex(to, text.p, text.n);
        put_hex(to, tie.p, tie.n);
        ss_buf_puts(to, "\"}");
    } else {
        ss_buf_puts(to, "null}");
    }
}
