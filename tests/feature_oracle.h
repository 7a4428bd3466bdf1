/*
 * Features by brute force: `compute` reads one payment's from all that has arrived before it, straight from
 * the feature file's definitions. Slow, short, and without any of the engine's code.
 */
#ifndef TESTS_FEATURE_ORACLE_H
#define TESTS_FEATURE_ORACLE_H

#include "base/time.h"
#include "feature/row.h"
#include "feature/spec.h"
#include <math.h>
#include <stdlib.h>

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

#endif
