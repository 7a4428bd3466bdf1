/* jq 1.6's tokens. Strings are taken apart by the parser, since expressions stand within them. */
#ifndef SS_RULE_TOKEN_H
#define SS_RULE_TOKEN_H

#include "base/str.h"

enum ss_token_kind {
    SS_TOKEN_END,
    SS_TOKEN_BAD,
    SS_TOKEN_NUMBER,
    SS_TOKEN_NAME,    /* a function's name, true, false, null */
    SS_TOKEN_KEYWORD, /* and, or, if, def, ... */
    SS_TOKEN_FIELD,   /* .name: text without the dot */
    SS_TOKEN_FORMAT,  /* @name: text without the @ */
    SS_TOKEN_QUOTE,   /* a string begins */
    SS_TOKEN_MARK,    /* operators and brackets, as written */
};

struct ss_token {
    enum ss_token_kind kind;
    struct ss_str text;
    size_t at;
};

/* The token at or after *at, which moves behind it. */
struct ss_token ss_token_next(struct ss_str text, size_t *at);

#endif
