#include "record/pan.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include <stdlib.h>

#define DIGITS_MAX 32
#define RUN_MIN    13 /* bytes of a card number, at least */

bool ss_pan_mode_of(const char *word, enum ss_pan_mode *mode)
{
    static const char *const words[] = {"hash", "mask", "keep"};
    for (size_t i = 0; i < SS_COUNT(words); i++)
        if (strcmp(word, words[i]) == 0) {
            *mode = (enum ss_pan_mode)i;
            return true;
        }
    return false;
}

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

static size_t mask(const char *digit, size_t n, char *out)
{
    memcpy(out, digit, 6);
    memset(out + 6, '*', n - 10);
    memcpy(out + n - 4, digit + n - 4, 4);
    return n;
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
    return mask(digit, n, out);
}

int ss_pan_of_options(const char *mode, const char *key_file, struct ss_pan **out)
{
    enum ss_pan_mode how = SS_PAN_HASH;
    *out = NULL;
    if (!mode && !key_file)
        return 0;
    if (mode && !ss_pan_mode_of(mode, &how))
        return ss_fail(SS_EUSAGE, "--pan takes hash, mask or keep, not '%s'", mode);
    if ((how == SS_PAN_HASH) != (key_file != NULL))
        return ss_fail(SS_EUSAGE, key_file
                                      ? "--pan-key is for --pan hash alone"
                                      : "--pan hash needs --pan-key FILE (head -c 32 /dev/urandom > FILE "
                                        "makes one)");
    struct ss_pan *pan = calloc(1, sizeof *pan);
    if (!pan)
        return ss_fail(SS_ENOMEM, "out of memory");
    pan->mode = how;
    int err = key_file ? ss_pan_read_key(pan, key_file) : 0;
    if (err)
        free(pan);
    else
        *out = pan;
    return err;
}

/* --- anywhere in a payment --- */

static bool in_run(char c)
{
    return (unsigned)(c - '0') <= 9 || c == ' ' || c == '-';
}

static bool is_alnum(char c)
{
    return (unsigned)(c - '0') <= 9 || (unsigned)((c | 32) - 'a') < 26 || c == '_' || c == '.';
}

/* The run without what stands around its digits. */
static struct ss_str trim_run(struct ss_str run)
{
    while (run.n && (run.p[0] == ' ' || run.p[0] == '-'))
        run = (struct ss_str){run.p + 1, run.n - 1};
    while (run.n && (run.p[run.n - 1] == ' ' || run.p[run.n - 1] == '-'))
        run.n--;
    return run;
}

/* One look at each thirteenth byte: where that is no part of a run, none of the length lies across it. */
static bool may_hold_number(struct ss_str text)
{
    for (size_t i = RUN_MIN - 1; i < text.n;) {
        if (SS_LIKELY(!in_run(text.p[i]))) {
            i += RUN_MIN;
            continue;
        }
        size_t from = i, to = i + 1;
        while (from > 0 && in_run(text.p[from - 1]))
            from--;
        while (to < text.n && in_run(text.p[to]))
            to++;
        struct ss_str run = {text.p + from, to - from};
        bool decimals = from > 0 && text.p[from - 1] == '.';
        if (run.n >= RUN_MIN && !decimals && ss_pan_looks_like(trim_run(run)))
            return true;
        i = to + RUN_MIN;
    }
    return false;
}

/* As the numbers of the large schemes begin, with their lengths. */
static bool is_of_a_scheme(const char *d, size_t n)
{
    int two = (d[0] - '0') * 10 + d[1] - '0', four = two * 100 + (d[2] - '0') * 10 + d[3] - '0';
    if (d[0] == '4')
        return n == 13 || n == 16 || n == 19; /* Visa */
    if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))
        return n == 16; /* Mastercard */
    if (two == 34 || two == 37)
        return n == 15; /* American Express */
    if (two == 36 || two == 38 || two == 39 || (four >= 3000 && four <= 3059))
        return n == 14 || n == 16; /* Diners Club */
    if (four >= 3528 && four <= 3589)
        return n >= 16;                                                      /* JCB */
    return n >= 16 && (four == 6011 || two == 62 || two == 64 || two == 65); /* Discover, UnionPay */
}

enum name { NAME_OTHER, NAME_CARD, NAME_ID };

static enum name name_of(struct ss_str key)
{
    static const char *const card[] = {"card_id",   "card_number", "cardnumber", "card_no",
                                       "card",      "card_num",    "pan",        "cc_num",
                                       "cc_number", "credit_card", "creditcard", "primary_account_number"};
    static const char *const id[] = {"txn_id",      "user_id",   "account_id",
                                     "merchant_id", "device_id", "timestamp"};
    char lower[32];
    if (key.n >= sizeof lower)
        return NAME_OTHER;
    for (size_t i = 0; i < key.n; i++)
        lower[i] = (char)(key.p[i] >= 'A' && key.p[i] <= 'Z' ? key.p[i] | 32 : key.p[i]);
    for (size_t i = 0; i < SS_COUNT(card); i++)
        if (ss_str_is((struct ss_str){lower, key.n}, card[i]))
            return NAME_CARD;
    for (size_t i = 0; i < SS_COUNT(id); i++)
        if (ss_str_is((struct ss_str){lower, key.n}, id[i]))
            return NAME_ID;
    return NAME_OTHER;
}

struct scrubber {
    const struct ss_pan *pan;
    const char *p, *end;
    char *to;
    struct ss_str key;
    enum name name;
    int depth;
    bool has_last4, hid;
    char last4[5]; /* of a card_id at the top, to be told behind it */
};

static void copy_to(struct scrubber *s, const char *upto)
{
    memcpy(s->to, s->p, (size_t)(upto - s->p));
    s->to += upto - s->p;
    s->p = upto;
}

/* Writes what stands for the run in its place. */
static void hide_run(struct scrubber *s, struct ss_str run)
{
    char digit[DIGITS_MAX], hex[SS_DIGEST_HEX];
    size_t n = digits_of(run, digit);
    if (s->pan && s->pan->mode == SS_PAN_HASH) {
        ss_hmac_sha256_hex(s->pan->key, s->pan->key_len, digit, n, hex);
        memcpy(s->to, hex, 32);
        s->to += 32;
    } else {
        s->to += mask(digit, n, s->to);
    }
    if (s->depth == 1 && !s->has_last4 && ss_str_is(s->key, "card_id"))
        memcpy(s->last4, digit + n - 4, 4);
    s->p = run.p + run.n;
    s->hid = true;
}

static bool is_number(const struct scrubber *s, struct ss_str run)
{
    char digit[DIGITS_MAX];
    if (run.n < RUN_MIN || !ss_pan_looks_like(run))
        return false;
    return s->name == NAME_CARD || is_of_a_scheme(digit, digits_of(run, digit));
}

/* The inside of a text. */
static void scrub_text(struct scrubber *s, const char *end)
{
    const char *start = s->p;
    while (s->p < end && s->name != NAME_ID) {
        const char *from = s->p, *to;
        while (from < end && !in_run(*from))
            from++;
        for (to = from; to < end && in_run(*to); to++)
            ;
        struct ss_str run = trim_run((struct ss_str){from, (size_t)(to - from)});
        bool escape = run.p - start > 1 && run.p[-2] == '\\'; /* the letter of \n is none of the text's */
        bool apart = (run.p == start || !is_alnum(run.p[-1]) || escape) &&
                     (run.p + run.n == end || !is_alnum(run.p[run.n]));
        if (run.n && apart && is_number(s, run)) {
            copy_to(s, run.p);
            hide_run(s, run);
        } else {
            copy_to(s, to);
        }
    }
    copy_to(s, end);
}

static void scrub_string(struct scrubber *s)
{
    const char *start = s->p + 1, *close = start;
    while (close < s->end && *close != '"')
        close += *close == '\\' && close + 1 < s->end ? 2 : 1;
    if (close >= s->end) {
        copy_to(s, s->end);
        return;
    }
    const char *behind = close + 1;
    while (behind < s->end && (*behind == ' ' || *behind == '\t' || *behind == '\n' || *behind == '\r'))
        behind++;
    if (behind < s->end && *behind == ':') {
        s->key = (struct ss_str){start, (size_t)(close - start)};
        s->name = name_of(s->key);
        copy_to(s, close + 1);
        return;
    }
    copy_to(s, start);
    scrub_text(s, close);
    copy_to(s, close + 1);
}

/* A number is only a card's by its name. */
static void scrub_number(struct scrubber *s)
{
    const char *to = s->p;
    while (to < s->end && (is_alnum(*to) || *to == '-' || *to == '+'))
        to++;
    struct ss_str run = {s->p, (size_t)(to - s->p)};
    if (s->name == NAME_CARD && is_number(s, run)) {
        *s->to++ = '"';
        hide_run(s, run);
        *s->to++ = '"';
    } else {
        copy_to(s, to);
    }
}

static void put_last4(struct scrubber *s)
{
    static const char name[] = ",\"card_last4\":\"";
    if (!s->last4[0])
        return;
    memcpy(s->to, name, sizeof name - 1);
    memcpy(s->to + sizeof name - 1, s->last4, 4);
    s->to[sizeof name + 3] = '"';
    s->to += sizeof name + 4;
    s->last4[0] = '\0';
    s->has_last4 = true;
}

int ss_pan_scrub(const struct ss_pan *pan, struct ss_arena *arena, struct ss_str *json)
{
    static const char last4[] = "\"card_last4\"";
    if (SS_LIKELY(!may_hold_number(*json)) || (pan && pan->mode == SS_PAN_KEEP))
        return 0;
    /* Thirteen bytes become 34 and the 22 of card_last4 at the most. */
    char *out = ss_arena_alloc(arena, json->n * 5 + 64);
    struct scrubber s = {.pan = pan, .p = json->p, .end = json->p + json->n, .to = out};
    if (!out)
        return SS_ENOMEM;
    s.has_last4 = memmem(json->p, json->n, last4, sizeof last4 - 1) != NULL;
    while (s.p < s.end) {
        char c = *s.p;
        if (c == '"')
            scrub_string(&s);
        else if ((unsigned)(c - '0') <= 9 || c == '-')
            scrub_number(&s);
        else {
            s.depth += (c == '{' || c == '[') - (c == '}' || c == ']');
            copy_to(&s, s.p + 1);
        }
        put_last4(&s);
    }
    if (s.hid)
        *json = (struct ss_str){out, (size_t)(s.to - out)};
    return 0;
}
