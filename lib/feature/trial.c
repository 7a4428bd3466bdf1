#include "feature/trial.h"
#include "base/err.h"
#include "feature/shard.h"
#include <stdlib.h>
#include <string.h>

/* Rows at a time: enough to hide one cache miss behind the others. */
#define BLOCK 16
/* Entities of a group that are kept while a batch lasts: payments that follow one another in time at one busy
 * merchant move its windows on from payment to payment, as they would if they were taken in. */
#define VIEWS 32

/* An accumulator that is read with the payment in it. */
struct counted {
    uint16_t acc;
    bool life;
};

/* An entity of one group as payments at `time_us` find it: copied, and moved there. */
struct view {
    struct ss_key key;
    int64_t time_us;
    uint64_t call; /* of the trial that made it: the next one finds another state */
    struct ss_entity ent;
    struct ss_scope sc;
    char *block; /* room for the entity's, with a window set */
    char *log;   /* own copy of the log and of the list of late labels, or NULL */
    size_t log_bytes;
};

/* What a trial keeps for a group. */
struct site {
    struct view view[VIEWS]; /* by key */
    struct counted *counted;
    struct ss_window_loan *loan;
    uint32_t n_counted;
    char *event; /* of the payment */
};

struct ss_feature_trial {
    const struct ss_feature_engine *engine;
    struct ss_pool pool;
    struct ss_memory memory; /* of the copies' sides */
    struct site *site;       /* of each group */
    uint64_t call;           /* trials so far */
    uint64_t spread;         /* VIEWS - 1; 0 for a single payment, whose views stay in the cache */
    struct ss_buf text;
    char *rows; /* BLOCK of them */
};

static bool is_counted(const struct site *site, const struct ss_read *read)
{
    for (uint32_t i = 0; i < site->n_counted; i++)
        if (site->counted[i].acc == read->acc && site->counted[i].life == read->life)
            return true;
    return false;
}

/* Those that the event enters at once; behind a delay it changes nothing yet. */
static int find_counted(const struct ss_group *g, struct site *site)
{
    site->counted = calloc(g->afters + 1, sizeof *site->counted);
    site->loan = calloc(g->afters + 1, sizeof *site->loan);
    if (!site->counted || !site->loan)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < g->afters; i++) {
        const struct ss_read *read = &g->after[i];
        const struct ss_wset *set = read->life ? &g->life : &g->win;
        const struct ss_acc *acc = &set->acc[read->acc];
        bool enters = acc->kind != SS_ACC_SEEN && set->head[set->span[acc->span].head].delay_us == 0;
        if (enters && !is_counted(site, read))
            site->counted[site->n_counted++] = (struct counted){read->acc, read->life};
    }
    return 0;
}

static int open_view(const struct ss_group *g, struct view *view)
{
    size_t bytes = (ss_block_bytes(g, true) + 64u + 63u) & ~(size_t)63;
    view->block = aligned_alloc(64, bytes);
    if (!view->block)
        return SS_ENOMEM;
    memset(view->block, 0, bytes);
    return 0;
}

static int open_site(const struct ss_group *g, struct site *site)
{
    site->event = calloc(1, g->stride + 64u);
    return site->event ? find_counted(g, site) : SS_ENOMEM;
}

int ss_feature_trial_new(const struct ss_feature_engine *engine, struct ss_feature_trial **out)
{
    const struct ss_feature_plan *plan = engine->plan;
    struct ss_feature_trial *trial = calloc(1, sizeof *trial);
    *out = NULL;
    if (!trial)
        return ss_fail(SS_ENOMEM, "out of memory for features");
    trial->engine = engine;
    trial->memory.pool = &trial->pool;
    ss_buf_init(&trial->text, (size_t)64 << 20);
    trial->site = calloc(plan->groups + 1, sizeof *trial->site);
    trial->rows = aligned_alloc(64, ((size_t)BLOCK * plan->row_bytes + 63) & ~(size_t)63);
    int err = trial->site && trial->rows ? 0 : SS_ENOMEM;
    for (uint32_t g = 0; g < plan->groups && !err; g++)
        err = open_site(&plan->group[g], &trial->site[g]);
    if (err) {
        ss_feature_trial_free(trial);
        return ss_fail(SS_ENOMEM, "out of memory for features");
    }
    *out = trial;
    return 0;
}

/* What first() has seen is only looked at: that memory is the live entity's. */
static bool is_owned(const struct ss_acc *acc)
{
    return acc->kind == SS_ACC_EXTREME || acc->kind == SS_ACC_DISTINCT || acc->kind == SS_ACC_ORDER;
}

static void drop_sides(struct ss_feature_trial *trial, const struct ss_wset *set, char *state)
{
    for (uint16_t a = 0; a < set->accs && set->sides; a++) {
        struct ss_side *side = (struct ss_side *)(state + set->acc[a].off);
        if (is_owned(&set->acc[a]))
            ss_side_free(side, &trial->memory, ss_acc_side(&set->acc[a]));
        else if (set->acc[a].kind == SS_ACC_SEEN)
            *side = (struct ss_side){0};
    }
}

static void drop_copies(struct ss_feature_trial *trial, const struct ss_group *g, struct view *view)
{
    char *life = view->block + ss_block_bytes(g, false) - g->life.bytes;
    drop_sides(trial, &g->life, life);
    drop_sides(trial, &g->win, life + g->life.bytes);
    if (view->log)
        ss_memory_give(&trial->memory, view->log, view->log_bytes);
    view->log = NULL;
    view->call = 0;
}

void ss_feature_trial_free(struct ss_feature_trial *trial)
{
    if (!trial)
        return;
    for (uint32_t g = 0; trial->site && g < trial->engine->plan->groups; g++) {
        struct site *site = &trial->site[g];
        for (int v = 0; v < VIEWS; v++) {
            if (site->view[v].block)
                drop_copies(trial, &trial->engine->plan->group[g], &site->view[v]);
            free(site->view[v].block);
        }
        free(site->event);
        free(site->counted);
        free(site->loan);
    }
    ss_pool_close(&trial->pool);
    ss_buf_free(&trial->text);
    free(trial->site);
    free(trial->rows);
    free(trial);
}

/* --- an entity's copy --- */

static int copy_sides(struct ss_feature_trial *trial, const struct ss_wset *set, char *state)
{
    for (uint16_t a = 0; a < set->accs && set->sides; a++) {
        struct ss_side *side = (struct ss_side *)(state + set->acc[a].off);
        size_t bytes = is_owned(&set->acc[a]) ? ss_side_bytes(ss_acc_side(&set->acc[a]), side->cap) : 0;
        if (bytes == 0)
            continue;
        void *mem = ss_memory_take(&trial->memory, bytes);
        if (!mem) { /* what follows still points at the live ones: forget them, they are not ours to free */
            for (; a < set->accs; a++)
                if (is_owned(&set->acc[a]))
                    *(struct ss_side *)(state + set->acc[a].off) = (struct ss_side){0};
            return SS_ENOMEM;
        }
        memcpy(mem, side->mem, bytes);
        side->mem = mem;
    }
    return 0;
}

static bool labels_move(const struct ss_side *side, int64_t time_us)
{
    const struct ss_late_label *late = side->mem;
    return (side->x < side->n && late[side->x].time_us <= time_us) ||
           (side->x > 0 && late[side->x - 1].time_us > time_us);
}

/* Late labels write into events and into their own list. */
static int own_log(struct ss_feature_trial *trial, const struct ss_group *g, struct view *view,
                   struct ss_side *side)
{
    size_t log_bytes = view->ent.log ? (size_t)g->stride << view->ent.cap_log2 : 0;
    size_t list_bytes = ss_side_bytes(SS_SIDE_LABELS, side->cap);
    view->log_bytes = log_bytes + list_bytes;
    view->log = ss_memory_take(&trial->memory, view->log_bytes);
    if (!view->log)
        return SS_ENOMEM;
    if (log_bytes) {
        memcpy(view->log, view->ent.log, log_bytes);
        view->ent.log = view->log;
    }
    memcpy(view->log + log_bytes, side->mem, list_bytes);
    side->mem = view->log + log_bytes;
    return 0;
}

static int seek_labels(struct ss_feature_trial *trial, const struct ss_group *g, struct view *view)
{
    struct ss_side *side = ss_label_list(&view->sc);
    if (!side || !labels_move(side, view->time_us))
        return 0;
    if (!view->log && own_log(trial, g, view, side) < 0)
        return SS_ENOMEM;
    ss_label_seek(&view->sc, view->time_us);
    return 0;
}

static int copy_entity(struct ss_feature_trial *trial, const struct ss_group *g, struct view *view,
                       const struct ss_entity *live)
{
    uint32_t small = ss_block_bytes(g, false);
    view->ent = (struct ss_entity){.key = view->key, .at_us = INT64_MIN};
    if (live)
        view->ent = *live;
    view->ent.block = view->block;
    view->sc = (struct ss_scope){.group = g,
                                 .ent = &view->ent,
                                 .memory = &trial->memory,
                                 .life = g->life.bytes ? view->block + small - g->life.bytes : NULL,
                                 .win = view->ent.large ? view->block + small : NULL,
                                 .win_memory = &trial->memory};
    if (live && live->block) {
        /* Of a small entity the window set behind it stays as it is: scratch. */
        memcpy(view->block, live->block, ss_block_bytes(g, live->large));
    } else {
        memset(view->block, 0, small);
        if (view->sc.life)
            ss_window_init(&view->sc, &g->life, view->sc.life);
    }
    int err = view->sc.life ? copy_sides(trial, &g->life, view->sc.life) : 0;
    if (!view->sc.win)
        return err;
    int more = copy_sides(trial, &g->win, view->sc.win);
    return err ? err : more;
}

/* As ss_shard_payment up to its first reading, from wherever the view stands. */
static int stand(struct ss_feature_trial *trial, uint32_t group, struct view *view, int64_t time_us)
{
    const struct ss_group *g = &trial->engine->plan->group[group];
    struct ss_scope *sc = &view->sc;
    view->time_us = time_us;
    int err = seek_labels(trial, g, view);
    if (err)
        return err;
    if (sc->life)
        ss_window_seek(sc, &g->life, sc->life, &trial->memory, time_us);
    if (sc->win) {
        ss_window_seek(sc, &g->win, sc->win, &trial->memory, time_us);
    } else if (g->win.spans) {
        sc->win = view->block + ss_block_bytes(g, false);
        ss_window_fill(sc, &g->win, sc->win, &trial->memory, time_us);
    }
    view->ent.at_us = time_us;
    return 0;
}

static int find_view(struct ss_feature_trial *trial, uint32_t group, struct ss_key key, int64_t time_us,
                     struct view **out)
{
    const struct ss_group *g = &trial->engine->plan->group[group];
    const struct ss_table *table = &trial->engine->shard[ss_shard_of(key)].table[group];
    struct view *view = &trial->site[group].view[key.b & trial->spread];
    int err = 0;
    *out = view;
    if (view->call != trial->call || view->key.a != key.a || view->key.b != key.b) {
        err = view->block ? 0 : open_view(g, view);
        if (err)
            return err;
        drop_copies(trial, g, view);
        view->key = key;
        err = copy_entity(trial, g, view, ss_table_find(table, key));
        if (!err && ss_shard_is_full(trial->engine, &view->sc))
            ss_shard_expel(&view->sc);
    } else if (view->time_us == time_us) {
        return 0;
    }
    err = err ? err : stand(trial, group, view, time_us);
    view->call = err ? 0 : trial->call;
    return err;
}

/* --- one payment at one entity --- */

static char *state_of(const struct view *view, const struct counted *c, const struct ss_acc **acc)
{
    const struct ss_group *g = view->sc.group;
    *acc = c->life ? &g->life.acc[c->acc] : &g->win.acc[c->acc];
    return c->life ? view->sc.life : view->sc.win;
}

static void read_with(struct ss_feature_trial *trial, struct site *site, struct view *view,
                      struct ss_row *row)
{
    const struct ss_feature_plan *plan = trial->engine->plan;
    const struct ss_group *g = view->sc.group;
    const struct ss_acc *acc;
    ss_shard_event(plan, g, row, site->event);
    for (uint32_t i = 0; i < site->n_counted; i++) {
        char *state = state_of(view, &site->counted[i], &acc);
        ss_window_lend(g, acc, state, &trial->memory, site->event, &site->loan[i]);
    }
    ss_read_all(plan, &view->sc, g->after, g->afters, row);
    for (uint32_t i = 0; i < site->n_counted; i++) {
        char *state = state_of(view, &site->counted[i], &acc);
        ss_window_take_back(g, acc, state, site->event, &site->loan[i]);
    }
}

static int try_at(struct ss_feature_trial *trial, uint32_t group, struct ss_row *row)
{
    const struct ss_feature_plan *plan = trial->engine->plan;
    const struct ss_group *g = &plan->group[group];
    struct view *view;
    int err = find_view(trial, group, ss_row_keys(plan, row)[g->keys], row->time_us, &view);
    if (err)
        return err;
    ss_read_all(plan, &view->sc, g->before, g->befores, row);
    read_with(trial, &trial->site[group], view, row);
    ss_row_late(plan, row)[group] =
        ss_log_after(&view->ent, g->stride, row->time_us) != ss_log_end(&view->ent);
    return trial->memory.failed ? SS_ENOMEM : 0;
}

/* --- a batch --- */

static bool concerns(const struct ss_feature_plan *plan, struct ss_row *row, uint32_t group, uint32_t level)
{
    const struct ss_group *g = &plan->group[group];
    return g->level == level && row->kind == SS_ROW_PAYMENT && ss_row_keys(plan, row)[g->keys].a;
}

static struct ss_row *row_at(const struct ss_feature_trial *trial, size_t i)
{
    return (struct ss_row *)(trial->rows + i * trial->engine->plan->row_bytes);
}

static void prefetch(const struct ss_feature_trial *trial, size_t n, uint32_t level)
{
    const struct ss_feature_plan *plan = trial->engine->plan;
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < n; i++)
            for (uint32_t g = 0; g < plan->groups; g++) {
                struct ss_row *row = row_at(trial, i);
                if (!concerns(plan, row, g, level))
                    continue;
                struct ss_key key = ss_row_keys(plan, row)[plan->group[g].keys];
                const struct ss_table *table = &trial->engine->shard[ss_shard_of(key)].table[g];
                const struct ss_entity *ent = pass == 2 ? ss_table_find(table, key) : NULL;
                if (pass == 0)
                    ss_table_prefetch_slot(table, key);
                else if (pass == 1)
                    ss_table_prefetch_entity(table, key);
                else if (ent && ent->log)
                    __builtin_prefetch(ss_log_event(ent, plan->group[g].stride, ss_log_end(ent) - 1));
                uint32_t bytes = ent && ent->block ? ss_block_bytes(&plan->group[g], ent->large) : 0;
                for (uint32_t at = 0; at < bytes; at += 64)
                    __builtin_prefetch(ent->block + at);
            }
}

static int try_level(struct ss_feature_trial *trial, struct ss_record *rec, size_t n, uint32_t level,
                     struct ss_arena *arena)
{
    const struct ss_feature_plan *plan = trial->engine->plan;
    int err = 0;
    if (n > 1)
        prefetch(trial, n, level);
    for (size_t i = 0; i < n; i++)
        for (uint32_t g = 0; g < plan->groups && !err; g++)
            if (concerns(plan, row_at(trial, i), g, level))
                err = try_at(trial, g, row_at(trial, i));
    for (size_t i = 0; i < n && !err; i++)
        if (row_at(trial, i)->kind == SS_ROW_PAYMENT)
            ss_row_derive(plan, &rec[i], row_at(trial, i), arena, level);
    return err;
}

static int try_rows(struct ss_feature_trial *trial, struct ss_record *rec, size_t n, struct ss_arena *arena)
{
    const struct ss_feature_plan *plan = trial->engine->plan;
    uint32_t levels = plan->levels ? plan->levels : 1;
    bool late;
    int err = 0;
    for (size_t i = 0; i < n && !err; i++)
        err = ss_row_read(plan, &rec[i], row_at(trial, i), arena);
    for (uint32_t level = 0; level < levels && !err; level++)
        err = try_level(trial, rec, n, level, arena);
    for (size_t i = 0; i < n && !err; i++)
        if (row_at(trial, i)->kind == SS_ROW_PAYMENT)
            err = ss_row_finish(plan, &rec[i], row_at(trial, i), &trial->text, arena, &late);
    return err;
}

int ss_feature_trial_run(struct ss_feature_trial *trial, struct ss_batch *batch)
{
    int err = 0;
    trial->memory.failed = false;
    trial->spread = batch->n > 1 ? VIEWS - 1 : 0;
    trial->call++; /* the state may have changed since the last time */
    for (size_t from = 0; from < batch->n && !err; from += BLOCK)
        err = try_rows(trial, &batch->rec[from], batch->n - from < BLOCK ? batch->n - from : BLOCK,
                       &batch->arena[0]);
    return err;
}
