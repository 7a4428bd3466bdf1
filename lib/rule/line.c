#include "rule/line.h"
#include "rule/setting.h"

void ss_rule_lines_init(struct ss_rule_lines *lines, struct ss_str whole)
{
    *lines = (struct ss_rule_lines){.whole = whole};
    if (whole.n >= 3 && memcmp(whole.p, "\xef\xbb\xbf", 3) == 0)
        lines->at = 3;
}

bool ss_rule_is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

/* "key = value", where key is one word or "list NAME" and the like. */
static bool split_setting(struct ss_str line, struct ss_str *key, struct ss_str *value)
{
    const char *eq = memchr(line.p, '=', line.n);
    if (!eq)
        return false;
    *key = ss_str_trim((struct ss_str){line.p, (size_t)(eq - line.p)});
    *value = ss_str_trim((struct ss_str){eq + 1, line.n - (size_t)(eq - line.p) - 1});
    for (size_t i = 0; i < key->n; i++)
        if (!ss_rule_is_name_char(key->p[i]) && key->p[i] != ' ' && key->p[i] != '\t')
            return false;
    return key->n > 0 && !(eq + 1 < line.p + line.n && eq[1] == '=');
}

static enum ss_rule_line_kind kind_of(const struct ss_rule_lines *lines, struct ss_rule_line *line)
{
    bool indented = line->raw.n && (line->raw.p[0] == ' ' || line->raw.p[0] == '\t');
    if (line->text.n == 0)
        return SS_LINE_BLANK;
    if (line->text.p[0] == '#')
        return SS_LINE_COMMENT;
    bool setting = split_setting(line->text, &line->key, &line->value);
    if (indented && lines->open && !(setting && ss_rule_setting_known(line->key)))
        return SS_LINE_MORE;
    if (line->text.p[0] == '[')
        return SS_LINE_RULE;
    return setting ? SS_LINE_SETTING : SS_LINE_WRONG;
}

bool ss_rule_lines_next(struct ss_rule_lines *lines, struct ss_rule_line *line)
{
    if (lines->at >= lines->whole.n)
        return false;
    const char *p = lines->whole.p + lines->at;
    size_t left = lines->whole.n - lines->at;
    const char *end = memchr(p, '\n', left);
    size_t n = end ? (size_t)(end - p) : left;
    *line = (struct ss_rule_line){.raw = {p, n}, .number = ++lines->number, .from = lines->at};
    line->text = ss_str_trim(line->raw);
    lines->at += n + (end != NULL);
    line->to = lines->at;
    line->kind = kind_of(lines, line);
    if (line->kind != SS_LINE_COMMENT && line->kind != SS_LINE_MORE)
        lines->open = line->kind == SS_LINE_SETTING;
    return true;
}

struct ss_str ss_rule_line_name(const struct ss_rule_line *line)
{
    struct ss_str text = line->text, none = {NULL, 0};
    const char *close = text.n && text.p[0] == '[' ? memchr(text.p, ']', text.n) : NULL;
    if (!close)
        return none;
    struct ss_str behind = ss_str_trim((struct ss_str){close + 1, (size_t)(text.p + text.n - close) - 1});
    if (behind.n && behind.p[0] != '#')
        return none;
    return ss_str_trim((struct ss_str){text.p + 1, (size_t)(close - text.p) - 1});
}
