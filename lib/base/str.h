/* A piece of text with its length: borrowed, not NUL-terminated. Whoever made it says how long it lives. */
#ifndef SS_BASE_STR_H
#define SS_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct ss_str {
    const char *p;
    size_t n;
};

#define SS_STR(literal) ((struct ss_str){(literal), sizeof(literal) - 1})

static inline struct ss_str ss_str_of(const char *text)
{
    return (struct ss_str){text, strlen(text)};
}

static inline bool ss_str_eq(struct ss_str a, struct ss_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool ss_str_is(struct ss_str a, const char *text)
{
    return ss_str_eq(a, ss_str_of(text));
}

/* Without leading and trailing spaces, tabs and carriage returns. */
static inline struct ss_str ss_str_trim(struct ss_str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r'))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

#endif
