#include "base/number.h"
#include "feature/row.h"
#include <math.h>

/* A text value as JSON: escapes are rare and made here, since the field's own bytes may be a number's. */
static void put_text(struct ss_buf *buf, struct ss_str text)
{
    static const char hex[] = "0123456789abcdef";
    ss_buf_putc(buf, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        char escaped[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        if (c < 0x20) {
            ss_buf_put(buf, escaped, 6);
            continue;
        }
        if (c == '"' || c == '\\')
            ss_buf_putc(buf, '\\');
        ss_buf_putc(buf, (char)c);
    }
    ss_buf_putc(buf, '"');
}

/* Most features are counts and flags. */
static char *put_number(char *to, double v)
{
    if (v >= 0 && v < 1000000) {
        uint32_t u = (uint32_t)v;
        if ((double)u == v) {
            char tmp[8];
            int n = 0;
            do
                tmp[n++] = (char)('0' + u % 10);
            while (u /= 10);
            while (n)
                *to++ = tmp[--n];
            return to;
        }
    }
    return to + ss_double_print(v, to);
}

struct ss_str ss_row_render(const struct ss_feature_plan *plan, const struct ss_row *row, bool late,
                            struct ss_buf *scratch, struct ss_arena *arena)
{
    const struct ss_feature_names *names = &plan->names;
    ss_buf_reset(scratch);
    ss_buf_put(scratch, "{\"set\":\"", 8);
    ss_buf_put(scratch, names->set, 8);
    ss_buf_putc(scratch, '"');
    for (uint32_t i = 0; i < names->n; i++) {
        struct ss_str name = names->name[i];
        char *to = ss_buf_room(scratch, name.n + 4 + SS_NUMBER_MAX);
        if (!to)
            break;
        *to++ = ',';
        *to++ = '"';
        memcpy(to, name.p, name.n);
        to += name.n;
        *to++ = '"';
        *to++ = ':';
        bool text = names->is_text[i] && row->text[i].p;
        if (!text)
            to = put_number(to, row->num[i]);
        scratch->n = (size_t)(to - scratch->p);
        if (text)
            put_text(scratch, row->text[i]);
    }
    if (late)
        ss_buf_puts(scratch, ",\"late\":true");
    ss_buf_putc(scratch, '}');
    char *copy = ss_buf_check(scratch) < 0 ? NULL : ss_arena_copy(arena, scratch->p, scratch->n);
    return (struct ss_str){copy, copy ? scratch->n : 0};
}
