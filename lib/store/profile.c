#include "store/profile.h"
#include "base/err.h"
#include "base/time.h"
#include "store/merge.h"
#include <math.h>
#include <stdlib.h>

static const char *const names[SS_PROFILE_KINDS] = {"card",    "device",   "ip",       "merchant",
                                                    "country", "location", "category", "channel"};

const char *ss_profile_kind_name(enum ss_profile_kind kind)
{
    return names[kind];
}

struct making {
    struct ss_profile *p;
    struct ss_arena *arena;
    struct ss_merge values; /* of all kinds: key = kind and text */
    int64_t *amount;
    double sum, squares;
};

/* In the order of the SELECT, from column 6 on. */
static const enum ss_profile_kind columns[] = {SS_PROFILE_CARD,     SS_PROFILE_MERCHANT, SS_PROFILE_DEVICE,
                                               SS_PROFILE_IP,       SS_PROFILE_COUNTRY,  SS_PROFILE_LOCATION,
                                               SS_PROFILE_CATEGORY, SS_PROFILE_CHANNEL};

static int add_value(struct making *m, enum ss_profile_kind kind, struct ss_str value,
                     const struct ss_profile_value *add)
{
    char key[1 + 512];
    const char *kept;
    bool fresh;
    if (!value.n || value.n > sizeof key - 1)
        return 0;
    key[0] = (char)kind;
    memcpy(key + 1, value.p, value.n);
    struct ss_profile_value *v = ss_merge_row(&m->values, key, 1 + value.n, &kept, &fresh);
    if (!v)
        return SS_ENOMEM;
    if (fresh) {
        *v = *add;
        v->value = (struct ss_str){kept, 1 + value.n}; /* with its kind, which `pick` takes off */
        return 0;
    }
    v->payments++;
    v->amount += add->amount;
    v->fraud += add->fraud;
    v->first_us = add->first_us; /* they come newest first */
    return 0;
}

static void add_day(struct ss_profile *p, const struct ss_profile_value *add, double score, bool blocked)
{
    int64_t start_us = ss_floor_div(add->first_us, SS_DAY_US) * SS_DAY_US;
    struct ss_profile_day *day = p->days ? &p->day[p->days - 1] : NULL;
    if (!day || day->start_us != start_us) {
        if (p->days == SS_PROFILE_DAYS)
            return;
        day = &p->day[p->days++];
        *day = (struct ss_profile_day){.start_us = start_us};
    }
    day->payments++;
    day->amount += add->amount;
    day->fraud += add->fraud;
    day->blocked += blocked;
    if (score > day->max_score)
        day->max_score = score;
}

static int add_payment(struct making *m, const struct ss_rows *rows)
{
    struct ss_profile *p = m->p;
    struct ss_civil civil;
    int64_t time_us = ss_rows_int(rows, 0), amount = ss_rows_int(rows, 1), level = ss_rows_int(rows, 3),
            action = ss_rows_int(rows, 4);
    const struct ss_profile_value add = {.payments = 1,
                                         .amount = amount,
                                         .fraud = ss_rows_int(rows, 5) == 1,
                                         .first_us = time_us,
                                         .last_us = time_us};
    ss_time_to_civil(time_us, &civil);
    p->hour[civil.hour]++;
    p->weekday[civil.weekday]++;
    if (level >= 0 && level < SS_LEVELS)
        p->level[level]++;
    if (action >= 0 && action < SS_ACTIONS)
        p->action[action]++;
    p->last_us = p->payments ? p->last_us : time_us;
    p->first_us = time_us;
    add_day(p, &add, ss_rows_real(rows, 2), action == SS_BLOCK);
    m->amount[p->payments++] = amount;
    m->sum += (double)amount;
    m->squares += (double)amount * (double)amount;
    int err = 0;
    for (int i = 0; i < SS_PROFILE_KINDS && !err; i++)
        err = add_value(m, columns[i], ss_rows_text(rows, 6 + i), &add);
    return err;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void normal(struct making *m)
{
    struct ss_profile *p = m->p;
    double n = (double)p->payments;
    if (!p->payments)
        return;
    qsort(m->amount, (size_t)p->payments, sizeof *m->amount, by_size);
    p->mean = m->sum / n;
    double variance = p->payments > 1 ? (m->squares - m->sum * p->mean) / (n - 1) : 0;
    p->sd = variance > 0 ? sqrt(variance) : 0;
    p->median = m->amount[(p->payments - 1) / 2];
    p->p95 = m->amount[(p->payments * 95 + 99) / 100 - 1];
    p->max = m->amount[p->payments - 1];
    p->gap_s = p->payments > 1 ? (double)(p->last_us - p->first_us) / 1e6 / (n - 1) : 0;
}

/* By kind, then by most payments, then by value. */
static int by_kind(const void *a, const void *b)
{
    const struct ss_profile_value *x = *(void *const *)a, *y = *(void *const *)b;
    if (x->value.p[0] != y->value.p[0])
        return x->value.p[0] - y->value.p[0];
    if (x->payments != y->payments)
        return x->payments < y->payments ? 1 : -1;
    size_t n = x->value.n < y->value.n ? x->value.n : y->value.n;
    int order = memcmp(x->value.p, y->value.p, n);
    return order ? order : (x->value.n > y->value.n) - (x->value.n < y->value.n);
}

/* The most frequent of each kind. (The merge's rows are in our order afterwards, and no more to be looked
 * up.) */
static int pick(struct making *m)
{
    struct ss_profile *p = m->p;
    if (m->values.n)
        qsort(m->values.row, m->values.n, sizeof *m->values.row, by_kind);
    for (uint32_t i = 0; i < m->values.n; i++) {
        struct ss_profile_value v = *(struct ss_profile_value *)m->values.row[i];
        int kind = v.value.p[0];
        if (p->distinct[kind]++ == 0) {
            p->value[kind] = ss_arena_alloc(m->arena, SS_PROFILE_VALUES * sizeof v);
            if (!p->value[kind])
                return SS_ENOMEM;
        }
        if (p->values[kind] == SS_PROFILE_VALUES)
            continue;
        v.value = (struct ss_str){ss_arena_copy(m->arena, v.value.p + 1, v.value.n - 1), v.value.n - 1};
        if (!v.value.p)
            return SS_ENOMEM;
        p->value[kind][p->values[kind]++] = v;
    }
    return 0;
}

static void oldest_first(struct ss_profile *p)
{
    for (size_t i = 0; i < p->days / 2; i++) {
        struct ss_profile_day other = p->day[i];
        p->day[i] = p->day[p->days - 1 - i];
        p->day[p->days - 1 - i] = other;
    }
}

static int read_payments(struct ss_db *db, struct ss_str user_id, int64_t until_us, struct making *m)
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db,
        "SELECT time_us, amount, score, level, action, label, card_id, merchant_id, device_id, ip, "
        "country, location, category, channel FROM payments WHERE user_id = $1 AND time_us < $2 "
        "ORDER BY time_us DESC, seq DESC LIMIT $3",
        SS_ARGS(ss_arg_text(user_id), ss_arg_int(until_us ? until_us : INT64_MAX),
                ss_arg_int(SS_PROFILE_PAYMENTS + 1)),
        &rows);
    if (err)
        return err;
    int got = 0;
    m->p->whole = true;
    while (!err && (got = ss_rows_next(rows)) > 0) {
        if (m->p->payments == SS_PROFILE_PAYMENTS) {
            m->p->whole = false;
            break;
        }
        err = add_payment(m, rows);
    }
    ss_rows_free(rows);
    return err ? err : got < 0 ? got : 0;
}

int ss_profile_make(struct ss_db *db, struct ss_str user_id, int64_t until_us, struct ss_arena *arena,
                    struct ss_profile *p)
{
    struct making m = {.p = p, .arena = arena};
    *p = (struct ss_profile){.day = ss_arena_alloc(arena, SS_PROFILE_DAYS * sizeof *p->day)};
    m.amount = ss_arena_alloc(arena, SS_PROFILE_PAYMENTS * sizeof *m.amount);
    if (!p->day || !m.amount)
        return SS_ENOMEM;
    ss_merge_init(&m.values, sizeof(struct ss_profile_value));
    int err = read_payments(db, user_id, until_us, &m);
    err = err ? err : pick(&m);
    ss_merge_free(&m.values);
    normal(&m);
    oldest_first(p);
    return err;
}
