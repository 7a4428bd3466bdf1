#include "web/formula.h"
#include "base/number.h"

bool ss_is_formula(struct ss_str text)
{
    double number;
    return text.n && memchr("=+-@\t\r\n", text.p[0], 7) && !ss_double_parse(text.p, text.n, &number);
}

/* With apostrophes before it or without. */
static bool is_formula_within(struct ss_str text)
{
    while (text.n && text.p[0] == '\'')
        text = (struct ss_str){text.p + 1, text.n - 1};
    return ss_is_formula(text);
}

struct ss_str ss_formula_guarded(struct ss_str text, struct ss_buf *room)
{
    if (!is_formula_within(text))
        return text;
    ss_buf_reset(room);
    ss_buf_putc(room, '\'');
    ss_buf_put(room, text.p, text.n);
    return (struct ss_str){room->p, room->n};
}

struct ss_str ss_formula_bare(struct ss_str text)
{
    bool guarded = text.n && text.p[0] == '\'' && is_formula_within(text);
    return guarded ? (struct ss_str){text.p + 1, text.n - 1} : text;
}
