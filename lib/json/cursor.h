/*
 * A cursor over JSON text for the small members that stages read back from a pipe. It checks every look
 * against the end, whatever the bytes, but not all of JSON's grammar: whole records were validated before.
 */
#ifndef SS_JSON_CURSOR_H
#define SS_JSON_CURSOR_H

#include "base/str.h"

struct ss_cursor {
    const char *p, *end;
};

/* The next byte that is no blank, or NUL at the end. */
static inline char ss_cursor_peek(struct ss_cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
    return c->p < c->end ? *c->p : '\0';
}

/* Moves over `want` when that is the next byte that is no blank. */
static inline bool ss_cursor_take(struct ss_cursor *c, char want)
{
    if (ss_cursor_peek(c) != want || c->p == c->end)
        return false;
    c->p++;
    return true;
}

/* The string at the cursor, without its quotes and with its escapes. */
bool ss_cursor_string(struct ss_cursor *c, struct ss_str *raw);
/* Any value's text, strings with their quotes. */
bool ss_cursor_value(struct ss_cursor *c, struct ss_str *text);

/* A member's name, without its quotes, and the colon behind it. */
static inline bool ss_cursor_key(struct ss_cursor *c, struct ss_str *key)
{
    return ss_cursor_string(c, key) && ss_cursor_take(c, ':');
}

/* A whole member: its name as above, and its value's text. */
static inline bool ss_cursor_pair(struct ss_cursor *c, struct ss_str *key, struct ss_str *value)
{
    return ss_cursor_key(c, key) && ss_cursor_value(c, value);
}

/* The first member called `key` of the object `json`; p == NULL when there is none, or no object. */
struct ss_str ss_cursor_member(struct ss_str json, const char *key);

#endif
