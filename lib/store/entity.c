#include "store/entity.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "store/ledger.h"
#include <math.h>
#include <stdlib.h>

#define SEEN 131072

struct ss_link_seen {
    uint64_t hash;
    int64_t day;
};

struct customer {
    struct ss_str id;
    int64_t first_us, last_us;
    struct ss_counts counts;
    double max_score, heat;
};

struct link {
    struct ss_str user, value;
    const char *kind;
    int64_t first_us, last_us;
};

static const char *const kinds[] = {"card", "device", "ip"};

double ss_heat(double score, int64_t time_us)
{
    if (isnan(score) || score <= 0)
        return NAN;
    /* Rounded, since the last bit of a logarithm is its library's choice. */
    return round((log2(score) + (double)time_us / (double)SS_RISK_HALF_US) * 1e6) / 1e6;
}

double ss_risk_at(double heat, int64_t time_us)
{
    if (isnan(heat))
        return 0;
    double risk = exp2(heat - (double)time_us / (double)SS_RISK_HALF_US);
    risk = round(risk * 1e6) / 1e6;
    return risk > 1 ? 1 : risk;
}

int ss_entities_init(struct ss_entities *e)
{
    ss_merge_init(&e->customers, sizeof(struct customer));
    ss_merge_init(&e->links, sizeof(struct link));
    ss_arena_init(&e->args, 0);
    e->seen = calloc(SEEN, sizeof *e->seen);
    return e->seen ? 0 : ss_fail(SS_ENOMEM, "out of memory");
}

void ss_entities_free(struct ss_entities *e)
{
    ss_merge_free(&e->customers);
    ss_merge_free(&e->links);
    ss_arena_free(&e->args);
    free(e->seen);
    e->seen = NULL;
}

void ss_entities_reset(struct ss_entities *e, bool committed)
{
    ss_merge_reset(&e->customers);
    ss_merge_reset(&e->links);
    ss_arena_reset(&e->args);
    if (!committed)
        memset(e->seen, 0, SEEN * sizeof *e->seen);
}

static struct customer *customer_of(struct ss_entities *e, struct ss_str user, int64_t time_us)
{
    const char *kept;
    bool fresh;
    struct customer *c = ss_merge_row(&e->customers, user.p, user.n, &kept, &fresh);
    if (!c)
        return NULL;
    if (fresh)
        *c = (struct customer){
            .id = {kept, user.n}, .first_us = time_us, .last_us = time_us, .max_score = 0, .heat = NAN};
    c->first_us = time_us < c->first_us ? time_us : c->first_us;
    c->last_us = time_us > c->last_us ? time_us : c->last_us;
    return c;
}

static int add_link(struct ss_entities *e, struct ss_str user, unsigned kind, struct ss_str value,
                    int64_t time_us)
{
    char key[2 * SS_LEDGER_ID + 2];
    const char *kept;
    bool fresh;
    if (!value.n)
        return 0;
    key[0] = (char)kind;
    memcpy(key + 1, user.p, user.n);
    key[1 + user.n] = '\0';
    memcpy(key + 2 + user.n, value.p, value.n);
    size_t n = 2 + user.n + value.n;
    /* The day in the hash's place of zero: an empty entry is no day's. */
    uint64_t hash = ss_hash64(key, n) | 1;
    int64_t day = ss_floor_div(time_us, SS_DAY_US);
    struct ss_link_seen *seen = &e->seen[hash >> 47];
    if (seen->hash == hash && seen->day == day)
        return 0;
    *seen = (struct ss_link_seen){hash, day};
    struct link *link = ss_merge_row(&e->links, key, n, &kept, &fresh);
    if (!link)
        return SS_ENOMEM;
    if (fresh)
        *link =
            (struct link){{kept + 1, user.n}, {kept + 2 + user.n, value.n}, kinds[kind], time_us, time_us};
    link->first_us = time_us < link->first_us ? time_us : link->first_us;
    link->last_us = time_us > link->last_us ? time_us : link->last_us;
    return 0;
}

int ss_entities_add(struct ss_entities *e, const struct ss_entry *row, const struct ss_counts *add)
{
    if (!row->user.n)
        return 0;
    struct customer *c = customer_of(e, row->user, row->time_us);
    if (!c)
        return SS_ENOMEM;
    c->counts.payments += add->payments;
    c->counts.amount += add->amount;
    c->counts.alerts += add->alerts;
    c->counts.blocked += add->blocked;
    c->counts.fraud += add->fraud;
    double heat = ss_heat(row->score, row->time_us);
    if (!isnan(heat) && !(c->heat >= heat))
        c->heat = heat;
    if (row->score > c->max_score)
        c->max_score = row->score;
    const struct ss_str values[] = {row->card, row->device, row->ip};
    int err = 0;
    for (unsigned k = 0; k < SS_COUNT(values) && !err; k++)
        err = add_link(e, row->user, k, values[k], row->time_us);
    return err;
}

int ss_entities_label(struct ss_entities *e, struct ss_str user, int64_t time_us, int64_t fraud)
{
    if (!user.n || !fraud)
        return 0;
    struct customer *c = customer_of(e, user, time_us);
    if (!c)
        return SS_ENOMEM;
    c->counts.fraud += fraud;
    return 0;
}

static int write_customers(struct ss_entities *e, struct ss_db *db)
{
    static const char *const column[] = {"user_id", "first_us", "last_us", "payments",  "amount",
                                         "alerts",  "blocked",  "fraud",   "max_score", "heat"};
    static const enum ss_arg_type type[] = {SS_ARG_TEXT, SS_ARG_INT, SS_ARG_INT, SS_ARG_INT,  SS_ARG_INT,
                                            SS_ARG_INT,  SS_ARG_INT, SS_ARG_INT, SS_ARG_REAL, SS_ARG_REAL};
    static const struct ss_bulk bulk = {
        .table = "customers",
        .key = "user_id",
        .update =
            "first_us = CASE WHEN excluded.first_us < t.first_us THEN excluded.first_us ELSE t.first_us END, "
            "last_us = CASE WHEN excluded.last_us > t.last_us THEN excluded.last_us ELSE t.last_us END, "
            "payments = t.payments + excluded.payments, amount = t.amount + excluded.amount, "
            "alerts = t.alerts + excluded.alerts, blocked = t.blocked + excluded.blocked, "
            "fraud = t.fraud + excluded.fraud, max_score = CASE WHEN excluded.max_score > t.max_score THEN "
            "excluded.max_score ELSE t.max_score END, heat = CASE WHEN t.heat >= excluded.heat OR "
            "excluded.heat IS NULL THEN t.heat ELSE excluded.heat END",
        .column = column,
        .type = type,
        .columns = SS_COUNT(column),
    };
    uint32_t n = e->customers.n;
    struct ss_arg *args = ss_arena_alloc(&e->args, n * SS_COUNT(column) * sizeof *args), *arg = args;
    if (!args)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        const struct customer *c = e->customers.row[i];
        *arg++ = ss_arg_text(c->id);
        *arg++ = ss_arg_int(c->first_us);
        *arg++ = ss_arg_int(c->last_us);
        *arg++ = ss_arg_int(c->counts.payments);
        *arg++ = ss_arg_int(c->counts.amount);
        *arg++ = ss_arg_int(c->counts.alerts);
        *arg++ = ss_arg_int(c->counts.blocked);
        *arg++ = ss_arg_int(c->counts.fraud);
        *arg++ = ss_arg_real(c->max_score);
        *arg++ = isnan(c->heat) ? ss_arg_null() : ss_arg_real(c->heat);
    }
    return ss_db_insert(db, &bulk, args, n, NULL);
}

static int write_links(struct ss_entities *e, struct ss_db *db)
{
    static const char *const column[] = {"user_id", "kind", "value", "first_us", "last_us"};
    static const enum ss_arg_type type[] = {SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_INT, SS_ARG_INT};
    static const struct ss_bulk bulk = {
        .table = "links",
        .key = "user_id, kind, value",
        .update =
            "first_us = CASE WHEN excluded.first_us < t.first_us THEN excluded.first_us ELSE t.first_us END, "
            "last_us = CASE WHEN excluded.last_us > t.last_us THEN excluded.last_us ELSE t.last_us END",
        .column = column,
        .type = type,
        .columns = SS_COUNT(column),
        .mostly_new = true, /* the others were seen a day ago or earlier (add_link) */
    };
    uint32_t n = e->links.n;
    struct ss_arg *args = ss_arena_alloc(&e->args, n * SS_COUNT(column) * sizeof *args), *arg = args;
    if (!args)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        const struct link *link = e->links.row[i];
        *arg++ = ss_arg_text(link->user);
        *arg++ = ss_arg_cstr(link->kind);
        *arg++ = ss_arg_text(link->value);
        *arg++ = ss_arg_int(link->first_us);
        *arg++ = ss_arg_int(link->last_us);
    }
    return ss_db_insert(db, &bulk, args, n, NULL);
}

int ss_entities_write(struct ss_entities *e, struct ss_db *db)
{
    int err = write_customers(e, db);
    err = err ? err : write_links(e, db);
    ss_entities_reset(e, true);
    return err;
}
