#include "web/token.h"
#include "base/err.h"
#include "base/number.h"
#include <errno.h>
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>

int ss_token_make(const struct ss_token *token, const unsigned char key[SS_DIGEST_BYTES], struct ss_buf *to)
{
    char subject[SS_NUMBER_MAX];
    jwt_t *jwt = NULL;
    subject[ss_int_print(token->user_id, subject)] = '\0';
    char *text = NULL;
    if (jwt_new(&jwt) == 0 && jwt_set_alg(jwt, JWT_ALG_HS256, key, SS_DIGEST_BYTES) == 0 &&
        jwt_add_grant(jwt, "sub", subject) == 0 && jwt_add_grant(jwt, "sid", token->session) == 0 &&
        jwt_add_grant(jwt, "role", token->role) == 0 && jwt_add_grant_int(jwt, "iat", token->issued_s) == 0 &&
        jwt_add_grant_int(jwt, "exp", token->expires_s) == 0)
        text = jwt_encode_str(jwt);
    if (text) {
        ss_buf_puts(to, text);
        free(text); /* libjwt 1.10 has no function of its own for that */
    }
    jwt_free(jwt);
    return text ? ss_buf_check(to) : ss_fail(SS_ENOMEM, "out of memory for a token");
}

/* NULL when it is no token of this algorithm and key. */
static jwt_t *decode(struct ss_str text, jwt_alg_t algorithm, const unsigned char *key, size_t key_len)
{
    char copy[SS_TOKEN_MAX + 1];
    jwt_t *jwt = NULL;
    if (text.n == 0 || text.n > SS_TOKEN_MAX || memchr(text.p, '\0', text.n))
        return NULL;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (jwt_decode(&jwt, copy, key, (int)key_len) != 0)
        return NULL;
    /* libjwt takes any algorithm that fits the key: ours is pinned here, "none" among the refused. */
    if (jwt_get_alg(jwt) != algorithm) {
        jwt_free(jwt);
        return NULL;
    }
    return jwt;
}

static bool get_text(jwt_t *jwt, const char *name, char *to, size_t size)
{
    const char *text = jwt_get_grant(jwt, name);
    return text && (size_t)snprintf(to, size, "%s", text) < size;
}

static bool get_int(jwt_t *jwt, const char *name, int64_t *to)
{
    errno = 0;
    *to = jwt_get_grant_int(jwt, name);
    return errno == 0;
}

int ss_token_read(struct ss_str text, const unsigned char key[SS_DIGEST_BYTES], int64_t now_s,
                  struct ss_token *token)
{
    char subject[SS_NUMBER_MAX];
    jwt_t *jwt = decode(text, JWT_ALG_HS256, key, SS_DIGEST_BYTES);
    if (!jwt)
        return ss_fail(SS_EDATA, "not a token of this server");
    bool whole = get_text(jwt, "sub", subject, sizeof subject) &&
                 ss_int_parse(subject, strlen(subject), &token->user_id) &&
                 get_text(jwt, "sid", token->session, sizeof token->session) &&
                 get_text(jwt, "role", token->role, sizeof token->role) &&
                 get_int(jwt, "iat", &token->issued_s) && get_int(jwt, "exp", &token->expires_s);
    jwt_free(jwt);
    if (!whole || token->issued_s > now_s + SS_TOKEN_SKEW_S)
        return ss_fail(SS_EDATA, "not a token of this server");
    if (token->expires_s + SS_TOKEN_SKEW_S <= now_s)
        return ss_fail(SS_EANSWER, "the token has expired");
    return 0;
}

int ss_token_read_rs256(struct ss_str text, const char *pem, struct ss_arena *arena, struct ss_str *claims)
{
    jwt_t *jwt = decode(text, JWT_ALG_RS256, (const unsigned char *)pem, strlen(pem));
    if (!jwt)
        return ss_fail(SS_EDATA, "the signature is wrong");
    char *json = jwt_get_grants_json(jwt, NULL);
    jwt_free(jwt);
    if (!json)
        return ss_fail(SS_ENOMEM, "out of memory for a token");
    *claims = ss_str_of(json);
    claims->p = ss_arena_copy(arena, json, claims->n);
    free(json); /* libjwt 1.10 has no function of its own for that */
    return claims->p ? 0 : SS_ENOMEM;
}
