#include "eval/cell.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define NAME_MAX_BYTES 24

void ss_cell_heading(struct ss_buf *to, bool color, const char *fmt, ...)
{
    char line[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    ss_buf_printf(to, color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", line);
}

static struct ss_cell grouped(const char *digits)
{
    struct ss_cell c;
    size_t n = strspn(digits, "0123456789"), at = 0;
    for (size_t i = 0; i < n && at < sizeof c.s - 2; i++) {
        c.s[at++] = digits[i];
        if ((n - i - 1) % 3 == 0 && i + 1 < n)
            c.s[at++] = ',';
    }
    snprintf(c.s + at, sizeof c.s - at, "%s", digits + n);
    return c;
}

struct ss_cell ss_cell_count(size_t n)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%zu", n);
    return grouped(digits);
}

struct ss_cell ss_cell_money(double amount)
{
    struct ss_cell c;
    char digits[48];
    if (isnan(amount))
        return (struct ss_cell){"-"};
    snprintf(digits, sizeof digits, "%.2f", fabs(amount));
    c = grouped(digits);
    if (amount < 0) {
        memmove(c.s + 1, c.s, sizeof c.s - 1);
        c.s[0] = '-';
        c.s[sizeof c.s - 1] = '\0';
    }
    return c;
}

struct ss_cell ss_cell_decimal(double value, int places)
{
    struct ss_cell c = {"-"};
    if (isfinite(value))
        snprintf(c.s, sizeof c.s, "%.*f", places, value);
    return c;
}

struct ss_cell ss_cell_percent(double share)
{
    struct ss_cell c = {"-"};
    double p = 100 * share;
    if (p > 99.99 && p < 100)
        p = 99.99;
    if (isfinite(share))
        snprintf(c.s, sizeof c.s, "%.*f %%",
                 p == 0 || p == 100 ? 0
                 : p < 1            ? 3
                 : p < 10 || p > 99 ? 2
                                    : 1,
                 p);
    return c;
}

struct ss_cell ss_cell_exact(double value)
{
    struct ss_cell c = {"-"};
    if (isfinite(value))
        snprintf(c.s, sizeof c.s, "%.6g", value);
    return c;
}

struct ss_cell ss_cell_name(struct ss_str name)
{
    struct ss_cell c;
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < NAME_MAX_BYTES; i++) {
        unsigned char ch = (unsigned char)name.p[i];
        c.s[n++] = ch < 0x20 || ch == 0x7f ? '?' : (char)ch;
    }
    while (n && n < name.n && ((unsigned char)name.p[n] & 0xc0) == 0x80)
        n--;
    c.s[n] = '\0';
    return c;
}
