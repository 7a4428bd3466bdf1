#include "web/refresh.h"
#include "base/number.h"
#include <inttypes.h>

#define PREFIX     "sr_"
#define MAC_DIGITS (SS_DIGEST_HEX - 1)

static void mac_of(const struct ss_secret *secret, int nth, const struct ss_session *s, int64_t generation,
                   char out[SS_DIGEST_HEX])
{
    unsigned char key[SS_DIGEST_BYTES];
    struct ss_buf text;
    ss_buf_init(&text, 1024);
    ss_buf_put(&text, s->id.p, s->id.n);
    ss_buf_printf(&text, " %" PRId64 " ", generation);
    ss_buf_put(&text, s->seed.p, s->seed.n);
    ss_secret_key(secret, nth, "refresh", key);
    ss_hmac_sha256_hex(key, sizeof key, text.p, text.n, out);
    ss_bytes_wipe(key, sizeof key);
    ss_buf_free(&text);
}

void ss_refresh_make(const struct ss_secret *secret, const struct ss_session *s, struct ss_buf *to)
{
    char mac[SS_DIGEST_HEX];
    mac_of(secret, 0, s, s->generation, mac);
    ss_buf_puts(to, PREFIX);
    ss_buf_put(to, s->id.p, s->id.n);
    ss_buf_printf(to, ".%" PRId64 ".%s", s->generation, mac);
}

bool ss_refresh_parse(struct ss_str text, struct ss_str *session, int64_t *generation)
{
    size_t prefix = sizeof PREFIX - 1;
    if (text.n > SS_REFRESH_MAX || text.n < prefix || memcmp(text.p, PREFIX, prefix) != 0)
        return false;
    const char *id = text.p + prefix, *end = text.p + text.n;
    const char *dot = memchr(id, '.', (size_t)(end - id));
    if (!dot || dot - id != SS_SESSION_ID)
        return false;
    const char *second = memchr(dot + 1, '.', (size_t)(end - dot) - 1);
    if (!second || end - second - 1 != MAC_DIGITS)
        return false;
    *session = (struct ss_str){id, (size_t)(dot - id)};
    for (const char *c = id; c < dot; c++)
        if (!((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z')))
            return false;
    return ss_int_parse(dot + 1, (size_t)(second - dot) - 1, generation) && *generation >= 0;
}

bool ss_refresh_is_ours(const struct ss_secret *secret, const struct ss_session *s, struct ss_str text)
{
    struct ss_str session;
    int64_t generation;
    if (!ss_refresh_parse(text, &session, &generation))
        return false;
    bool ours = false;
    for (int i = 0; i < secret->n; i++) {
        char mac[SS_DIGEST_HEX];
        mac_of(secret, i, s, generation, mac);
        ours |= ss_bytes_equal(mac, text.p + text.n - MAC_DIGITS, MAC_DIGITS);
    }
    return ours;
}
