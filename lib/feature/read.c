#include "feature/read.h"
#include "base/time.h"
#include <math.h>

/* The library's 128-bit conversion is slow, and almost never needed. */
static inline double real(__int128 x)
{
    return x == (int64_t)x ? (double)(int64_t)x : (double)x;
}

double ss_read_mean(__int128 sum, uint64_t n, double scale)
{
    return n ? (real(sum) / scale) / (double)(int64_t)n : NAN;
}

/*
 * With q = sum / n rounded towards zero and r the rest, the squared deviations from the mean add up to
 * D - r^2 / n, where D = squares - 2 q sum + n q^2 adds up the squared deviations from the integer q. D is
 * exact in 128 bits however large the values are, since it is itself a sum of small squares; only what
 * follows rounds. This avoids the cancellation of squares - sum^2 / n.
 */
double ss_read_std(__int128 sum, __int128 squares, uint64_t n, double scale)
{
    if (n < 2)
        return NAN;
    __int128 q = sum == (int64_t)sum ? (int64_t)sum / (int64_t)n : sum / (__int128)n,
             r = sum - q * (__int128)n;
    unsigned __int128 uq = (unsigned __int128)q;
    unsigned __int128 d =
        (unsigned __int128)squares - 2 * uq * (unsigned __int128)sum + (unsigned __int128)n * uq * uq;
    double rest = real(r), deviations = real((__int128)d) - rest * rest / (double)(int64_t)n;
    if (!(deviations > 0))
        return 0;
    return ss_round6(sqrt(deviations / (double)(int64_t)(n - 1)) / scale);
}

/* Linear interpolation between the two nearest ranks (as numpy's default and R's type 7). */
static double percentile(const struct ss_side *side, double percent, double scale)
{
    uint32_t n = ss_order_size(side);
    if (n == 0)
        return NAN;
    double rank = percent / 100 * (double)(n - 1);
    uint32_t k = (uint32_t)rank;
    int64_t low = ss_order_at(side, k), high = k + 1 < n ? ss_order_at(side, k + 1) : low;
    return ss_round6(((double)low + (rank - (double)k) * (double)(high - low)) / scale);
}

/* Functions of the entity's previous event: gap, last, speed, distance. */
static double from_last(const struct ss_read *read, const struct ss_state_last *last,
                        const struct ss_row *row)
{
    if (last->time_us == INT64_MIN ||
        last->time_us <= ss_window_low(read->over, read->window_us, read->delay_us, row->time_us) ||
        last->time_us > row->time_us - read->delay_us) /* later than --late-bound: what was before has left */
        return NAN;
    int64_t gap_us = row->time_us - last->time_us;
    if (read->func == SS_FEATURE_GAP)
        return (double)gap_us / 1e6;
    if (read->func == SS_FEATURE_LAST)
        return (double)last->value / read->scale;
    if (row->lat == SS_PLACE_NULL)
        return NAN;
    int32_t place[2];
    memcpy(place, &last->value, sizeof place);
    double km = ss_place_distance(place[0], place[1], row->lat, row->lon);
    if (read->func == SS_FEATURE_DISTANCE)
        return km;
    if (gap_us < SS_SECOND_US)
        gap_us = SS_SECOND_US; /* two places in the same second are as far apart as in one second */
    return nearbyint(km / ((double)gap_us / 3.6e9) * 1e3) / 1e3;
}

/* The record's own value against the window's mean. */
static double against(const struct ss_read *read, const struct ss_state_sum *sum, int64_t value)
{
    double mean = ss_read_mean(sum->sum, sum->n, read->scale), own = (double)value / read->scale;
    if (value == SS_VALUE_NULL || isnan(mean))
        return NAN;
    if (read->func == SS_FEATURE_RATIO)
        return mean == 0 ? NAN : ss_round6(own / mean);
    const struct ss_state_squares *sq = (const struct ss_state_squares *)sum;
    double std = ss_read_std(sq->sum, sq->squares, sq->n, read->scale);
    return std > 0 ? ss_round6((own - mean) / std) : NAN;
}

/* first(): 1 when this value is new to the entity. */
static double novelty(const struct ss_read *read, const struct ss_acc *acc, const struct ss_side *side,
                      uint64_t hash, int64_t time_us)
{
    if (!hash)
        return NAN;
    if (acc->kind == SS_ACC_DISTINCT)
        return !ss_distinct_has(side, hash);
    return !(ss_seen_first(side, hash) <= time_us - read->delay_us);
}

static double extreme(const struct ss_side *side, double scale)
{
    int64_t v = ss_extreme_value(side);
    return v == SS_VALUE_NULL ? NAN : (double)v / scale;
}

static inline double value_of(const struct ss_feature_plan *plan, const struct ss_scope *sc,
                              const struct ss_read *read, struct ss_row *row)
{
    const struct ss_wset *set = read->life ? &sc->group->life : &sc->group->win;
    const struct ss_acc *acc = &set->acc[read->acc];
    const void *st = (read->life ? sc->life : sc->win) + acc->off;
    const struct ss_state_sum *sum = st;
    double v = NAN;
    switch ((enum ss_feature_func)read->func) {
    case SS_FEATURE_COUNT:
        v = (double)(int64_t)(acc->kind == SS_ACC_COUNT ? ((const struct ss_state_count *)st)->n : sum->n);
        break;
    case SS_FEATURE_SUM: v = real(sum->sum) / read->scale; break;
    case SS_FEATURE_MEAN: v = ss_read_mean(sum->sum, sum->n, read->scale); break;
    case SS_FEATURE_STD:
        v = ss_read_std(sum->sum, ((const struct ss_state_squares *)st)->squares, sum->n, read->scale);
        break;
    case SS_FEATURE_RATIO:
    case SS_FEATURE_ZSCORE: v = against(read, sum, ss_row_nums(plan, row)[read->input]); break;
    case SS_FEATURE_MIN:
    case SS_FEATURE_MAX: v = extreme(st, read->scale); break;
    case SS_FEATURE_DISTINCT: v = ((const struct ss_side *)st)->n; break;
    case SS_FEATURE_FIRST:
        v = novelty(read, acc, st, ss_row_texts(plan, row)[read->input].a, row->time_us);
        break;
    case SS_FEATURE_PERCENTILE: v = percentile(st, read->percent, read->scale); break;
    default: v = from_last(read, st, row); break;
    }
    return isnan(v) && read->has_default ? read->fallback : v;
}

void ss_read_all(const struct ss_feature_plan *plan, const struct ss_scope *sc, const struct ss_read *read,
                 uint32_t n, struct ss_row *row)
{
    double *num = row->num;
    for (uint32_t i = 0; i < n; i++)
        num[read[i].feature] = value_of(plan, sc, &read[i], row);
}
