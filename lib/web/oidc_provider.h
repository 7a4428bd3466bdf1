/*
 * An OpenID provider, as its client sees it (OpenID Connect Core 1.0, Discovery 1.0; RFC 6749, 7636): where
 * it is, which keys it signs with, a code for a token, and whether that token is what it should be. Asks over
 * HTTP, so only where waiting disturbs nobody. Any thread.
 */
#ifndef SS_WEB_OIDC_PROVIDER_H
#define SS_WEB_OIDC_PROVIDER_H

#include "base/arena.h"
#include "web/oidc_config.h"
#include <stdint.h>

struct ss_oidc_provider;

int ss_oidc_provider_new(const struct ss_oidc_config *config,
                         struct ss_oidc_provider **provider) SS_MUST_CHECK;
void ss_oidc_provider_free(struct ss_oidc_provider *provider); /* accepts NULL */
const struct ss_oidc_config *ss_oidc_provider_config(const struct ss_oidc_provider *provider);

/* Its authorization endpoint. SS_EAWAY, or SS_EDATA when what it says of itself is not right. */
int ss_oidc_authorize_at(struct ss_oidc_provider *provider, int64_t now_us, struct ss_arena *arena,
                         struct ss_str *url) SS_MUST_CHECK;
/* The ID token for a code. SS_EANSWER when the provider does not take the code. */
int ss_oidc_exchange(struct ss_oidc_provider *provider, struct ss_str code, const char *verifier,
                     int64_t now_us, struct ss_arena *arena, struct ss_str *id_token) SS_MUST_CHECK;
/* Its claims, once signature (RS256 by a key of the provider's), issuer, audience, times and nonce are right;
 * otherwise SS_EDATA with what is wrong. */
int ss_oidc_check(struct ss_oidc_provider *provider, struct ss_str id_token, const char *nonce,
                  int64_t now_us, struct ss_arena *arena, const struct ss_json_value **claims) SS_MUST_CHECK;

#endif
