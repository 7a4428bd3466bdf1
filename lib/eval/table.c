#include "eval/table.h"
#include "base/err.h"
#include "base/time.h"
#include <stdlib.h>

void ss_eval_table_init(struct ss_eval_table *t, bool entity_is_card, int64_t since_us)
{
    *t = (struct ss_eval_table){.ceiling = SS_EVAL_RECORDS_MAX,
                                .entity_is_card = entity_is_card,
                                .since_us = since_us,
                                .newest_us = INT64_MIN};
    ss_map_init(&t->cards, SS_EVAL_IDS_MAX);
    ss_map_init(&t->entities, SS_EVAL_IDS_MAX);
    ss_map_init(&t->groups, SS_EVAL_IDS_MAX);
    ss_map_init(&t->scenarios, 65536);
    ss_map_init(&t->rules, SS_EVAL_RULES_MAX);
    ss_map_init(&t->pending_txns, SS_EVAL_IDS_MAX);
}

void ss_eval_table_free(struct ss_eval_table *t)
{
    for (size_t i = 0; i < t->blocks; i++) {
        free(t->block[i]);
        if (t->detail)
            free(t->detail[i]);
    }
    free(t->block);
    free(t->detail);
    free(t->fraud);
    free(t->first_fraud);
    free(t->pending);
    ss_map_free(&t->cards);
    ss_map_free(&t->entities);
    ss_map_free(&t->groups);
    ss_map_free(&t->scenarios);
    ss_map_free(&t->rules);
    ss_map_free(&t->pending_txns);
    *t = (struct ss_eval_table){0};
}

/* *array with room for one item more, doubled when full. */
static int grow(void **array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return 0;
    size_t more = *cap ? 2 * *cap : 1024;
    void *p = realloc(*array, more * size);
    if (!p)
        return ss_fail(SS_ENOMEM, "out of memory after %zu items of an evaluation", n);
    *array = p;
    *cap = more;
    return 0;
}

static int intern(struct ss_map *map, struct ss_str text, uint32_t *id)
{
    *id = SS_EVAL_NO_ID;
    if (!text.p)
        return 0;
    int64_t found = ss_map_add(map, text);
    if (found < 0)
        return (int)found;
    *id = (uint32_t)found;
    return 0;
}

static struct ss_map *entity_map(struct ss_eval_table *t)
{
    return t->entity_is_card ? &t->cards : &t->entities;
}

static bool add_detail(struct ss_eval_table *t)
{
    struct ss_eval_detail **list = realloc(t->detail, (t->blocks + 1) * sizeof(struct ss_eval_detail *));
    if (!list)
        return false;
    t->detail = list;
    return (list[t->blocks] = malloc(sizeof **list)) != NULL;
}

static int add_block(struct ss_eval_table *t)
{
    if (t->n >= t->ceiling)
        return ss_fail(SS_ENOMEM, "more than %zu records to evaluate", t->ceiling);
    struct ss_eval_block **list = realloc(t->block, (t->blocks + 1) * sizeof(struct ss_eval_block *));
    if (list)
        t->block = list;
    struct ss_eval_block *block = list ? malloc(sizeof *block) : NULL;
    if (!block || (t->detailed && !add_detail(t))) {
        free(block);
        return ss_fail(SS_ENOMEM, "out of memory after %zu records", t->n);
    }
    t->block[t->blocks++] = block;
    return 0;
}

static int add_fraud(struct ss_eval_table *t, struct ss_eval_fraud fraud)
{
    void *array = t->fraud;
    int err = grow(&array, t->n_fraud, &t->fraud_cap, sizeof *t->fraud);
    t->fraud = array;
    if (err == 0)
        t->fraud[t->n_fraud++] = fraud;
    return err;
}

static int know(struct ss_eval_table *t, uint32_t entity, int64_t time_us)
{
    size_t had = t->first_cap;
    if (time_us < t->since_us)
        return 0;
    while (entity >= t->first_cap) {
        void *array = t->first_fraud;
        int err = grow(&array, t->first_cap, &t->first_cap, sizeof *t->first_fraud);
        if (err)
            return err;
        t->first_fraud = array;
    }
    for (size_t i = had; i < t->first_cap; i++)
        t->first_fraud[i] = INT64_MAX;
    if (time_us < t->first_fraud[entity])
        t->first_fraud[entity] = time_us;
    return 0;
}

/* A payment that comes twice keeps the place of its first: the second's label would have nowhere to go. */
static int add_pending(struct ss_eval_table *t, const struct ss_eval_row *row, struct ss_eval_pending pending)
{
    uint32_t id, known = t->pending_txns.n;
    int err = intern(&t->pending_txns, row->txn, &id);
    if (err || id == SS_EVAL_NO_ID || id < known)
        return err;
    void *array = t->pending;
    if ((err = grow(&array, id, &t->pending_cap, sizeof *t->pending)) != 0)
        return err;
    t->pending = array;
    t->pending[id] = pending;
    return 0;
}

static struct ss_eval_pending pending_of(const struct ss_eval_row *row)
{
    return (struct ss_eval_pending){.time_us = row->time_us,
                                    .amount = row->amount,
                                    .row = SS_EVAL_NO_ID,
                                    .scenario = SS_EVAL_NO_ID,
                                    .entity = SS_EVAL_NO_ID,
                                    .label = -1,
                                    .has_time = row->has_time};
}

/* The fraud, or the payment that may become one, at row t->n. */
static int add_label(struct ss_eval_table *t, const struct ss_eval_row *row, uint32_t entity)
{
    struct ss_eval_pending pending = pending_of(row);
    uint32_t scenario = SS_EVAL_NO_ID;
    int err = row->label ? intern(&t->scenarios, row->scenario, &scenario) : 0;
    if (err || row->label == 0)
        return err;
    if (row->label > 0) {
        err = add_fraud(t, (struct ss_eval_fraud){(uint32_t)t->n, scenario, row->amount, row->score});
        return err || entity == SS_EVAL_NO_ID || !row->has_time ? err : know(t, entity, row->time_us);
    }
    pending.row = (uint32_t)t->n;
    pending.scenario = scenario;
    pending.entity = entity;
    return add_pending(t, row, pending);
}

int ss_eval_table_add(struct ss_eval_table *t, const struct ss_eval_row *row)
{
    uint32_t card, entity = SS_EVAL_NO_ID, group;
    int err = 0;
    if (t->n == t->blocks * SS_EVAL_BLOCK && (err = add_block(t)) != 0)
        return err;
    if ((err = intern(&t->cards, row->card, &card)) != 0 ||
        (err = intern(&t->groups, row->group, &group)) != 0 ||
        (err = intern(entity_map(t), row->entity, &entity)) != 0 || (err = add_label(t, row, entity)) != 0)
        return err;
    struct ss_eval_block *b = t->block[t->n / SS_EVAL_BLOCK];
    size_t i = t->n++ % SS_EVAL_BLOCK;
    b->score[i] = row->score;
    b->day[i] = row->has_time ? (int32_t)ss_floor_div(row->time_us, SS_DAY_US) : SS_EVAL_NO_DAY;
    b->card[i] = card;
    b->entity[i] = entity;
    b->group[i] = group;
    b->flags[i] = (uint8_t)(row->level | (row->label > 0 ? SS_EVAL_FRAUD : 0) |
                            (row->label < 0 ? SS_EVAL_UNKNOWN : 0) | (row->alerted ? SS_EVAL_ALERTED : 0));
    if (t->detailed) {
        struct ss_eval_detail *d = t->detail[t->blocks - 1];
        d->amount[i] = row->amount;
        d->time_us[i] = row->has_time ? row->time_us : INT64_MIN;
    }
    return 0;
}

int ss_eval_table_know(struct ss_eval_table *t, const struct ss_eval_row *row)
{
    struct ss_eval_pending pending = pending_of(row);
    int err = intern(entity_map(t), row->entity, &pending.entity);
    if (err || pending.entity == SS_EVAL_NO_ID || !row->has_time || row->label == 0)
        return err;
    return row->label > 0 ? know(t, pending.entity, row->time_us) : add_pending(t, row, pending);
}

void ss_eval_table_time(struct ss_eval_table *t, int64_t time_us)
{
    t->newest_us = time_us > t->newest_us ? time_us : t->newest_us;
}

void ss_eval_table_label(struct ss_eval_table *t, struct ss_str txn, int label)
{
    int64_t id = txn.p ? ss_map_find(&t->pending_txns, txn) : -1;
    if (id >= 0)
        t->pending[id].label = (int8_t)label;
}

int ss_eval_table_settle(struct ss_eval_table *t)
{
    int err = 0;
    for (uint32_t i = 0; i < t->pending_txns.n && err == 0; i++) {
        const struct ss_eval_pending *p = &t->pending[i];
        if (p->label < 0)
            continue;
        if (p->label && p->entity != SS_EVAL_NO_ID && p->has_time)
            err = know(t, p->entity, p->time_us);
        if (p->row == SS_EVAL_NO_ID || err)
            continue;
        uint8_t *flags = &SS_EVAL_AT(t, flags, p->row);
        *flags = (uint8_t)((*flags & ~SS_EVAL_UNKNOWN) | (p->label ? SS_EVAL_FRAUD : 0));
        if (p->label)
            err = add_fraud(
                t, (struct ss_eval_fraud){p->row, p->scenario, p->amount, SS_EVAL_AT(t, score, p->row)});
    }
    return err;
}

void ss_eval_table_drop_known(struct ss_eval_table *t, int64_t delay_us)
{
    for (size_t i = 0; i < t->n; i++) {
        uint32_t entity = SS_EVAL_AT(t, entity, i);
        int32_t day = SS_EVAL_AT(t, day, i);
        if (entity >= t->first_cap || day == SS_EVAL_NO_DAY) /* SS_EVAL_NO_ID is above every capacity */
            continue;
        /* A fraud exactly `delay_us` old is not known yet: with whole days, the last known ones are those of
         * the day before. */
        if (t->first_fraud[entity] < (__int128)day * SS_DAY_US - delay_us)
            SS_EVAL_AT(t, flags, i) |= SS_EVAL_DROPPED;
    }
}
