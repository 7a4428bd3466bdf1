/*
 * Signing in with another's account: OpenID Connect's authorization code flow with PKCE (oidc_config.h has
 * the options, oidc_provider.h the protocol).
 *
 * GET auth/oidc/start sends the browser to the provider, GET auth/oidc/callback takes it back. What must be
 * the same at both ends is made out of a random word in a cookie under the server's key (state, nonce,
 * verifier), so that nothing is kept here meanwhile, and nobody else's browser can end a sign-in that this
 * one began.
 */
#ifndef SS_WEB_OIDC_H
#define SS_WEB_OIDC_H

#include "web/oidc_provider.h"
#include "web/web.h"

/* What the button says, such as "Example Inc."; p == NULL: there is no other way to sign in. */
struct ss_str ss_oidc_name(const struct ss_call *call);

#endif
