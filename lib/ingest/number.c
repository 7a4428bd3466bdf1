#include "ingest/number.h"
#include "base/number.h"

#define DIGITS_MAX 40

static bool is_digit(char c)
{
    return (unsigned)(c - '0') <= 9;
}

enum ss_number_kind ss_number_kind_slow(struct ss_str text)
{
    const char *p = text.p;
    size_t n = text.n, i = n && p[0] == '-', start = i;
    while (i < n && is_digit(p[i]))
        i++;
    if (i == start || (p[start] == '0' && i > start + 1))
        return SS_NUMBER_NONE;
    if (i == n && n <= 300) /* 300 digits are still within a double */
        return SS_NUMBER_INTEGER;
    if (i < n && p[i] == '.') {
        start = ++i;
        while (i < n && is_digit(p[i]))
            i++;
        if (i == start)
            return SS_NUMBER_NONE;
    }
    if (i == n && n <= 300) /* without an exponent nothing is too large before that */
        return SS_NUMBER_OTHER;
    if (i < n && (p[i] == 'e' || p[i] == 'E')) {
        i++;
        i += i < n && (p[i] == '+' || p[i] == '-');
        start = i;
        while (i < n && is_digit(p[i]))
            i++;
        if (i == start)
            return SS_NUMBER_NONE;
    }
    double d;
    return i == n && ss_double_parse(p, n, &d) ? SS_NUMBER_OTHER : SS_NUMBER_NONE;
}

/* The number taken apart: digits[0..whole) before the point, the rest behind it. */
struct numeral {
    char digit[DIGITS_MAX];
    size_t n, whole;
    bool negative, has_point;
};

static struct ss_str strip_letters(struct ss_str s)
{
    size_t n = 0;
    while (n < s.n && n < 3 && ((s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z'))
        n++;
    s.p += n;
    s.n -= n;
    for (n = 0; n < s.n && n < 3 && ((s.p[s.n - 1 - n] | 32) >= 'a' && (s.p[s.n - 1 - n] | 32) <= 'z');)
        n++;
    s.n -= n;
    return s;
}

static bool is_separator(char c)
{
    return c == ',' || c == '.' || c == '\'' || c == '_' || c == ' ' || c == '$' || (unsigned char)c >= 0x80;
}

static bool read_numeral(struct ss_str s, bool money, char decimal, struct numeral *v)
{
    *v = (struct numeral){0};
    s = ss_str_trim(money ? strip_letters(ss_str_trim(s)) : s);
    if (money && s.n > 2 && s.p[0] == '(' && s.p[s.n - 1] == ')') {
        v->negative = true;
        s.p++;
        s.n -= 2;
    } else if (money && s.n > 1 && s.p[s.n - 1] == '-') {
        v->negative = true;
        s.n--;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (is_digit(c)) {
            if (v->n == 0 && c == '0' && !v->has_point)
                continue; /* leading zeros */
            if (v->n == DIGITS_MAX)
                return false;
            v->digit[v->n++] = c;
        } else if (c == decimal && !v->has_point) {
            v->has_point = true;
            v->whole = v->n;
        } else if ((c == '-' || c == '+') && v->n == 0 && !v->has_point && !v->negative &&
                   (i == 0 || money)) {
            v->negative = c == '-';
        } else if (!money || !is_separator(c)) {
            return false;
        }
    }
    if (!v->has_point)
        v->whole = v->n;
    return true;
}

size_t ss_number_rewrite(struct ss_str text, bool money, char decimal, int shift, char out[SS_NUMERAL_MAX])
{
    struct numeral v;
    bool some = false;
    for (size_t i = 0; i < text.n; i++)
        some |= is_digit(text.p[i]);
    if (!some)
        return 0;
    if (!money && !shift) { /* what is a number but for blanks, also with an exponent */
        struct ss_str t = ss_str_trim(text);
        if (t.n && t.n < SS_NUMERAL_MAX && ss_number_kind_slow(t)) {
            memcpy(out, t.p, t.n);
            return t.n;
        }
    }
    if (!read_numeral(text, money, decimal, &v))
        return 0;
    size_t len = 0, whole = v.whole > (size_t)shift ? v.whole - (size_t)shift : 0;
    size_t zeros = v.whole > (size_t)shift ? 0 : (size_t)shift - v.whole, last = v.n;
    while (last > whole && v.digit[last - 1] == '0' && shift)
        last--; /* 1200 cents are 12 */
    if (v.negative && v.n)
        out[len++] = '-';
    if (whole == 0)
        out[len++] = '0';
    for (size_t i = 0; i < whole; i++)
        out[len++] = v.digit[i];
    if (last > whole) {
        out[len++] = '.';
        for (size_t i = 0; i < zeros; i++)
            out[len++] = '0';
        for (size_t i = whole; i < last; i++)
            out[len++] = v.digit[i];
    }
    return len;
}
