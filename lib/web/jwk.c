#include "web/jwk.h"
#include "base/base64.h"
#include "base/err.h"

#define MODULUS_MIN 256 /* bytes */
#define MODULUS_MAX 1024

/* One tag, length and content of DER (X.690). */
static void put_der(struct ss_buf *to, unsigned char tag, const void *bytes, size_t len)
{
    ss_buf_putc(to, (char)tag);
    if (len >= 256) {
        ss_buf_putc(to, (char)0x82);
        ss_buf_putc(to, (char)(len >> 8));
    } else if (len >= 128) {
        ss_buf_putc(to, (char)0x81);
    }
    ss_buf_putc(to, (char)len);
    ss_buf_put(to, bytes, len);
}

/* A positive integer: without leading zeros, but one where the first bit is set. */
static void put_integer(struct ss_buf *to, const struct ss_buf *number)
{
    char text[MODULUS_MAX + 1];
    size_t from = 0, n = 0;
    while (from + 1 < number->n && number->p[from] == 0)
        from++;
    if (number->p[from] & 0x80)
        text[n++] = 0;
    memcpy(text + n, number->p + from, number->n - from);
    put_der(to, 0x02, text, n + number->n - from);
}

static bool read_number(const struct ss_json_value *jwk, const char *name, struct ss_buf *to)
{
    const struct ss_json_value *v = ss_json_get(jwk, name);
    return v && v->type == SS_JSON_STRING && ss_base64url_read(v->text, to) && to->n > 0;
}

static void put_pem(struct ss_buf *to, const struct ss_buf *der)
{
    ss_buf_puts(to, "-----BEGIN PUBLIC KEY-----\n");
    for (size_t i = 0; i < der->n; i += 48) { /* 64 characters a line */
        ss_base64_put(to, der->p + i, der->n - i < 48 ? der->n - i : 48);
        ss_buf_putc(to, '\n');
    }
    ss_buf_puts(to, "-----END PUBLIC KEY-----\n");
}

int ss_jwk_pem(const struct ss_json_value *jwk, struct ss_buf *pem)
{
    /* AlgorithmIdentifier: rsaEncryption (1.2.840.113549.1.1.1), NULL */
    static const unsigned char rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    const struct ss_json_value *kty = ss_json_get(jwk, "kty"), *use = ss_json_get(jwk, "use"),
                               *alg = ss_json_get(jwk, "alg");
    struct ss_buf n, e, pair, key, info, der;
    ss_buf_init(&n, MODULUS_MAX);
    ss_buf_init(&e, 8);
    ss_buf_init(&pair, 4096);
    ss_buf_init(&key, 4096);
    ss_buf_init(&info, 4096);
    ss_buf_init(&der, 4096);
    int err = SS_EDATA;
    if (kty && ss_str_is(kty->text, "RSA") && (!use || ss_str_is(use->text, "sig")) &&
        (!alg || ss_str_is(alg->text, "RS256")) && read_number(jwk, "n", &n) && read_number(jwk, "e", &e) &&
        n.n >= MODULUS_MIN && (e.p[e.n - 1] & 1)) {
        put_integer(&pair, &n);
        put_integer(&pair, &e);
        ss_buf_putc(&key, 0); /* no unused bits */
        put_der(&key, 0x30, pair.p, pair.n);
        ss_buf_put(&info, rsa, sizeof rsa);
        put_der(&info, 0x03, key.p, key.n);
        put_der(&der, 0x30, info.p, info.n);
        put_pem(pem, &der);
        err = ss_buf_check(&der) || ss_buf_check(pem) ? SS_ENOMEM : 0;
    }
    ss_buf_free(&n);
    ss_buf_free(&e);
    ss_buf_free(&pair);
    ss_buf_free(&key);
    ss_buf_free(&info);
    ss_buf_free(&der);
    return err ? ss_fail(err, "not an RSA key for signatures") : 0;
}
