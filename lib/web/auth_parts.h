/* What the files of identity share: auth.c, login.c, accounts.c, password.c, keys.c, oidc.c. */
#ifndef SS_WEB_AUTH_PARTS_H
#define SS_WEB_AUTH_PARTS_H

#include "store/keys.h"
#include "store/sessions.h"
#include "store/users.h"
#include "web/auth.h"
#include "web/limit.h"
#include "web/lockout.h"

/* ---- auth.c ---- */

/* The keys of now, copied: another thread may read the file again meanwhile. */
void ss_auth_secret(struct ss_auth *auth, struct ss_secret *secret);
/* What guesses passwords, tokens and one-time words is counted by address. False: answered with 429. */
bool ss_auth_try(struct ss_call *call);
/* It was no guess, but somebody who may: a whole office may sign in from one address. */
void ss_auth_tried_well(struct ss_call *call);
/* Names of accounts that nobody has, which lock like those that somebody has. */
struct ss_strangers *ss_auth_strangers(struct ss_auth *auth);
/* NULL: people sign in here only. */
struct ss_oidc_provider;
struct ss_oidc_provider *ss_auth_provider(struct ss_auth *auth);
/* A setting, or `absent` where the server has none. */
int64_t ss_auth_setting(const struct ss_call *call, const char *key, int64_t absent);

/* A text of the arena in the buffer's stead, which is freed; p == NULL when it failed. */
struct ss_str ss_auth_take(struct ss_call *call, struct ss_buf *buf);
/* {"KEY":TEXT} for the log. */
struct ss_str ss_auth_pair(struct ss_call *call, const char *key, struct ss_str text);
/* "user:17" */
struct ss_str ss_auth_subject(struct ss_call *call, int64_t user_id);
/* The user that the path names. 1, 0: answered, or an error. */
int ss_auth_user_named(struct ss_call *call, struct ss_user *user) SS_MUST_CHECK;
/* The ETag of what a change made. */
void ss_auth_tag(struct ss_call *call, int64_t version);

/* ---- ticket.c: for FEED routes; the loop's thread ---- */

#define SS_FEED_TICKET   32 /* letters and digits */
#define SS_FEED_TICKET_S 30

struct ss_feed_tickets;
int ss_feed_tickets_new(struct ss_feed_tickets **tickets) SS_MUST_CHECK;
void ss_feed_tickets_free(struct ss_feed_tickets *tickets);
/* For `who`; the oldest makes room when there are too many. */
void ss_feed_ticket_make(struct ss_feed_tickets *tickets, const struct ss_actor *who, int64_t now_us,
                         char out[SS_FEED_TICKET + 1]);
/* Uses it up. False when there is none such. The scopes are copied into the arena. */
bool ss_feed_ticket_take(struct ss_feed_tickets *tickets, struct ss_str text, int64_t now_us,
                         struct ss_arena *arena, struct ss_actor *who);
struct ss_feed_tickets *ss_auth_tickets(struct ss_auth *auth);

/* ---- keys.c ---- */

/* "ss_ID_SECRETCHECK": is it shaped like a key, with the right check digits? */
bool ss_key_parse(struct ss_str text, struct ss_str *id, char secret_hash[SS_DIGEST_HEX]);

/* ---- cookies.c ---- */

/* A cookie of the request by our own name for it (ss_access, ss_refresh, ss_oidc), whatever prefix it has. */
struct ss_str ss_cookie_get(const struct ss_call *call, const char *name);
/* Of an age in seconds; 0 takes it away. */
void ss_cookie_set(struct ss_call *call, const char *name, struct ss_str value, int64_t age_s);

/* ---- signin.c ---- */

/* Begins a session of the user's, in a writing transaction: the answer is tokens (or cookies, where
 * `cookies`) and who signed in. call->who becomes the user. */
int ss_signin(struct ss_call *call, const struct ss_user *user, bool cookies, const char *how) SS_MUST_CHECK;
/* Answers with the tokens of a session. */
int ss_signin_answer(struct ss_call *call, const struct ss_user *user, const struct ss_session *session,
                     bool cookies) SS_MUST_CHECK;
/* Whoever is named: the line of the log is theirs. */
void ss_signin_as(struct ss_call *call, const struct ss_user *user, struct ss_str session);
/* {"id":..,"email":..,"name":..,"role":..,...} */
void ss_put_user(struct ss_buf *to, const struct ss_user *user);

/* ---- password.c ---- */

/* Notes a fault of `name` where the password is not good enough. */
void ss_password_judge(struct ss_call *call, const char *name, struct ss_str password, struct ss_str email);
#define SS_PASSWORD_MIN 12  /* characters */
#define SS_PASSWORD_MAX 256 /* bytes */

#endif
