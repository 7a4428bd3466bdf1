#include "ingest/pan.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"

#define DIGITS_MAX 32

int ss_pan_read_key(struct ss_pan *pan, const char *path)
{
    struct ss_buf buf;
    ss_buf_init(&buf, sizeof pan->key + 2);
    int err = ss_file_read(path, &buf);
    if (!err) {
        while (buf.n && (buf.p[buf.n - 1] == '\n' || buf.p[buf.n - 1] == '\r'))
            buf.n--;
        if (buf.n < 16 || buf.n > sizeof pan->key)
            err = ss_fail(SS_ECONFIG, "the key in '%s' has %zu bytes, not 16 to %zu", path, buf.n,
                          sizeof pan->key);
    }
    if (!err) {
        memcpy(pan->key, buf.p, buf.n);
        pan->key_len = buf.n;
    }
    ss_buf_free(&buf);
    return err;
}

/* The digits of the text; 0 when it holds anything but digits, blanks and hyphens, or too many. */
static size_t digits_of(struct ss_str text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == ' ' || text.p[i] == '-')
            continue;
        if ((unsigned)(text.p[i] - '0') > 9 || n == DIGITS_MAX)
            return 0;
        out[n++] = text.p[i];
    }
    return n;
}

bool ss_pan_looks_like(struct ss_str text)
{
    char digit[DIGITS_MAX];
    size_t n = digits_of(text, digit);
    unsigned sum = 0;
    if (n < 13 || n > 19)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(digit[n - 1 - i] - '0');
        if (i % 2)
            d = d > 4 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    return sum && sum % 10 == 0;
}

static void hash(struct ss_pan *pan, struct ss_str number, char *out)
{
    struct ss_pan_memo *memo = &pan->memo[ss_hash64(number.p, number.n) % SS_PAN_MEMOS];
    if (memo->len != number.n || memcmp(memo->digit, number.p, number.n) != 0 || !memo->len) {
        char hex[SS_DIGEST_HEX];
        ss_hmac_sha256_hex(pan->key, pan->key_len, number.p, number.n, hex);
        if (number.n > sizeof memo->digit) {
            memcpy(out, hex, 32);
            return;
        }
        memo->len = (uint8_t)number.n;
        memcpy(memo->digit, number.p, number.n);
        memcpy(memo->hex, hex, 32);
    }
    memcpy(out, memo->hex, 32);
}

size_t ss_pan_hide(struct ss_pan *pan, struct ss_str text, char *out, char last4[5])
{
    char digit[DIGITS_MAX];
    size_t n = digits_of(text, digit);
    last4[0] = '\0';
    if (n >= 12) {
        memcpy(last4, digit + n - 4, 4);
        last4[4] = '\0';
    }
    if (pan->mode == SS_PAN_KEEP)
        return 0;
    if (pan->mode == SS_PAN_HASH) {
        hash(pan, n ? (struct ss_str){digit, n} : text, out);
        return 32;
    }
    if (n < 12) { /* no card number: nothing of it may be shown */
        memset(out, '*', 8);
        return 8;
    }
    memcpy(out, digit, 6);
    memset(out + 6, '*', n - 10);
    memcpy(out + n - 4, digit + n - 4, 4);
    return n;
}
