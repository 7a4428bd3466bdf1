/*
 * JSON Web Tokens (RFC 7519), through libjwt, whose only user is token.c. Our own are HS256 and nothing else:
 * what the token says about its algorithm never chooses how it is checked.
 */
#ifndef SS_WEB_TOKEN_H
#define SS_WEB_TOKEN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"

#define SS_TOKEN_MAX    2048 /* bytes; ours have some 300 */
#define SS_TOKEN_SKEW_S 30   /* clocks that differ by less are one */

/* An access token's claims. */
struct ss_token {
    int64_t user_id;   /* sub */
    char session[40];  /* sid */
    char role[16];     /* role: for the client to look at; what counts is the store's */
    int64_t issued_s;  /* iat */
    int64_t expires_s; /* exp */
};

int ss_token_make(const struct ss_token *token, const unsigned char key[SS_DIGEST_BYTES],
                  struct ss_buf *to) SS_MUST_CHECK;
/* SS_EANSWER for one of ours that has expired, SS_EDATA for what is none. */
int ss_token_read(struct ss_str text, const unsigned char key[SS_DIGEST_BYTES], int64_t now_s,
                  struct ss_token *token) SS_MUST_CHECK;

/* Another's token, signed with RS256 by the private key to this public one (PEM): its claims as JSON. Their
 * times and names are the caller's to check. SS_EDATA. */
int ss_token_read_rs256(struct ss_str text, const char *pem, struct ss_arena *arena,
                        struct ss_str *claims) SS_MUST_CHECK;

#endif
