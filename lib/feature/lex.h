/* Words of a feature file, one line at a time. Texts point into the line. */
#ifndef SS_FEATURE_LEX_H
#define SS_FEATURE_LEX_H

#include "base/str.h"

enum ss_token {
    SS_TOKEN_END,
    SS_TOKEN_WORD, /* also features.NAME */
    SS_TOKEN_NUMBER,
    SS_TOKEN_SPAN,   /* digits and letters, such as 30d or 1h30m */
    SS_TOKEN_STRING, /* "quoted", without its quotes; no escapes */
    SS_TOKEN_SIGN,   /* = == != < <= > >= ( ) , + - * / */
    SS_TOKEN_BAD,
};

struct ss_lexer {
    const char *p, *end;
    enum ss_token token;
    struct ss_str text;
};

void ss_lexer_init(struct ss_lexer *lex, struct ss_str line);
/* Moves to the next token; at the end stays there. */
void ss_lexer_next(struct ss_lexer *lex);

static inline bool ss_lexer_at(const struct ss_lexer *lex, enum ss_token token, const char *text)
{
    return lex->token == token && ss_str_is(lex->text, text);
}

#endif
