/* Whatever strangers send to be recognised by: tokens, keys, cookies, and a provider's keys and file. The
 * first byte chooses; nothing that is not ours may be taken for ours. */
#include "base/base64.h"
#include "base/err.h"
#include "json/doc.h"
#include "web/auth_parts.h"
#include "web/jwk.h"
#include "web/refresh.h"
#include "web/token.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static const unsigned char key[SS_DIGEST_BYTES] = "0123456789abcdef0123456789abcde";

static void try_token(struct ss_str text)
{
    struct ss_token token;
    if (ss_token_read(text, key, 1767225600, &token) == 0)
        abort(); /* the corpus holds none with this key */
}

static void try_refresh(struct ss_str text)
{
    struct ss_secret secret = {.n = 2};
    struct ss_session session = {.seed = SS_STR("seed")};
    int64_t generation;
    memcpy(secret.key[0], key, sizeof key);
    if (ss_refresh_parse(text, &session.id, &generation) && ss_refresh_is_ours(&secret, &session, text))
        abort();
}

static void try_key(struct ss_str text)
{
    char hash[SS_DIGEST_HEX];
    struct ss_str id;
    if (ss_key_parse(text, &id, hash) &&
        (id.n != SS_KEY_ID || id.p < text.p || id.p + id.n > text.p + text.n))
        abort();
}

static void try_cookie(struct ss_str text)
{
    static struct ss_call call;
    call.req.cookie = text;
    call.req.secure = text.n & 1;
    struct ss_str value = ss_cookie_get(&call, "ss_access");
    if (value.p && (value.p < text.p || value.p + value.n > text.p + text.n))
        abort();
}

static void try_jwk(struct ss_str text)
{
    const struct ss_json_value *root;
    struct ss_arena arena;
    struct ss_buf pem;
    ss_arena_init(&arena, 1 << 20);
    ss_buf_init(&pem, 4096);
    if (ss_json_parse(text.p, text.n, &arena, &root) == 0 && ss_jwk_pem(root, &pem) == 0 && pem.n < 300)
        abort();
    ss_buf_free(&pem);
    ss_arena_free(&arena);
}

static void try_rs256(struct ss_str text)
{
    static const char pem[] =
        "-----BEGIN PUBLIC KEY-----\nMA0GCSqGSIb3DQEBAQUAAwAwAAIBAw==\n-----END PUBLIC KEY-----\n";
    struct ss_arena arena;
    struct ss_str claims;
    ss_arena_init(&arena, 1 << 20);
    if (ss_token_read_rs256(text, pem, &arena, &claims) == 0)
        abort();
    ss_arena_free(&arena);
}

static void try_base64(struct ss_str text)
{
    struct ss_buf raw, again;
    ss_buf_init(&raw, 1 << 20);
    ss_buf_init(&again, 1 << 20);
    if (ss_base64url_read(text, &raw)) {
        ss_base64url_put(&again, raw.p, raw.n);
        if (again.n != text.n || (text.n && memcmp(again.p, text.p, text.n) != 0))
            abort(); /* each text has one reading, each reading one text */
    }
    ss_buf_free(&raw);
    ss_buf_free(&again);
}

static void try_email(struct ss_str text)
{
    struct ss_arena arena;
    ss_arena_init(&arena, 1 << 20);
    struct ss_str email = ss_email_of(text, &arena);
    if (email.p &&
        (email.n > SS_EMAIL_MAX || !memchr(email.p, '@', email.n) || memchr(email.p, '\n', email.n)))
        abort();
    ss_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static void (*const tries[])(struct ss_str) = {try_token, try_refresh, try_key,    try_cookie,
                                                   try_jwk,   try_rs256,   try_base64, try_email};
    if (len == 0 || len > 65536)
        return 0;
    /* Exactly as long as it is, so that a byte too far is found. */
    char *copy = malloc(len);
    if (!copy)
        return 0;
    memcpy(copy, bytes, len);
    tries[(copy[0] - '0') & 7]((struct ss_str){copy + 1, len - 1});
    free(copy);
    return 0;
}
