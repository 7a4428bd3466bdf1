#include "rule/edit.h"
#include "base/err.h"
#include "rule/line.h"

/* ---- where things stand ---- */

bool ss_rule_find(struct ss_str text, struct ss_str rule, struct ss_rule_span *span)
{
    struct ss_rule_lines lines;
    struct ss_rule_line line;
    size_t above = 0; /* where the comments begin that stand right above */
    bool found = false, commented = false;
    ss_rule_lines_init(&lines, text);
    while (ss_rule_lines_next(&lines, &line)) {
        if (line.kind == SS_LINE_COMMENT) {
            above = commented ? above : line.from;
            commented = true;
            continue;
        }
        if (line.kind == SS_LINE_RULE && found) {
            span->to = commented ? above : line.from;
            return true;
        }
        if (line.kind == SS_LINE_RULE && ss_str_eq(ss_rule_line_name(&line), rule)) {
            *span = (struct ss_rule_span){.from = commented ? above : line.from,
                                          .name = line.from,
                                          .body = line.to,
                                          .line = line.number};
            found = true;
        }
        if (found && line.kind != SS_LINE_BLANK)
            span->body = line.to;
        commented = false;
    }
    if (found)
        span->to = text.n;
    return found;
}

/* The settings in front of the first rule. */
static struct ss_rule_span head_of(struct ss_str text)
{
    struct ss_rule_lines lines;
    struct ss_rule_line line;
    struct ss_rule_span span = {0};
    size_t above = 0;
    bool commented = false;
    ss_rule_lines_init(&lines, text);
    span.from = span.name = span.body = lines.at;
    while (ss_rule_lines_next(&lines, &line)) {
        if (line.kind == SS_LINE_RULE) {
            span.to = commented ? above : line.from;
            return span;
        }
        if (line.kind == SS_LINE_COMMENT) {
            above = commented ? above : line.from;
            commented = true;
            continue;
        }
        if (line.kind != SS_LINE_BLANK)
            span.body = line.to;
        commented = false;
    }
    span.to = text.n;
    return span;
}

/* ---- whole rules ---- */

static void put_range(struct ss_buf *to, struct ss_str text, size_t from, size_t end)
{
    ss_buf_put(to, text.p + from, end - from);
}

static void end_line(struct ss_buf *to)
{
    if (to->n && to->p[to->n - 1] != '\n')
        ss_buf_putc(to, '\n');
}

/* What follows an edit. A line that begins with a blank would go on with the value that stands before it now.
 */
static void put_rest(struct ss_buf *to, struct ss_str text, size_t from)
{
    if (from < text.n && (text.p[from] == ' ' || text.p[from] == '\t') && to->n)
        ss_buf_putc(to, '\n');
    put_range(to, text, from, text.n);
}

static struct ss_str without_margins(struct ss_str block)
{
    while (block.n && strchr(" \t\r\n", block.p[block.n - 1]))
        block.n--;
    while (block.n && (block.p[0] == '\n' || block.p[0] == '\r'))
        block.p++, block.n--;
    return block;
}

int ss_rule_edit_put(struct ss_str text, struct ss_str rule, struct ss_str block, struct ss_buf *to)
{
    struct ss_rule_span span;
    bool found = ss_rule_find(text, rule, &span);
    block = without_margins(block);
    put_range(to, text, 0, found ? span.from : text.n);
    if (!found) {
        end_line(to);
        if (to->n)
            ss_buf_putc(to, '\n');
    }
    ss_buf_put(to, block.p, block.n);
    ss_buf_putc(to, '\n');
    if (found)
        put_rest(to, text, span.body);
    return ss_buf_check(to);
}

int ss_rule_edit_remove(struct ss_str text, struct ss_str rule, struct ss_buf *to)
{
    struct ss_rule_span span;
    bool found = ss_rule_find(text, rule, &span);
    put_range(to, text, 0, found ? span.from : text.n);
    if (found)
        put_rest(to, text, span.to);
    int err = ss_buf_check(to);
    return err ? err : found;
}

/* ---- one setting ---- */

static bool is_expression(const char *key)
{
    return strcmp(key, "when") == 0 || strcmp(key, "reason") == 0 || strcmp(key, "test") == 0;
}

/* "action  critical" is "action critical". */
static bool is_key(struct ss_str text, const char *key)
{
    size_t i = 0;
    for (; *key; key++) {
        if (*key == ' ') {
            size_t from = i;
            while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\t'))
                i++;
            if (i == from)
                return false;
        } else if (i >= text.n || text.p[i++] != *key) {
            return false;
        }
    }
    return i == text.n;
}

/* A setting as it stands: its first line, and where its last one ends. */
struct stated {
    struct ss_rule_line line;
    size_t to;
    bool found;
    struct ss_rule_line model; /* another setting, for the look of a new one */
    bool has_model;
};

static void look_up(struct ss_str text, const struct ss_rule_span *span, const char *key, struct stated *out)
{
    struct ss_rule_lines lines;
    struct ss_rule_line line;
    bool within = false;
    *out = (struct stated){0};
    ss_rule_lines_init(&lines, text);
    while (ss_rule_lines_next(&lines, &line) && line.from < span->to) {
        if (line.from < span->name)
            continue;
        if (line.kind == SS_LINE_MORE && within)
            out->to = line.to;
        if (line.kind == SS_LINE_COMMENT || line.kind == SS_LINE_MORE)
            continue;
        within = line.kind == SS_LINE_SETTING && !out->found && is_key(line.key, key);
        if (within) {
            out->found = true;
            out->line = line;
            out->to = line.to;
        } else if (line.kind == SS_LINE_SETTING && !out->has_model) {
            out->has_model = true;
            out->model = line;
        }
    }
}

/* " # why" behind the old value, with its blanks. */
static struct ss_str comment_of(const struct ss_rule_line *line, const char *key)
{
    struct ss_str value = line->value, none = {NULL, 0};
    for (size_t i = 0; !is_expression(key) && i < value.n; i++) {
        if (value.p[i] != '#' || (i > 0 && value.p[i - 1] != ' ' && value.p[i - 1] != '\t'))
            continue;
        while (i > 0 && (value.p[i - 1] == ' ' || value.p[i - 1] == '\t'))
            i--;
        return (struct ss_str){value.p + i, value.n - i};
    }
    return none;
}

static void put_lines(struct ss_buf *to, struct ss_str value)
{
    value = without_margins(value);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\n')
            ss_buf_puts(to, "\n    ");
        else if (value.p[i] != '\r')
            ss_buf_putc(to, value.p[i]);
    }
}

/* "key" and " = " so that the sign stands below that of the rule's first setting. */
static void put_key(struct ss_buf *to, const char *key, const struct stated *s)
{
    size_t width = strlen(key) + 1;
    ss_buf_puts(to, key);
    ss_buf_putc(to, ' ');
    const char *sign = s->has_model ? memchr(s->model.raw.p, '=', s->model.raw.n) : NULL;
    for (size_t want = sign ? (size_t)(sign - s->model.raw.p) : 0; width < want; width++)
        ss_buf_putc(to, ' ');
    ss_buf_puts(to, "= ");
}

static void put_stated(struct ss_buf *to, const struct stated *s, const char *key, struct ss_str value)
{
    const struct ss_rule_line *line = &s->line;
    struct ss_str comment = comment_of(line, key);
    ss_buf_put(to, line->raw.p, (size_t)(line->value.p - line->raw.p)); /* indent, key and sign */
    if (line->value.n == 0 && to->n && to->p[to->n - 1] == '=')
        ss_buf_putc(to, ' ');
    put_lines(to, value);
    ss_buf_put(to, comment.p, comment.n);
    ss_buf_putc(to, '\n');
}

int ss_rule_edit_set(struct ss_str text, struct ss_str rule, const char *key, struct ss_str value,
                     struct ss_buf *to)
{
    struct ss_rule_span span;
    struct stated s;
    if (!rule.p)
        span = head_of(text);
    else if (!ss_rule_find(text, rule, &span))
        return ss_fail(SS_ENOINPUT, "no rule '%.*s'", rule.n < 100 ? (int)rule.n : 100, rule.p);
    look_up(text, &span, key, &s);
    size_t at = s.found ? s.line.from : span.body;
    put_range(to, text, 0, at);
    if (value.p && s.found) {
        put_stated(to, &s, key, value);
    } else if (value.p) {
        end_line(to);
        put_key(to, key, &s);
        put_lines(to, value);
        ss_buf_putc(to, '\n');
        if (!rule.p && !s.has_model && at < text.n && text.p[at] != '\n')
            ss_buf_putc(to, '\n');
    }
    if (s.found)
        put_range(to, text, s.to, text.n);
    else
        put_rest(to, text, at);
    return ss_buf_check(to);
}

/* ---- columns ---- */

bool ss_rule_place(struct ss_str text, uint32_t setting_line, uint32_t value_column, uint32_t *line,
                   uint32_t *column)
{
    struct ss_rule_lines lines;
    struct ss_rule_line one;
    size_t before = value_column ? value_column - 1 : 0; /* bytes of the value in front of the place */
    bool within = false;
    ss_rule_lines_init(&lines, text);
    while (ss_rule_lines_next(&lines, &one)) {
        struct ss_str part = one.kind == SS_LINE_MORE ? one.text : one.value;
        if (one.number < setting_line || (within && one.kind == SS_LINE_COMMENT))
            continue;
        if (one.kind != (within ? SS_LINE_MORE : SS_LINE_SETTING))
            break;
        within = true;
        *line = one.number;
        *column = (uint32_t)(part.p - one.raw.p + (ptrdiff_t)(before < part.n ? before : part.n)) + 1;
        if (before <= part.n)
            return true;
        before -= part.n + 1; /* and the newline between them */
    }
    return within;
}
