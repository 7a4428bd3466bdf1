#include "model/sentence.h"
#include "base/number.h"
#include "base/time.h"
#include <math.h>

/* How a field is called: "user_id" -> "user"; where payments stand to it: by a user, at a merchant. */
static const struct {
    const char *field, *word, *plural, *stand;
} words[] = {{"user_id", "user", "users", "by"},
             {"customer_id", "customer", "customers", "by"},
             {"card_id", "card", "cards", "with"},
             {"account_id", "account", "accounts", "from"},
             {"merchant_id", "merchant", "merchants", "at"},
             {"terminal_id", "terminal", "terminals", "at"},
             {"device_id", "device", "devices", "from"},
             {"ip", "IP address", "IP addresses", "from"},
             {"email", "e-mail address", "e-mail addresses", "from"},
             {"category", "category", "categories", "in"},
             {"location", "place", "places", "from"},
             {"country", "country", "countries", "from"},
             {"channel", "channel", "channels", "through"},
             {"currency", "currency", "currencies", "in"}};

static int word_of(struct ss_str field)
{
    for (size_t i = 0; i < SS_COUNT(words); i++)
        if (ss_str_is(field, words[i].field))
            return (int)i;
    return -1;
}

/* Another field's own name, without _id and underscores. */
static void put_plain(struct ss_str name, struct ss_buf *to)
{
    if (name.n > 3 && memcmp(name.p + name.n - 3, "_id", 3) == 0)
        name.n -= 3;
    for (size_t i = 0; i < name.n; i++)
        ss_buf_putc(to, name.p[i] == '_' ? ' ' : name.p[i]);
}

static void put_word(struct ss_str field, struct ss_buf *to)
{
    int w = word_of(field);
    if (w >= 0)
        ss_buf_puts(to, words[w].word);
    else
        put_plain(field, to);
}

static void put_plural(struct ss_str field, struct ss_buf *to)
{
    int w = word_of(field);
    if (w >= 0) {
        ss_buf_puts(to, words[w].plural);
    } else {
        put_plain(field, to);
        ss_buf_puts(to, " values");
    }
}

/* "this user and currency" */
static void put_entity(const struct ss_about *about, struct ss_buf *to)
{
    ss_buf_puts(to, "this ");
    for (uint32_t i = 0; i < about->keys; i++) {
        if (i)
            ss_buf_puts(to, " and ");
        put_word(about->key[i], to);
    }
}

/* " by this user" */
static void put_stand(const struct ss_about *about, struct ss_buf *to)
{
    if (about->keys == 0)
        return;
    int w = word_of(about->key[0]);
    ss_buf_putc(to, ' ');
    ss_buf_puts(to, w >= 0 ? words[w].stand : "of");
    ss_buf_putc(to, ' ');
    put_entity(about, to);
}

/* At most two decimals; large and tiny numbers as they are. */
static void put_number(double x, struct ss_buf *to)
{
    char text[SS_NUMBER_MAX];
    if (fabs(x) < 1e12 && fabs(x) >= 0.01)
        x = floor(x * 100 + 0.5) / 100;
    ss_buf_put(to, text, ss_double_print(x, text));
}

static void put_share(double x, struct ss_buf *to)
{
    put_number(floor(x * 1000 + 0.5) / 10, to);
    ss_buf_puts(to, " %");
}

static void put_units(double n, const char *unit, struct ss_buf *to)
{
    if (n == 1)
        ss_buf_puts(to, "one");
    else
        put_number(n, to);
    ss_buf_printf(to, " %s%s", unit, n == 1 ? "" : "s");
}

/* "one minute", "24 hours", "7 days" */
static void put_duration(int64_t us, struct ss_buf *to)
{
    if (us % SS_DAY_US == 0 && us > SS_DAY_US)
        put_units((double)(us / SS_DAY_US), "day", to);
    else if (us % SS_HOUR_US == 0)
        put_units((double)(us / SS_HOUR_US), "hour", to);
    else if (us % SS_MINUTE_US == 0)
        put_units((double)(us / SS_MINUTE_US), "minute", to);
    else
        put_units((double)us / SS_SECOND_US, "second", to);
}

/* Seconds that passed, in the unit that a person would take. */
static void put_elapsed(double seconds, struct ss_buf *to)
{
    static const struct {
        double seconds;
        const char *unit;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}};
    for (size_t i = 0; i < SS_COUNT(units); i++)
        if (seconds >= units[i].seconds) {
            put_units(floor(seconds / units[i].seconds * 10 + 0.5) / 10, units[i].unit, to);
            return;
        }
    put_units(floor(seconds * 10 + 0.5) / 10, "second", to);
}

/* " in 7 days, as known 7 days ago" */
static void put_window(const struct ss_about *about, struct ss_buf *to)
{
    if (about->calendar) {
        ss_buf_printf(to, " this %s", about->calendar);
    } else if (about->window_us) {
        ss_buf_puts(to, " in ");
        put_duration(about->window_us, to);
    }
    if (about->where.p) {
        ss_buf_puts(to, " (where ");
        ss_buf_put(to, about->where.p, about->where.n);
        ss_buf_putc(to, ')');
    }
    if (about->delay_us) {
        ss_buf_puts(to, ", as known ");
        put_duration(about->delay_us, to);
        ss_buf_puts(to, " ago");
    }
}

static bool about_label(const struct ss_about *about)
{
    return about->of_frauds || ss_str_is(about->argument, "label");
}

/* --- codes --- */

void ss_about_code(const struct ss_about *about, struct ss_buf *to)
{
    struct ss_str of = about->argument;
    if (about_label(about) && about->keys) {
        ss_buf_puts(to, "risky_");
        of = about->key[0];
    } else {
        switch (about->kind) {
        case SS_ABOUT_COUNT:
            ss_buf_puts(to, about->window_us && about->window_us <= SS_DAY_US ? "high_velocity" : "activity");
            return;
        case SS_ABOUT_SUM: ss_buf_puts(to, "high_volume"); return;
        case SS_ABOUT_DISTINCT: ss_buf_puts(to, "many_"); break;
        case SS_ABOUT_FIRST: ss_buf_puts(to, "new_"); break;
        case SS_ABOUT_GAP: ss_buf_puts(to, "time_since_last"); return;
        case SS_ABOUT_RATIO:
        case SS_ABOUT_ZSCORE: ss_buf_puts(to, "unusual_"); break;
        case SS_ABOUT_SPEED: ss_buf_puts(to, "fast_travel"); return;
        case SS_ABOUT_DISTANCE: ss_buf_puts(to, "far_away"); return;
        case SS_ABOUT_HOUR:
        case SS_ABOUT_WEEKDAY:
        case SS_ABOUT_WEEKEND:
        case SS_ABOUT_NIGHT: ss_buf_puts(to, "unusual_time"); return;
        case SS_ABOUT_AGE: ss_buf_puts(to, "young_account"); return;
        case SS_ABOUT_ISOLATION: ss_buf_puts(to, "anomaly"); return;
        case SS_ABOUT_FIELD:
        case SS_ABOUT_TEXT: break;
        case SS_ABOUT_OTHER: of = about->name; break;
        default: ss_buf_puts(to, "profile"); return;
        }
    }
    if (of.n > 3 && memcmp(of.p + of.n - 3, "_id", 3) == 0)
        of.n -= 3;
    for (size_t i = 0; i < of.n; i++) /* dots of a path would end a jq path */
        ss_buf_putc(to, of.p[i] == '.' ? '_' : of.p[i]);
}

/* --- sentences --- */

static void put_missing(const struct ss_about *about, struct ss_buf *to)
{
    switch (about->kind) {
    case SS_ABOUT_RATIO:
    case SS_ABOUT_ZSCORE:
    case SS_ABOUT_MEAN:
    case SS_ABOUT_STD:
    case SS_ABOUT_GAP:
    case SS_ABOUT_LAST:
    case SS_ABOUT_MIN:
    case SS_ABOUT_MAX:
    case SS_ABOUT_PERCENTILE:
    case SS_ABOUT_SPEED:
        ss_buf_puts(to, "no earlier payment");
        put_stand(about, to);
        put_window(about, to);
        if (about->keys)
            return;
        ss_buf_puts(to, " to compare with");
        return;
    default: put_plain(about->name, to); ss_buf_puts(to, " is not known");
    }
}

/* "mean amount by this user in 30 days is 52.3" */
static void put_statistic(const struct ss_about *about, const char *what, double value, struct ss_buf *to)
{
    ss_buf_puts(to, what);
    ss_buf_putc(to, ' ');
    put_word(about->argument, to);
    put_stand(about, to);
    put_window(about, to);
    ss_buf_puts(to, " is ");
    put_number(value, to);
}

static void put_windowed(const struct ss_about *about, double value, struct ss_buf *to)
{
    const char *payments = about->of_frauds ? "known fraud" : "payment";
    switch (about->kind) {
    case SS_ABOUT_COUNT:
        put_number(value, to);
        ss_buf_printf(to, " %s%s", payments, value == 1 ? "" : "s");
        break;
    case SS_ABOUT_SUM:
        put_number(value, to);
        ss_buf_puts(to, about_label(about)                     ? " known frauds"
                        : ss_str_is(about->argument, "amount") ? " paid"
                                                               : " ");
        if (!about_label(about) && !ss_str_is(about->argument, "amount"))
            put_word(about->argument, to);
        break;
    case SS_ABOUT_DISTINCT:
        put_number(value, to);
        ss_buf_puts(to, " different ");
        put_plural(about->argument, to);
        break;
    default: /* the share of frauds */ put_share(value, to); ss_buf_puts(to, " frauds among payments");
    }
    put_stand(about, to);
    put_window(about, to);
}

static void put_first(const struct ss_about *about, double value, struct ss_buf *to)
{
    int w = word_of(about->argument);
    ss_buf_puts(to, value > 0 ? "first payment " : "earlier payments ");
    ss_buf_puts(to, w >= 0 ? words[w].stand : "with");
    ss_buf_puts(to, " this ");
    put_word(about->argument, to);
    if (about->keys) {
        ss_buf_puts(to, " for ");
        put_entity(about, to);
    }
    put_window(about, to);
}

static void put_compared(const struct ss_about *about, double value, struct ss_buf *to)
{
    put_word(about->argument, to);
    ss_buf_putc(to, ' ');
    if (about->kind == SS_ABOUT_RATIO) {
        put_number(value, to);
        ss_buf_puts(to, " times ");
    } else {
        put_number(fabs(value), to);
        ss_buf_printf(to, " standard deviations %s ", value < 0 ? "below" : "above");
    }
    if (about->keys) {
        put_entity(about, to);
        ss_buf_puts(to, "'s usual");
        put_window(about, to);
    } else {
        ss_buf_puts(to, "the usual");
    }
}

static void put_time(const struct ss_about *about, double value, struct ss_buf *to)
{
    static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
    switch (about->kind) {
    case SS_ABOUT_HOUR:
        ss_buf_printf(to, "payment between %d:00 and %d:59", (int)value % 24, (int)value % 24);
        return;
    case SS_ABOUT_WEEKDAY:
        ss_buf_printf(to, "payment on a %s", days[value >= 0 ? (int)value % 7 : 0]);
        return;
    case SS_ABOUT_WEEKEND:
        ss_buf_puts(to, value > 0 ? "payment at the weekend" : "payment on a working day");
        return;
    default: ss_buf_puts(to, value > 0 ? "payment at night" : "payment in the daytime");
    }
}

static void put_since(const struct ss_about *about, double value, struct ss_buf *to)
{
    put_elapsed(value, to);
    ss_buf_puts(to, about->of_frauds ? " since the last known fraud" : " since the last payment");
    put_stand(about, to);
    put_window(about, to);
}

void ss_about_sentence(const struct ss_about *about, double value, struct ss_str text, struct ss_buf *to)
{
    if (text.p) {
        put_word(about->argument.p ? about->argument : about->name, to);
        ss_buf_puts(to, " is '");
        ss_buf_put(to, text.p, text.n);
        ss_buf_putc(to, '\'');
        return;
    }
    if (isnan(value)) {
        put_missing(about, to);
        return;
    }
    switch (about->kind) {
    case SS_ABOUT_COUNT:
    case SS_ABOUT_SUM:
    case SS_ABOUT_DISTINCT: put_windowed(about, value, to); return;
    case SS_ABOUT_MEAN:
        if (about_label(about))
            put_windowed(about, value, to);
        else
            put_statistic(about, "mean", value, to);
        return;
    case SS_ABOUT_STD: put_statistic(about, "standard deviation of", value, to); return;
    case SS_ABOUT_MIN: put_statistic(about, "smallest", value, to); return;
    case SS_ABOUT_MAX: put_statistic(about, "largest", value, to); return;
    case SS_ABOUT_LAST: put_statistic(about, "last", value, to); return;
    case SS_ABOUT_PERCENTILE: put_statistic(about, "percentile of", value, to); return;
    case SS_ABOUT_FIRST: put_first(about, value, to); return;
    case SS_ABOUT_GAP: put_since(about, value, to); return;
    case SS_ABOUT_RATIO:
    case SS_ABOUT_ZSCORE: put_compared(about, value, to); return;
    case SS_ABOUT_SPEED:
        put_number(value, to);
        ss_buf_puts(to, " km/h since the last payment");
        put_stand(about, to);
        return;
    case SS_ABOUT_DISTANCE:
        put_number(value, to);
        ss_buf_puts(to, about->keys ? " km from the last payment" : " km apart");
        put_stand(about, to);
        return;
    case SS_ABOUT_HOUR:
    case SS_ABOUT_WEEKDAY:
    case SS_ABOUT_WEEKEND:
    case SS_ABOUT_NIGHT: put_time(about, value, to); return;
    case SS_ABOUT_ISOLATION: ss_buf_puts(to, "unlike almost all other payments"); return;
    case SS_ABOUT_AGE:
    case SS_ABOUT_FIELD:
    case SS_ABOUT_TEXT:
    case SS_ABOUT_OTHER: break;
    }
    if (about->kind == SS_ABOUT_FIELD)
        put_word(about->argument, to);
    else
        put_plain(about->name, to);
    ss_buf_puts(to, " is ");
    put_number(value, to);
}
