#include "record/record.h"
#include "base/number.h"
#include <math.h>

static const char *const level_names[SS_LEVELS] = {"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"};

const char *ss_level_name(enum ss_level level)
{
    return level_names[level];
}

int ss_level_of(struct ss_str name)
{
    for (int i = 0; i < SS_LEVELS; i++)
        if (ss_str_is(name, level_names[i]))
            return i;
    return -1;
}

struct ss_str ss_record_text(const struct ss_record *rec, int slot, struct ss_arena *arena)
{
    const struct ss_field *f = &rec->field[slot];
    if (f->type <= SS_JSON_NULL)
        return (struct ss_str){NULL, 0};
    if (f->type != SS_JSON_STRING)
        return (struct ss_str){f->val, f->len};
    return ss_json_unescape((struct ss_str){f->val + 1, f->len - 2}, arena);
}

double ss_record_number(const struct ss_record *rec, int slot)
{
    const struct ss_field *f = &rec->field[slot];
    struct ss_str s = {f->val, f->len};
    double d;
    switch (f->type) {
    case SS_JSON_TRUE: return 1;
    case SS_JSON_FALSE: return 0;
    case SS_JSON_STRING: s = (struct ss_str){f->val + 1, f->len - 2}; break;
    case SS_JSON_NUMBER: break;
    default: return NAN;
    }
    return ss_double_parse(s.p, s.n, &d) ? d : NAN;
}

int ss_record_label(const struct ss_record *rec)
{
    double d = ss_record_number(rec, SS_LABEL);
    if (d == 0 || d == 1)
        return (int)d;
    const struct ss_field *f = &rec->field[SS_LABEL];
    struct ss_str s =
        f->type == SS_JSON_STRING ? (struct ss_str){f->val + 1, f->len - 2} : (struct ss_str){"", 0};
    if (ss_str_is(s, "true"))
        return 1;
    return ss_str_is(s, "false") ? 0 : -1;
}

bool ss_record_is_label(const struct ss_record *rec)
{
    const struct ss_field *f = &rec->field[SS_TYPE];
    return f->type == SS_JSON_STRING && f->len == 7 && memcmp(f->val, "\"label\"", 7) == 0;
}

void ss_record_set(struct ss_record *rec, enum ss_slot slot, struct ss_str json)
{
    uint8_t m = (uint8_t)(slot - SS_FIRST_MEMBER), kept = 0;
    for (uint8_t i = 0; i < rec->n_set; i++)
        if (rec->order[i] != m)
            rec->order[kept++] = rec->order[i];
    rec->order[kept++] = m;
    rec->n_set = kept;
    rec->member[m] = json;
}

struct ss_str ss_record_member(const struct ss_record *rec, enum ss_slot slot)
{
    struct ss_str set = rec->member[slot - SS_FIRST_MEMBER];
    if (set.p)
        return set;
    for (uint8_t i = 0; i < rec->n_set; i++) /* taken away */
        if (rec->order[i] == slot - SS_FIRST_MEMBER)
            return set;
    const struct ss_field *f = &rec->field[slot];
    return f->type == SS_JSON_ABSENT ? (struct ss_str){NULL, 0} : (struct ss_str){f->val, f->len};
}

void ss_record_reject(struct ss_record *rec, const char *by, const char *reason)
{
    rec->fate = SS_REJECT;
    rec->rejected_by = by;
    rec->reason = reason;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Appends text[from..to) without the replaced members, each taken out with the comma that belongs to it. */
static void write_kept(const struct ss_record *rec, uint32_t end, struct ss_buf *to)
{
    uint32_t cut_from[SS_MEMBERS], cut_to[SS_MEMBERS], n = 0, from = 0;
    for (uint8_t i = 0; i < rec->n_set; i++) {
        const struct ss_field *f = &rec->field[SS_FIRST_MEMBER + rec->order[i]];
        if (f->type == SS_JSON_ABSENT)
            continue;
        uint32_t a = f->member_at, b = (uint32_t)(f->val - rec->text) + f->len, k = n++;
        for (; k > 0 && cut_from[k - 1] > a; k--) { /* few: keep them sorted */
            cut_from[k] = cut_from[k - 1];
            cut_to[k] = cut_to[k - 1];
        }
        cut_from[k] = a;
        cut_to[k] = b;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t a = cut_from[i], b = cut_to[i];
        while (b < end && is_blank(rec->text[b]))
            b++;
        if (rec->text[b] == ',') { /* not the last: the comma behind it goes */
            b++;
        } else {
            b = cut_to[i];
            ss_buf_put(to, rec->text + from, a - from);
            while (to->n && is_blank(to->p[to->n - 1]))
                to->n--;
            if (to->n && to->p[to->n - 1] == ',') /* the last of several: the comma before it goes */
                to->n--;
            from = b;
            continue;
        }
        ss_buf_put(to, rec->text + from, a - from);
        from = b;
    }
    ss_buf_put(to, rec->text + from, end - from);
}

void ss_record_write(const struct ss_record *rec, struct ss_buf *to)
{
    if (rec->n_set == 0) {
        ss_buf_put(to, rec->text, rec->len);
        ss_buf_putc(to, '\n');
        return;
    }
    uint32_t end = rec->len;
    while (end && rec->text[end - 1] != '}')
        end--;
    size_t start = to->n;
    write_kept(rec, end - 1, to);
    size_t last = to->n;
    while (last > start && is_blank(to->p[last - 1]))
        last--;
    bool empty = last == start || to->p[last - 1] == '{';
    if (empty)
        to->n = last; /* blanks alone between the braces go, so that a second pass changes nothing */
    for (uint8_t i = 0; i < rec->n_set; i++) {
        struct ss_str m = rec->member[rec->order[i]];
        const char *name = ss_slot_name((enum ss_slot)(SS_FIRST_MEMBER + rec->order[i]));
        if (!m.p)
            continue; /* taken away */
        if (!empty)
            ss_buf_putc(to, ',');
        empty = false;
        ss_buf_putc(to, '"');
        ss_buf_puts(to, name);
        ss_buf_put(to, "\":", 2);
        ss_buf_put(to, m.p, m.n);
    }
    ss_buf_put(to, "}\n", 2);
}
