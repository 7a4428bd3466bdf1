/* SHA-256 and HMAC-SHA-256 through libsodium (FIPS 180-4, RFC 2104): provenance hashes, keyed card numbers.
 */
#ifndef SS_BASE_DIGEST_H
#define SS_BASE_DIGEST_H

#include <stddef.h>

#define SS_DIGEST_BYTES 32
#define SS_DIGEST_HEX   (2 * SS_DIGEST_BYTES + 1)

void ss_sha256(const void *bytes, size_t len, unsigned char out[SS_DIGEST_BYTES]);
/* Lower-case hexadecimal with a NUL behind it. The first 8 digits are the short hash that decisions carry. */
void ss_sha256_hex(const void *bytes, size_t len, char out[SS_DIGEST_HEX]);
void ss_hmac_sha256_hex(const void *key, size_t key_len, const void *bytes, size_t len,
                        char out[SS_DIGEST_HEX]);
/* Fills `out` from the operating system's generator. */
void ss_random_bytes(void *out, size_t len);

#endif
