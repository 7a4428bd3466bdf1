/* The published rules, one by one: how they are and how they did. */
#include "web/rules.h"
#include "base/err.h"
#include "base/time.h"
#include "json/write.h"
#include "rule/edit.h"
#include "store/analytics.h"
#include "web/rule_view.h"
#include <math.h>
#include <stdio.h>

#define STATS_DAYS 30

/* ---- how rules did ---- */

struct hits {
    struct ss_map names;
    struct ss_bucket *of; /* of each name */
    uint32_t cap;
    struct ss_arena *arena;
    int64_t from_us, until_us;
};

static int note_hits(void *ctx, const struct ss_bucket *h)
{
    struct hits *all = ctx;
    int64_t id = ss_map_add(&all->names, h->key);
    if (id < 0)
        return (int)id;
    if (id >= all->cap) {
        uint32_t cap = all->cap ? all->cap * 2 : 64;
        struct ss_bucket *more = ss_arena_zalloc(all->arena, cap * sizeof *more);
        if (!more)
            return SS_ENOMEM;
        if (all->cap)
            memcpy(more, all->of, all->cap * sizeof *more);
        all->of = more;
        all->cap = cap;
    }
    struct ss_bucket *to = &all->of[id]; /* a rule that was tried out and is live now counts for both */
    to->payments += h->payments;
    to->amount += h->amount;
    to->alerts += h->alerts;
    to->blocked += h->blocked;
    to->fraud += h->fraud;
    to->genuine += h->genuine;
    return 0;
}

/* ?from ?until of event time: the 30 days up to the newest payment where they are absent. */
static int read_span(struct ss_call *call, struct hits *all)
{
    int64_t newest;
    int err = ss_newest_us(call->db, &newest);
    if (err)
        return err;
    bool good = ss_query_time(call, "until", newest ? newest + 1 : call->now_us, &all->until_us);
    good &= ss_query_time(call, "from", all->until_us - STATS_DAYS * SS_DAY_US, &all->from_us);
    if (good && all->from_us >= all->until_us)
        ss_fault(call, "from", "lies behind until");
    return 0;
}

static int read_hits(struct ss_call *call, struct hits *all)
{
    struct ss_bucket_span span = {"rule", all->from_us, all->until_us, 0};
    ss_map_init(&all->names, SS_RULES_MAX);
    all->arena = &call->arena;
    int err = ss_buckets_by_key(call->db, &span, SS_RULES_MAX, note_hits, all);
    span.dim = "shadow";
    return err ? err : ss_buckets_by_key(call->db, &span, SS_RULES_MAX, note_hits, all);
}

static void put_hits(struct ss_buf *to, const struct hits *all, struct ss_str rule)
{
    static const struct ss_bucket none;
    int64_t id = ss_map_find(&all->names, rule);
    const struct ss_bucket *h = id < 0 ? &none : &all->of[id];
    int64_t known = h->fraud + h->genuine;
    ss_json_open(to, "stats", '{');
    ss_put_int_of(to, "hits", h->payments);
    ss_put_amount_of(to, "amount", h->amount);
    ss_put_int_of(to, "alerts", h->alerts);
    ss_put_int_of(to, "blocked", h->blocked);
    ss_put_int_of(to, "fraud", h->fraud);
    ss_put_int_of(to, "genuine", h->genuine);
    ss_put_real_of(to, "precision", known ? round((double)h->fraud / (double)known * 1e6) / 1e6 : NAN);
    ss_buf_putc(to, '}');
}

/* ---- reading ---- */

static const char *const modes[] = {"live", "shadow", "off", NULL};
enum { LIVE, SHADOW, OFF };

static int mode_of(const struct ss_rule *rule)
{
    return !rule->enabled ? OFF : rule->shadow ? SHADOW : LIVE;
}

static bool has_tag(const struct ss_rule *rule, struct ss_str tag)
{
    for (uint32_t i = 0; i < rule->tags; i++)
        if (ss_str_eq(rule->tag[i], tag))
            return true;
    return false;
}

static void put_effective(struct ss_call *call, struct ss_buf *to)
{
    ss_json_key(to, "effective");
    if (call->web->rules)
        ss_rules_describe(call->web->rules, to);
    else
        ss_buf_puts(to, "null");
}

static void put_rules(struct ss_call *call, const struct ss_rule_spec *spec, const struct hits *hits,
                      int mode, struct ss_str tag)
{
    struct ss_buf *to = &call->res.body;
    ss_page_begin(call);
    for (uint32_t i = 0; i < spec->rules; i++) {
        const struct ss_rule *rule = &spec->rule[i];
        if ((mode >= 0 && mode_of(rule) != mode) || (tag.p && !has_tag(rule, tag)))
            continue;
        ss_page_item(call);
        ss_buf_putc(to, '{');
        ss_put_rule(to, rule);
        put_hits(to, hits, rule->name);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "],\"next\":null");
}

/* Reads the published version and what it states; *spec is NULL where there is none. */
static int read_published(struct ss_call *call, struct ss_rule_set *set, struct ss_rule_spec **spec)
{
    *spec = NULL;
    *set = (struct ss_rule_set){.text = {"", 0}};
    int err = ss_rule_set_published(call->db, &call->arena, set);
    if (err < 0)
        return err;
    *spec = ss_rules_parse(set->text);
    return *spec ? 0 : SS_EDATA;
}

static int list_rules(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_rule_set set;
    struct ss_rule_spec *spec;
    struct hits hits = {.cap = 0};
    int mode;
    struct ss_str tag = ss_query(call, "tag");
    (void)ss_query_word(call, "mode", modes, -1, &mode);
    int err = read_span(call, &hits);
    if (err || !ss_call_check(call))
        return err;
    err = read_published(call, &set, &spec);
    err = err ? err : read_hits(call, &hits);
    if (!err) {
        put_rules(call, spec, &hits, mode, tag);
        ss_put_int_of(to, "version", set.version);
        ss_put_text_of(to, "hash", set.hash);
        ss_put_text_of(to, "published_by", set.published_by);
        ss_put_time_of(to, "published_at", set.published_us);
        ss_json_key(to, "settings");
        ss_put_rule_settings(to, spec);
        put_effective(call, to);
        ss_put_time_of(to, "stats_from", hits.from_us);
        ss_put_time_of(to, "stats_until", hits.until_us);
        ss_buf_putc(to, '}');
        ss_rules_tag(call, set.version);
    }
    ss_map_free(&hits.names);
    ss_rule_spec_free(spec);
    return err;
}

static int get_rule(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_rule_set set;
    struct ss_rule_spec *spec;
    struct ss_rule_span span;
    struct hits hits = {.cap = 0};
    int err = read_span(call, &hits);
    if (err || !ss_call_check(call))
        return err;
    err = read_published(call, &set, &spec);
    const struct ss_rule *rule = err ? NULL : ss_rules_find(spec, call->param[0]);
    if (!err && !rule)
        err = ss_problem_missing(call, "rule", call->param[0]);
    err = err || !rule ? err : read_hits(call, &hits);
    if (!err && rule) {
        ss_buf_putc(to, '{');
        ss_put_rule(to, rule);
        put_hits(to, &hits, rule->name);
        if (ss_rule_find(set.text, rule->name, &span))
            ss_put_text_of(to, "text", (struct ss_str){set.text.p + span.from, span.body - span.from});
        ss_put_int_of(to, "version", set.version);
        ss_buf_putc(to, '}');
        ss_rules_tag(call, set.version);
    }
    if (hits.arena)
        ss_map_free(&hits.names);
    ss_rule_spec_free(spec);
    return err;
}

const struct ss_route ss_routes_rules[] = {
    {SS_GET, "/api/v1/rules", list_rules, SS_READERS, "rules:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/rules/{id}", get_rule, SS_READERS, "rules:read", SS_RUN_SLOW, 0},
    {0},
};
