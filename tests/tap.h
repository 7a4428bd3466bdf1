/* Unit tests speak TAP: one `ok` line a check, `bail` for what makes the rest meaningless, `done` at the end.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool ok(bool condition, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("%sok %d - ", condition ? "" : "not ", ++tap_count);
    vprintf(fmt, ap);
    putchar('\n');
    va_end(ap);
    tap_failed += !condition;
    return condition;
}

__attribute__((unused)) static bool is_text(const char *got, size_t n, const char *want, const char *what)
{
    bool same = strlen(want) == n && memcmp(got, want, n) == 0;
    if (!ok(same, "%s", what))
        printf("#   got: %.*s\n#  want: %s\n", (int)n, got, want);
    return same;
}

__attribute__((unused)) static void skip(const char *what, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
}

/* Checks made in bulk (property tests) are counted as one line: the first failure says where. */
__attribute__((unused)) static int done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed != 0;
}

#endif
