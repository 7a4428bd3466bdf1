/*
 * The engine against a brute-force reading of the feature file: for every record of random streams with ties,
 * disorder, missing fields and late labels, every feature is computed anew from all that has arrived,
 * straight from the definition, and must be the same bits. Batches and workers vary; they must not matter.
 * Before each batch, payments are tried: what comes out must be what the oracle says of the one that comes
 * next, and no byte of the state may change.
 */
#include "base/err.h"
#include "base/rng.h"
#include "base/time.h"
#include "feature/engine.h"
#include "feature/read.h"
#include "feature/row.h"
#include "feature/trial.h"
#include "record/batch.h"
#include "tests/tap.h"
#include <math.h>

static const char features[] =
    "# every function, every kind of window\n"
    "amount      = amount\n"
    "u_n_2m      = count by user_id over 2m\n"
    "u_n_1h      = count by user_id over 1h excluding current\n"
    "u_sum_1d    = sum(amount) by user_id over 1d\n"
    "u_sum_1d_x  = sum(amount) by user_id over 1d excluding current\n"
    "u_mean_7d   = mean(amount) by user_id over 7d\n"
    "u_mean_7d_i = mean(amount) by user_id over 7d including current default -1\n"
    "u_std_7d    = std(amount) by user_id over 7d\n"
    "u_std_7d_i  = std(amount) by user_id over 7d including current\n"
    "u_min_3d    = min(amount) by user_id over 3d\n"
    "u_max_3d    = max(amount) by user_id over 3d including current\n"
    "u_max_online = max(amount) by user_id over 7d where channel == \"online\"\n"
    "u_z_7d      = zscore(amount) by user_id over 7d\n"
    "u_ratio_7d  = ratio(amount) by user_id over 7d\n"
    "u_p50       = percentile(amount, 50) by user_id over 7d\n"
    "u_p90       = percentile(amount, 90) by user_id over 7d including current\n"
    "u_merchants = distinct(merchant_id) by user_id over 1d\n"
    "u_devices   = distinct(device_id) by user_id over 7d excluding current\n"
    "u_new_dev   = first(device_id) by user_id\n"
    "u_new_dev_w = first(device_id) by user_id over 3d\n"
    "u_new_mer_o = first(merchant_id) by user_id where channel == \"online\"\n"
    "u_new_mer_d = first(merchant_id) by user_id delay 2d\n"
    "u_last      = last(amount) by user_id\n"
    "u_last_pts  = last(points) by user_id over 2d\n"
    "u_gap       = gap by user_id\n"
    "u_gap_on    = gap by user_id where channel in (\"online\", \"atm\") and amount > 40\n"
    "u_gap_1d    = gap by user_id over 1d delay 6h\n"
    "u_speed     = speed by user_id\n"
    "u_dist      = distance by user_id over 2d\n"
    "u_day       = count by user_id over day\n"
    "u_week      = sum(amount) by user_id over week excluding current\n"
    "u_month     = count by user_id over month delay 1d\n"
    "u_all       = count by user_id\n"
    "u_all_sum   = sum(amount) by user_id excluding current\n"
    "u_all_mean  = mean(points) by user_id where points >= 0\n"
    "u_all_std   = std(amount) by user_id\n"
    "u_pts_mean  = mean(points) by user_id over 7d\n"
    "u_pts_std   = std(points) by user_id over 7d including current\n"
    "u_pts_max   = max(points) by user_id over 7d\n"
    "um_n_30d    = count by user_id, merchant_id over 30d\n"
    "um_gap      = gap by user_id, merchant_id\n"
    "d_users     = distinct(user_id) by device_id over 7d\n"
    "d_n         = count by device_id over 1d\n"
    "m_n_1d      = count by merchant_id over 1d delay 7d\n"
    "m_risk_1d   = mean(label) by merchant_id over 1d delay 7d\n"
    "m_risk_7d   = mean(label) by merchant_id over 7d delay 1d default 0\n"
    "m_fraud     = sum(label) by merchant_id delay 1h\n"
    "m_known     = count by merchant_id over 7d delay 1h where label == 1\n"
    "m_good_mean = mean(amount) by merchant_id over 7d delay 1h where label == 0\n"
    "m_good_max  = max(amount) by merchant_id over 7d delay 1h where label != 1\n"
    "m_bad_users = distinct(user_id) by merchant_id over 7d delay 1h where label == 1\n"
    "m_bad_p50   = percentile(amount, 50) by merchant_id over 7d delay 1h where label == 1\n"
    "m_bad_gap   = gap by merchant_id delay 1h where label == 1\n"
    "m_last      = last(label) by merchant_id delay 1h\n"
    "d_risk      = mean(label) by device_id over 7d delay 1h\n"
    "hour        = hour(timestamp)\n"
    "night       = night(timestamp, 22, 5)\n"
    "weekend     = weekend(timestamp)\n"
    "vs_mean     = ratio(amount, u_mean_7d) default 1\n"
    "mix         = (u_sum_1d + 2) / (u_n_1h - -1) * 0.5\n"
    "far         = distance(lat, lon, 48.1, 11.5 + 0)\n"
    "m_vs        = mean(vs_mean) by merchant_id over 7d\n"
    "m_vs_n      = count by merchant_id over 7d where vs_mean > 1.5 and channel == \"online\"\n"
    "m_vs_max    = max(vs_mean) by merchant_id over 3d delay 1d\n"
    "top         = max(m_vs, vs_mean)\n"
    "u_top       = mean(top) by user_id over 7d\n";

#define PAYMENTS_MAX 2500

struct payment {
    bool label_record;
    int64_t time_us, amount;
    double points;                       /* NaN: absent */
    int user, merchant, device, channel; /* -1: absent */
    double lat, lon;                     /* NaN: absent */
    int label, txn;
    double num[SS_FEATURES_MAX];
};

static struct payment all[PAYMENTS_MAX];
static const char *const channels[] = {"online", "atm", "pos"};
static const struct ss_feature_spec *spec;

static int key_of(const struct payment *p, struct ss_str name)
{
    return ss_str_is(name, "user_id")       ? p->user
           : ss_str_is(name, "merchant_id") ? p->merchant
           : ss_str_is(name, "device_id")   ? p->device
                                            : -1;
}

static int feature_of(struct ss_str name, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++)
        if (ss_str_eq(spec->def[i].name, name))
            return (int)i;
    return -1;
}

/* What is known at (time, arrival) of a payment's label. */
static int label_known(int payment, int64_t time_us, int arrival)
{
    int label = all[payment].label;
    int64_t best_us = INT64_MIN;
    for (int i = payment + 1; i < arrival; i++) {
        if (all[i].label_record && all[i].txn == all[payment].txn && all[i].time_us <= time_us &&
            all[i].time_us >= best_us) {
            best_us = all[i].time_us;
            label = all[i].label;
        }
    }
    return label;
}

static double number_of(const struct payment *p, struct ss_str name, uint32_t before)
{
    int f = feature_of(name, before);
    if (f >= 0)
        return p->num[f];
    return ss_str_is(name, "amount")   ? (double)p->amount / 10000
           : ss_str_is(name, "points") ? p->points
           : ss_str_is(name, "lat")    ? p->lat
           : ss_str_is(name, "lon")    ? p->lon
                                       : NAN;
}

static bool compare(enum ss_feature_cmp cmp, double a, double b)
{
    return cmp == SS_CMP_EQ   ? a == b
           : cmp == SS_CMP_NE ? a != b
           : cmp == SS_CMP_LT ? a < b
           : cmp == SS_CMP_LE ? a <= b
           : cmp == SS_CMP_GT ? a > b
                              : a >= b;
}

static bool fits(const struct ss_feature_def *def, uint32_t before, int j, int64_t now_us, int arrival)
{
    const struct payment *p = &all[j];
    for (uint32_t c = 0; c < def->conds; c++) {
        const struct ss_feature_cond *cond = &def->cond[c];
        if (ss_str_is(cond->what.text, "label")) {
            int label = label_known(j, now_us, arrival);
            if (label < 0 || !compare(cond->cmp, label, cond->num))
                return false;
        } else if (cond->is_text) {
            bool any = false;
            for (uint32_t i = 0; i < cond->n; i++)
                any |= p->channel >= 0 && ss_str_is(cond->text[i], channels[p->channel]);
            if (!any)
                return false;
        } else {
            double v = number_of(p, cond->what.text, before);
            if (isnan(v) || !compare(cond->cmp, v, cond->num))
                return false;
        }
    }
    return true;
}

static int64_t fixed(const struct ss_feature_def *def, uint32_t before, int j, int64_t now_us, int arrival)
{
    if (ss_str_is(def->arg.text, "label")) {
        int label = label_known(j, now_us, arrival);
        return def->func == SS_FEATURE_LAST ? (label < 0 ? SS_VALUE_NULL : label) : label == 1;
    }
    if (ss_str_is(def->arg.text, "amount")) /* the feature of that name only repeats the field */
        return all[j].amount;
    double v = number_of(&all[j], def->arg.text, before);
    return isnan(v) ? SS_VALUE_NULL : (int64_t)nearbyint(v * 1e6);
}

static int64_t window_start(const struct ss_feature_def *def, int64_t hi)
{
    struct ss_civil c;
    ss_time_to_civil(hi, &c);
    int64_t midnight = ss_days_from_civil(c.year, c.month, c.day) * SS_DAY_US;
    switch (def->over) {
    case SS_OVER_EVER: return INT64_MIN;
    case SS_OVER_SLIDING: return hi - def->window_us;
    case SS_OVER_DAY: return midnight - 1;
    case SS_OVER_WEEK: return midnight - c.weekday * SS_DAY_US - 1;
    default: return ss_days_from_civil(c.year, c.month, 1) * SS_DAY_US - 1;
    }
}

/* The members of a record's window in order of (time, arrival). */
static int members(const struct ss_feature_def *def, uint32_t feature, int r, int *out)
{
    int64_t hi = all[r].time_us - def->delay_us, lo = window_start(def, hi);
    int n = 0;
    for (int j = 0; j <= r; j++) {
        bool same =
            !all[j].label_record && all[j].time_us > lo && all[j].time_us <= hi && (j < r || def->including);
        for (uint32_t k = 0; k < def->keys && same; k++)
            same = key_of(&all[j], def->key[k]) == key_of(&all[r], def->key[k]);
        if (!same || !fits(def, feature, j, all[r].time_us, r))
            continue;
        int at = n++;
        for (; at > 0 && all[out[at - 1]].time_us > all[j].time_us; at--)
            out[at] = out[at - 1];
        out[at] = j;
    }
    return n;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double std_of(const int64_t *v, int n, double scale)
{
    if (n < 2)
        return NAN;
    __int128 sum = 0, d = 0;
    for (int i = 0; i < n; i++)
        sum += v[i];
    __int128 q = sum / n, rest = sum - q * n;
    for (int i = 0; i < n; i++)
        d += (v[i] - q) * (v[i] - q);
    double left = (double)d - (double)rest * (double)rest / n;
    return left > 0 ? ss_round6(sqrt(left / (n - 1)) / scale) : 0;
}

static double of_numbers(const struct ss_feature_def *def, uint32_t feature, int r, int64_t *v, int n)
{
    bool label = ss_str_is(def->arg.text, "label");
    double scale = label ? 1 : ss_str_is(def->arg.text, "amount") ? 1e4 : 1e6;
    double own = (double)fixed(def, feature, r, 0, 0) / scale;
    bool no_own = !label && fixed(def, feature, r, 0, 0) == SS_VALUE_NULL;
    __int128 sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i];
    double mean = n ? ((double)sum / scale) / n : NAN, std;
    switch (def->func) {
    case SS_FEATURE_SUM: return (double)sum / scale;
    case SS_FEATURE_MEAN: return mean;
    case SS_FEATURE_LAST: return n ? (double)v[n - 1] / scale : NAN;
    case SS_FEATURE_RATIO: return no_own || isnan(mean) || mean == 0 ? NAN : ss_round6(own / mean);
    case SS_FEATURE_STD: return std_of(v, n, scale);
    case SS_FEATURE_ZSCORE:
        std = std_of(v, n, scale);
        return no_own || !(std > 0) ? NAN : ss_round6((own - mean) / std);
    default: break;
    }
    if (n == 0)
        return NAN;
    qsort(v, (size_t)n, sizeof *v, by_value);
    if (def->func == SS_FEATURE_MIN || def->func == SS_FEATURE_MAX)
        return (double)v[def->func == SS_FEATURE_MIN ? 0 : n - 1] / scale;
    double rank = def->percent / 100 * (n - 1);
    int k = (int)rank, k1 = k + 1 < n ? k + 1 : k;
    return ss_round6(((double)v[k] + (rank - k) * (double)(v[k1] - v[k])) / scale);
}

static double of_places(const struct ss_feature_def *def, int r, const int *in, int n)
{
    int32_t a[2], b[2];
    while (n > 0 && !ss_place_of(all[in[n - 1]].lat, all[in[n - 1]].lon, &a[0], &a[1]))
        n--;
    if (n == 0 || !ss_place_of(all[r].lat, all[r].lon, &b[0], &b[1]))
        return NAN;
    double km = ss_place_distance(a[0], a[1], b[0], b[1]);
    int64_t gap_us = all[r].time_us - all[in[n - 1]].time_us;
    gap_us = gap_us < SS_SECOND_US ? SS_SECOND_US : gap_us;
    return def->func == SS_FEATURE_DISTANCE ? km : nearbyint(km / ((double)gap_us / 3.6e9) * 1e3) / 1e3;
}

static double of_window(const struct ss_feature_def *def, uint32_t feature, int r)
{
    static int in[PAYMENTS_MAX];
    static int64_t v[PAYMENTS_MAX];
    for (uint32_t k = 0; k < def->keys; k++)
        if (key_of(&all[r], def->key[k]) < 0)
            return NAN;
    int n = members(def, feature, r, in), values = 0;
    double out;
    if (def->func == SS_FEATURE_COUNT)
        return n;
    if (def->func == SS_FEATURE_GAP) {
        out = n ? (double)(all[r].time_us - all[in[n - 1]].time_us) / 1e6 : NAN;
    } else if (def->func == SS_FEATURE_SPEED || def->func == SS_FEATURE_DISTANCE) {
        out = of_places(def, r, in, n);
    } else if (def->func == SS_FEATURE_DISTINCT || def->func == SS_FEATURE_FIRST) {
        unsigned char seen[512] = {0};
        int own = key_of(&all[r], def->arg.text);
        for (int i = 0; i < n; i++) {
            int x = key_of(&all[in[i]], def->arg.text);
            values += x >= 0 && !seen[x];
            if (x >= 0)
                seen[x] = 1;
        }
        out = def->func == SS_FEATURE_DISTINCT ? values : own < 0 ? NAN : !seen[own];
    } else {
        for (int i = 0; i < n; i++) {
            int64_t x = fixed(def, feature, in[i], all[r].time_us, r);
            if (x != SS_VALUE_NULL)
                v[values++] = x;
        }
        out = of_numbers(def, feature, r, v, values);
    }
    return isnan(out) && def->has_default ? def->fallback : out;
}

static double eval(const struct ss_feature_node *node, uint32_t feature, int r)
{
    double k[4] = {0};
    int64_t t = all[r].time_us;
    struct ss_civil c;
    ss_time_to_civil(t, &c);
    bool dated = node->op >= SS_OP_HOUR && node->op <= SS_OP_AGE;
    for (uint32_t i = 0; i < node->kids && !dated; i++) {
        k[i] = eval(node->kid[i], feature, r);
        if (isnan(k[i]))
            return NAN;
    }
    int32_t a[2], b[2];
    switch (node->op) {
    case SS_OP_CONST: return node->num;
    case SS_OP_NAME: return number_of(&all[r], node->name.text, feature);
    case SS_OP_NEG: return -k[0];
    case SS_OP_ADD: return k[0] + k[1];
    case SS_OP_SUB: return k[0] - k[1];
    case SS_OP_MUL: return k[0] * k[1];
    case SS_OP_DIV: return k[1] == 0 ? NAN : k[0] / k[1];
    case SS_OP_MAX: return k[0] > k[1] ? k[0] : k[1];
    case SS_OP_HOUR: return c.hour;
    case SS_OP_WEEKEND: return c.weekday > 4;
    case SS_OP_NIGHT: return c.hour >= 22 || c.hour <= 5;
    case SS_OP_DISTANCE:
        if (!ss_place_of(k[0], k[1], &a[0], &a[1]) || !ss_place_of(k[2], k[3], &b[0], &b[1]))
            return NAN;
        return ss_place_distance(a[0], a[1], b[0], b[1]);
    default: abort();
    }
}

static void compute(int r)
{
    for (uint32_t f = 0; f < spec->n; f++) {
        const struct ss_feature_def *def = &spec->def[f];
        if (def->func != SS_FEATURE_ROW) {
            all[r].num[f] = of_window(def, f, r);
            continue;
        }
        double v = eval(def->expr, f, r);
        v = !isfinite(v) ? NAN : def->expr->op == SS_OP_NAME ? v : ss_round6(v);
        all[r].num[f] = isnan(v) && def->has_default ? def->fallback : v;
    }
}

/* Random payments: a few busy users and merchants, many devices; ties on whole hours, a tenth out of order.
 */
static void make_payment(struct ss_rng *rng, int i, int64_t *now_us, int disorder)
{
    struct payment *p = &all[i];
    *now_us += (int64_t)ss_rng_below(rng, 2 * 3600) * SS_SECOND_US * (ss_rng_below(rng, 5) != 0);
    *p = (struct payment){.time_us = *now_us, .points = NAN, .lat = NAN, .lon = NAN, .label = -1, .txn = i};
    if ((int)ss_rng_below(rng, 100) < disorder)
        p->time_us -= (int64_t)ss_rng_below(rng, ss_rng_below(rng, 2) ? 4 * 24 * 60 : 30) * SS_MINUTE_US;
    if (ss_rng_below(rng, 4) == 0)
        p->time_us = ss_floor_div(p->time_us, SS_HOUR_US) * SS_HOUR_US;
    if (i > 20 && ss_rng_below(rng, 6) == 0) {
        int of = (int)ss_rng_below(rng, (uint64_t)i);
        /* A label that comes after its payment has left the log is lost to windows without end: not asked. */
        if (!all[of].label_record && p->time_us - all[of].time_us < 8 * SS_DAY_US) {
            p->label_record = true;
            p->txn = of;
            p->label = (int)ss_rng_below(rng, 2);
            return;
        }
    }
    p->amount = (int64_t)ss_rng_below(rng, ss_rng_below(rng, 10) ? 1000000 : 90000000000000);
    p->user = ss_rng_below(rng, 20) ? (int)ss_rng_below(rng, 6) : -1;
    p->merchant = ss_rng_below(rng, 20) ? (int)ss_rng_below(rng, 5) : -1;
    p->device = ss_rng_below(rng, 10) ? (int)ss_rng_below(rng, 120) : -1;
    p->channel = (int)ss_rng_below(rng, 4) - 1;
    if (ss_rng_below(rng, 3))
        p->points = (double)(int64_t)(ss_rng_below(rng, 4000000) - 1000000) / 1000;
    if (ss_rng_below(rng, 2)) {
        p->lat = 40 + 20 * ss_rng_unit(rng);
        p->lon = 10 * ss_rng_unit(rng);
    }
    if (ss_rng_below(rng, 3) == 0)
        p->label = ss_rng_below(rng, 3) == 0;
}

static void print_payment(const struct payment *p, int i, struct ss_buf *to)
{
    char time[SS_TIME_TEXT];
    size_t n = ss_time_print(p->time_us, time);
    ss_buf_reset(to);
    if (p->label_record) {
        ss_buf_printf(to, "{\"type\":\"label\",\"txn_id\":\"t%d\",\"label\":%d,\"timestamp\":\"%.*s\"}",
                      p->txn, p->label, (int)n, time);
        return;
    }
    ss_buf_printf(to, "{\"txn_id\":\"t%d\",\"timestamp\":\"%.*s\",\"amount\":%lld.%04lld", i, (int)n, time,
                  (long long)(p->amount / 10000), (long long)(p->amount % 10000));
    if (p->user >= 0)
        ss_buf_printf(to, ",\"user_id\":%d", p->user);
    if (p->merchant >= 0)
        ss_buf_printf(to, ",\"merchant_id\":\"M\\u0030%d\"", p->merchant);
    if (p->device >= 0)
        ss_buf_printf(to, ",\"device_id\":\"dev-%d\"", p->device);
    if (p->channel >= 0)
        ss_buf_printf(to, ",\"channel\":\"%s\"", channels[p->channel]);
    if (!isnan(p->points))
        ss_buf_printf(to, ",\"points\":%.3f", p->points);
    if (!isnan(p->lat))
        ss_buf_printf(to, ",\"lat\":%.17g,\"lon\":%.17g", p->lat, p->lon);
    if (p->label >= 0)
        ss_buf_printf(to, ",\"label\":%d", p->label);
    ss_buf_putc(to, '}');
}

static int add_record(struct ss_batch *batch, int i, struct ss_buf *text)
{
    print_payment(&all[i], i, text);
    char *copy = ss_batch_copy(batch, text->p, text->n);
    struct ss_record *rec = ss_batch_add(batch);
    return copy && rec ? ss_record_read(batch, rec, copy, text->n) : SS_ENOMEM;
}

static bool same_features(const struct ss_record *rec, const struct payment *p, int i)
{
    if (p->label_record)
        return rec->features == NULL && rec->fate == SS_KEEP;
    if (!rec->features) {
        printf("# record %d has no features: %s\n", i, rec->reason ? rec->reason : "");
        return false;
    }
    for (uint32_t f = 0; f < spec->n; f++) {
        double got = rec->features->num[f], want = p->num[f];
        if (got != want && !(isnan(got) && isnan(want))) {
            printf("# record %d, %s: got %.17g, want %.17g\n", i, spec->def[f].name.p, got, want);
            return false;
        }
    }
    return true;
}

struct run {
    struct ss_schema schema;
    struct ss_batch batch;
    struct ss_feature_plan *plan;
    struct ss_feature_engine *engine;
    struct ss_feature_trial *trial;
    struct ss_batch tried;
    struct ss_buf text, before, after; /* the state as bytes */
};

static bool open_run(struct run *run, int workers, int64_t late_bound_us, size_t max_memory)
{
    struct ss_feature_config config = {.late_bound_us = late_bound_us, .max_memory = max_memory};
    ss_buf_init(&run->text, 4096);
    ss_buf_init(&run->before, (size_t)1 << 30);
    ss_buf_init(&run->after, (size_t)1 << 30);
    return ss_schema_init(&run->schema) == 0 &&
           ss_feature_plan_parse(features, sizeof features - 1, "oracle", &run->schema, &run->plan) == 0 &&
           ss_batch_init(&run->batch, &run->schema, workers) == 0 &&
           ss_batch_init(&run->tried, &run->schema, 1) == 0 &&
           ss_feature_engine_new(run->plan, workers, &config, &run->engine) == 0 &&
           ss_feature_trial_new(run->engine, &run->trial) == 0;
}

static void close_run(struct run *run)
{
    ss_feature_trial_free(run->trial);
    ss_feature_engine_free(run->engine);
    ss_batch_free(&run->batch);
    ss_batch_free(&run->tried);
    ss_feature_plan_free(run->plan);
    ss_schema_free(&run->schema);
    ss_buf_free(&run->text);
    ss_buf_free(&run->before);
    ss_buf_free(&run->after);
}

static int put_state(void *to, const void *bytes, size_t len)
{
    ss_buf_put(to, bytes, len);
    return ss_buf_check(to);
}

/* Payments from..to are tried, twice each in turn and then once more, and the first one's features are kept.
 */
static bool try_all(struct run *run, int from, int to, bool look)
{
    struct ss_batch *tried = &run->tried;
    bool good = true;
    ss_batch_reset(tried);
    for (int i = from; i < to && good; i++)
        good = add_record(tried, i, &run->text) == 0 && add_record(tried, i, &run->text) == 0;
    for (int i = from; i < to && good; i++)
        good = add_record(tried, i, &run->text) == 0;
    ss_buf_reset(&run->before);
    ss_buf_reset(&run->after);
    good = good && (!look || ss_feature_engine_save(run->engine, put_state, &run->before) == 0) &&
           ss_feature_trial_run(run->trial, tried) == 0 &&
           (!look || ss_feature_engine_save(run->engine, put_state, &run->after) == 0);
    if (!good)
        printf("# %s\n", ss_err_text());
    good = good && run->before.n == run->after.n &&
           (!look || memcmp(run->before.p, run->after.p, run->before.n) == 0);
    return good;
}

static bool same_text(const struct ss_record *a, const struct ss_record *b)
{
    struct ss_str x = ss_record_member(a, SS_FEATURES), y = ss_record_member(b, SS_FEATURES);
    return x.n == y.n && (x.n == 0 || memcmp(x.p, y.p, x.n) == 0);
}

/* What was tried first is what came of the first one; repeated tries agree with themselves. */
static bool tries_agree(const struct run *run, int from, int to)
{
    const struct ss_record *tried = run->tried.rec;
    int n = to - from;
    bool same = same_text(&tried[0], &run->batch.rec[0]);
    for (int k = 0; k < n && same; k++)
        same = same_text(&tried[2 * k], &tried[2 * k + 1]) && same_text(&tried[2 * k], &tried[2 * n + k]);
    if (!same)
        printf("# record %d tried: %.*s\n# and taken in: %.*s\n", from,
               (int)ss_record_member(&tried[0], SS_FEATURES).n, ss_record_member(&tried[0], SS_FEATURES).p,
               (int)ss_record_member(&run->batch.rec[0], SS_FEATURES).n,
               ss_record_member(&run->batch.rec[0], SS_FEATURES).p);
    return same;
}

/* True when all records of a stream have the oracle's features. */
static bool agrees(uint64_t seed, int n, int workers, int disorder, int64_t late_bound_us)
{
    struct ss_rng rng;
    struct run run = {0};
    int64_t now_us = 1767225600 * SS_SECOND_US;
    ss_rng_seed(&rng, seed);
    if (!open_run(&run, workers, late_bound_us, 0)) {
        printf("# %s\n", ss_err_text());
        return false;
    }
    spec = run.plan->spec;
    bool same = true;
    for (int i = 0; i < n;) {
        int from = i, size = 1 + (int)ss_rng_below(&rng, 40);
        for (; i < n && i < from + size; i++) {
            make_payment(&rng, i, &now_us, disorder);
            if (!all[i].label_record)
                compute(i);
            if (add_record(&run.batch, i, &run.text) < 0)
                return false;
        }
        if (!try_all(&run, from, i, from % 7 == 0) || ss_feature_engine_run(run.engine, &run.batch) < 0) {
            printf("# %s\n", ss_err_text());
            return false;
        }
        same = same && tries_agree(&run, from, i);
        for (int k = from; k < i && same; k++)
            same = same_features(&run.batch.rec[k - from], &all[k], k);
        ss_batch_reset(&run.batch);
    }
    close_run(&run);
    return same;
}

/* As agrees, without an oracle (windows lose what the limit takes): tries against what is taken in, one by
 * one. */
static bool tries_under_a_limit(uint64_t seed, int n, int disorder, size_t max_memory, uint64_t *cut)
{
    struct ss_rng rng;
    struct run run = {0};
    struct ss_feature_stats stats;
    int64_t now_us = 1767225600 * SS_SECOND_US;
    ss_rng_seed(&rng, seed);
    bool same = open_run(&run, 1, 30 * SS_DAY_US, max_memory);
    for (int i = 0; i < n && same; i++) {
        make_payment(&rng, i, &now_us, disorder);
        ss_batch_reset(&run.batch);
        same = add_record(&run.batch, i, &run.text) == 0 && try_all(&run, i, i + 1, i % 50 == 0) &&
               ss_feature_engine_run(run.engine, &run.batch) == 0 && tries_agree(&run, i, i + 1);
    }
    ss_feature_engine_stats(run.engine, &stats);
    *cut = stats.cut;
    printf("# %llu evicted, %llu cut, %llu late, %llu labels\n", (unsigned long long)stats.evicted,
           (unsigned long long)stats.cut, (unsigned long long)stats.late, (unsigned long long)stats.labels);
    close_run(&run);
    return same;
}

int main(void)
{
    uint64_t cut;
    const int64_t forever_us = 3000 * SS_DAY_US;
    ok(agrees(1, 900, 1, 0, SS_DAY_US), "records in order have the features that their definitions give");
    ok(agrees(2, 900, 1, 10, forever_us), "so have streams with a tenth of their records out of order");
    ok(agrees(3, 700, 3, 60, forever_us), "and streams mostly out of order, shared by three workers");
    ok(agrees(4, 700, 64, 10, 5 * SS_DAY_US), "records late within the bound find whole windows");
    ok(tries_under_a_limit(5, 2400, 10, 2 << 20, &cut) && cut > 0,
       "a try sees what a full entity loses to make room");
    ok(tries_under_a_limit(6, 2400, 40, 0, &cut), "and each payment of a disorderly stream as it comes");
    return done();
}
