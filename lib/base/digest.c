#include "base/digest.h"
#include <sodium.h>

_Static_assert(SS_DIGEST_BYTES == crypto_hash_sha256_BYTES, "digest size");

static void to_hex(const unsigned char *raw, char out[SS_DIGEST_HEX])
{
    sodium_bin2hex(out, SS_DIGEST_HEX, raw, SS_DIGEST_BYTES);
}

void ss_sha256(const void *bytes, size_t len, unsigned char out[SS_DIGEST_BYTES])
{
    crypto_hash_sha256(out, bytes, len);
}

void ss_sha256_hex(const void *bytes, size_t len, char out[SS_DIGEST_HEX])
{
    unsigned char raw[SS_DIGEST_BYTES];
    ss_sha256(bytes, len, raw);
    to_hex(raw, out);
}

void ss_hmac_sha256_hex(const void *key, size_t key_len, const void *bytes, size_t len,
                        char out[SS_DIGEST_HEX])
{
    unsigned char raw[SS_DIGEST_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, bytes, len);
    crypto_auth_hmacsha256_final(&state, raw);
    to_hex(raw, out);
    sodium_memzero(&state, sizeof state);
}

void ss_random_bytes(void *out, size_t len)
{
    randombytes_buf(out, len);
}
