/*
 * Refresh tokens: "sr_SESSION.GENERATION.MAC", MAC = HMAC-SHA-256 of session, generation and the session's
 * seed (in the store) under a key that is not in the store. So neither a copy of the store nor the key alone
 * makes one; and whoever shows a true token of an older generation shows a stolen one, or is the one it was
 * stolen from, while a guesser ends nobody's session.
 */
#ifndef SS_WEB_REFRESH_H
#define SS_WEB_REFRESH_H

#include "base/buf.h"
#include "store/sessions.h"
#include "web/secret.h"

#define SS_REFRESH_MAX 128

void ss_refresh_make(const struct ss_secret *secret, const struct ss_session *session, struct ss_buf *to);
/* Its session and generation, before anything is checked. False when it is no such token. */
bool ss_refresh_parse(struct ss_str text, struct ss_str *session, int64_t *generation);
/* Was it made by us for this session and the generation it names? */
bool ss_refresh_is_ours(const struct ss_secret *secret, const struct ss_session *session, struct ss_str text);

#endif
