#include "base/digest.h"
#include "base/err.h"
#include <pthread.h>
#include <sodium.h>

/* Above what OWASP asks for at least (19 MiB, 2 passes), and some 80 ms of one core: a person who signs in
 * does not notice, a guesser pays it each time. */
#define PASSWORD_PASSES 3
#define PASSWORD_BYTES  ((size_t)32 << 20)

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

void ss_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                    unsigned char out[SS_DIGEST_BYTES])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, bytes, len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

void ss_hmac_sha256_hex(const void *key, size_t key_len, const void *bytes, size_t len,
                        char out[SS_DIGEST_HEX])
{
    unsigned char raw[SS_DIGEST_BYTES];
    ss_hmac_sha256(key, key_len, bytes, len, raw);
    to_hex(raw, out);
}

bool ss_bytes_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void ss_bytes_wipe(void *bytes, size_t len)
{
    sodium_memzero(bytes, len);
}

void ss_random_bytes(void *out, size_t len)
{
    randombytes_buf(out, len);
}

void ss_random_text(char *out, size_t chars)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < chars; i++)
        out[i] = letters[randombytes_uniform(sizeof letters - 1)];
    out[chars] = '\0';
}

/* ---- passwords ---- */

_Static_assert(SS_PASSWORD_HASH >= crypto_pwhash_argon2id_STRBYTES, "password hash size");

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Lets libsodium choose the processor's fastest Argon2; without, it works and takes longer. */
static void choose(void)
{
    if (sodium_init() < 0)
        return;
}

int ss_password_hash(struct ss_str password, char out[SS_PASSWORD_HASH])
{
    pthread_once(&once, choose);
    if (crypto_pwhash_argon2id_str(out, password.n ? password.p : "", password.n, PASSWORD_PASSES,
                                   PASSWORD_BYTES) != 0)
        return ss_fail(SS_ENOMEM, "out of memory for a password's hash");
    return 0;
}

bool ss_password_check(const char *hash, struct ss_str password)
{
    /* Of a random password, at the same cost. */
    static const char nobody[] = "$argon2id$v=19$m=32768,t=3,p=1$M2GjOng1D501AVPU5U83SA$"
                                 "muvRxJd/O7GBCGHy/x7y6dzhX4ZbWehc4/fLdGDQZ3M";
    pthread_once(&once, choose);
    int same =
        crypto_pwhash_argon2id_str_verify(hash ? hash : nobody, password.n ? password.p : "", password.n);
    return hash && same == 0;
}

bool ss_password_is_old(const char *hash)
{
    return crypto_pwhash_argon2id_str_needs_rehash(hash, PASSWORD_PASSES, PASSWORD_BYTES) != 0;
}
