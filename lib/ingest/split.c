#include "ingest/split.h"
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool may_grow(const struct ss_split *s, size_t from)
{
    return !s->last && !(s->full && from == 0) && s->n - from <= s->max_record + 1;
}

static enum ss_split_found dry(const struct ss_split *s)
{
    return s->last ? SS_SPLIT_END : SS_SPLIT_MORE;
}

static const char *line_end(const struct ss_split *s, size_t from)
{
    return memchr(s->p + from, '\n', s->n - from);
}

/* Gives up the line at `from`: its text, or the first max_record bytes of it. */
static enum ss_split_found give_up(struct ss_split *s, size_t from, struct ss_split_text *text)
{
    const char *lf = line_end(s, from);
    if (!lf && may_grow(s, from))
        return SS_SPLIT_MORE;
    size_t end = lf ? (size_t)(lf - s->p) : s->n;
    *text = (struct ss_split_text){from, end - from, s->line};
    s->at = end + (lf != NULL);
    s->line += lf != NULL;
    s->skipping = !lf && !s->last;
    s->lost = s->array;
    if (text->len <= s->max_record)
        return s->skipping ? SS_SPLIT_TOO_LONG : SS_SPLIT_BROKEN;
    text->len = s->max_record;
    return SS_SPLIT_TOO_LONG;
}

/* Over the blanks, and inside arrays the commas, at `at`. False at the window's end. */
static bool skip_blanks(struct ss_split *s)
{
    for (; s->at < s->n; s->at++) {
        char c = s->p[s->at];
        s->line += c == '\n';
        if (!is_blank(c) && !(s->array && c == ','))
            return true;
    }
    return false;
}

enum element { WHOLE, PARTIAL, MISMATCHED };

/* The end of the string whose quote is at i; n when it is not there. *bad: a line ends inside it. */
static size_t string_end(const struct ss_split *s, size_t i, bool *bad)
{
    for (i++; i < s->n; i++) {
        char c = s->p[i];
        if (c == '"')
            return i;
        if (c == '\n') {
            *bad = true;
            return i;
        }
        i += c == '\\';
    }
    return s->n;
}

/* Finds the end of the element at `at`: an object, an array, or anything up to a comma, bracket or line end.
 */
static enum element element_end(const struct ss_split *s, size_t *end, uint64_t *lines)
{
    size_t depth = 0, i = s->at;
    bool bad = false;
    *lines = 0;
    for (; i < s->n && i - s->at <= s->max_record; i++) {
        char c = s->p[i];
        if (c == '"') {
            i = string_end(s, i, &bad);
            if (bad)
                return MISMATCHED;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (depth && (c == '}' || c == ']')) {
            if (--depth == 0) {
                *end = i + 1;
                return WHOLE;
            }
        } else if (!depth && (c == ',' || c == ']' || c == '\n')) {
            *end = i;
            return WHOLE;
        }
        *lines += c == '\n';
    }
    *end = s->n;
    return PARTIAL;
}

static enum ss_split_found next_element(struct ss_split *s, struct ss_split_text *text)
{
    size_t end;
    uint64_t lines;
    enum element found = element_end(s, &end, &lines);
    if (found == PARTIAL && may_grow(s, s->at))
        return SS_SPLIT_MORE;
    if (found == PARTIAL && s->last && s->p[s->at] != '{' && s->p[s->at] != '[')
        found = WHOLE;
    if (found != WHOLE || end - s->at > s->max_record)
        return give_up(s, s->at, text);
    *text = (struct ss_split_text){s->at, end - s->at, s->line};
    s->at = end;
    s->line += lines;
    return SS_SPLIT_TEXT;
}

/* Behind a broken element: lines that do not begin with one are its remains. */
static bool find_element(struct ss_split *s, bool *more)
{
    *more = false;
    while (s->at < s->n) {
        size_t i = s->at;
        while (i < s->n && (is_blank(s->p[i]) || s->p[i] == '}' || s->p[i] == ',') && s->p[i] != '\n')
            i++;
        if (i < s->n && s->p[i] == '{') {
            s->at = i;
            s->lost = false;
            return true;
        }
        const char *lf = line_end(s, i < s->n ? i : s->at);
        if (!lf && may_grow(s, s->at)) {
            *more = true;
            return false;
        }
        s->at = lf ? (size_t)(lf - s->p) + 1 : s->n;
        s->line += lf != NULL;
        s->skipping = !lf && !s->last;
    }
    return false;
}

static enum ss_split_found next_line(struct ss_split *s, struct ss_split_text *text)
{
    const char *lf = line_end(s, s->at);
    if (!lf && may_grow(s, s->at))
        return SS_SPLIT_MORE;
    size_t end = lf ? (size_t)(lf - s->p) : s->n;
    if (end - s->at > s->max_record + 1 || (!lf && !s->last))
        return give_up(s, s->at, text);
    size_t len = end - s->at;
    while (len && is_blank(s->p[s->at + len - 1]))
        len--;
    if (len > s->max_record)
        return give_up(s, s->at, text);
    *text = (struct ss_split_text){s->at, len, s->line};
    s->at = end + (lf != NULL);
    s->line += lf != NULL;
    return SS_SPLIT_TEXT;
}

enum ss_split_found ss_split_next(struct ss_split *s, struct ss_split_text *text)
{
    for (;;) {
        if (s->skipping) {
            const char *lf = line_end(s, s->at);
            s->at = lf ? (size_t)(lf - s->p) + 1 : s->n;
            s->line += lf != NULL;
            s->skipping = !lf && !s->last;
        }
        bool more;
        if (s->lost && !find_element(s, &more))
            return more ? SS_SPLIT_MORE : dry(s);
        if (!skip_blanks(s))
            return dry(s);
        char c = s->p[s->at];
        if (s->array && c == ']') {
            s->array = false;
            s->at++;
        } else if (!s->array && c == '[') {
            s->array = true;
            s->at++;
        } else {
            return s->array ? next_element(s, text) : next_line(s, text);
        }
    }
}
