#include "rule/token.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c);
}

static char look(struct ss_str s, size_t i)
{
    return i < s.n ? s.p[i] : '\0';
}

static bool is_keyword(struct ss_str word)
{
    static const char *const words[] = {"as",   "import", "include", "module", "def",    "if",     "then",
                                        "else", "elif",   "and",     "or",     "end",    "reduce", "foreach",
                                        "try",  "catch",  "label",   "break",  "__loc__"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (ss_str_is(word, words[i]))
            return true;
    return false;
}

/* Bytes of the operator at i: the longest that fits. */
static size_t mark_length(struct ss_str s, size_t i)
{
    static const char *const marks[] = {
        "?//", "//=", "!=", "==", "//", "|=", "+=", "-=", "*=", "/=", "%=", "<=", ">=", ".."};
    for (size_t k = 0; k < sizeof marks / sizeof *marks; k++) {
        size_t n = strlen(marks[k]);
        if (s.n - i >= n && memcmp(s.p + i, marks[k], n) == 0)
            return n;
    }
    return s.p[i] && strchr(".?=;,:|+-*/%$<>[](){}", s.p[i]) ? 1 : 0;
}

/* [0-9.]+([eE][+-]?[0-9]+)? */
static size_t number_length(struct ss_str s, size_t i)
{
    size_t k = i;
    while (is_digit(look(s, k)) || look(s, k) == '.')
        k++;
    if (k > i && (look(s, k) == 'e' || look(s, k) == 'E')) {
        size_t e = k + 1;
        e += look(s, e) == '+' || look(s, e) == '-';
        if (is_digit(look(s, e))) {
            while (is_digit(look(s, e)))
                e++;
            k = e;
        }
    }
    return k - i;
}

/* A name may be qualified: mod::name. */
static size_t name_length(struct ss_str s, size_t i)
{
    size_t k = i;
    for (;;) {
        while (is_word(look(s, k)))
            k++;
        if (look(s, k) != ':' || look(s, k + 1) != ':' || !is_letter(look(s, k + 2)))
            return k - i;
        k += 2;
    }
}

struct ss_token ss_token_next(struct ss_str s, size_t *at)
{
    size_t i = *at;
    for (;;) {
        while (look(s, i) == ' ' || look(s, i) == '\n' || look(s, i) == '\t')
            i++;
        if (look(s, i) != '#')
            break;
        while (i < s.n && s.p[i] != '\n' && s.p[i] != '\r')
            i++;
    }
    struct ss_token t = {SS_TOKEN_END, {s.p + i, 0}, i};
    char c = look(s, i), next = look(s, i + 1);
    if (i >= s.n) {
        *at = i;
        return t;
    }
    if (is_letter(c)) {
        t.text.n = name_length(s, i);
        t.kind = is_keyword(t.text) ? SS_TOKEN_KEYWORD : SS_TOKEN_NAME;
    } else if ((c == '.' && is_letter(next)) || (c == '@' && is_word(next))) {
        size_t n = 1;
        while (is_word(look(s, i + n)))
            n++;
        t.text = (struct ss_str){s.p + i + 1, n - 1};
        t.kind = c == '@' ? SS_TOKEN_FORMAT
                 : number_length(s, i) == n
                     ? SS_TOKEN_NUMBER /* .e5: a malformed number to jq, as longest match */
                     : SS_TOKEN_FIELD;
        *at = i + n;
        return t;
    } else if (is_digit(c) || (c == '.' && (is_digit(next) || (next == '.' && number_length(s, i) > 2)))) {
        t.text.n = number_length(s, i);
        t.kind = SS_TOKEN_NUMBER;
    } else if (c == '"') {
        t.text.n = 1;
        t.kind = SS_TOKEN_QUOTE;
    } else {
        t.text.n = mark_length(s, i);
        t.kind = t.text.n ? SS_TOKEN_MARK : SS_TOKEN_BAD;
        t.text.n += t.text.n == 0;
    }
    *at = i + t.text.n;
    return t;
}
