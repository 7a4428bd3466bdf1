#include "base/number.h"
#include "feature/row.h"
#include <math.h>

/* A text value as JSON: at most six bytes a byte, and quotes. */
static char *put_text(char *to, struct ss_str text)
{
    static const char hex[] = "0123456789abcdef";
    *to++ = '"';
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20) {
            const char escaped[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            memcpy(to, escaped, 6);
            to += 6;
            continue;
        }
        if (c == '"' || c == '\\')
            *to++ = '\\';
        *to++ = (char)c;
    }
    *to++ = '"';
    return to;
}

/* Most features are null, a flag or a small count. */
static inline char *put_number(char *to, double v)
{
    int u = v >= 0 && v < 10 ? (int)v : -1;
    if (SS_LIKELY((double)u == v && u >= 0)) {
        *to = (char)('0' + u);
        return to + 1;
    }
    if (isnan(v)) {
        memcpy(to, "null", 4);
        return to + 4;
    }
    return to + ss_double_print(v, to);
}

struct ss_str ss_row_render(const struct ss_feature_plan *plan, const struct ss_row *row, bool late,
                            struct ss_buf *scratch, struct ss_arena *arena)
{
    const struct ss_feature_names *names = &plan->names;
    size_t most = plan->head_len + plan->keys_len + names->n * (size_t)(SS_NUMBER_MAX + SS_RENDER_PAD) + 32;
    ss_buf_reset(scratch);
    for (uint32_t i = 0; row->text && i < names->n; i++)
        most += row->text[i].n * 6 + 2;
    char *start = ss_buf_room(scratch, most), *to = start;
    if (!start)
        return (struct ss_str){NULL, 0};
    memcpy(to, plan->head, plan->head_len);
    to += plan->head_len;
    for (uint32_t i = 0; i < names->n; i++) {
        const struct ss_plan_fragment *key = &plan->key[i];
        if (SS_LIKELY(key->n <= SS_RENDER_PAD))
            memcpy(to, key->p,
                   SS_RENDER_PAD); /* a fixed size is two moves; what is too much is written over */
        else
            memcpy(to, key->p, key->n);
        to += key->n;
        if (names->is_text[i] && row->text[i].p)
            to = put_text(to, row->text[i]);
        else
            to = put_number(to, row->num[i]);
    }
    if (late) {
        memcpy(to, ",\"late\":true", 12);
        to += 12;
    }
    *to++ = '}';
    size_t n = (size_t)(to - start);
    char *copy = ss_arena_copy(arena, start, n);
    return (struct ss_str){copy, copy ? n : 0};
}
