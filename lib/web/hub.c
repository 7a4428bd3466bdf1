#include "web/hub_parts.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdlib.h>

static const struct {
    const char *plural, *singular;
    int roles;
} topics[SS_TOPICS] = {
    [SS_ON_PAYMENTS] = {"payments", "payment", SS_READERS},
    [SS_ON_ALERTS] = {"alerts", "alert", SS_READERS},
    [SS_ON_CASES] = {"cases", "case", SS_PEOPLE},
    [SS_ON_METRICS] = {"metrics", "metric", SS_READERS},
    [SS_ON_JOBS] = {"jobs", "job", SS_WORKERS},
    [SS_ON_RULES] = {"rules", "rule", SS_WORKERS},
    [SS_ON_LISTS] = {"lists", "list", SS_WORKERS},
    [SS_ON_SETTINGS] = {"settings", "setting", SS_WORKERS},
    [SS_ON_NOTICES] = {"notices", "notice", SS_PEOPLE},
};

int ss_topic_of(struct ss_str name)
{
    for (int i = 0; i < SS_TOPICS; i++)
        if (ss_str_is(name, topics[i].plural) || ss_str_is(name, topics[i].singular))
            return i;
    return -1;
}

const char *ss_topic_name(enum ss_topic topic)
{
    return topics[topic].plural;
}

unsigned ss_topics_of_role(enum ss_role role)
{
    unsigned set = 0;
    for (int i = 0; i < SS_TOPICS; i++)
        if (topics[i].roles & (int)role)
            set |= 1u << i;
    return set;
}

int ss_hub_new(const struct ss_hub_options *opt, struct ss_hub **out)
{
    struct ss_hub *hub = calloc(1, sizeof *hub);
    char *ring = malloc(SS_HUB_RING);
    if (!hub || !ring) {
        free(hub);
        free(ring);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    hub->opt = *opt;
    hub->ring = ring;
    hub->next_id = opt->now_us;
    pthread_mutex_init(&hub->lock, NULL);
    ss_buf_init(&hub->inbox, SS_HUB_INBOX);
    ss_buf_init(&hub->news, SS_HUB_INBOX);
    for (int i = 0; i < SS_TOPICS; i++)
        ss_buf_init(&hub->part[i], SS_HUB_RING * 2);
    *out = hub;
    return 0;
}

/* ---- from any thread ---- */

void ss_hub_post(struct ss_hub *hub, enum ss_topic topic, struct ss_str json)
{
    const struct ss_hub_head head = {(uint32_t)topic, (uint32_t)json.n};
    pthread_mutex_lock(&hub->lock);
    if (json.n > SS_HUB_FRAME / 2 || hub->inbox.n + sizeof head + json.n > SS_HUB_INBOX) {
        hub->skipped_now[topic]++;
    } else {
        ss_buf_put(&hub->inbox, &head, sizeof head);
        ss_buf_put(&hub->inbox, json.p, json.n);
        if (ss_buf_check(&hub->inbox)) /* out of memory: what waits is lost with it */
            ss_buf_reset(&hub->inbox);
    }
    pthread_mutex_unlock(&hub->lock);
}

bool ss_hub_wants_payment(struct ss_hub *hub)
{
    if (atomic_load_explicit(&hub->payment_listeners, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&hub->lock);
    bool wants = hub->payments_now < SS_HUB_PAYMENTS;
    hub->payments_now += wants;
    hub->skipped_now[SS_ON_PAYMENTS] += !wants;
    pthread_mutex_unlock(&hub->lock);
    return wants;
}

static void own(struct ss_listener *listener, struct ss_hub_frame *frame)
{
    struct ss_hub_frame **at = &listener->own;
    while (*at)
        at = &(*at)->next;
    *at = frame;
}

/* ---- subscriptions ---- */

static uint64_t hash_of(const struct ss_hub_spec *spec)
{
    uint64_t hash = ss_hash64(spec->user, strlen(spec->user));
    hash = hash * 31 + spec->topics;
    hash = hash * 31 + (uint64_t)spec->level;
    hash = hash * 31 + spec->actions;
    hash = hash * 31 + (uint64_t)spec->account;
    hash = hash * 31 + spec->masks;
    return hash * 31 + (uint64_t)spec->form;
}

static bool same(const struct ss_hub_spec *a, const struct ss_hub_spec *b)
{
    return a->topics == b->topics && a->level == b->level && a->actions == b->actions &&
           a->account == b->account && a->masks == b->masks && a->form == b->form &&
           strcmp(a->user, b->user) == 0;
}

static struct ss_hub_sub *sub_of(struct ss_hub *hub, const struct ss_hub_spec *spec)
{
    uint64_t hash = hash_of(spec);
    struct ss_hub_sub **bucket = &hub->bucket[hash % SS_HUB_BUCKETS];
    for (struct ss_hub_sub *sub = *bucket; sub; sub = sub->next)
        if (sub->hash == hash && same(&sub->spec, spec))
            return sub;
    struct ss_hub_sub *sub = calloc(1, sizeof *sub);
    if (!sub)
        return NULL;
    sub->spec = *spec;
    sub->spec.since = 0;
    sub->hash = hash;
    sub->next = *bucket;
    *bucket = sub;
    hub->counts.subscriptions++;
    return sub;
}

static void sub_drop(struct ss_hub *hub, struct ss_hub_sub *sub)
{
    struct ss_hub_sub **at = &hub->bucket[sub->hash % SS_HUB_BUCKETS];
    while (*at != sub)
        at = &(*at)->next;
    *at = sub->next;
    for (int i = 0; i < SS_HUB_FRAMES; i++)
        ss_hub_unref(sub->frame[i]);
    free(sub);
    hub->counts.subscriptions--;
}

static void attach(struct ss_hub *hub, struct ss_listener *listener, struct ss_hub_sub *sub)
{
    listener->sub = sub;
    listener->at = sub->frames;
    listener->before = NULL;
    listener->next = sub->first;
    if (sub->first)
        sub->first->before = listener;
    sub->first = listener;
    if (sub->spec.topics & 1u << SS_ON_PAYMENTS)
        atomic_fetch_add(&hub->payment_listeners, 1);
}

static void detach(struct ss_hub *hub, struct ss_listener *listener)
{
    struct ss_hub_sub *sub = listener->sub;
    *(listener->before ? &listener->before->next : &sub->first) = listener->next;
    if (listener->next)
        listener->next->before = listener->before;
    if (sub->spec.topics & 1u << SS_ON_PAYMENTS)
        atomic_fetch_sub(&hub->payment_listeners, 1);
    if (!sub->first)
        sub_drop(hub, sub);
}

/* What a listener missed, or that it cannot be told any more. */
static void catch_up(struct ss_hub *hub, struct ss_listener *listener, int64_t since)
{
    int64_t oldest = hub->first < hub->last ? ss_hub_event_at(hub, hub->first)->id : hub->next_id;
    uint64_t missed = 0;
    struct ss_hub_frame *frame = NULL;
    if (since >= oldest - 1 && since < hub->next_id) {
        uint64_t from = hub->first + (uint64_t)(since - oldest + 1);
        frame = ss_hub_frame_from(hub, &listener->sub->spec, from, NULL, &missed);
    }
    if (since < oldest - 1 || since >= hub->next_id || missed) {
        free(frame);
        frame = ss_hub_notice(hub, listener->sub->spec.form, "reset", "");
    }
    if (frame)
        own(listener, frame);
}

struct ss_listener *ss_hub_join(struct ss_hub *hub, const struct ss_hub_spec *spec, void *arg)
{
    struct ss_listener *listener = calloc(1, sizeof *listener);
    struct ss_hub_sub *sub = listener ? sub_of(hub, spec) : NULL;
    if (!sub) {
        free(listener);
        return NULL;
    }
    listener->arg = arg;
    listener->spec = *spec;
    attach(hub, listener, sub);
    char hello[64];
    snprintf(hello, sizeof hello, "{\"tick_ms\":%d}", SS_HUB_TICK_MS);
    struct ss_hub_frame *frame = ss_hub_notice(hub, spec->form, "hello", hello);
    if (frame)
        own(listener, frame);
    if (spec->since)
        catch_up(hub, listener, spec->since);
    hub->counts.listeners++;
    return listener;
}

int ss_hub_change(struct ss_hub *hub, struct ss_listener *listener, const struct ss_hub_spec *spec)
{
    if (same(&listener->sub->spec, spec))
        return 0;
    struct ss_hub_sub *sub = sub_of(hub, spec);
    if (!sub)
        return ss_fail(SS_ENOMEM, "out of memory");
    detach(hub, listener);
    listener->spec = *spec;
    attach(hub, listener, sub);
    return 0;
}

void ss_hub_leave(struct ss_hub *hub, struct ss_listener *listener)
{
    if (!listener)
        return;
    detach(hub, listener);
    while (listener->own) {
        struct ss_hub_frame *frame = listener->own;
        listener->own = frame->next;
        ss_hub_unref(frame);
    }
    free(listener);
    hub->counts.listeners--;
}

const struct ss_hub_spec *ss_hub_spec_of(const struct ss_listener *listener)
{
    return &listener->spec;
}

void ss_hub_free(struct ss_hub *hub)
{
    if (!hub)
        return;
    for (int i = 0; i < SS_HUB_BUCKETS; i++)
        while (hub->bucket[i])
            ss_hub_leave(hub, hub->bucket[i]->first); /* the last one takes the subscription along */
    ss_buf_free(&hub->inbox);
    ss_buf_free(&hub->news);
    for (int i = 0; i < SS_TOPICS; i++)
        ss_buf_free(&hub->part[i]);
    pthread_mutex_destroy(&hub->lock);
    free(hub->ring);
    free(hub);
}

/* ---- the tick ---- */

static void tell(struct ss_hub *hub, struct ss_hub_sub *sub, uint64_t from, const uint64_t *skipped)
{
    uint64_t missed = 0;
    struct ss_hub_frame *frame = ss_hub_frame_from(hub, &sub->spec, from, skipped, &missed);
    hub->counts.skipped += missed;
    if (!frame)
        return;
    struct ss_hub_frame **place = &sub->frame[sub->frames++ % SS_HUB_FRAMES];
    ss_hub_unref(*place);
    *place = frame;
    hub->counts.frames++;
    for (struct ss_listener *l = sub->first; l; l = l->next)
        hub->opt.wake(l->arg);
}

void ss_hub_tick(struct ss_hub *hub)
{
    uint64_t skipped[SS_TOPICS];
    pthread_mutex_lock(&hub->lock);
    struct ss_buf news = hub->inbox;
    hub->inbox = hub->news;
    memcpy(skipped, hub->skipped_now, sizeof skipped);
    memset(hub->skipped_now, 0, sizeof hub->skipped_now);
    hub->payments_now = 0;
    pthread_mutex_unlock(&hub->lock);
    for (int t = 0; t < SS_TOPICS; t++)
        hub->counts.skipped += skipped[t];
    uint64_t from = hub->last;
    for (size_t at = 0; at < news.n;) {
        struct ss_hub_head head;
        memcpy(&head, news.p + at, sizeof head);
        at += sizeof head;
        ss_hub_keep(hub, (enum ss_topic)head.topic, (struct ss_str){news.p + at, head.n});
        at += head.n;
    }
    ss_buf_reset(&news);
    hub->news = news;
    if (from == hub->last)
        return;
    if (from < hub->first) /* more than the ring holds came at once */
        from = hub->first;
    for (int i = 0; i < SS_HUB_BUCKETS && hub->counts.listeners; i++)
        for (struct ss_hub_sub *sub = hub->bucket[i]; sub; sub = sub->next)
            tell(hub, sub, from, skipped);
}

struct ss_hub_frame *ss_hub_next(struct ss_hub *hub, struct ss_listener *listener, bool *more)
{
    struct ss_hub_sub *sub = listener->sub;
    struct ss_hub_frame *frame = listener->own;
    if (!frame && sub->frames - listener->at > SS_HUB_FRAMES) {
        /* It missed some, how many cannot be told exactly: those that are still held are counted. */
        uint64_t events = 0;
        for (int i = 0; i < SS_HUB_FRAMES; i++)
            events += (uint64_t)sub->frame[i]->events;
        events = events * (sub->frames - listener->at - 1) / SS_HUB_FRAMES;
        hub->counts.lost += events;
        listener->at = sub->frames - 1;
        char item[64];
        snprintf(item, sizeof item, "{\"events\":%llu}", (unsigned long long)events);
        listener->own = frame = ss_hub_notice(hub, sub->spec.form, "lost", item);
    }
    if (frame) {
        listener->own = frame->next;
        frame->next = NULL;
    } else if (listener->at < sub->frames) {
        frame = sub->frame[listener->at++ % SS_HUB_FRAMES];
        frame->refs++;
    }
    *more = listener->own || listener->at < sub->frames;
    return frame;
}

void ss_hub_give_back(struct ss_hub *hub, struct ss_hub_frame *frame)
{
    (void)hub;
    ss_hub_unref(frame);
}

struct ss_hub_counts ss_hub_counts(const struct ss_hub *hub)
{
    return hub->counts;
}
