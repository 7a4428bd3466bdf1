#include "store/tally.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "store/ledger.h"
#include <math.h>

#define OTHER    SS_STR("(other)")
#define KEY_ROOM (SS_LEDGER_ID > SS_TALLY_KEY ? SS_LEDGER_ID : SS_TALLY_KEY)

enum dim {
    CATEGORY,
    CHANNEL,
    COUNTRY,
    CURRENCY,
    RULE,
    SHADOW,
    REASON,
    SCORE,
    LATENCY,
    LIMITED, /* those before it have a row a day beside that of the hour */
    ALL = LIMITED,
    LEVEL,
    ACTION,
    MINUTE,
    MERCHANT,
    DIMS
};

/* The names in the table: of the rows of an hour (a minute for `minute`), and of those of a day. */
static const char *const names[DIMS][2] = {
    [CATEGORY] = {"category", "category/day"},
    [CHANNEL] = {"channel", "channel/day"},
    [COUNTRY] = {"country", "country/day"},
    [CURRENCY] = {"currency", "currency/day"},
    [RULE] = {"rule", "rule/day"},
    [SHADOW] = {"shadow", "shadow/day"},
    [REASON] = {"reason", "reason/day"},
    [SCORE] = {"score", "score/day"},
    [LATENCY] = {"latency", "latency/day"},
    [ALL] = {"all", NULL},
    [LEVEL] = {"level", NULL},
    [ACTION] = {"action", NULL},
    [MINUTE] = {"minute", NULL},
    [MERCHANT] = {NULL, "merchant/day"},
};

struct bucket {
    const char *dim;
    int part;
    int64_t start_us;
    struct ss_str key;
    struct ss_counts counts;
};

void ss_tally_init(struct ss_tally *tally)
{
    ss_merge_init(&tally->rows, sizeof(struct bucket));
    ss_merge_init(&tally->held, sizeof(struct bucket));
    ss_arena_init(&tally->args, 0);
    for (int i = 0; i < LIMITED; i++)
        ss_map_init(&tally->words[i], SS_TALLY_WORDS);
}

void ss_tally_free(struct ss_tally *tally)
{
    ss_merge_free(&tally->rows);
    ss_merge_free(&tally->held);
    ss_arena_free(&tally->args);
    for (int i = 0; i < LIMITED; i++)
        ss_map_free(&tally->words[i]);
}

void ss_tally_reset(struct ss_tally *tally)
{
    ss_merge_reset(&tally->rows);
    ss_merge_reset(&tally->held);
    ss_arena_reset(&tally->args);
}

static void add_counts(struct ss_counts *to, const struct ss_counts *add)
{
    to->payments += add->payments;
    to->amount += add->amount;
    to->alerts += add->alerts;
    to->blocked += add->blocked;
    to->fraud += add->fraud;
    to->genuine += add->genuine;
}

/* Another process may go on with what this one began: nothing that differs between the two is in it. */
static int part_of(const struct bucket *b)
{
    uint64_t hash = ss_hash64(b->key.p, b->key.n);
    hash = ss_hash64_seed(b->dim, strlen(b->dim), hash ^ (uint64_t)b->start_us);
    return (int)(hash % SS_TALLY_PARTS);
}

static int count_one(struct ss_tally *tally, enum dim dim, int day, int64_t start_us, struct ss_str key,
                     const struct ss_counts *add)
{
    char name[10 + KEY_ROOM];
    const char *kept;
    bool fresh;
    memcpy(name, &start_us, 8);
    name[8] = (char)dim;
    name[9] = (char)day;
    memcpy(name + 10, key.p, key.n);
    struct bucket *b = ss_merge_row(&tally->rows, name, 10 + key.n, &kept, &fresh);
    if (!b)
        return SS_ENOMEM;
    if (fresh) {
        b->dim = names[dim][day];
        b->start_us = start_us;
        b->key = (struct ss_str){kept + 10, key.n};
        b->part = part_of(b);
    }
    add_counts(&b->counts, add);
    return 0;
}

static int64_t floor_to(int64_t time_us, int64_t unit_us)
{
    return ss_floor_div(time_us, unit_us) * unit_us;
}

/* Under a key of a limited dimension, by hour and by day. */
static int count_word(struct ss_tally *tally, enum dim dim, int64_t time_us, struct ss_str key,
                      const struct ss_counts *add)
{
    if (!key.n)
        return 0;
    if (key.n > SS_TALLY_KEY) { /* cut between characters, not within one */
        key.n = SS_TALLY_KEY;
        while (key.n && ((unsigned char)key.p[key.n] & 0xc0) == 0x80)
            key.n--;
    }
    if (memchr(key.p, '\0', key.n) || ss_map_add(&tally->words[dim], key) < 0)
        key = OTHER;
    int err = count_one(tally, dim, 0, floor_to(time_us, SS_HOUR_US), key, add);
    return err ? err : count_one(tally, dim, 1, floor_to(time_us, SS_DAY_US), key, add);
}

static int count_rules(struct ss_tally *tally, enum dim dim, const struct ss_fired *rule, uint32_t n,
                       int64_t time_us, const struct ss_counts *add)
{
    int err = 0;
    for (uint32_t i = 0; i < n && !err; i++)
        err = count_word(tally, dim, time_us, rule[i].id, add);
    return err;
}

static int count_number(struct ss_tally *tally, enum dim dim, int64_t time_us, int digits, int number,
                        const struct ss_counts *add)
{
    char key[8];
    for (int i = digits; i-- > 0; number /= 10)
        key[i] = (char)('0' + number % 10);
    return count_word(tally, dim, time_us, (struct ss_str){key, (size_t)digits}, add);
}

static int score_bin(double score)
{
    int bin = (int)(score * SS_SCORE_BINS);
    return bin < 0 ? 0 : bin >= SS_SCORE_BINS ? SS_SCORE_BINS - 1 : bin;
}

int ss_tally_add(struct ss_tally *tally, const struct ss_entry *row, const struct ss_counts *add)
{
    int64_t t = row->time_us, hour = floor_to(t, SS_HOUR_US);
    const struct ss_decision *d = row->decision;
    int err = count_one(tally, ALL, 0, hour, SS_STR(""), add);
    err = err ? err
              : count_one(tally, LEVEL, 0, hour, ss_str_of(ss_level_name((enum ss_level)row->level)), add);
    err =
        err ? err
            : count_one(tally, ACTION, 0, hour, ss_str_of(ss_action_name((enum ss_action)row->action)), add);
    err = err ? err : count_word(tally, CATEGORY, t, row->category, add);
    err = err ? err : count_word(tally, CHANNEL, t, row->channel, add);
    err = err ? err : count_word(tally, COUNTRY, t, row->country, add);
    err = err ? err : count_word(tally, CURRENCY, t, row->currency, add);
    if (!err && d)
        err = count_rules(tally, RULE, d->rule, d->rules, t, add);
    if (!err && d)
        err = count_rules(tally, SHADOW, d->shadow, d->shadows, t, add);
    for (int i = 0; i < row->codes && !err; i++)
        err = count_word(tally, REASON, t, row->code[i], add);
    if (!err && !isnan(row->score))
        err = count_number(tally, SCORE, t, 2, score_bin(row->score), add);
    if (!err && row->merchant.n)
        err = count_one(tally, MERCHANT, 1, floor_to(t, SS_DAY_US), row->merchant, add);
    if (err || !add->payments) /* a label changes neither how fast nor how many, */
        return err;
    struct ss_counts timeless = *add; /* whether it comes before these are counted or after */
    timeless.fraud = timeless.genuine = 0;
    err = count_one(tally, MINUTE, 0, floor_to(t, SS_MINUTE_US), SS_STR(""), &timeless);
    if (!err && row->latency_us >= 0)
        err = count_number(tally, LATENCY, t, 3, ss_latency_step(row->latency_us), &timeless);
    return err;
}

static int write_parts(struct ss_tally *tally, const struct ss_merge *rows, struct ss_db *db, int from,
                       int to)
{
    static const char *const column[] = {"dim",    "start_us", "key",   "payments", "amount",
                                         "alerts", "blocked",  "fraud", "genuine"};
    static const enum ss_arg_type type[] = {SS_ARG_TEXT, SS_ARG_INT, SS_ARG_TEXT, SS_ARG_INT, SS_ARG_INT,
                                            SS_ARG_INT,  SS_ARG_INT, SS_ARG_INT,  SS_ARG_INT};
    static const struct ss_bulk bulk = {
        .table = "buckets",
        .key = "dim, start_us, key",
        .update = "payments = t.payments + excluded.payments, amount = t.amount + excluded.amount, "
                  "alerts = t.alerts + excluded.alerts, blocked = t.blocked + excluded.blocked, "
                  "fraud = t.fraud + excluded.fraud, genuine = t.genuine + excluded.genuine",
        .column = column,
        .type = type,
        .columns = SS_COUNT(column),
    };
    struct ss_arg *args = ss_arena_alloc(&tally->args, rows->n * SS_COUNT(column) * sizeof *args),
                  *arg = args;
    size_t n = 0;
    if (!args)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < rows->n; i++) {
        const struct bucket *b = rows->row[i];
        if (b->part < from || b->part >= to)
            continue;
        n++;
        const struct ss_counts *c = &b->counts;
        *arg++ = ss_arg_cstr(b->dim);
        *arg++ = ss_arg_int(b->start_us);
        *arg++ = ss_arg_text(b->key);
        *arg++ = ss_arg_int(c->payments);
        *arg++ = ss_arg_int(c->amount);
        *arg++ = ss_arg_int(c->alerts);
        *arg++ = ss_arg_int(c->blocked);
        *arg++ = ss_arg_int(c->fraud);
        *arg++ = ss_arg_int(c->genuine);
    }
    int err = n ? ss_db_insert(db, &bulk, args, n, NULL) : 0;
    ss_arena_reset(&tally->args);
    return err;
}

int ss_tally_write_from(struct ss_tally *tally, struct ss_db *db, int part)
{
    int err = write_parts(tally, &tally->rows, db, part, SS_TALLY_PARTS);
    ss_merge_reset(&tally->rows);
    return err;
}

int ss_tally_write(struct ss_tally *tally, struct ss_db *db)
{
    return ss_tally_write_from(tally, db, 0);
}

void ss_tally_hold(struct ss_tally *tally)
{
    struct ss_merge empty = tally->held;
    tally->held = tally->rows;
    tally->rows = empty;
}

int ss_tally_write_held(struct ss_tally *tally, struct ss_db *db, int from, int to)
{
    int err = write_parts(tally, &tally->held, db, from, to);
    if (to == SS_TALLY_PARTS)
        ss_merge_reset(&tally->held);
    return err;
}

int ss_latency_step(int64_t latency_us)
{
    uint64_t v = latency_us < 8 ? 8 : (uint64_t)latency_us;
    int power = 63 - __builtin_clzll(v); /* at least 3 */
    int step = (power - 3) * 8 + (int)(v >> (power - 3) & 7);
    return step > 319 ? 319 : step; /* some six days */
}

int64_t ss_latency_from(int step)
{
    return step == 0 ? 0 : (int64_t)(8 + step % 8) << step / 8;
}
