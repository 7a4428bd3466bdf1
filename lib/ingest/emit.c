#include "ingest/emit.h"
#include "base/digest.h"
#include "base/number.h"
#include "base/time.h"
#include "ingest/number.h"
#include "json/write.h"
#include <math.h>
#include <strings.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define CHUNK_BYTES ((size_t)128 << 10) /* half an arena block: chunks share blocks, none is wasted */

char *ss_emit_room(struct ss_canon *canon, size_t bytes)
{
    bytes += SS_JSON_PADDING;
    if (SS_LIKELY((size_t)(canon->end - canon->out) >= bytes))
        return canon->out;
    /* Twice, since most rows take far less than they might: the next ones find room, too. */
    size_t size = 2 * bytes > CHUNK_BYTES ? 2 * bytes : CHUNK_BYTES;
    canon->out = ss_arena_alloc(&canon->batch->arena[0], size);
    canon->end = canon->out ? canon->out + size : NULL;
    return canon->out;
}

char *ss_emit_fault(struct ss_canon *canon, const char *what, struct ss_str text)
{
    char reason[256];
    int shown = text.n > 60 ? 60 : (int)text.n;
    int n = snprintf(reason, sizeof reason, "%s: '%.*s'", what, shown, text.p);
    if (n < 0 || n >= (int)sizeof reason)
        n = sizeof reason - 1;
    canon->reason = ss_arena_copy(&canon->batch->arena[0], reason, strlen(reason));
    return NULL;
}

#ifdef __SSE2__
/* Which of the 16 bytes at p must be escaped in JSON, or are not ASCII. */
static inline unsigned unsafe_bytes(__m128i x)
{
    __m128i low = _mm_cmplt_epi8(x, _mm_set1_epi8(0x20)); /* signed: also those above 0x7f */
    __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"')), slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash)));
}
#endif

static char *put_string(char *p, struct ss_str text)
{
#ifdef __SSE2__
    char *to = p + 1;
    *p = '"';
    for (size_t i = 0;; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(text.p + i));
        _mm_storeu_si128((__m128i *)(void *)(to + i), x);
        unsigned bits = unsafe_bytes(x);
        size_t left = text.n - i;
        if (left < 16)
            bits &= (1u << left) - 1;
        if (SS_UNLIKELY(bits))
            break;
        if (left <= 16) {
            to[text.n] = '"';
            return to + text.n + 1;
        }
    }
#endif
    struct ss_buf buf = {.p = p, .cap = 6 * text.n + 2, .ceiling = 6 * text.n + 2};
    ss_json_put_string(&buf, text);
    return p + buf.n;
}

static inline char *put_text(const struct ss_op *op, struct ss_record *rec, struct ss_str text, char *p,
                             const char *base)
{
    char *val = ss_emit_block(p, op->key.p, op->key.n);
    char *end = put_string(val, text);
    ss_emit_field(rec, op->slot, base, p + 1, val, end, SS_JSON_STRING);
    return end;
}

/* A value that is no good for its canonical field goes to in_FIELD, where nobody mistakes it for one. */
static char *put_aside(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec,
                       struct ss_str text, char *p, const char *base)
{
    struct ss_op aside = {.key = op->aside, .slot = op->aside_slot};
    canon->aside++;
    canon->aside_field = ss_slot_name((enum ss_slot)op->slot);
    return ss_number_kind(text) ? ss_emit_raw(&aside, rec, text, p, base)
                                : put_text(&aside, rec, text, p, base);
}

/* The text as a JSON number, rewritten into `to` where it is not one already. n == 0: it is none. */
static struct ss_str as_number(const struct ss_op *op, struct ss_str text, char to[SS_NUMERAL_MAX])
{
    const struct ss_rule *rule = op->rule;
    bool plain = !rule || (rule->type != SS_TYPE_MONEY && !rule->shift);
    if (SS_LIKELY(plain && ss_number_kind(text)))
        return text;
    bool money = rule && rule->type == SS_TYPE_MONEY;
    size_t n = ss_number_rewrite(text, money, rule ? rule->decimal : '.', rule ? rule->shift : 0, to);
    return (struct ss_str){to, n};
}

static char *emit_amount(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec,
                         struct ss_str text, char *p, const char *base)
{
    char to[SS_NUMERAL_MAX + 32];
    struct ss_str number = as_number(op, text, to);
    if (SS_UNLIKELY(!number.n))
        return ss_emit_fault(canon, "amount is not a number", text);
    if (SS_UNLIKELY(!ss_amount_parse(number.p, number.n, &rec->amount)))
        return ss_emit_fault(canon, "amount is out of range", text);
    rec->has_amount = true;
    return ss_emit_raw(op, rec, number, p, base);
}

bool ss_emit_check_time(struct ss_canon *canon, int64_t time_us)
{
    if (SS_LIKELY(time_us >= canon->after_us && time_us <= canon->before_us))
        return true;
    char limit[SS_TIME_TEXT], when[SS_TIME_TEXT], what[128];
    bool early = time_us < canon->after_us;
    size_t n = ss_time_print(early ? canon->after_us : canon->before_us, limit),
           k = ss_time_print(time_us, when);
    snprintf(what, sizeof what, "timestamp is %s %.*s", early ? "before" : "after", (int)n, limit);
    (void)ss_emit_fault(canon, what, (struct ss_str){when, k});
    return false;
}

/* "2018-04-01 00:00:31", and the same with T: nothing but digits to look at, and the day is mostly known. */
static inline bool read_plain(struct ss_canon *canon, struct ss_str text, int64_t *time_us)
{
    const char *s = text.p;
    if (text.n != 19 || (s[10] != ' ' && s[10] != 'T') || s[13] != ':' || s[16] != ':')
        return false;
    if (SS_UNLIKELY(memcmp(s, canon->day, 10) != 0)) {
        int64_t day_us;
        if (!ss_time_parse(s, 10, &day_us))
            return false;
        memcpy(canon->day, s, 10);
        canon->day_us = day_us;
    }
    unsigned d[6] = {(unsigned)(s[11] - '0'), (unsigned)(s[12] - '0'), (unsigned)(s[14] - '0'),
                     (unsigned)(s[15] - '0'), (unsigned)(s[17] - '0'), (unsigned)(s[18] - '0')};
    unsigned h = d[0] * 10 + d[1], m = d[2] * 10 + d[3], sec = d[4] * 10 + d[5];
    if ((d[0] | d[2] | d[4]) > 7 || d[1] > 9 || d[3] > 9 || d[5] > 9 || h > 23 || m > 59 || sec > 59)
        return false;
    *time_us = canon->day_us + (int64_t)(h * 3600 + m * 60 + sec) * SS_SECOND_US;
    return true;
}

static const struct ss_when any_time = {.kind = SS_WHEN_AUTO, .is_utc = true};

static char *emit_time(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec,
                       struct ss_str text, char *p, const char *base)
{
    const struct ss_when *when = op->rule ? &op->rule->when : &any_time;
    bool plain = (when->plain || (when->kind == SS_WHEN_AUTO && when->is_utc));
    char *val = ss_emit_block(p, op->key.p, op->key.n), *end;
    int64_t time_us;
    if (SS_LIKELY(plain && read_plain(canon, text, &time_us))) {
        val[0] = '"';
        memcpy(val + 1, text.p, 19);
        val[11] = 'T';
        val[20] = 'Z';
        end = val + 21;
    } else {
        if (!ss_when_read(when, text, &time_us)) {
            if (op->slot == SS_TIMESTAMP)
                return ss_emit_fault(canon, "timestamp is not a time as expected", text);
            return put_text(op, rec, text, p, base);
        }
        val[0] = '"';
        end = val + 1 + ss_time_print(time_us, val + 1);
    }
    if (op->slot == SS_TIMESTAMP) {
        if (!ss_emit_check_time(canon, time_us))
            return NULL;
        rec->time_us = time_us;
        rec->has_time = true;
    }
    *end++ = '"';
    ss_emit_field(rec, op->slot, base, p + 1, val, end, SS_JSON_STRING);
    return end;
}

int ss_label_of(struct ss_str text)
{
    static const char *const yes[] = {"1", "true", "yes", "y", "1.0"}, *const no[] = {"0", "false", "no", "n",
                                                                                      "0.0"};
    if (SS_LIKELY(text.n == 1 && (*text.p == '0' || *text.p == '1')))
        return *text.p - '0';
    for (size_t i = 0; i < SS_COUNT(yes); i++) {
        if (text.n == strlen(yes[i]) && strncasecmp(text.p, yes[i], text.n) == 0)
            return 1;
        if (text.n == strlen(no[i]) && strncasecmp(text.p, no[i], text.n) == 0)
            return 0;
    }
    return -1;
}

static char *emit_label(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec,
                        struct ss_str text, char *p, const char *base)
{
    int label = ss_label_of(text.n == 1 ? text : ss_str_trim(text));
    if (label < 0)
        return put_aside(canon, op, rec, text, p, base);
    char *val = ss_emit_block(p, op->key.p, op->key.n);
    *val = (char)('0' + label);
    ss_emit_field(rec, op->slot, base, p + 1, val, val + 1, SS_JSON_NUMBER);
    return val + 1;
}

static char *emit_degrees(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec,
                          struct ss_str text, char *p, const char *base)
{
    char to[SS_NUMERAL_MAX + 32];
    struct ss_str number = as_number(op, text, to);
    double degrees;
    if (!number.n || !ss_double_parse(number.p, number.n, &degrees) || !(fabs(degrees) <= op->limit))
        return put_aside(canon, op, rec, text, p, base);
    return ss_emit_raw(op, rec, number, p, base);
}

static char *emit_is(const struct ss_op *op, struct ss_record *rec, struct ss_str text, char *p,
                     const char *base)
{
    bool is = false;
    text = ss_str_trim(text);
    for (uint32_t i = 0; i < op->rule->n_words; i++)
        is |= ss_str_eq(op->rule->words[i], text);
    char *val = ss_emit_block(p, op->key.p, op->key.n);
    *val = (char)('0' + is);
    ss_emit_field(rec, op->slot, base, p + 1, val, val + 1, SS_JSON_NUMBER);
    return val + 1;
}

static char *emit_id(const struct ss_op *op, struct ss_record *rec, struct ss_str text, char *p,
                     const char *base)
{
    if (SS_LIKELY(ss_number_kind(text) == SS_NUMBER_INTEGER))
        return ss_emit_raw(op, rec, text, p, base);
    return put_text(op, rec, text, p, base);
}

static char *emit_pan(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec,
                      struct ss_str text, char *p, const char *base)
{
    char hidden[SS_PAN_TEXT + 64], last4[5 + 64];
    size_t n = ss_pan_hide(&canon->pan, text, hidden, last4);
    if (!n)
        return op->rule->type == SS_TYPE_TEXT ? put_text(op, rec, text, p, base)
                                              : emit_id(op, rec, text, p, base);
    p = put_text(op, rec, (struct ss_str){hidden, n}, p, base);
    if (!op->writes_last4 || !last4[0])
        return p;
    static const char key[64] = ",\"card_last4\":";
    struct ss_op also = {.key = {key, 14}, .slot = op->last4_slot};
    return put_text(&also, rec, (struct ss_str){last4, 4}, p, base);
}

static char *emit_hash(const struct ss_op *op, struct ss_record *rec, struct ss_str text, char *p,
                       const char *base)
{
    char hex[SS_DIGEST_HEX];
    ss_sha256_hex(text.p, text.n, hex); /* 96 bits of it: two of 10^12 rows collide with odds of 10^-5 */
    return put_text(op, rec, (struct ss_str){hex, 24}, p, base);
}

char *ss_emit(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec, struct ss_str text,
              char *p, char *base)
{
    char to[SS_NUMERAL_MAX + 32];
    struct ss_str number;
    switch (op->kind) {
    case SS_OP_ID: return emit_id(op, rec, text, p, base);
    case SS_OP_TEXT: return put_text(op, rec, text, p, base);
    case SS_OP_AMOUNT: return emit_amount(canon, op, rec, text, p, base);
    case SS_OP_TIME: return emit_time(canon, op, rec, text, p, base);
    case SS_OP_LABEL: return emit_label(canon, op, rec, text, p, base);
    case SS_OP_DEGREES: return emit_degrees(canon, op, rec, text, p, base);
    case SS_OP_IS: return emit_is(op, rec, text, p, base);
    case SS_OP_PAN: return emit_pan(canon, op, rec, text, p, base);
    case SS_OP_HASH: return emit_hash(op, rec, text, p, base);
    case SS_OP_NUMBER:
        number = as_number(op, text, to);
        return number.n ? ss_emit_raw(op, rec, number, p, base) : put_text(op, rec, text, p, base);
    default:
        return ss_number_kind(text) ? ss_emit_raw(op, rec, text, p, base) : put_text(op, rec, text, p, base);
    }
}

char *ss_emit_made(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec, char *p, char *base)
{
    struct ss_str constant = op->rule->constant;
    char *val = ss_emit_block(p, op->key.p, op->key.n), *end = val;
    memcpy(end, constant.p ? constant.p : "", constant.n);
    end += constant.n;
    if (op->kind == SS_OP_ROW) {
        end += ss_int_print((int64_t)canon->row, end);
        if (constant.n)
            *end++ = '"';
    }
    ss_emit_field(rec, op->slot, base, p + 1, val, end, *val == '"' ? SS_JSON_STRING : SS_JSON_NUMBER);
    if (op->slot == SS_AMOUNT && rec->field[SS_AMOUNT].type == SS_JSON_NUMBER)
        rec->has_amount = ss_amount_parse(val, (size_t)(end - val), &rec->amount);
    if (op->slot == SS_TIMESTAMP && *val == '"')
        rec->has_time = ss_time_parse(val + 1, (size_t)(end - val) - 2, &rec->time_us);
    return end;
}

bool ss_emit_complete(struct ss_canon *canon, const struct ss_record *rec)
{
    if (SS_UNLIKELY(!rec->has_time)) {
        canon->reason = "timestamp missing";
        return false;
    }
    if (SS_UNLIKELY(!rec->has_amount && !ss_record_is_label(rec))) {
        canon->reason = "amount missing";
        return false;
    }
    return true;
}
