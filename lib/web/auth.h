/*
 * Identity: who asks, what may they, and what the log says they did.
 *
 * A call is identified by, in this order: `Authorization: Bearer` with an access token (a person's; a JWT
 * that names a session) or an API key ("ss_..."), or the cookie `ss_access` (a browser's). On a FEED route
 * also by ?ticket= (good once, for half a minute: what a browser's WebSocket has instead of a header) and
 * ?token=. What the store says of the session, the key and the person counts, not what the token says: a role
 * that changed and a session that ended show at once.
 *
 * Looking that up takes some 20 us, so what was recognised is remembered for a second, and forgotten at once
 * when somebody's rights change (SS_AFTER_AUTH); the second bounds what another process changes.
 *
 * Threads: one struct ss_auth a server. ss_auth_identify and tickets belong to the loop's thread; the rest
 * may be called by any.
 */
#ifndef SS_WEB_AUTH_H
#define SS_WEB_AUTH_H

#include "web/secret.h"
#include "web/web.h"

#define SS_KEY_SCOPES_MAX 400 /* bytes of an API key's scopes */

struct ss_auth_options {
    const char *secret_file; /* made where there is none (secret.h) */
    const char *oidc_file;   /* another's sign-in (oidc_config.h); NULL: none */
};

int ss_auth_new(const struct ss_auth_options *options, struct ss_auth **auth) SS_MUST_CHECK;
void ss_auth_free(struct ss_auth *auth); /* accepts NULL */
/* Reads the secret again (SIGHUP). After an error everything stays as it was. */
int ss_auth_reload(struct ss_auth *auth) SS_MUST_CHECK;

/*
 * Fills call->who, between ss_route_find and ss_route_allow, with call->db a connection for reading. False
 * when the call is answered: 401 for credentials that are wrong or expired, 403 where a password must be
 * changed first. No credentials make SS_NOBODY.
 */
bool ss_auth_identify(struct ss_call *call);
/* Forgets who was recognised. ss_after_commit does it. */
void ss_auth_flush(struct ss_auth *auth);

/* For what lasts longer than a call: may `who` (from ss_auth_identify) still do what they could? 1, or 0 when
 * the session or key ended or the role is another. With any connection for reading. */
int ss_auth_still(struct ss_db *db, const struct ss_actor *who, int64_t now_us) SS_MUST_CHECK;

/*
 * Where there is no administrator yet: a word that lets its reader make the first one (POST auth/setup), to
 * be printed at the start. Each start makes a new one and ends the one before. 1: made, 0: there are
 * administrators. Begins and ends a transaction.
 */
#define SS_SETUP_TOKEN 33 /* bytes, with the NUL */
int ss_auth_setup_token(struct ss_db *db, int64_t now_us, char out[SS_SETUP_TOKEN]) SS_MUST_CHECK;

/* Once a minute or so, by the desk, in a transaction: when keys were used last; forgets sessions and one-time
 * words that ended a month ago. */
int ss_auth_sweep(struct ss_auth *auth, struct ss_db *db, int64_t now_us) SS_MUST_CHECK;

/*
 * Adds a line to the audit log, inside the change's own transaction: by whom and from where is in the call.
 * `old_json` and `new_json` hold what changed, {"status":"open"}; p == NULL where there is none. Never a
 * password, token or key.
 */
int ss_call_audit(struct ss_call *call, const char *action, struct ss_str subject, struct ss_str old_json,
                  struct ss_str new_json) SS_MUST_CHECK;

#endif
