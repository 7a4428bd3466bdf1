#include "feature/label.h"
#include "base/err.h"
#include "feature/shard.h"
#include <stdlib.h>
#include <string.h>

void ss_label_index_free(struct ss_label_index *index)
{
    free(index->entry);
    *index = (struct ss_label_index){0};
}

static void put(struct ss_label_entry *to, size_t cap, const struct ss_label_entry *entry)
{
    size_t i = entry->txn & (cap - 1);
    while (to[i].entity)
        i = (i + 1) & (cap - 1);
    to[i] = *entry;
}

static int resize(struct ss_label_index *index, size_t cap)
{
    struct ss_label_entry *to = calloc(cap, sizeof *to);
    if (!to)
        return ss_fail(SS_ENOMEM, "out of memory for %zu labels", cap);
    for (size_t i = 0; i < index->cap; i++)
        if (index->entry[i].entity)
            put(to, cap, &index->entry[i]);
    free(index->entry);
    index->entry = to;
    index->cap = cap;
    return 0;
}

int ss_label_index_reserve(struct ss_label_index *index, size_t n)
{
    size_t cap = index->cap ? index->cap : 1024;
    while (n * 4 > cap * 3)
        cap *= 2;
    return cap == index->cap ? 0 : resize(index, cap);
}

int ss_label_index_add(struct ss_label_index *index, const struct ss_label_entry *entry)
{
    int err = ss_label_index_reserve(index, index->n + 1);
    if (err < 0)
        return err;
    put(index->entry, index->cap, entry);
    index->n++;
    return 0;
}

struct ss_side *ss_label_list(const struct ss_scope *sc)
{
    return sc->group->label && sc->ent->block ? (struct ss_side *)sc->ent->block : NULL;
}

/* Sets the label of the events that a late label speaks of; says what theirs was. */
static void relabel(const struct ss_scope *sc, const struct ss_late_label *late, int8_t to, int8_t *before)
{
    uint32_t stride = sc->group->stride, seq = ss_log_after(sc->ent, stride, late->event_us - 1);
    for (; seq != ss_log_end(sc->ent); seq++) {
        char *event = ss_log_event(sc->ent, stride, seq);
        if (ss_event_time(event) != late->event_us)
            break;
        if (*(const uint64_t *)(event + sc->group->at_txn) != late->txn)
            continue;
        if (before)
            *before = ss_event_meta(sc->group, event)->label;
        ss_window_relabel(sc, seq, to);
    }
}

/* x: how many of the list hold. */
void ss_label_seek(const struct ss_scope *sc, int64_t time_us)
{
    struct ss_side *side = ss_label_list(sc);
    if (!side)
        return;
    struct ss_late_label *late = side->mem;
    while (side->x < side->n && late[side->x].time_us <= time_us) {
        relabel(sc, &late[side->x], late[side->x].label, &late[side->x].before);
        side->x++;
    }
    while (side->x > 0 && late[side->x - 1].time_us > time_us) {
        side->x--;
        relabel(sc, &late[side->x], late[side->x].before, NULL);
    }
}

/* Takes out label changes of events that have left the log. */
static void prune_labels(const struct ss_scope *sc, struct ss_side *side)
{
    struct ss_late_label *late = side->mem;
    uint32_t kept = 0, held = 0;
    int64_t first_us =
        sc->ent->n ? ss_event_time(ss_log_event(sc->ent, sc->group->stride, sc->ent->first)) : 0;
    for (uint32_t i = 0; i < side->n; i++) {
        if (!sc->ent->n || late[i].event_us < first_us)
            continue;
        held += i < side->x;
        late[kept++] = late[i];
    }
    side->n = kept;
    side->x = held;
}

static void add_label(const struct ss_scope *sc, const struct ss_row *row, int64_t event_us)
{
    struct ss_side *side = ss_label_list(sc);
    if (side->n == side->cap)
        prune_labels(sc, side);
    if (!ss_side_reserve(side, sc->memory, SS_SIDE_LABELS))
        return;
    struct ss_late_label *late = side->mem;
    uint32_t at = side->n;
    while (at > 0 && late[at - 1].time_us > row->time_us)
        at--;
    if (at > 0 && late[at - 1].time_us == row->time_us && late[at - 1].txn == row->txn &&
        late[at - 1].event_us == event_us && late[at - 1].label == row->label)
        return;
    while (side->x > at) { /* those that come behind it take effect anew */
        side->x--;
        relabel(sc, &late[side->x], late[side->x].before, NULL);
    }
    memmove(&late[at + 1], &late[at], (side->n - at) * sizeof *late);
    late[at] = (struct ss_late_label){
        .time_us = row->time_us, .event_us = event_us, .txn = row->txn, .label = row->label};
    side->n++;
}

static bool holds_event(const struct ss_scope *sc, int64_t event_us, uint64_t txn)
{
    uint32_t stride = sc->group->stride, seq = ss_log_after(sc->ent, stride, event_us - 1);
    for (; seq != ss_log_end(sc->ent); seq++) {
        const char *event = ss_log_event(sc->ent, stride, seq);
        if (ss_event_time(event) != event_us)
            return false;
        if (*(const uint64_t *)(event + sc->group->at_txn) == txn)
            return true;
    }
    return false;
}

int ss_shard_label(struct ss_feature_engine *engine, struct ss_worker *worker, uint32_t group,
                   const struct ss_row *row)
{
    const struct ss_label_index *index = &worker->labels[group];
    if (!row->txn || row->label < 0 || !index->cap)
        return 0;
    bool found = false;
    for (size_t i = row->txn & (index->cap - 1); index->entry[i].entity; i = (i + 1) & (index->cap - 1)) {
        const struct ss_label_entry *entry = &index->entry[i];
        const struct ss_table *table = &engine->shard[entry->shard].table[group];
        if (entry->txn != row->txn || entry->entity > table->made)
            continue;
        struct ss_entity *ent = ss_table_entity(table, entry->entity);
        struct ss_scope sc;
        ss_shard_scope(engine, entry->shard, group, ent, &sc);
        if (!ent->live || !ent->n || !holds_event(&sc, entry->event_us, row->txn))
            continue;
        add_label(&sc, row, entry->event_us);
        if (sc.memory->failed)
            return SS_ENOMEM;
        found = true;
    }
    worker->stats.labels += found;
    return 0;
}

int ss_shard_index(struct ss_feature_engine *engine, int worker, int workers, uint32_t group)
{
    const struct ss_group *g = &engine->plan->group[group];
    struct ss_label_index *index = &engine->worker[worker].labels[group];
    ss_label_index_free(index);
    for (uint32_t s = (uint32_t)worker; s < SS_FEATURE_SHARDS; s += (uint32_t)workers) {
        const struct ss_table *table = &engine->shard[s].table[group];
        for (uint32_t id = 1; id <= table->made; id++) {
            const struct ss_entity *ent = ss_table_entity(table, id);
            for (uint32_t i = 0; ent->live && i < ent->n; i++) {
                const char *event = ss_log_event(ent, g->stride, ent->first + i);
                struct ss_label_entry entry = {*(const uint64_t *)(event + g->at_txn), ss_event_time(event),
                                               s, id};
                int err = entry.txn ? ss_label_index_add(index, &entry) : 0;
                if (err < 0)
                    return err;
            }
        }
    }
    /* As many again may come before the next time. */
    return ss_label_index_reserve(index, 2 * index->n + 1);
}
