#include "gen/line.h"
#include "base/time.h"
#include "gen/place.h"

static const char *const channels[SS_CHANNELS] = {"card_present", "online", "mobile"};
static const char *const domains[8] = {"mail.example",   "post.example",     "inbox.example", "web.example",
                                       "letter.example", "freemail.example", "mail.example",  "post.example"};
static const char two_digits[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* Appends a literal: its length is known, so this is a move or two. */
#define LITERAL(to, text) (memcpy(to, text, sizeof(text) - 1), (to) + sizeof(text) - 1)

static char *put(char *to, const char *text, size_t len)
{
    memcpy(to, text, len);
    return to + len;
}

static char *put_word(char *to, const struct ss_word *word)
{
    memcpy(to, word->text, sizeof word->text);
    return to + word->len;
}

static char *put_two(char *to, uint32_t v)
{
    return put(to, two_digits + 2 * v, 2);
}

static char *put_digits(char *to, uint64_t v)
{
    char digits[24];
    int n = 0;
    for (; v >= 100; v /= 100, n += 2)
        memcpy(digits + 22 - n, two_digits + 2 * (v % 100), 2);
    memcpy(digits + 22 - n, two_digits + 2 * v, 2);
    n += 2 - (v < 10);
    return put(to, digits + 24 - n, (size_t)n);
}

/* With leading zeros up to 2 * pairs digits, and more where they are needed. */
static inline char *put_padded(char *to, uint64_t v, int pairs, uint64_t beyond)
{
    if (SS_UNLIKELY(v >= beyond))
        return put_digits(to, v);
    for (int i = pairs - 1; i >= 0; i--, v /= 100)
        memcpy(to + 2 * i, two_digits + 2 * (v % 100), 2);
    return to + 2 * pairs;
}

/* 0 to 999. */
static char *put_small(char *to, uint32_t v)
{
    if (v >= 100)
        *to++ = (char)('0' + v / 100);
    memcpy(to, two_digits + 2 * (v % 100), 2);
    if (v >= 10)
        return to + 2;
    *to = (char)('0' + v);
    return to + 1;
}

static char *put_hex(char *to, uint32_t v, int digits)
{
    for (int i = digits - 1; i >= 0; i--, v >>= 4)
        to[i] = "0123456789abcdef"[v & 15];
    return to + digits;
}

/* 32 bits that look like nothing: a bijection, so that different numbers stay different. */
static uint32_t scramble(uint32_t x, uint32_t salt)
{
    x ^= salt;
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

static char *put_txn_id(char *to, const struct ss_gen *gen, uint64_t no)
{
    to = put_hex(to, gen->txn_prefix, 6);
    *to++ = '-';
    return put_padded(to, no, 4, 100000000);
}

static char *put_time(struct ss_gen_liner *liner, char *to, int64_t time_us)
{
    if (time_us < liner->day_us || time_us >= liner->day_us + SS_DAY_US) {
        char text[SS_TIME_TEXT];
        liner->day_us = ss_floor_div(time_us, SS_DAY_US) * SS_DAY_US;
        ss_time_print(liner->day_us, text);
        memcpy(liner->date, text, 11); /* 2026-01-01T */
    }
    uint32_t ms = (uint32_t)((time_us - liner->day_us) / 1000), s = ms / 1000, m = s / 60;
    to = put(to, liner->date, 11);
    to = put_two(to, m / 60);
    *to++ = ':';
    to = put_two(to, m % 60);
    *to++ = ':';
    to = put_two(to, s % 60);
    *to++ = '.';
    *to++ = (char)('0' + ms % 1000 / 100);
    to = put_two(to, ms % 100);
    *to++ = 'Z';
    return to;
}

static char *put_amount(char *to, int64_t cents)
{
    to = SS_LIKELY(cents < 100000) ? put_small(to, (uint32_t)cents / 100)
                                   : put_digits(to, (uint64_t)cents / 100);
    *to++ = '.';
    return put_two(to, (uint32_t)(cents % 100));
}

static char *put_degrees(char *to, int32_t v)
{
    uint32_t a = v < 0 ? (uint32_t)-v : (uint32_t)v;
    if (v < 0)
        *to++ = '-';
    to = put_small(to, a / 10000);
    *to++ = '.';
    to = put_two(to, a % 10000 / 100);
    return put_two(to, a % 100);
}

static char *put_user(char *to, uint32_t customer)
{
    *to++ = 'U';
    return put_padded(to, customer, 3, 1000000);
}

static char *put_card(char *to, const struct ss_gen *gen, const struct ss_payment *pay)
{
    to = LITERAL(to, "CARD-");
    return put_hex(to, scramble(pay->customer * 4 + pay->card, (uint32_t)gen->opt.seed * 2654435761u), 8);
}

static char *put_merchant(char *to, uint32_t merchant)
{
    *to++ = 'M';
    return put_padded(to, merchant, 3, 1000000);
}

static char *put_device(char *to, const struct ss_gen *gen, uint32_t device)
{
    *to++ = 'D';
    return put_hex(to, scramble(device, (uint32_t)gen->opt.seed + 77), 8);
}

static char *put_ip(char *to, uint32_t ip)
{
    to = LITERAL(to, "10.");
    to = put_small(to, ip >> 16 & 255);
    *to++ = '.';
    to = put_small(to, ip >> 8 & 255);
    *to++ = '.';
    return put_small(to, ip & 255);
}

static char *put_email(const struct ss_gen_liner *liner, char *to, const struct ss_payment *pay)
{
    uint32_t mix = scramble(pay->customer, 12345);
    if (pay->new_email) { /* one that the thief made */
        *to++ = 'x';
        to = put_hex(to, mix, 8);
        return LITERAL(to, "@freemail.example");
    }
    *to++ = 'u';
    to = put_padded(to, pay->customer, 3, 1000000);
    *to++ = '@';
    return put_word(to, &liner->domain[mix & 7]);
}

static char *put_location(const struct ss_gen_liner *liner, char *to, const struct ss_payment *pay)
{
    return put_word(to, pay->risk_place ? &liner->risk_location[pay->risk_place - 1]
                                        : &liner->location[pay->place]);
}

static char *json_payment(struct ss_gen_liner *liner, const struct ss_payment *pay, char *to)
{
    const struct ss_gen *gen = liner->gen;
    uint8_t category = gen->pop.merchant[pay->merchant].category;
    to = LITERAL(to, "{\"txn_id\":\"");
    to = put_txn_id(to, gen, pay->no);
    to = LITERAL(to, "\",\"timestamp\":\"");
    to = put_time(liner, to, pay->time_us);
    to = LITERAL(to, "\",\"user_id\":\"");
    to = put_user(to, pay->customer);
    to = LITERAL(to, "\",\"amount\":");
    to = put_amount(to, pay->cents);
    to = LITERAL(to, ",\"currency\":\"");
    to = put(to, ss_places[gen->pop.customer[pay->customer].home].currency, 3);
    to = LITERAL(to, "\",\"card_id\":\"");
    to = put_card(to, gen, pay);
    to = LITERAL(to, "\",\"merchant_id\":\"");
    to = put_merchant(to, pay->merchant);
    if (pay->channel != SS_CARD_PRESENT) {
        to = LITERAL(to, "\",\"device_id\":\"");
        to = put_device(to, gen, pay->device);
        to = LITERAL(to, "\",\"ip\":\"");
        to = put_ip(to, pay->ip);
    }
    if (pay->channel == SS_ONLINE_CHANNEL) {
        to = LITERAL(to, "\",\"email\":\"");
        to = put_email(liner, to, pay);
    }
    to = LITERAL(to, "\",\"category\":\"");
    to = put_word(to, &liner->category[category]);
    to = LITERAL(to, "\",\"mcc\":\"");
    to = put(to, ss_categories[category].mcc, 4);
    to = LITERAL(to, "\",\"country\":\"");
    to = put(to, ss_places[pay->place].country, 2);
    to = LITERAL(to, "\",\"lat\":");
    to = put_degrees(to, pay->lat);
    to = LITERAL(to, ",\"lon\":");
    to = put_degrees(to, pay->lon);
    to = LITERAL(to, ",\"location\":\"");
    to = put_location(liner, to, pay);
    to = LITERAL(to, "\",\"channel\":\"");
    to = put_word(to, &liner->channel[pay->channel]);
    *to++ = '"';
    if (gen->opt.labels) {
        to = pay->scenario ? LITERAL(to, ",\"label\":1") : LITERAL(to, ",\"label\":0");
        if (pay->scenario) {
            to = LITERAL(to, ",\"scenario\":\"");
            to = put_word(to, &liner->scenario[pay->scenario]);
            *to++ = '"';
        }
    }
    *to++ = '}';
    return to;
}

static char *json_label(struct ss_gen_liner *liner, const struct ss_gen_event *event, char *to)
{
    const struct ss_payment *pay = &event->pay;
    to = LITERAL(to, "{\"type\":\"label\",\"txn_id\":\"");
    to = put_txn_id(to, liner->gen, pay->no);
    to = LITERAL(to, "\",\"timestamp\":\"");
    to = put_time(liner, to, event->at_us);
    to = LITERAL(to, "\",\"user_id\":\"");
    to = put_user(to, pay->customer);
    to = LITERAL(to, "\",\"card_id\":\"");
    to = put_card(to, liner->gen, pay);
    to = LITERAL(to, "\",\"merchant_id\":\"");
    to = put_merchant(to, pay->merchant);
    if (pay->channel != SS_CARD_PRESENT) {
        to = LITERAL(to, "\",\"device_id\":\"");
        to = put_device(to, liner->gen, pay->device);
        to = LITERAL(to, "\",\"ip\":\"");
        to = put_ip(to, pay->ip);
    }
    return pay->scenario ? LITERAL(to, "\",\"label\":1}") : LITERAL(to, "\",\"label\":0}");
}

static char *csv_payment(struct ss_gen_liner *liner, const struct ss_payment *pay, char *to)
{
    const struct ss_gen *gen = liner->gen;
    uint8_t category = gen->pop.merchant[pay->merchant].category;
    to = put_txn_id(to, gen, pay->no);
    *to++ = ',';
    to = put_time(liner, to, pay->time_us);
    *to++ = ',';
    to = put_user(to, pay->customer);
    *to++ = ',';
    to = put_amount(to, pay->cents);
    *to++ = ',';
    to = put(to, ss_places[gen->pop.customer[pay->customer].home].currency, 3);
    *to++ = ',';
    to = put_card(to, gen, pay);
    *to++ = ',';
    to = put_merchant(to, pay->merchant);
    *to++ = ',';
    if (pay->channel != SS_CARD_PRESENT)
        to = put_device(to, gen, pay->device);
    *to++ = ',';
    if (pay->channel != SS_CARD_PRESENT)
        to = put_ip(to, pay->ip);
    *to++ = ',';
    if (pay->channel == SS_ONLINE_CHANNEL)
        to = put_email(liner, to, pay);
    *to++ = ',';
    to = put_word(to, &liner->category[category]);
    *to++ = ',';
    to = put(to, ss_categories[category].mcc, 4);
    *to++ = ',';
    to = put(to, ss_places[pay->place].country, 2);
    *to++ = ',';
    to = put_degrees(to, pay->lat);
    *to++ = ',';
    to = put_degrees(to, pay->lon);
    to = LITERAL(to, ",\"");
    to = put_location(liner, to, pay);
    to = LITERAL(to, "\",");
    to = put_word(to, &liner->channel[pay->channel]);
    if (gen->opt.labels) {
        to = pay->scenario ? LITERAL(to, ",1,") : LITERAL(to, ",0,");
        to = put_word(to, &liner->scenario[pay->scenario]);
    }
    return to;
}

static struct ss_word word_of(const char *text)
{
    struct ss_word word = {.len = strlen(text)};
    memcpy(word.text, text, word.len);
    return word;
}

void ss_gen_liner_init(struct ss_gen_liner *liner, const struct ss_gen *gen)
{
    *liner = (struct ss_gen_liner){.gen = gen, .day_us = INT64_MIN / 2};
    for (int i = 0; i < SS_CATEGORIES; i++)
        liner->category[i] = word_of(ss_categories[i].name);
    for (int i = 0; i < SS_CHANNELS; i++)
        liner->channel[i] = word_of(channels[i]);
    for (int i = 0; i < SS_SCENARIOS; i++)
        liner->scenario[i] = word_of(ss_scenario_name((enum ss_scenario)i));
    for (int i = 0; i < SS_RISK_PLACES; i++)
        liner->risk_location[i] = word_of(ss_risk_places[i]);
    for (int i = 0; i < 8; i++)
        liner->domain[i] = word_of(domains[i]);
    for (uint32_t p = 0; p < ss_n_places; p++) {
        struct ss_word *word = &liner->location[p];
        *word = word_of(ss_places[p].name);
        if (!strchr(ss_places[p].name, ',')) { /* as "City, ST" in the United States, "City, CC" elsewhere */
            memcpy(word->text + word->len, ", ", 2);
            memcpy(word->text + word->len + 2, ss_places[p].country, 2);
            word->len += 4;
        }
    }
}

size_t ss_gen_line(struct ss_gen_liner *liner, const struct ss_gen_event *event, char *to)
{
    if (event->kind == SS_GEN_LABEL)
        return (size_t)(json_label(liner, event, to) - to);
    if (liner->gen->opt.format == SS_GEN_CSV)
        return (size_t)(csv_payment(liner, &event->pay, to) - to);
    return (size_t)(json_payment(liner, &event->pay, to) - to);
}

#define CSV_FIELDS                                                                                          \
    "txn_id,timestamp,user_id,amount,currency,card_id,merchant_id,device_id,ip,email,category,mcc,country," \
    "lat,lon,location,channel"

const char *ss_gen_csv_header(const struct ss_gen *gen)
{
    return gen->opt.labels ? CSV_FIELDS ",label,scenario" : CSV_FIELDS;
}
