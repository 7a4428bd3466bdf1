#include "model/fallback.h"
#include "base/time.h"
#include "json/write.h"
#include <math.h>

#define PARTS 6

struct part {
    const char *code, *feature;
    double value, impact;
    const char *text; /* behind the value, or alone */
    bool with_value;
};

static bool is_letter(char c)
{
    c |= 0x20;
    return (c >= 'a' && c <= 'z') || (c & 0x80); /* bytes of UTF-8 belong to a word */
}

/* Whole words only, case-blind: Toronto is not Tor. */
static bool has_word(struct ss_str text, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++) {
        size_t k = 0;
        while (k < n && (text.p[i + k] | 0x20) == (word[k] | 0x20))
            k++;
        if (k == n && (i == 0 || !is_letter(text.p[i - 1])) && (i + n == text.n || !is_letter(text.p[i + n])))
            return true;
    }
    return false;
}

static bool risky_place(struct ss_str place)
{
    return place.p && (has_word(place, "unknown") || has_word(place, "vpn") || has_word(place, "tor") ||
                       has_word(place, "proxy") || has_word(place, "high risk"));
}

static double step(double x, const double (*table)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x >= table[i][0])
            return table[i][1];
    return 0;
}

/* The parts in the order of the header; those of no weight have impact 0. */
static void find_parts(const struct ss_fallback *in, struct part part[PARTS])
{
    static const double velocity[][2] = {{10, 0.725}, {8, 0.55}, {6, 0.40}, {4, 0.24}};
    double deviation = fabs(in->amount_ratio - 1), amount = in->amount;
    struct ss_civil civil;
    ss_time_to_civil(in->time_us, &civil);
    part[0] =
        (struct part){"high_velocity",           "count_1m", in->count_1m, step(in->count_1m, velocity, 4),
                      " payments in one minute", true};
    part[1] = (struct part){
        "unusual_amount",          "amount_ratio",
        in->amount_ratio,          deviation > 3 ? 0.325 : deviation > 2 ? 0.20 : deviation > 1 ? 0.08 : 0,
        " times the usual amount", true};
    part[2] = (struct part){
        "risky_place", "location", NAN, risky_place(in->place) ? 0.375 : 0, "place is known as risky", false};
    part[3] = (struct part){"large_amount",
                            "amount",
                            amount,
                            amount > 8000   ? 0.25
                            : amount > 5000 ? 0.125
                            : amount > 3000 ? 0.05
                                            : 0,
                            " is a large amount",
                            true};
    part[4] = (struct part){"unusual_time",
                            "hour",
                            civil.hour,
                            civil.hour >= 2 && civil.hour <= 5 ? 0.20 : 0,
                            "payment between 2:00 and 5:59",
                            false};
    part[5] = (struct part){"unusual_time",
                            "weekend",
                            1,
                            civil.weekday >= 5 && civil.hour <= 4 ? 0.08 : 0,
                            "payment in a night of the weekend",
                            false};
}

double ss_fallback_score(const struct ss_fallback *in)
{
    struct part part[PARTS];
    double sum = 0.05;
    find_parts(in, part);
    for (int i = 0; i < PARTS; i++)
        sum += part[i].impact;
    sum = floor(sum * 1000 + 0.5) / 1000; /* as decimal numbers add up */
    return sum > 0.98 ? 0.98 : sum;
}

static void put_part(const struct part *part, struct ss_buf *to)
{
    ss_buf_printf(to, "{\"code\":\"%s\",\"feature\":\"%s\",\"value\":", part->code, part->feature);
    ss_json_put_double(to, part->value);
    ss_buf_puts(to, ",\"impact\":");
    ss_json_put_double(to, part->impact);
    ss_buf_puts(to, ",\"text\":\"");
    if (part->with_value)
        ss_json_put_double(to, floor(part->value * 100 + 0.5) / 100);
    ss_buf_puts(to, part->text);
    ss_buf_puts(to, "\"}");
}

void ss_fallback_explain(const struct ss_fallback *in, struct ss_buf *to)
{
    struct part part[PARTS];
    find_parts(in, part);
    ss_buf_putc(to, '[');
    for (int n = 0; n < 5; n++) {
        int best = 0;
        for (int i = 1; i < PARTS; i++)
            if (part[i].impact > part[best].impact)
                best = i;
        if (part[best].impact <= 0)
            break;
        if (n)
            ss_buf_putc(to, ',');
        put_part(&part[best], to);
        part[best].impact = 0;
    }
    ss_buf_putc(to, ']');
}
