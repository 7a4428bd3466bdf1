/* What signs people in: passwords' hashes, tokens, the server's secret, limits on guessing. */
#include "base/err.h"
#include "tests/tap.h"
#include "web/limit.h"
#include "web/lockout.h"
#include "web/refresh.h"
#include "web/token.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW    INT64_C(1767225600)
#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)

static void test_passwords(void)
{
    char hash[SS_PASSWORD_HASH], other[SS_PASSWORD_HASH];
    ok(ss_password_hash(SS_STR("a long enough one"), hash) == 0 && strncmp(hash, "$argon2id$v=19$", 15) == 0,
       "Argon2id: %s", hash);
    ok(ss_password_hash(SS_STR("a long enough one"), other) == 0 && strcmp(hash, other) != 0,
       "with a salt of its own");
    ok(ss_password_check(hash, SS_STR("a long enough one")), "the password");
    ok(!ss_password_check(hash, SS_STR("a long enough onE")), "another password");
    ok(!ss_password_check(NULL, SS_STR("a long enough one")), "nobody's password");
    ok(!ss_password_check("$argon2id$v=19$m=8,t=1,p=1$x", SS_STR("a long enough one")), "a damaged hash");
    ok(!ss_password_check("", SS_STR("")), "no hash");
    ok(!ss_password_is_old(hash), "at today's cost");
    ok(ss_password_is_old("$argon2id$v=19$m=19456,t=2,p=1$59p6foLSpRTgHm/VDGp5VQ$"
                          "zpjEWDIGHaZUtEoccRntFmJysE9aGie1UrBujBLNYvk"),
       "at yesterday's");
    char a[33], b[33];
    ss_random_text(a, 32);
    ss_random_text(b, 32);
    ok(strlen(a) == 32 && strspn(a, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == 32 &&
           strcmp(a, b) != 0,
       "random letters: %s", a);
    ok(ss_bytes_equal("abc", "abc", 3) && !ss_bytes_equal("abc", "abd", 3), "equal bytes");
}

/* ---- tokens ---- */

static const unsigned char key[SS_DIGEST_BYTES] = "0123456789abcdef0123456789abcde";
static const unsigned char other_key[SS_DIGEST_BYTES] = "0123456789abcdef0123456789abcdX";

/* base64url, unpadded, of a text. */
static void encode(const char *text, size_t n, char *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < n; i += 3) {
        unsigned bits =
            (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        *to++ = digits[bits >> 18];
        *to++ = digits[bits >> 12 & 63];
        if (i + 1 < n)
            *to++ = digits[bits >> 6 & 63];
        if (i + 2 < n)
            *to++ = digits[bits & 63];
    }
    *to = '\0';
}

/* A token of any header and claims with an HMAC-SHA-256 signature of the key. */
static struct ss_str forge(const char *header, const char *claims, bool sign)
{
    static char text[4096];
    unsigned char mac[SS_DIGEST_BYTES];
    encode(header, strlen(header), text);
    size_t n = strlen(text);
    text[n++] = '.';
    encode(claims, strlen(claims), text + n);
    n = strlen(text);
    ss_hmac_sha256(key, sizeof key, text, n, mac);
    text[n++] = '.';
    text[n] = '\0';
    if (sign)
        encode((const char *)mac, sizeof mac, text + n);
    return ss_str_of(text);
}

static int read_token(struct ss_str text)
{
    struct ss_token token;
    return ss_token_read(text, key, NOW, &token);
}

#define CLAIMS "{\"sub\":\"7\",\"sid\":\"abc\",\"role\":\"admin\",\"iat\":1767225600,\"exp\":1767229200}"
#define HS256  "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

static void test_tokens(void)
{
    const struct ss_token made = {
        .user_id = 7, .session = "abc", .role = "admin", .issued_s = NOW, .expires_s = NOW + 3600};
    struct ss_token got;
    struct ss_buf buf;
    ss_buf_init(&buf, SS_TOKEN_MAX);
    ok(ss_token_make(&made, key, &buf) == 0, "a token is made");
    struct ss_str text = {buf.p, buf.n};
    ok(ss_token_read(text, key, NOW, &got) == 0 && got.user_id == 7 && strcmp(got.session, "abc") == 0 &&
           strcmp(got.role, "admin") == 0 && got.expires_s == NOW + 3600,
       "and read");
    ok(ss_token_read(text, other_key, NOW, &got) == SS_EDATA, "not with another key");
    ok(ss_token_read(text, key, NOW + 3600 + SS_TOKEN_SKEW_S - 1, &got) == 0, "clocks may differ a little");
    ok(ss_token_read(text, key, NOW + 3600 + SS_TOKEN_SKEW_S, &got) == SS_EANSWER,
       "not much: it has expired");
    ok(ss_token_read(text, key, NOW - SS_TOKEN_SKEW_S - 1, &got) == SS_EDATA, "nor is it from the future");
    ok(read_token((struct ss_str){text.p, text.n - 1}) == SS_EDATA, "cut short");
    ok(read_token((struct ss_str){"", 0}) == SS_EDATA, "empty");
    bool refused = true;
    for (size_t i = 0; i < buf.n; i++) { /* any one letter changed, the last one's spare bits excepted */
        char kept = buf.p[i];
        buf.p[i] = kept == 'A' ? 'Q' : 'A';
        refused &= read_token(text) != 0 || i == buf.n - 1;
        buf.p[i] = kept;
    }
    ok(refused, "any letter changed");
    ss_buf_free(&buf);

    ok(read_token(forge(HS256, CLAIMS, true)) == 0, "one made elsewhere with our key is ours");
    ok(read_token(forge(HS256, CLAIMS, false)) == SS_EDATA, "without a signature it is not");
    const char *const headers[] = {
        "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"None\",\"typ\":\"JWT\"}",
        "{\"alg\":\"NONE\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS384\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"\",\"typ\":\"JWT\"}",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":null}",
        "{\"alg\":[\"HS256\"]}",
        "[]",
        "",
        "{\"alg\":\"HS256\"",
    };
    for (size_t i = 0; i < SS_COUNT(headers); i++) {
        ok(read_token(forge(headers[i], CLAIMS, true)) == SS_EDATA, "signed, its header %s", headers[i]);
        ok(read_token(forge(headers[i], CLAIMS, false)) == SS_EDATA, "unsigned, its header %s", headers[i]);
    }
    const char *const claims[] = {
        "{}",
        "[]",
        "null",
        "{\"sub\":\"x\",\"sid\":\"abc\",\"role\":\"admin\",\"iat\":1767225600,\"exp\":1767229200}",
        "{\"sub\":7,\"sid\":\"abc\",\"role\":\"admin\",\"iat\":1767225600,\"exp\":1767229200}",
        "{\"sub\":\"7\",\"role\":\"admin\",\"iat\":1767225600,\"exp\":1767229200}",
        "{\"sub\":\"7\",\"sid\":\"abc\",\"role\":\"admin\",\"iat\":1767225600}",
        "{\"sub\":\"7\",\"sid\":\"abc\",\"role\":\"admin\",\"exp\":1767229200}",
        "{\"sub\":\"7\",\"sid\":\"abc\",\"role\":\"admin\",\"iat\":1767225600,\"exp\":\"1767229200\"}",
        "{\"sub\":\"7\",\"sid\":\"abc\",\"role\":\"admin\",\"iat\":1767225600,\"exp\":1e99}",
        "{\"sub\":\"7\",\"sid\":\"abc\",\"role\":\"admin\",\"iat\":1767225600,\"exp\":"
        "99999999999999999999999}",
        "{\"sub\":\"7\",\"sid\":\"0123456789012345678901234567890123456789\",\"role\":\"admin\",\"iat\":"
        "1767225600,"
        "\"exp\":1767229200}",
    };
    for (size_t i = 0; i < SS_COUNT(claims); i++)
        ok(read_token(forge(HS256, claims[i], true)) < 0, "signed, its claims %.60s", claims[i]);
    static char big[SS_TOKEN_MAX + 2];
    memset(big, 'a', sizeof big - 1);
    ok(read_token(ss_str_of(big)) == SS_EDATA, "a long one");
}

static void test_refresh(void)
{
    struct ss_secret secret = {.n = 1}, other = {.n = 1};
    memcpy(secret.key[0], key, sizeof key);
    memcpy(other.key[0], other_key, sizeof key);
    struct ss_session s = {.id = SS_STR("0123456789abcdefghijkl"), .seed = SS_STR("seed"), .generation = 4};
    struct ss_buf buf;
    struct ss_str id;
    int64_t generation;
    ss_buf_init(&buf, 256);
    ss_refresh_make(&secret, &s, &buf);
    struct ss_str text = {buf.p, buf.n};
    ok(buf.n <= SS_REFRESH_MAX && ss_refresh_parse(text, &id, &generation) && ss_str_eq(id, s.id) &&
           generation == 4,
       "a refresh token names session and generation");
    ok(ss_refresh_is_ours(&secret, &s, text), "and is ours");
    s.generation = 9;
    ok(ss_refresh_is_ours(&secret, &s, text), "also when the session went on");
    ok(!ss_refresh_is_ours(&other, &s, text), "not under another secret");
    s.seed = SS_STR("feed");
    ok(!ss_refresh_is_ours(&secret, &s, text), "not of another seed");
    s.seed = SS_STR("seed");
    other.n = 2;
    memcpy(other.key[1], key, sizeof key);
    ok(ss_refresh_is_ours(&other, &s, text), "the secret before counts");
    char *dot = memchr(buf.p, '.', buf.n);
    dot[1] = '5';
    ok(ss_refresh_parse(text, &id, &generation) && generation == 5 && !ss_refresh_is_ours(&secret, &s, text),
       "another generation is forged");
    dot[1] = '-';
    ok(!ss_refresh_parse(text, &id, &generation), "a damaged one");
    ss_buf_free(&buf);
}

/* ---- the secret's file ---- */

static void put_file(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0, "a file");
    close(fd);
}

static void test_secret(void)
{
    char path[] = "/tmp/ss-secret-XXXXXX", text[300];
    struct ss_secret secret, again;
    struct stat st;
    close(mkstemp(path));
    unlink(path);
    ok(ss_secret_open(path, &secret) == 0 && secret.n == 1, "a secret is made: %s", ss_err_text());
    ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 65, "for its owner only");
    ok(ss_secret_open(path, &again) == 0 && memcmp(&secret, &again, sizeof secret) == 0, "and read again");
    ok(ss_secret_rotate(path) == 0 && ss_secret_open(path, &again) == 0 && again.n == 2 &&
           memcmp(again.key[1], secret.key[0], SS_DIGEST_BYTES) == 0 &&
           memcmp(again.key[0], secret.key[0], SS_DIGEST_BYTES) != 0,
       "a new one goes before it");
    ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "still for its owner only");
    ok(ss_secret_rotate(path) == 0 && ss_secret_open(path, &again) == 0 && again.n == 2 &&
           memcmp(again.key[1], secret.key[0], SS_DIGEST_BYTES) != 0,
       "and pushes it out in the end");
    unsigned char a[SS_DIGEST_BYTES], b[SS_DIGEST_BYTES];
    ss_secret_key(&secret, 0, "access", a);
    ss_secret_key(&secret, 0, "refresh", b);
    ok(memcmp(a, b, sizeof a) != 0, "each purpose has its own key");
    const char line[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    snprintf(text, sizeof text, "%s\n", line);
    put_file(path, text, 0640);
    ok(ss_secret_open(path, &again) == SS_ECONFIG, "a file that others may read: %s", ss_err_text());
    put_file(path, text, 0600);
    ok(ss_secret_open(path, &again) == 0, "that only its owner may read");
    put_file(path, line, 0600);
    ok(ss_secret_open(path, &again) == 0, "without a newline at its end");
    snprintf(text, sizeof text, "%s\n%s\n%s\n", line, line, line);
    put_file(path, text, 0600);
    ok(ss_secret_open(path, &again) == SS_ECONFIG, "three lines");
    put_file(path, "", 0600);
    ok(ss_secret_open(path, &again) == SS_ECONFIG, "an empty file");
    put_file(path, "super-secret-key\n", 0600);
    ok(ss_secret_open(path, &again) == SS_ECONFIG, "a word: %s", ss_err_text());
    unlink(path);
    ok(ss_secret_open("/nowhere/secret", &again) == SS_ECREATE, "no such folder: %s", ss_err_text());
}

/* ---- limits ---- */

static void test_limit(void)
{
    struct ss_limit *limit;
    int64_t now = NOW * SECOND;
    ok(ss_limit_new(3, SECOND, &limit) == 0, "three at once, then one a second");
    bool three = true;
    for (int i = 0; i < 3; i++)
        three &= ss_limit_take(limit, "192.0.2.1", now) == 0;
    int wait_s = ss_limit_take(limit, "192.0.2.1", now);
    ok(three && wait_s > 0 && wait_s <= 2, "the fourth waits %d s", wait_s);
    ok(ss_limit_look(limit, "192.0.2.1", now) > 0 && ss_limit_look(limit, "192.0.2.2", now) == 0,
       "looking takes nothing");
    ok(ss_limit_take(limit, "192.0.2.2", now) == 0, "another address does not");
    ok(ss_limit_take(limit, "192.0.2.1", now + SECOND) == 0 &&
           ss_limit_take(limit, "192.0.2.1", now + SECOND) > 0,
       "a second later there is one more");
    ok(ss_limit_take(limit, "192.0.2.1", now - 3600 * SECOND) > 0, "a clock that goes back gives none");
    for (int i = 0; i < 3; i++)
        three &= ss_limit_take(limit, "2001:db8:1:2::1", now) == 0;
    ok(three && ss_limit_take(limit, "2001:db8:1:2:ffff:1:2:3", now) > 0, "a network of IPv6 is one");
    ok(ss_limit_take(limit, "2001:db8:1:3::1", now) == 0, "its neighbour another");
    /* Flooded with addresses that each try once, it still knows the one that tried too often. */
    char address[32];
    for (int i = 0; i < 100000; i++) {
        snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        if (ss_limit_take(limit, address, now + 2 * SECOND) < 0)
            break;
    }
    for (int i = 0; i < 3; i++)
        if (ss_limit_take(limit, "192.0.2.9", now + 3 * SECOND))
            break;
    for (int i = 0; i < 100000; i++) {
        snprintf(address, sizeof address, "11.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        if (ss_limit_take(limit, address, now + 3 * SECOND) < 0)
            break;
    }
    ok(ss_limit_take(limit, "192.0.2.9", now + 3 * SECOND) > 0, "a flood of addresses hides nobody");
    ss_limit_free(limit);
}

static void test_lockout(void)
{
    struct ss_strangers *s;
    int64_t now = NOW * SECOND;
    ok(ss_lockout_until(4, 5, 15, now) == 0, "four failures lock nothing");
    ok(ss_lockout_until(5, 5, 15, now) == now + 15 * MINUTE, "five do");
    ok(ss_lockout_until(6, 5, 15, now) == now + 30 * MINUTE, "the sixth for twice as long");
    ok(ss_lockout_until(60, 5, 15, now) == now + 24 * 60 * MINUTE &&
           ss_lockout_until(INT64_MAX, 5, 1440, now) == now + 24 * 60 * MINUTE,
       "never longer than a day");
    ok(ss_strangers_new(&s) == 0, "names that nobody has");
    bool open = true;
    for (int i = 0; i < 4; i++)
        open &= ss_strangers_fail(s, SS_STR("a@b"), 5, 15, now) == 0;
    ok(open && ss_strangers_look(s, SS_STR("a@b"), now) == 0, "lock the same way:");
    ok(ss_strangers_fail(s, SS_STR("a@b"), 5, 15, now) == now + 15 * MINUTE &&
           ss_strangers_look(s, SS_STR("a@b"), now) == now + 15 * MINUTE,
       "after five");
    ok(ss_strangers_look(s, SS_STR("a@c"), now) == 0, "each for itself");
    ok(ss_strangers_look(s, SS_STR("a@b"), now + 15 * MINUTE) == 0, "until then");
    ok(ss_strangers_fail(s, SS_STR("a@b"), 5, 15, now + 15 * MINUTE) == now + 45 * MINUTE,
       "and twice as long");
    ss_strangers_free(s);
}

int main(void)
{
    test_passwords();
    test_tokens();
    test_refresh();
    test_secret();
    test_limit();
    test_lockout();
    return done();
}
