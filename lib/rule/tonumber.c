#include "rule/tonumber.h"
#include <math.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_plain(struct ss_exprs *set, struct ss_str s, struct ss_val *out)
{
    bool minus = s.n && s.p[0] == '-';
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'), start = i, digits = 0, point = 0;
    struct ss_str word = {s.p + i, s.n - i};
    if ((word.n == 3 && strncasecmp(word.p, "inf", 3) == 0) ||
        (word.n == 8 && strncasecmp(word.p, "infinity", 8) == 0)) {
        *out = ss_val_number(minus ? -INFINITY : INFINITY);
        return true;
    }
    if (word.n == 3 && strncasecmp(word.p, "nan", 3) == 0) {
        *out = ss_val_number(NAN);
        return true;
    }
    for (; i < s.n && (is_digit(s.p[i]) || (s.p[i] == '.' && !point)); i++) {
        digits += is_digit(s.p[i]);
        point += s.p[i] == '.';
    }
    if (digits == 0)
        return false;
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i += 1 + (i + 1 < s.n && (s.p[i + 1] == '+' || s.p[i + 1] == '-'));
        if (i >= s.n)
            return false;
        while (i < s.n && is_digit(s.p[i]))
            i++;
        if (!is_digit(s.p[i - 1]))
            return false;
    }
    if (i != s.n)
        return false;
    while (start + 1 < s.n && s.p[start] == '0' && is_digit(s.p[start + 1]))
        start++;
    char *text = ss_eval_alloc(set, s.n + 3), *to = text;
    if (!text)
        return false;
    if (minus)
        *to++ = '-';
    for (i = start; i < s.n; i++) {
        if (s.p[i] == '.' && i == start)
            *to++ = '0';
        if (s.p[i] == '.' && !(i + 1 < s.n && is_digit(s.p[i + 1])))
            continue;
        *to++ = s.p[i];
    }
    *out = ss_val_parse_number(text, (size_t)(to - text));
    return true;
}

bool ss_read_number(struct ss_exprs *set, struct ss_str s, struct ss_val *out)
{
    if (s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0)
        s = (struct ss_str){s.p + 3, s.n - 3};
    while (s.n && strchr(" \t\r\n", s.p[0]))
        s.p++, s.n--;
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
        s.n--;
    return read_plain(set, s, out);
}
