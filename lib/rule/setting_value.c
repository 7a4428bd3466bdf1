#include "rule/setting_value.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "record/decision.h"

struct ss_str ss_setting_uncommented(struct ss_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '#' && (i == 0 || value.p[i - 1] == ' ' || value.p[i - 1] == '\t'))
            return ss_str_trim((struct ss_str){value.p, i});
    return value;
}

struct ss_str ss_setting_unquoted(struct ss_str value)
{
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        return (struct ss_str){value.p + 1, value.n - 2};
    return value;
}

struct ss_str ss_setting_word(struct ss_str *text)
{
    *text = ss_str_trim(*text);
    size_t n = 0;
    while (n < text->n && text->p[n] != ' ' && text->p[n] != '\t' && text->p[n] != '\n')
        n++;
    struct ss_str word = {text->p, n};
    text->p += n;
    text->n -= n;
    return word;
}

int ss_setting_number(struct ss_str value, double low, double high, const char *hint, double *out)
{
    if (ss_double_parse(value.p, value.n, out) && *out >= low && *out <= high)
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' is not %s", SS_SHOWN(value), hint);
}

int ss_setting_flag(struct ss_str value, bool *out)
{
    *out = ss_str_is(value, "true") || ss_str_is(value, "yes");
    if (*out || ss_str_is(value, "false") || ss_str_is(value, "no"))
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' is neither true nor false", SS_SHOWN(value));
}

int ss_setting_action(struct ss_str value, int *out)
{
    *out = ss_action_of(value);
    if (*out >= 0)
        return 0;
    return ss_fail(SS_ECONFIG, "unknown action '%.*s': block, challenge, review, notify or allow",
                   SS_SHOWN(value));
}

int ss_setting_on_error(struct ss_str value, int *out)
{
    *out = ss_str_is(value, "ignore") ? -1 : ss_action_of(value);
    if (*out >= 0 || ss_str_is(value, "ignore"))
        return 0;
    return ss_fail(SS_ECONFIG,
                   "unknown action '%.*s': block, challenge, review, notify, allow, or ignore for none",
                   SS_SHOWN(value));
}

int ss_setting_time(struct ss_str value, int64_t *out)
{
    if (ss_time_parse(value.p, value.n, out))
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' is no date or time such as 2026-03-01 or 2026-03-01T12:00:00Z",
                   SS_SHOWN(value));
}

int ss_setting_duration(struct ss_str word, int64_t *out)
{
    if (ss_duration_parse(word.p, word.n, out))
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' is no duration such as 12h or 30d", SS_SHOWN(word));
}

bool ss_setting_is_name(struct ss_str word)
{
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
              (i > 0 && c >= '0' && c <= '9')))
            return false;
    }
    return word.n > 0;
}
