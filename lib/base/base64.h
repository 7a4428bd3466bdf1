/* Base 64 (RFC 4648): the alphabet of URLs ('-', '_', without padding), or the usual one. */
#ifndef SS_BASE_BASE64_H
#define SS_BASE_BASE64_H

#include "base/buf.h"
#include "base/str.h"

void ss_base64url_put(struct ss_buf *to, const void *bytes, size_t len);
/* With padding, without line breaks. */
void ss_base64_put(struct ss_buf *to, const void *bytes, size_t len);
/* Appends the bytes of an unpadded text. False when it is none: another character, an impossible length, or
 * bits that are not zero behind the last byte. */
bool ss_base64url_read(struct ss_str text, struct ss_buf *to) SS_MUST_CHECK;

#endif
