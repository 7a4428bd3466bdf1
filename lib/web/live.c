#include "web/live.h"
#include "base/err.h"
#include "base/number.h"
#include "record/decision.h"
#include "web/mask.h"
#include <stdio.h>

/* Words separated by commas, each read by `of` into a set. */
static bool read_set(struct ss_str words, int (*of)(struct ss_str), unsigned *set)
{
    *set = 0;
    while (words.n) {
        const char *comma = memchr(words.p, ',', words.n);
        struct ss_str word = {words.p, comma ? (size_t)(comma - words.p) : words.n};
        words.p += word.n + (comma != NULL);
        words.n -= word.n + (comma != NULL);
        int i = of(ss_str_trim(word));
        if (i < 0)
            return false;
        *set |= 1u << i;
    }
    return *set != 0;
}

static bool read_user(struct ss_str user, struct ss_hub_spec *spec)
{
    if (user.n >= sizeof spec->user)
        return false;
    memset(spec->user, 0, sizeof spec->user);
    memcpy(spec->user, user.p, user.n);
    return true;
}

/* What the query narrows. */
static void read_filters(struct ss_call *call, struct ss_hub_spec *spec)
{
    struct ss_str level = ss_query(call, "level"), action = ss_query(call, "action");
    struct ss_str user = ss_query(call, "user_id");
    int at_least = level.p ? ss_level_of(level) : 0;
    if (at_least < 0)
        ss_fault(call, "level", "one of NONE, LOW, MEDIUM, HIGH, CRITICAL");
    else
        spec->level = at_least;
    if (action.p && !read_set(action, ss_action_of, &spec->actions))
        ss_fault(call, "action", "some of allow, notify, review, challenge, block, separated by commas");
    if (user.p && !read_user(user, spec))
        ss_fault(call, "user_id", "at most %zu bytes", sizeof spec->user - 1);
    (void)ss_query_int(call, "since", 0, 0, INT64_MAX, &spec->since);
    int64_t last;
    if (!spec->since && call->req.last_event_id.p &&
        ss_int_parse(call->req.last_event_id.p, call->req.last_event_id.n, &last) && last > 0)
        spec->since = last;
}

static int listen_to(struct ss_call *call, unsigned absent, enum ss_frame_form form)
{
    struct ss_hub_spec *spec = ss_arena_zalloc(&call->arena, sizeof *spec);
    unsigned may = ss_topics_of_role(call->who.role);
    struct ss_str asked = ss_query(call, "topics");
    if (!spec)
        return SS_ENOMEM;
    spec->form = form;
    spec->topics = absent & may;
    spec->account = call->who.user_id;
    spec->masks = ss_masks(call);
    if (asked.p && !read_set(asked, ss_topic_of, &spec->topics))
        ss_fault(call, "topics",
                 "some of payments, alerts, cases, metrics, jobs, rules, lists, settings, "
                 "notices, separated by commas");
    read_filters(call, spec);
    if (!ss_call_check(call))
        return 0;
    if (spec->topics & ~may)
        return ss_problem(call, 403, "topic", "a %s may not listen to all of these",
                          ss_role_name(call->who.role));
    call->state = spec;
    return 0;
}

#define ALL_TOPICS ((1u << SS_TOPICS) - 1)

static int get_live(struct ss_call *call)
{
    return listen_to(call, ALL_TOPICS, SS_FRAME_WEBSOCKET);
}

static int get_alerts(struct ss_call *call)
{
    return listen_to(call, 1u << SS_ON_ALERTS, SS_FRAME_WEBSOCKET);
}

static int get_metrics(struct ss_call *call)
{
    return listen_to(call, 1u << SS_ON_METRICS, SS_FRAME_WEBSOCKET);
}

static int get_events(struct ss_call *call)
{
    return listen_to(call, ALL_TOPICS, SS_FRAME_SSE);
}

static int of_value(const struct ss_json_value *v, int (*of)(struct ss_str))
{
    return v->type == SS_JSON_STRING ? of(v->text) : -1;
}

static bool set_of(const struct ss_json_value *list, int (*of)(struct ss_str), unsigned *set)
{
    unsigned found = 0;
    if (list->type != SS_JSON_ARRAY)
        return false;
    for (uint32_t i = 0; i < list->n; i++) {
        int one = of_value(&list->at[i], of);
        if (one < 0)
            return false;
        found |= 1u << one;
    }
    *set = found;
    return true;
}

bool ss_live_message(struct ss_str json, enum ss_role role, struct ss_hub_spec *spec)
{
    struct ss_arena arena;
    const struct ss_json_value *root = NULL, *v;
    struct ss_hub_spec to = *spec;
    ss_arena_init(&arena, (size_t)1 << 20);
    bool fine = ss_json_parse(json.p, json.n, &arena, &root) == 0 && root->type == SS_JSON_OBJECT;
    bool asks = false;
    if (fine && (v = ss_json_get(root, "topics"))) {
        asks = true;
        fine = set_of(v, ss_topic_of, &to.topics) && !(to.topics & ~ss_topics_of_role(role));
    }
    if (fine && (v = ss_json_get(root, "level"))) {
        int level = of_value(v, ss_level_of);
        asks = true;
        to.level = level < 0 ? 0 : level;
        fine = level >= 0 || v->type == SS_JSON_NULL;
    }
    if (fine && (v = ss_json_get(root, "action"))) {
        asks = true;
        if (v->type == SS_JSON_NULL)
            to.actions = 0;
        else
            fine = set_of(v, ss_action_of, &to.actions);
    }
    if (fine && (v = ss_json_get(root, "user_id"))) {
        asks = true;
        fine = v->type == SS_JSON_NULL ? read_user(SS_STR(""), &to)
                                       : v->type == SS_JSON_STRING && read_user(v->text, &to);
    }
    ss_arena_free(&arena);
    if (fine && asks)
        *spec = to;
    return fine && asks;
}

const struct ss_route ss_routes_live[] = {
    {SS_GET, "/api/v1/live", get_live, SS_READERS, "live:read", SS_RUN_FEED, 0},
    {SS_GET, "/api/v1/events", get_events, SS_READERS, "live:read", SS_RUN_FEED, 0},
    {SS_GET, "/ws", get_live, SS_READERS, "live:read", SS_RUN_FEED, 0},
    {SS_GET, "/ws/alerts", get_alerts, SS_READERS, "live:read", SS_RUN_FEED, 0},
    {SS_GET, "/ws/metrics", get_metrics, SS_READERS, "live:read", SS_RUN_FEED, 0},
    {0},
};
