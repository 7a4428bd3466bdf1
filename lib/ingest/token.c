#include "ingest/token.h"
#include "base/err.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int read_text_token(struct ss_tokens *t)
{
    char *out = ss_arena_alloc(t->arena, t->rest.n + 1);
    size_t n = 0, i = 1;
    if (!out)
        return SS_ENOMEM;
    for (; i < t->rest.n && t->rest.p[i] != '"'; i++) {
        i += t->rest.p[i] == '\\' && i + 1 < t->rest.n;
        out[n++] = t->rest.p[i];
    }
    if (i == t->rest.n)
        return ss_fail(SS_ECONFIG, "text without a closing quote");
    out[n] = '\0';
    t->kind = SS_TOKEN_TEXT;
    t->text = (struct ss_str){out, n};
    t->rest.p += i + 1;
    t->rest.n -= i + 1;
    return 0;
}

/* Words end at blanks, commas, brackets and quotes: Europe/Berlin and +02:00 are words. */
int ss_map_token_next(struct ss_tokens *t)
{
    while (t->rest.n && is_blank(*t->rest.p))
        t->rest.p++, t->rest.n--;
    if (!t->rest.n || *t->rest.p == '#') {
        t->kind = SS_TOKEN_END;
        t->text = SS_STR("the end of the line");
        return 0;
    }
    if (*t->rest.p == '"')
        return read_text_token(t);
    size_t n = 0;
    while (n < t->rest.n && !is_blank(t->rest.p[n]) && !memchr(",()\"=", t->rest.p[n], 5))
        n++;
    t->kind = n ? SS_TOKEN_WORD : SS_TOKEN_SIGN;
    n += n == 0;
    t->text = (struct ss_str){t->rest.p, n};
    t->rest.p += n;
    t->rest.n -= n;
    return 0;
}

bool ss_map_token_is(const struct ss_tokens *t, const char *word)
{
    return t->kind == SS_TOKEN_WORD && ss_str_is(t->text, word);
}

bool ss_map_token_is_sign(const struct ss_tokens *t, char c)
{
    return t->kind == SS_TOKEN_SIGN && *t->text.p == c;
}

int ss_map_token_expected(const struct ss_tokens *t, const char *what)
{
    return ss_fail(SS_ECONFIG, "expected %s, found '%.*s'", what, (int)t->text.n, t->text.p);
}

int ss_map_token_expect(struct ss_tokens *t, char c)
{
    char what[] = {'\'', c, '\'', '\0'};
    return ss_map_token_is_sign(t, c) ? ss_map_token_next(t) : ss_map_token_expected(t, what);
}

int ss_map_token_copy(struct ss_tokens *t, struct ss_str text, struct ss_str *to)
{
    char *p = ss_arena_copy(t->arena, text.p, text.n);
    *to = (struct ss_str){p, text.n};
    return p ? 0 : SS_ENOMEM;
}
