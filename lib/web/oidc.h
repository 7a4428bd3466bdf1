/* Signing in with another's account, by OpenID Connect. */
#ifndef SS_WEB_OIDC_H
#define SS_WEB_OIDC_H

#include "web/web.h"

/* What the button says, such as "Example Inc."; p == NULL: there is no other way to sign in. */
struct ss_str ss_oidc_name(const struct ss_call *call);

#endif
