#include "web/hub.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/number.h"
#include "json/cursor.h"
#include "json/write.h"
#include "record/decision.h"
#include "web/mask.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define EVENTS  8192 /* in the ring; a power of two */
#define BUCKETS 1024
#define INBOX   ((size_t)8 << 20)

struct event {
    int64_t id, account;
    size_t at; /* in the ring, counted from the start of the process */
    uint32_t n;
    int8_t topic, level, action; /* level and action -1: it has none */
};

/* All listeners that want the same. */
struct sub {
    struct ss_hub_spec spec; /* since is 0 */
    uint64_t hash;
    struct sub *next; /* of its bucket */
    struct ss_listener *first;
    struct ss_hub_frame *frame[SS_HUB_FRAMES]; /* number i at i % SS_HUB_FRAMES */
    uint64_t frames;                           /* made so far: the number of the next one */
};

struct ss_listener {
    struct sub *sub;
    struct ss_listener *next, *before;
    void *arg;
    uint64_t at;              /* the number of the frame it gets next */
    struct ss_hub_frame *own; /* before it: what only this one gets */
    struct ss_hub_spec spec;  /* as it was asked for */
};

struct ss_hub {
    struct ss_hub_options opt;
    pthread_mutex_t lock; /* of what comes from other threads: */
    struct ss_buf inbox;
    uint64_t skipped_now[SS_TOPICS];
    int payments_now;
    atomic_int payment_listeners;
    /* The loop's: */
    struct ss_buf news, part[SS_TOPICS];
    struct event event[EVENTS];
    uint64_t first, last; /* events kept: first .. last - 1, at their number % EVENTS */
    char *ring;
    size_t ring_end; /* bytes that ever went in */
    int64_t next_id;
    struct sub *bucket[BUCKETS];
    struct ss_hub_counts counts;
};

struct head {
    uint32_t topic, n;
};

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
    ss_buf_init(&hub->inbox, INBOX);
    ss_buf_init(&hub->news, INBOX);
    for (int i = 0; i < SS_TOPICS; i++)
        ss_buf_init(&hub->part[i], SS_HUB_RING * 2);
    *out = hub;
    return 0;
}

/* ---- from any thread ---- */

void ss_hub_post(struct ss_hub *hub, enum ss_topic topic, struct ss_str json)
{
    const struct head head = {(uint32_t)topic, (uint32_t)json.n};
    pthread_mutex_lock(&hub->lock);
    if (json.n > SS_HUB_FRAME / 2 || hub->inbox.n + sizeof head + json.n > INBOX) {
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

/* ---- the ring ---- */

static struct event *event_at(struct ss_hub *hub, uint64_t i)
{
    return &hub->event[i % EVENTS];
}

static struct ss_str text_of(const struct ss_hub *hub, const struct event *e)
{
    return (struct ss_str){hub->ring + e->at % SS_HUB_RING, e->n};
}

/* A string member's bytes as they stand, without quotes. */
static struct ss_str word_of(struct ss_str json, const char *key)
{
    struct ss_str text = ss_cursor_member(json, key);
    return text.n >= 2 && text.p[0] == '"' ? (struct ss_str){text.p + 1, text.n - 2} : text;
}

/* Texts lie in one piece: one that would reach over the end begins at the start again. */
static void keep(struct ss_hub *hub, enum ss_topic topic, struct ss_str json)
{
    size_t at = hub->ring_end;
    if (at % SS_HUB_RING + json.n > SS_HUB_RING)
        at += SS_HUB_RING - at % SS_HUB_RING;
    while (hub->first < hub->last &&
           (hub->last - hub->first == EVENTS || event_at(hub, hub->first)->at + SS_HUB_RING < at + json.n))
        hub->first++;
    char *to = hub->ring + at % SS_HUB_RING;
    memcpy(to, json.p, json.n);
    for (size_t i = 0; i < json.n; i++) /* Server-Sent Events are lines */
        if (to[i] == '\n' || to[i] == '\r')
            to[i] = ' ';
    struct event *e = event_at(hub, hub->last++);
    *e = (struct event){.id = hub->next_id++, .at = at, .n = (uint32_t)json.n, .topic = (int8_t)topic};
    e->level = e->action = -1;
    if (topic == SS_ON_PAYMENTS || topic == SS_ON_ALERTS) {
        e->level = (int8_t)ss_level_of(word_of(json, "level"));
        e->action = (int8_t)ss_action_of(word_of(json, "action"));
    } else if (topic == SS_ON_NOTICES) {
        struct ss_str account = ss_cursor_member(json, "user_id");
        if (!account.p || !ss_int_parse(account.p, account.n, &e->account))
            e->account = -1;
    }
    hub->ring_end = at + json.n;
    hub->counts.events++;
    hub->counts.told[topic]++;
}

static bool matches(const struct ss_hub *hub, const struct ss_hub_spec *spec, const struct event *e)
{
    if (!(spec->topics & 1u << e->topic))
        return false;
    if (e->topic == SS_ON_NOTICES)
        return e->account == spec->account;
    if (e->topic != SS_ON_PAYMENTS && e->topic != SS_ON_ALERTS)
        return true;
    if ((spec->level && e->level < spec->level) ||
        (spec->actions && (e->action < 0 || !(spec->actions & 1u << e->action))))
        return false;
    return !*spec->user || ss_str_is(word_of(text_of(hub, e), "user_id"), spec->user);
}

/* ---- frames ---- */

static struct ss_hub_frame *frame_new(size_t n)
{
    struct ss_hub_frame *frame = malloc(sizeof *frame + SS_HUB_HEADROOM + n);
    if (!frame)
        return NULL;
    *frame = (struct ss_hub_frame){.p = (char *)(frame + 1) + SS_HUB_HEADROOM, .n = 0, .refs = 1};
    return frame;
}

static void unref(struct ss_hub_frame *frame)
{
    if (frame && --frame->refs == 0)
        free(frame);
}

/* One topic's object, `items` being its items with commas. */
static void put_topic(struct ss_buf *to, enum ss_frame_form form, const char *topic, int64_t id,
                      struct ss_str items, uint64_t skipped)
{
    char number[SS_NUMBER_MAX];
    struct ss_str id_text = {number, ss_int_print(id, number)};
    if (form == SS_FRAME_SSE) {
        ss_buf_puts(to, "id: ");
        ss_buf_put(to, id_text.p, id_text.n);
        ss_buf_puts(to, "\nevent: ");
        ss_buf_puts(to, topic);
        ss_buf_puts(to, "\ndata: ");
    } else {
        ss_buf_putc(to, to->n ? ',' : '[');
    }
    ss_buf_puts(to, "{\"topic\":\"");
    ss_buf_puts(to, topic);
    ss_buf_puts(to, "\",\"id\":");
    ss_buf_put(to, id_text.p, id_text.n);
    ss_buf_puts(to, ",\"items\":[");
    ss_buf_put(to, items.p, items.n);
    ss_buf_putc(to, ']');
    if (skipped) {
        ss_buf_puts(to, ",\"skipped\":");
        ss_json_put_int(to, (int64_t)skipped);
    }
    ss_buf_puts(to, form == SS_FRAME_SSE ? "}\n\n" : "}");
}

static struct ss_hub_frame *frame_of(const struct ss_buf *text, enum ss_frame_form form, int events)
{
    struct ss_hub_frame *frame = ss_buf_check(text) ? NULL : frame_new(text->n + 1);
    if (!frame)
        return NULL;
    memcpy(frame->p, text->p, text->n);
    frame->n = text->n;
    if (form == SS_FRAME_WEBSOCKET)
        frame->p[frame->n++] = ']';
    frame->events = events;
    return frame;
}

/* The events of this subscription from number `from` on, as one frame; NULL when there are none. `skipped`
 * says what each topic left out before; *missed counts what did not fit. */
static struct ss_hub_frame *frame_from(struct ss_hub *hub, const struct ss_hub_spec *spec, uint64_t from,
                                       const uint64_t *skipped, uint64_t *missed)
{
    int64_t id[SS_TOPICS];
    uint64_t left_out[SS_TOPICS] = {0};
    size_t room = SS_HUB_FRAME;
    int events = 0;
    for (int t = 0; t < SS_TOPICS; t++)
        ss_buf_reset(&hub->part[t]);
    for (uint64_t i = from; i < hub->last; i++) {
        const struct event *e = event_at(hub, i);
        if (!matches(hub, spec, e))
            continue;
        struct ss_buf *part = &hub->part[e->topic];
        id[e->topic] = e->id;
        if (e->n + 1 > room) {
            left_out[e->topic]++;
            (*missed)++;
            continue;
        }
        struct ss_str text = text_of(hub, e);
        if (part->n)
            ss_buf_putc(part, ',');
        size_t before = part->n;
        if (spec->masks && (e->topic == SS_ON_PAYMENTS || e->topic == SS_ON_ALERTS))
            ss_mask_put(part, text);
        else
            ss_buf_put(part, text.p, text.n);
        size_t took = part->n - before + 1; /* a mask may be a few bytes longer */
        room -= took < room ? took : room;
        events++;
    }
    struct ss_buf all;
    ss_buf_init(&all, 2 * SS_HUB_FRAME);
    for (int t = 0; t < SS_TOPICS; t++)
        if (hub->part[t].n)
            put_topic(&all, spec->form, topics[t].plural, id[t],
                      (struct ss_str){hub->part[t].p, hub->part[t].n},
                      left_out[t] + (skipped ? skipped[t] : 0));
    struct ss_hub_frame *frame = all.n ? frame_of(&all, spec->form, events) : NULL;
    ss_buf_free(&all);
    return frame;
}

static struct ss_hub_frame *notice(const struct ss_hub *hub, enum ss_frame_form form, const char *topic,
                                   const char *item)
{
    struct ss_buf text;
    ss_buf_init(&text, 4096);
    put_topic(&text, form, topic, hub->next_id - 1, ss_str_of(item), 0);
    struct ss_hub_frame *frame = frame_of(&text, form, 0);
    ss_buf_free(&text);
    return frame;
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

static struct sub *sub_of(struct ss_hub *hub, const struct ss_hub_spec *spec)
{
    uint64_t hash = hash_of(spec);
    struct sub **bucket = &hub->bucket[hash % BUCKETS];
    for (struct sub *sub = *bucket; sub; sub = sub->next)
        if (sub->hash == hash && same(&sub->spec, spec))
            return sub;
    struct sub *sub = calloc(1, sizeof *sub);
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

static void sub_drop(struct ss_hub *hub, struct sub *sub)
{
    struct sub **at = &hub->bucket[sub->hash % BUCKETS];
    while (*at != sub)
        at = &(*at)->next;
    *at = sub->next;
    for (int i = 0; i < SS_HUB_FRAMES; i++)
        unref(sub->frame[i]);
    free(sub);
    hub->counts.subscriptions--;
}

static void attach(struct ss_hub *hub, struct ss_listener *listener, struct sub *sub)
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
    struct sub *sub = listener->sub;
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
    int64_t oldest = hub->first < hub->last ? event_at(hub, hub->first)->id : hub->next_id;
    uint64_t missed = 0;
    struct ss_hub_frame *frame = NULL;
    if (since >= oldest - 1 && since < hub->next_id) {
        uint64_t from = hub->first + (uint64_t)(since - oldest + 1);
        frame = frame_from(hub, &listener->sub->spec, from, NULL, &missed);
    }
    if (since < oldest - 1 || since >= hub->next_id || missed) {
        free(frame);
        frame = notice(hub, listener->sub->spec.form, "reset", "");
    }
    if (frame)
        own(listener, frame);
}

struct ss_listener *ss_hub_join(struct ss_hub *hub, const struct ss_hub_spec *spec, void *arg)
{
    struct ss_listener *listener = calloc(1, sizeof *listener);
    struct sub *sub = listener ? sub_of(hub, spec) : NULL;
    if (!sub) {
        free(listener);
        return NULL;
    }
    listener->arg = arg;
    listener->spec = *spec;
    attach(hub, listener, sub);
    char hello[64];
    snprintf(hello, sizeof hello, "{\"tick_ms\":%d}", SS_HUB_TICK_MS);
    struct ss_hub_frame *frame = notice(hub, spec->form, "hello", hello);
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
    struct sub *sub = sub_of(hub, spec);
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
        unref(frame);
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
    for (int i = 0; i < BUCKETS; i++)
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

static void tell(struct ss_hub *hub, struct sub *sub, uint64_t from, const uint64_t *skipped)
{
    uint64_t missed = 0;
    struct ss_hub_frame *frame = frame_from(hub, &sub->spec, from, skipped, &missed);
    hub->counts.skipped += missed;
    if (!frame)
        return;
    struct ss_hub_frame **place = &sub->frame[sub->frames++ % SS_HUB_FRAMES];
    unref(*place);
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
        struct head head;
        memcpy(&head, news.p + at, sizeof head);
        at += sizeof head;
        keep(hub, (enum ss_topic)head.topic, (struct ss_str){news.p + at, head.n});
        at += head.n;
    }
    ss_buf_reset(&news);
    hub->news = news;
    if (from == hub->last)
        return;
    if (from < hub->first) /* more than the ring holds came at once */
        from = hub->first;
    for (int i = 0; i < BUCKETS && hub->counts.listeners; i++)
        for (struct sub *sub = hub->bucket[i]; sub; sub = sub->next)
            tell(hub, sub, from, skipped);
}

struct ss_hub_frame *ss_hub_next(struct ss_hub *hub, struct ss_listener *listener, bool *more)
{
    struct sub *sub = listener->sub;
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
        listener->own = frame = notice(hub, sub->spec.form, "lost", item);
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
    unref(frame);
}

struct ss_hub_counts ss_hub_counts(const struct ss_hub *hub)
{
    return hub->counts;
}
