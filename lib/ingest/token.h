/* The words, texts and signs of one line of a field map. */
#ifndef SS_INGEST_TOKEN_H
#define SS_INGEST_TOKEN_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

enum ss_token_kind {
    SS_TOKEN_END,  /* of the line, or where a comment begins */
    SS_TOKEN_WORD, /* up to a blank, comma, bracket, quote or equals sign: Europe/Berlin and +02:00 are words
                    */
    SS_TOKEN_TEXT, /* in quotes; `text` is without them and their escapes */
    SS_TOKEN_SIGN, /* = , ( ) */
};

/* The reading head on a line: `rest` lies before it, kind and text are under it. */
struct ss_tokens {
    struct ss_arena *arena; /* texts live there */
    struct ss_str rest;
    enum ss_token_kind kind;
    struct ss_str text;
};

/* These return 0 or SS_ECONFIG (SS_ENOMEM). */
int ss_map_token_next(struct ss_tokens *t) SS_MUST_CHECK;
/* "expected WHAT, found '...'" */
int ss_map_token_expected(const struct ss_tokens *t, const char *what);
/* Moves past the sign `c`. */
int ss_map_token_expect(struct ss_tokens *t, char c) SS_MUST_CHECK;
int ss_map_token_copy(struct ss_tokens *t, struct ss_str text, struct ss_str *to) SS_MUST_CHECK;
bool ss_map_token_is(const struct ss_tokens *t, const char *word);
bool ss_map_token_is_sign(const struct ss_tokens *t, char c);

#endif
