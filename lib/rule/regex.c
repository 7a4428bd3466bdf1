/*
 * A position automaton (V. M. Glushkov, 1961): every character of the pattern is a position, a bit of a word;
 * which positions may follow which is known from the pattern, and a text is walked with the set of positions
 * that its last byte may be. Multi-byte characters are their bytes; "any character" is any first byte and
 * then any number of continuation bytes, which is right because both pattern and text are valid UTF-8.
 */
#include "rule/regex.h"
#include <stdbool.h>

#define POSITIONS  64
#define DEPTH_MAX  32
#define REPEAT_MAX 64

struct ss_regex {
    uint64_t reach[256];            /* positions that a byte can be */
    uint64_t follow[POSITIONS];     /* positions after a position */
    uint64_t first, first_anchored; /* where a match begins: anywhere, only at the start */
    uint64_t last, last_anchored;   /* where it ends: anywhere, only at the end (or before a final newline) */
    bool always, empty_only;        /* the empty string matches: anywhere, or only where the text is empty */
    const char *literal;            /* the whole pattern, when it is plain text without anchors */
    size_t literal_n;
};

/* A piece of the pattern: its first and last positions, and whether it matches nothing, too. */
struct piece {
    uint64_t first, last;
    bool empty;
};

struct parser {
    struct ss_str text;
    size_t at;
    struct ss_regex *re;
    int used, depth;
    bool wrong;
};

static struct piece parse_choice(struct parser *p);

static char look(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

static struct piece give_up(struct parser *p)
{
    p->wrong = true;
    return (struct piece){0, 0, true};
}

static void connect(struct ss_regex *re, uint64_t from, uint64_t to)
{
    for (; from; from &= from - 1)
        re->follow[__builtin_ctzll(from)] |= to;
}

static uint64_t position(struct parser *p)
{
    if (p->used == POSITIONS) {
        p->wrong = true;
        return 0;
    }
    return 1ull << p->used++;
}

static struct piece then(struct parser *p, struct piece a, struct piece b)
{
    connect(p->re, a.last, b.first);
    return (struct piece){a.first | (a.empty ? b.first : 0), b.last | (b.empty ? a.last : 0),
                          a.empty && b.empty};
}

/* One byte of a set of bytes. */
static struct piece one_of(struct parser *p, const bool bytes[256])
{
    uint64_t bit = position(p);
    for (int c = 0; c < 256; c++)
        p->re->reach[c] |= bytes[c] ? bit : 0;
    return (struct piece){bit, bit, false};
}

/* A character of a set of ASCII characters, or of its complement: then every other character counts. */
static struct piece one_character(struct parser *p, const bool ascii[128], bool others)
{
    bool bytes[256] = {false}, tail[256] = {false};
    memcpy(bytes, ascii, 128);
    for (int c = 0xc2; others && c < 0xf5; c++)
        bytes[c] = true;
    struct piece head = one_of(p, bytes);
    if (!others)
        return head;
    for (int c = 0x80; c < 0xc0; c++)
        tail[c] = true;
    struct piece rest = one_of(p, tail);
    connect(p->re, head.last | rest.last, rest.first);
    return (struct piece){head.first, head.last | rest.last, false};
}

/* The character behind a backslash, where it stands for itself or a control character; -1 otherwise. */
static int escaped(char c)
{
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    default: return c > ' ' && c < 127 && strchr("^$.[]|()*+?{}\\/-,:;@#&=!\"%_~", c) ? c : -1;
    }
}

static struct piece parse_class(struct parser *p)
{
    bool ascii[128] = {false}, any = false;
    bool negated = look(p, 0) == '^';
    p->at += negated;
    while (look(p, 0) != ']' && !p->wrong) {
        int from = (unsigned char)look(p, 0), to;
        if (p->at >= p->text.n || from >= 128 || from == '[' || (from == '&' && look(p, 1) == '&'))
            return give_up(p);
        p->at++;
        if (from == '\\' && (from = escaped(look(p, 0))) < 0)
            return give_up(p);
        p->at += p->text.p[p->at - 1] == '\\';
        to = from;
        if (look(p, 0) == '-' && look(p, 1) != ']') {
            to = (unsigned char)look(p, 1);
            p->at += 2;
            if (to >= 128 || to < from || to == '[' || to == '\\' || p->at > p->text.n)
                return give_up(p);
        } else if (from == '-' && any && look(p, 0) != ']') {
            return give_up(p); /* a '-' in the middle: engines differ */
        }
        for (int c = from; c <= to; c++)
            ascii[c] = true;
        any = true;
    }
    p->at++;
    if (!any)
        return give_up(p);
    for (int c = 0; negated && c < 128; c++)
        ascii[c] = !ascii[c];
    return one_character(p, ascii, negated);
}

static struct piece parse_group(struct parser *p)
{
    if (look(p, 0) == '?') {
        if (look(p, 1) != ':')
            return give_up(p);
        p->at += 2;
    }
    if (++p->depth > DEPTH_MAX)
        return give_up(p);
    struct piece inner = parse_choice(p);
    p->depth--;
    if (look(p, 0) != ')')
        return give_up(p);
    p->at++;
    return inner;
}

static struct piece parse_atom(struct parser *p)
{
    char c = look(p, 0);
    bool ascii[128] = {false};
    p->at++;
    if (c == '(')
        return parse_group(p);
    if (c == '[')
        return parse_class(p);
    if (c == '.') {
        memset(ascii, true, sizeof ascii);
        ascii['\n'] = false;
        return one_character(p, ascii, true);
    }
    if (c == '\0' || strchr("^$*+?{}])|", c))
        return give_up(p);
    if (c == '\\') {
        int real = escaped(look(p, 0));
        if (real < 0)
            return give_up(p);
        p->at++;
        ascii[real] = true;
        return one_character(p, ascii, false);
    }
    bool byte[256] = {false};
    byte[(unsigned char)c] = true;
    struct piece made = one_of(p, byte);
    while (((unsigned char)look(p, 0) & 0xc0) == 0x80) { /* the rest of a character */
        bool next[256] = {false};
        next[(unsigned char)look(p, 0)] = true;
        p->at++;
        made = then(p, made, one_of(p, next));
    }
    return made;
}

/* {n} {n,} {n,m}: false when what stands there is none of them. */
static bool parse_counts(struct parser *p, int *least, int *most)
{
    size_t i = 1;
    *least = *most = 0;
    for (; look(p, i) >= '0' && look(p, i) <= '9' && *least <= REPEAT_MAX; i++)
        *least = 10 * *least + (look(p, i) - '0');
    if (i == 1)
        return false;
    *most = *least;
    if (look(p, i) == ',') {
        *most = look(p, i + 1) == '}' ? -1 : 0;
        for (i++; look(p, i) >= '0' && look(p, i) <= '9' && *most <= REPEAT_MAX; i++)
            *most = 10 * *most + (look(p, i) - '0');
    }
    if (look(p, i) != '}' || *least > REPEAT_MAX || *most > REPEAT_MAX || (*most >= 0 && *most < *least))
        return false;
    p->at += i + 1;
    return true;
}

/* An atom and what is said of how often. Counted atoms are laid out as often as that. */
static struct piece parse_repeated(struct parser *p)
{
    size_t from = p->at;
    struct piece a = parse_atom(p);
    int least = 1, most = 1;
    char c = look(p, 0);
    size_t end = p->at;
    if (c == '*' || c == '+' || c == '?') {
        least = c == '+';
        most = c == '?' ? 1 : -1;
        p->at++;
        p->at += look(p, 0) == '?'; /* which match is found does not matter here, only whether */
    } else if (c == '{') {
        if (!parse_counts(p, &least, &most))
            return give_up(p);
    } else {
        return a;
    }
    end = p->at;
    if (p->at < p->text.n && strchr("*+?{", look(p, 0)))
        return give_up(p); /* possessive, or a quantifier of a quantifier */
    if (most == 0)
        return give_up(p);
    struct piece all = {0, 0, true};
    for (int i = 0; (i < least || i < most || i == 0) && !p->wrong; i++) {
        if (i > 0) {
            p->at = from;
            a = parse_atom(p);
        }
        if (most < 0 && i + 1 >= least)
            connect(p->re, a.last, a.first);
        a.empty |= i >= least;
        all = i == 0 ? a : then(p, all, a);
    }
    p->at = end;
    return all;
}

static struct piece parse_sequence(struct parser *p)
{
    struct piece all = {0, 0, true};
    while (p->at < p->text.n && look(p, 0) != '|' && look(p, 0) != ')' && !p->wrong) {
        if (look(p, 0) == '$' && p->depth == 0)
            break;
        all = then(p, all, parse_repeated(p));
    }
    return all;
}

static struct piece parse_choice(struct parser *p)
{
    struct piece all = parse_sequence(p);
    while (look(p, 0) == '|' && !p->wrong) {
        p->at++;
        struct piece next = parse_sequence(p);
        all = (struct piece){all.first | next.first, all.last | next.last, all.empty || next.empty};
    }
    return all;
}

/* Alternatives outside of groups, each with its own anchors. */
static void parse_pattern(struct parser *p)
{
    struct ss_regex *re = p->re;
    do {
        bool start = look(p, 0) == '^', end;
        p->at += start;
        struct piece a = parse_sequence(p);
        end = look(p, 0) == '$';
        p->at += end;
        if (p->at < p->text.n && look(p, 0) != '|')
            p->wrong = true;
        *(start ? &re->first_anchored : &re->first) |= a.first;
        *(end ? &re->last_anchored : &re->last) |= a.last;
        re->always |= a.empty && !(start && end);
        re->empty_only |= a.empty;
    } while (!p->wrong && p->at++ < p->text.n);
}

static bool is_literal(struct ss_str pattern)
{
    for (size_t i = 0; i < pattern.n; i++)
        if (strchr("^$.[]|()*+?{}\\", pattern.p[i]))
            return false;
    return pattern.n > 0;
}

struct ss_regex *ss_regex_new(struct ss_str pattern, struct ss_arena *arena)
{
    struct ss_regex *re = memchr(pattern.p, '\0', pattern.n) ? NULL : ss_arena_zalloc(arena, sizeof *re);
    if (!re)
        return NULL;
    if (is_literal(pattern)) {
        re->literal = pattern.p;
        re->literal_n = pattern.n;
        return re;
    }
    struct parser p = {.text = pattern, .re = re};
    parse_pattern(&p);
    /* A piece that is only sometimes anchored would need its positions twice. */
    bool mixed = (re->first & re->first_anchored) || (re->last & re->last_anchored);
    return p.wrong || mixed ? NULL : re;
}

bool ss_regex_test(const struct ss_regex *re, struct ss_str text)
{
    if (re->literal)
        return text.n >= re->literal_n && memmem(text.p, text.n, re->literal, re->literal_n);
    size_t final = text.n && text.p[text.n - 1] == '\n' ? text.n - 1 : text.n;
    if (re->always || (re->empty_only && final == 0))
        return true;
    uint64_t state = 0, begin = re->first | re->first_anchored;
    for (size_t i = 0; i < text.n; i++) {
        uint64_t next = begin;
        for (uint64_t s = state; s; s &= s - 1)
            next |= re->follow[__builtin_ctzll(s)];
        state = next & re->reach[(unsigned char)text.p[i]];
        begin = re->first;
        if ((state & re->last) || (i + 1 >= final && (state & re->last_anchored)))
            return true;
    }
    return false;
}
