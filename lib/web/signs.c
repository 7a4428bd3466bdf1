#include "web/signs.h"
#include "base/number.h"
#include "base/time.h"
#include "json/cursor.h"
#include "json/json.h"
#include "json/write.h"
#include "store/payments.h"
#include <math.h>
#include <strings.h>

#define HISTORY 10

struct reading {
    struct ss_call *call;
    struct ss_signs *signs;
    int64_t time_us, sum;
    int in_two_minutes;
};

static int add(void *arg, const struct ss_payment *p)
{
    struct reading *r = arg;
    struct ss_signs *s = r->signs;
    if (s->recent++ == 0) {
        s->last_us = p->time_us;
        s->last_amount = p->amount;
        s->last_location = p->location.p ? ss_call_copy(r->call, p->location) : p->location;
        s->last_country = p->country.p ? ss_call_copy(r->call, p->country) : p->country;
        s->last_device = p->device_id.p ? ss_call_copy(r->call, p->device_id) : p->device_id;
        s->usual_merchant = p->merchant_id.p ? ss_call_copy(r->call, p->merchant_id) : p->merchant_id;
    }
    r->sum += p->amount;
    r->in_two_minutes += r->time_us - p->time_us <= 2 * SS_MINUTE_US;
    return 0;
}

static struct ss_str text_at(struct ss_call *call, struct ss_str payment, const char *key)
{
    struct ss_str value = ss_cursor_member(payment, key);
    if (value.n >= 2 && value.p[0] == '"')
        return ss_json_unescape((struct ss_str){value.p + 1, value.n - 2}, &call->arena);
    return value;
}

/* Whatever the case of letters (of ASCII); what is not known is not elsewhere. */
static bool is_same(struct ss_str a, struct ss_str b)
{
    return !a.n || !b.n || (a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0);
}

static void sign(struct ss_signs *s, const char *code, const char *message)
{
    if (s->n < SS_SIGNS_MAX)
        s->sign[s->n++] = (struct ss_sign){code, message};
}

static void judge_amount(struct ss_signs *s, double amount)
{
    if (s->recent == 0) {
        if (amount >= 3000)
            sign(s, "huge_amount", "a very large payment for a customer without history");
    } else if (amount > fmax(4 * s->mean, s->mean + 2000)) {
        sign(s, "amount_spike", "the amount lies far above what this customer pays");
    } else if (amount > 3 * s->mean && amount >= 5000) {
        sign(s, "large_amount", "a large payment beside what this customer spends");
    }
}

int ss_signs_read(struct ss_call *call, struct ss_str payment, struct ss_signs *s)
{
    struct reading r = {.call = call, .signs = s};
    struct ss_payment_filter filter = {
        .down = true, .has_key = true, .seq = INT64_MAX, .limit = HISTORY, .brief = true};
    struct ss_str time = text_at(call, payment, "timestamp"), amount = text_at(call, payment, "amount");
    struct ss_str place = text_at(call, payment, "location"), country = text_at(call, payment, "country");
    int64_t units = 0;
    bool more;
    memset(s, 0, sizeof *s);
    s->mean = NAN;
    if (!ss_time_parse(time.p ? time.p : "", time.n, &r.time_us))
        r.time_us = call->now_us;
    if (!ss_amount_parse(amount.p ? amount.p : "", amount.n, &units))
        units = 0;
    filter.user_id = text_at(call, payment, "user_id");
    filter.key = r.time_us;
    int err = ss_payments_list(call->db, &filter, &call->arena, add, &r, &more);
    if (err)
        return err;
    if (s->recent)
        s->mean = (double)r.sum / (double)s->recent / SS_AMOUNT_SCALE;
    judge_amount(s, (double)units / SS_AMOUNT_SCALE);
    bool elsewhere = place.n && s->last_location.n ? !is_same(place, s->last_location)
                                                   : !is_same(country, s->last_country);
    if (elsewhere && r.time_us - s->last_us <= 15 * SS_MINUTE_US)
        sign(s, "geo_velocity", "another place within minutes of the last payment");
    if (r.in_two_minutes >= 3)
        sign(s, "high_velocity", "many payments within two minutes");
    return 0;
}

void ss_signs_judge(struct ss_signs *s, struct ss_str line)
{
    struct ss_str score = ss_cursor_member(line, "score");
    struct ss_str level = score.p ? ss_cursor_member(score, "level") : score;
    if (level.p && !ss_str_is(level, "\"NONE\"") && !ss_str_is(level, "\"LOW\""))
        sign(s, "model_anomaly", "the model finds the pattern unusual");
}

void ss_signs_put(const struct ss_signs *s, struct ss_buf *to)
{
    ss_json_open(to, "flags", '[');
    for (int i = 0; i < s->n; i++)
        ss_buf_printf(to, "%s\"%s\"", i ? "," : "", s->sign[i].code);
    ss_buf_puts(to, "],\"flag_details\":[");
    for (int i = 0; i < s->n; i++)
        ss_buf_printf(to, "%s{\"code\":\"%s\",\"message\":\"%s\"}", i ? "," : "", s->sign[i].code,
                      s->sign[i].message);
    ss_buf_puts(to, "],\"history\":{");
    ss_put_int_of(to, "recent_count", s->recent);
    ss_put_real_of(to, "average_amount", s->mean);
    ss_json_key(to, "last_amount");
    if (s->recent)
        ss_put_amount(to, s->last_amount);
    else
        ss_buf_puts(to, "null");
    ss_put_time_of(to, "last_time", s->last_us);
    ss_put_text_of(to, "last_location", s->last_location.p ? s->last_location : s->last_country);
    ss_buf_putc(to, '}');
}
