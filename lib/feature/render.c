#include "base/err.h"
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

/* Most features are null, a flag or a count: those below a thousand are copied from a table, without a branch
 * on how many digits they have. */
static inline char *put_number(const struct ss_feature_plan *plan, char *to, double v)
{
    uint32_t u = v < SS_RENDER_SMALL ? (uint32_t)(int)v : SS_RENDER_SMALL;
    if (SS_LIKELY(u < SS_RENDER_SMALL && (double)u == v)) {
        memcpy(to, plan->small[u].text, 4);
        return to + plan->small[u].text[3];
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
    for (uint32_t i = 0; i < plan->codes; i++)
        most += row->text[plan->code[i].feature].n * 6 + 2;
    char *start = ss_buf_room(scratch, most), *to = start;
    if (!start)
        return (struct ss_str){NULL, 0};
    memcpy(to, plan->head, plan->head_len);
    to += plan->head_len;
    const struct ss_plan_fragment *key = plan->key, *end = key + names->n;
    const double *num = row->num;
    for (; key != end; key++, num++) {
        if (SS_LIKELY(key->n <= SS_RENDER_PAD))
            memcpy(to, key->start, SS_RENDER_PAD); /* two moves; what is too much is written over */
        else
            memcpy(to, key->text, key->n);
        to += key->n;
        if (SS_UNLIKELY(key->is_text) && row->text[num - row->num].p)
            to = put_text(to, row->text[num - row->num]);
        else
            to = put_number(plan, to, *num);
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

int ss_row_finish(const struct ss_feature_plan *plan, struct ss_record *rec, struct ss_row *row,
                  struct ss_buf *scratch, struct ss_arena *arena, bool *late)
{
    *late = false;
    for (uint32_t g = 0; g < plan->groups; g++)
        *late |= ss_row_late(plan, row)[g];
    struct ss_features *features = ss_arena_alloc(arena, sizeof *features);
    struct ss_str json = ss_row_render(plan, row, *late, scratch, arena);
    if (!features || !json.p)
        return SS_ENOMEM;
    *features = (struct ss_features){&plan->names, row->num, row->text, *late};
    rec->features = features;
    ss_record_set(rec, SS_FEATURES, json);
    return 0;
}
