#include "alert/desk_state.h"
#include "base/err.h"

/* Numbers are little-endian, as the machine's: x86-64 is what this runs on. */
#define VERSION 1

static void put_u32(struct ss_buf *to, uint32_t v)
{
    ss_buf_put(to, &v, sizeof v);
}

static void put_u64(struct ss_buf *to, uint64_t v)
{
    ss_buf_put(to, &v, sizeof v);
}

static void put_str(struct ss_buf *to, struct ss_str s)
{
    put_u32(to, (uint32_t)s.n);
    ss_buf_put(to, s.p, s.n);
}

/* What must be the same for the state to mean the same. */
static void put_options(struct ss_buf *to, const struct ss_desk_options *opt)
{
    put_u32(to, VERSION);
    put_u32(to, opt->fields);
    for (uint32_t i = 0; i < opt->fields; i++)
        put_str(to, opt->field[i]);
    put_u64(to, (uint64_t)opt->window_us);
    put_u64(to, (uint64_t)opt->cooldown_us);
    put_u32(to, opt->extend);
    put_u32(to, opt->budget.max);
    put_u64(to, opt->budget.max ? (uint64_t)opt->budget.window_us : 0);
}

static void put_group(struct ss_buf *to, const struct ss_group *g)
{
    put_u64(to, g->id);
    put_u64(to, (uint64_t)g->first_us);
    put_u64(to, (uint64_t)g->last_us);
    put_u64(to, (uint64_t)g->anchor_us);
    put_u32(to, g->count);
    put_u32(to, g->told);
    put_u32(to, g->suppressed);
    put_u32(to, g->messages);
    put_u32(to, g->places);
    put_u32(to, g->level);
    put_u32(to, g->closed);
    put_str(to, (struct ss_str){g->key, g->key_n});
}

void ss_desk_save(const struct ss_desk *desk, const struct ss_str *names, uint32_t n, struct ss_buf *to)
{
    const struct ss_budget *budget = &desk->opt.budget;
    put_options(to, &desk->opt);
    put_u32(to, n);
    for (uint32_t i = 0; i < n; i++)
        put_str(to, names[i]);
    put_u64(to, (uint64_t)desk->now_us);
    put_u32(to, budget->n);
    for (uint32_t i = 0; i < budget->n; i++) /* oldest first */
        put_u64(to, (uint64_t)budget->taken[(budget->next + budget->max - budget->n + i) % budget->max]);
    put_u32(to, ss_groups_count(desk->groups));
    for (const struct ss_group *g = ss_groups_first(desk->groups); g; g = ss_groups_next(desk->groups, g))
        put_group(to, g);
}

/* Reading past the end gives zeros and `failed`. */
struct reader {
    struct ss_str rest;
    bool failed;
};

static void get(struct reader *r, void *to, size_t n)
{
    r->failed |= r->rest.n < n;
    if (r->failed) {
        memset(to, 0, n);
        return;
    }
    memcpy(to, r->rest.p, n);
    r->rest.p += n;
    r->rest.n -= n;
}

static uint32_t get_u32(struct reader *r)
{
    uint32_t v;
    get(r, &v, sizeof v);
    return v;
}

static uint64_t get_u64(struct reader *r)
{
    uint64_t v;
    get(r, &v, sizeof v);
    return v;
}

static struct ss_str get_str(struct reader *r)
{
    uint32_t n = get_u32(r);
    r->failed |= r->rest.n < n;
    if (r->failed)
        return (struct ss_str){"", 0};
    struct ss_str s = {r->rest.p, n};
    r->rest.p += n;
    r->rest.n -= n;
    return s;
}

static void map_open(uint8_t map[32])
{
    memset(map, 0xff, 32);
    map[31] = 31; /* the stream itself */
}

static void map_name(uint8_t map[32], uint32_t i, struct ss_str name, const struct ss_str *now, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        if (ss_str_eq(name, now[k]))
            map[i] = (uint8_t)k;
}

static uint32_t map_places(uint32_t places, const uint8_t map[32])
{
    uint32_t now = 0;
    for (uint32_t i = 0; i < 32; i++)
        if (places >> i & 1 && map[i] < 32)
            now |= 1u << map[i];
    return now;
}

void ss_desk_rename(struct ss_desk *desk, const struct ss_str *before, uint32_t n_before,
                    const struct ss_str *now, uint32_t n_now)
{
    uint8_t map[32];
    map_open(map);
    for (uint32_t i = 0; i < n_before; i++)
        map_name(map, i, before[i], now, n_now);
    for (const struct ss_group *g = ss_groups_first(desk->groups); g; g = ss_groups_next(desk->groups, g))
        ((struct ss_group *)g)->places = map_places(g->places, map);
}

static int get_group(struct reader *r, struct ss_desk *desk, const uint8_t map[32])
{
    struct ss_group g = {.id = get_u64(r)};
    g.first_us = (int64_t)get_u64(r);
    g.last_us = (int64_t)get_u64(r);
    g.anchor_us = (int64_t)get_u64(r);
    g.count = get_u32(r);
    g.told = get_u32(r);
    g.suppressed = get_u32(r);
    g.messages = get_u32(r);
    g.places = map_places(get_u32(r), map);
    uint32_t level = get_u32(r), closed = get_u32(r);
    struct ss_str key = get_str(r);
    if (r->failed || level >= SS_LEVELS || closed > 1 || key.n > SS_GROUP_KEY)
        return ss_fail(SS_EDATA, "damaged state of alerts");
    g.level = (uint8_t)level;
    g.closed = (uint8_t)closed;
    ss_group_key(&g, key);
    return ss_groups_restore(desk->groups, &g);
}

static int check_options(struct reader *r, const struct ss_desk *desk)
{
    struct ss_buf want;
    ss_buf_init(&want, 1 << 20);
    put_options(&want, &desk->opt);
    int err = ss_buf_check(&want);
    if (!err && (r->rest.n < want.n || memcmp(r->rest.p, want.p, want.n) != 0))
        err = ss_fail(SS_EDATA, "this state was made with another --dedupe, --extend, --cooldown or --max");
    if (!err) {
        r->rest.p += want.n;
        r->rest.n -= want.n;
    }
    ss_buf_free(&want);
    return err;
}

int ss_desk_load(struct ss_desk *desk, struct ss_str bytes, const struct ss_str *names, uint32_t n)
{
    struct reader r = {bytes, false};
    uint8_t map[32];
    struct reader first = r;
    if (get_u32(&first) != VERSION && !first.failed)
        return ss_fail(SS_EVERSION, "state of alerts has another format than %d", VERSION);
    int err = check_options(&r, desk);
    if (err)
        return err;
    map_open(map);
    uint32_t places = get_u32(&r);
    for (uint32_t i = 0; i < places && i < 31 && !r.failed; i++)
        map_name(map, i, get_str(&r), names, n);
    desk->now_us = (int64_t)get_u64(&r);
    uint32_t taken = get_u32(&r);
    if (r.failed || places > 31 || taken > desk->opt.budget.max)
        return ss_fail(SS_EDATA, "damaged state of alerts");
    for (uint32_t i = 0; i < taken; i++)
        ss_budget_note(&desk->opt.budget, (int64_t)get_u64(&r));
    uint32_t groups = get_u32(&r);
    for (uint32_t i = 0; i < groups && !err && !r.failed; i++)
        err = get_group(&r, desk, map);
    if (!err && (r.failed || r.rest.n))
        err = ss_fail(SS_EDATA, "damaged state of alerts");
    return err;
}
