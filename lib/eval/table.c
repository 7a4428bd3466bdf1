#include "eval/table.h"
#include "base/err.h"
#include "base/time.h"
#include <stdlib.h>

void ss_eval_table_init(struct ss_eval_table *t, bool entity_is_card)
{
    *t = (struct ss_eval_table){.ceiling = SS_EVAL_RECORDS_MAX,
                                .entity_is_card = entity_is_card,
                                .first_us = INT64_MAX,
                                .last_us = INT64_MIN};
    ss_map_init(&t->cards, SS_EVAL_IDS_MAX);
    ss_map_init(&t->entities, SS_EVAL_IDS_MAX);
    ss_map_init(&t->groups, SS_EVAL_IDS_MAX);
    ss_map_init(&t->scenarios, 65536);
}

void ss_eval_table_free(struct ss_eval_table *t)
{
    for (size_t i = 0; i < t->blocks; i++)
        free(t->block[i]);
    free(t->block);
    free(t->fraud);
    free(t->first_fraud);
    ss_map_free(&t->cards);
    ss_map_free(&t->entities);
    ss_map_free(&t->groups);
    ss_map_free(&t->scenarios);
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

static int add_block(struct ss_eval_table *t)
{
    if (t->n >= t->ceiling)
        return ss_fail(SS_ENOMEM, "more than %zu records to evaluate", t->ceiling);
    struct ss_eval_block **list = realloc(t->block, (t->blocks + 1) * sizeof(struct ss_eval_block *));
    if (list)
        t->block = list;
    struct ss_eval_block *block = list ? malloc(sizeof *block) : NULL;
    if (!block)
        return ss_fail(SS_ENOMEM, "out of memory after %zu records", t->n);
    t->block[t->blocks++] = block;
    return 0;
}

static int add_fraud(struct ss_eval_table *t, const struct ss_eval_row *row)
{
    uint32_t scenario;
    int err = intern(&t->scenarios, row->scenario, &scenario);
    if (err)
        return err;
    void *array = t->fraud;
    if ((err = grow(&array, t->n_fraud, &t->fraud_cap, sizeof *t->fraud)) != 0)
        return err;
    t->fraud = array;
    t->fraud[t->n_fraud++] = (struct ss_eval_fraud){(uint32_t)t->n, scenario, row->amount, row->score};
    return 0;
}

int ss_eval_table_add(struct ss_eval_table *t, const struct ss_eval_row *row)
{
    uint32_t card, entity = SS_EVAL_NO_ID, group;
    int err = 0;
    if (t->n == t->blocks * SS_EVAL_BLOCK && (err = add_block(t)) != 0)
        return err;
    if ((err = intern(&t->cards, row->card, &card)) != 0 ||
        (err = intern(&t->groups, row->group, &group)) != 0 ||
        (!t->entity_is_card && (err = intern(&t->entities, row->entity, &entity)) != 0) ||
        (row->label && (err = add_fraud(t, row)) != 0))
        return err;
    struct ss_eval_block *b = t->block[t->n / SS_EVAL_BLOCK];
    size_t i = t->n++ % SS_EVAL_BLOCK;
    b->score[i] = row->score;
    b->day[i] = row->has_time ? (int32_t)ss_floor_div(row->time_us, SS_DAY_US) : SS_EVAL_NO_DAY;
    b->card[i] = card;
    b->entity[i] = t->entity_is_card ? card : entity;
    b->group[i] = group;
    b->flags[i] = (uint8_t)(row->level | (row->label ? SS_EVAL_FRAUD : 0));
    if (row->has_time) {
        t->first_us = row->time_us < t->first_us ? row->time_us : t->first_us;
        t->last_us = row->time_us > t->last_us ? row->time_us : t->last_us;
    }
    return 0;
}

int ss_eval_table_know(struct ss_eval_table *t, struct ss_str entity, int64_t time_us)
{
    uint32_t id;
    int err = intern(entity_map(t), entity, &id);
    if (err || id == SS_EVAL_NO_ID)
        return err;
    size_t had = t->first_cap;
    while (id >= t->first_cap) {
        void *array = t->first_fraud;
        if ((err = grow(&array, t->first_cap, &t->first_cap, sizeof *t->first_fraud)) != 0)
            return err;
        t->first_fraud = array;
    }
    for (size_t i = had; i < t->first_cap; i++)
        t->first_fraud[i] = INT64_MAX;
    if (time_us < t->first_fraud[id])
        t->first_fraud[id] = time_us;
    return 0;
}

size_t ss_eval_table_drop_known(struct ss_eval_table *t, int64_t delay_us)
{
    size_t dropped = 0;
    for (size_t i = 0; i < t->n; i++) {
        uint32_t entity = SS_EVAL_AT(t, entity, i);
        int32_t day = SS_EVAL_AT(t, day, i);
        if (entity >= t->first_cap || day == SS_EVAL_NO_DAY) /* SS_EVAL_NO_ID is above every capacity */
            continue;
        /* A fraud exactly `delay_us` old is not known yet: with whole days, the last known ones are those of
         * the day before. */
        if (t->first_fraud[entity] < (__int128)day * SS_DAY_US - delay_us) {
            SS_EVAL_AT(t, flags, i) |= SS_EVAL_DROPPED;
            dropped++;
        }
    }
    return dropped;
}
