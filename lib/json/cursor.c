#include "json/cursor.h"

bool ss_cursor_string(struct ss_cursor *c, struct ss_str *raw)
{
    if (!ss_cursor_take(c, '"'))
        return false;
    const char *start = c->p, *quote;
    while ((quote = memchr(c->p, '"', (size_t)(c->end - c->p))) != NULL) {
        const char *slash = quote;
        while (slash > c->p && slash[-1] == '\\')
            slash--;
        c->p = quote + 1;
        if ((quote - slash) % 2 == 0) { /* an even number of backslashes escapes itself only */
            *raw = (struct ss_str){start, (size_t)(quote - start)};
            return true;
        }
    }
    c->p = c->end;
    return false;
}

bool ss_cursor_value(struct ss_cursor *c, struct ss_str *text)
{
    struct ss_str skipped;
    size_t depth = 0;
    ss_cursor_peek(c);
    const char *start = c->p;
    while (c->p < c->end) {
        char ch = *c->p;
        if (ch == '"') {
            if (!ss_cursor_string(c, &skipped))
                return false;
            continue;
        }
        if (depth == 0 && (ch == ',' || ch == '}' || ch == ']'))
            break;
        depth += ch == '{' || ch == '[';
        depth -= ch == '}' || ch == ']';
        c->p++;
    }
    *text = ss_str_trim((struct ss_str){start, (size_t)(c->p - start)});
    return depth == 0 && text->n > 0;
}

struct ss_str ss_cursor_member(struct ss_str json, const char *key)
{
    struct ss_str name, val;
    if (json.n == 0) /* p may be NULL, to which not even nothing may be added */
        return (struct ss_str){NULL, 0};
    struct ss_cursor c = {json.p, json.p + json.n};
    if (!ss_cursor_take(&c, '{'))
        return (struct ss_str){NULL, 0};
    do {
        if (!ss_cursor_pair(&c, &name, &val))
            break;
        if (ss_str_is(name, key))
            return val;
    } while (ss_cursor_take(&c, ','));
    return (struct ss_str){NULL, 0};
}
