/* Public keys as JSON (RFC 7517, RFC 7518 section 6.3) to PEM, which libjwt reads. */
#ifndef SS_WEB_JWK_H
#define SS_WEB_JWK_H

#include "base/buf.h"
#include "json/doc.h"

/* An RSA key for signatures, of 2,048 to 8,192 bits, as a SubjectPublicKeyInfo (RFC 5280). SS_EDATA for any
 * other. */
int ss_jwk_pem(const struct ss_json_value *jwk, struct ss_buf *pem) SS_MUST_CHECK;

#endif
