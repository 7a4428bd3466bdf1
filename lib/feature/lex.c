#include "feature/lex.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void ss_lexer_init(struct ss_lexer *lex, struct ss_str line)
{
    *lex = (struct ss_lexer){.p = line.p, .end = line.p + line.n};
    ss_lexer_next(lex);
}

static void take(struct ss_lexer *lex, enum ss_token token, size_t n)
{
    lex->token = token;
    lex->text = (struct ss_str){lex->p, n};
    lex->p += n;
}

/* 12, 1.5 and 2e3 are numbers; 30d and 1h30m are spans. */
static void take_number(struct ss_lexer *lex)
{
    size_t n = 0, left = (size_t)(lex->end - lex->p);
    bool letters = false;
    for (; n < left; n++) {
        char c = lex->p[n];
        if ((c == 'e' || c == 'E') && !letters && n + 1 < left &&
            (is_digit(lex->p[n + 1]) ||
             ((lex->p[n + 1] == '-' || lex->p[n + 1] == '+') && n + 2 < left && is_digit(lex->p[n + 2])))) {
            n++;
            continue;
        }
        if (is_letter(c))
            letters = true;
        else if (!is_digit(c) && c != '.')
            break;
    }
    take(lex, letters ? SS_TOKEN_SPAN : SS_TOKEN_NUMBER, n);
}

static void take_string(struct ss_lexer *lex)
{
    const char *close = memchr(lex->p + 1, '"', (size_t)(lex->end - lex->p - 1));
    if (!close) {
        take(lex, SS_TOKEN_BAD, (size_t)(lex->end - lex->p));
        return;
    }
    lex->token = SS_TOKEN_STRING;
    lex->text = (struct ss_str){lex->p + 1, (size_t)(close - lex->p - 1)};
    lex->p = close + 1;
}

void ss_lexer_next(struct ss_lexer *lex)
{
    while (lex->p < lex->end && (*lex->p == ' ' || *lex->p == '\t' || *lex->p == '\r'))
        lex->p++;
    if (lex->p == lex->end || *lex->p == '#') {
        lex->p = lex->end;
        take(lex, SS_TOKEN_END, 0);
        return;
    }
    size_t left = (size_t)(lex->end - lex->p), n = 1;
    char c = *lex->p;
    if (is_letter(c)) {
        while (n < left && (is_letter(lex->p[n]) || is_digit(lex->p[n])))
            n++;
        /* features.NAME is one word: what the record brings */
        if (ss_str_is((struct ss_str){lex->p, n}, "features") && n + 1 < left && lex->p[n] == '.' &&
            is_letter(lex->p[n + 1]))
            for (n++; n < left && (is_letter(lex->p[n]) || is_digit(lex->p[n])); n++)
                ;
        take(lex, SS_TOKEN_WORD, n);
    } else if (is_digit(c) || (c == '.' && left > 1 && is_digit(lex->p[1]))) {
        take_number(lex);
    } else if (c == '"') {
        take_string(lex);
    } else if (memchr("=!<>", c, 4)) {
        n = left > 1 && lex->p[1] == '=' ? 2 : 1;
        take(lex, c == '!' && n == 1 ? SS_TOKEN_BAD : SS_TOKEN_SIGN, n);
    } else {
        take(lex, memchr("(),+-*/", c, 7) ? SS_TOKEN_SIGN : SS_TOKEN_BAD, 1);
    }
}
