#include "web/fields.h"
#include "base/err.h"
#include "json/cursor.h"

/* Is `name` one of the comma-separated words? */
static bool wanted(struct ss_str words, struct ss_str name)
{
    while (words.n) {
        const char *comma = memchr(words.p, ',', words.n);
        size_t n = comma ? (size_t)(comma - words.p) : words.n;
        if (ss_str_eq(ss_str_trim((struct ss_str){words.p, n}), name))
            return true;
        words = comma ? (struct ss_str){comma + 1, words.n - n - 1} : (struct ss_str){words.p + n, 0};
    }
    return false;
}

/* Copies the object at the cursor with the wanted members only. */
static bool object(struct ss_cursor *c, struct ss_str words, struct ss_buf *to)
{
    struct ss_str key, value;
    bool first = true;
    if (!ss_cursor_take(c, '{'))
        return false;
    ss_buf_putc(to, '{');
    while (ss_cursor_peek(c) == '"') {
        if (!ss_cursor_pair(c, &key, &value))
            return false;
        if (wanted(words, key)) {
            ss_buf_puts(to, first ? "\"" : ",\"");
            ss_buf_put(to, key.p, key.n);
            ss_buf_puts(to, "\":");
            ss_buf_put(to, value.p, value.n);
            first = false;
        }
        ss_cursor_take(c, ',');
    }
    ss_buf_putc(to, '}');
    return ss_cursor_take(c, '}');
}

static bool items(struct ss_str list, struct ss_str words, struct ss_buf *to)
{
    struct ss_cursor c = {list.p, list.p + list.n};
    bool first = true;
    if (!ss_cursor_take(&c, '['))
        return false;
    ss_buf_putc(to, '[');
    while (ss_cursor_peek(&c) == '{') {
        if (!first)
            ss_buf_putc(to, ',');
        first = false;
        if (!object(&c, words, to))
            return false;
        ss_cursor_take(&c, ',');
    }
    ss_buf_putc(to, ']');
    return ss_cursor_peek(&c) == ']';
}

int ss_fields_apply(struct ss_call *call)
{
    struct ss_str words = ss_query(call, "fields");
    struct ss_buf *body = &call->res.body;
    if (!words.p || strcmp(call->res.type, "application/json") != 0 || body->n == 0 || body->p[0] != '{')
        return 0;
    struct ss_str whole = ss_call_copy(call, (struct ss_str){body->p, body->n});
    struct ss_str list = ss_cursor_member(whole, "items");
    struct ss_cursor c = {whole.p, whole.p + whole.n};
    ss_buf_reset(body);
    if (!list.p || list.p[0] != '[')
        return object(&c, words, body) ? ss_buf_check(body) : ss_fail(SS_EBUG, "an answer is no JSON object");
    /* What stands around the items stays. */
    ss_buf_put(body, whole.p, (size_t)(list.p - whole.p));
    if (!items(list, words, body))
        return ss_fail(SS_EBUG, "items are no objects");
    ss_buf_put(body, list.p + list.n, (size_t)(whole.p + whole.n - list.p) - list.n);
    return ss_buf_check(body);
}
