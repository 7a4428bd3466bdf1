/*
 * How to sign in with another's account: a file of lines `key = value`, with # comments.
 *
 *     issuer             = https://id.example.com/realms/main     as its tokens say
 *     client_id          = sentinel
 *     client_secret_file = /etc/sentinel/oidc.secret              without one: a public client
 *     redirect_uri       = https://fraud.example.com/api/v1/auth/oidc/callback
 *     name               = Example Inc.                           what the sign-in page says
 *     scopes             = openid email profile                   (the default)
 *     role_claim         = groups                                 a claim's name, or a path a.b into it
 *     admin              = fraud-admins                           values that make somebody one of them; the
 *     analyst            = fraud-team, fraud-leads                strongest counts
 *     viewer             = *                                      anybody
 *     create             = yes                                    make accounts for those who have none
 *     link               = no                                     give those who have one with the same
 *                                                                 verified email that account
 *
 * With roles in the file the provider decides about them at every sign-in; without, new accounts are viewers
 * and administrators decide here.
 */
#ifndef SS_WEB_OIDC_CONFIG_H
#define SS_WEB_OIDC_CONFIG_H

#include "base/attr.h"
#include "base/str.h"
#include "json/doc.h"

enum { SS_OIDC_VIEWER, SS_OIDC_ANALYST, SS_OIDC_ADMIN, SS_OIDC_ROLES };

struct ss_oidc_config {
    char issuer[512], client_id[256], client_secret[512], redirect_uri[512], name[100], scopes[256];
    char role_claim[128];
    char role[SS_OIDC_ROLES][512]; /* empty: nobody */
    bool maps_roles, create, link;
};

/* SS_ECONFIG with file and line, SS_ENOINPUT. */
int ss_oidc_config_read(const char *path, struct ss_oidc_config *config) SS_MUST_CHECK;
/* Only https, and http to this very machine, for tests. */
bool ss_oidc_is_url(struct ss_str url);
/* "viewer", "analyst" or "admin" for the claims of a token; NULL where nothing makes them one. */
const char *ss_oidc_role(const struct ss_oidc_config *config, const struct ss_json_value *claims);

#endif
