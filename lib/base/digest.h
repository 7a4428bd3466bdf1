/*
 * What needs cryptography, through libsodium, whose only user is digest.c: SHA-256 and HMAC-SHA-256
 * (FIPS 180-4, RFC 2104) for provenance hashes, keyed card numbers and tokens; Argon2id (RFC 9106) for
 * passwords; secrets out of the operating system's generator.
 */
#ifndef SS_BASE_DIGEST_H
#define SS_BASE_DIGEST_H

#include "base/attr.h"
#include "base/str.h"
#include <stddef.h>

#define SS_DIGEST_BYTES 32
#define SS_DIGEST_HEX   (2 * SS_DIGEST_BYTES + 1)

void ss_sha256(const void *bytes, size_t len, unsigned char out[SS_DIGEST_BYTES]);
/* Lower-case hexadecimal with a NUL behind it. The first 8 digits are the short hash that decisions carry. */
void ss_sha256_hex(const void *bytes, size_t len, char out[SS_DIGEST_HEX]);
void ss_hmac_sha256_hex(const void *key, size_t key_len, const void *bytes, size_t len,
                        char out[SS_DIGEST_HEX]);
void ss_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                    unsigned char out[SS_DIGEST_BYTES]);
/* Takes the same time wherever they differ. */
bool ss_bytes_equal(const void *a, const void *b, size_t len);
/* Forgets a secret; the compiler may not leave it out. */
void ss_bytes_wipe(void *bytes, size_t len);

/* Fills `out` from the operating system's generator. */
void ss_random_bytes(void *out, size_t len);
/* `chars` letters and digits (log2(62) = 5.95 bits each) and a NUL. */
void ss_random_text(char *out, size_t chars);

/* ---- passwords ---- */

#define SS_PASSWORD_HASH 128 /* bytes that a password's hash needs, with its NUL */

/*
 * Argon2id, with its parameters in the text ("$argon2id$v=19$m=32768,t=3,p=1$..."). Takes some 80 ms and 32
 * MiB on purpose: never in a thread that others wait for. SS_ENOMEM.
 */
int ss_password_hash(struct ss_str password, char out[SS_PASSWORD_HASH]) SS_MUST_CHECK;
/* Is it the password? Takes as long where it is not, and where `hash` is NULL (nobody's): false. */
bool ss_password_check(const char *hash, struct ss_str password);
/* The hash was made at another cost than today's: make it anew when the password is at hand. */
bool ss_password_is_old(const char *hash);

#endif
