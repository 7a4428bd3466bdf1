#include "web/hub_parts.h"
#include "base/number.h"
#include "json/cursor.h"
#include "json/write.h"
#include "record/decision.h"
#include "web/mask.h"
#include <stdlib.h>

/* ---- the ring ---- */

struct ss_hub_event *ss_hub_event_at(struct ss_hub *hub, uint64_t i)
{
    return &hub->event[i % SS_HUB_EVENTS];
}

static struct ss_str text_of(const struct ss_hub *hub, const struct ss_hub_event *e)
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
void ss_hub_keep(struct ss_hub *hub, enum ss_topic topic, struct ss_str json)
{
    size_t at = hub->ring_end;
    if (at % SS_HUB_RING + json.n > SS_HUB_RING)
        at += SS_HUB_RING - at % SS_HUB_RING;
    while (hub->first < hub->last && (hub->last - hub->first == SS_HUB_EVENTS ||
                                      ss_hub_event_at(hub, hub->first)->at + SS_HUB_RING < at + json.n))
        hub->first++;
    char *to = hub->ring + at % SS_HUB_RING;
    memcpy(to, json.p, json.n);
    for (size_t i = 0; i < json.n; i++) /* Server-Sent Events are lines */
        if (to[i] == '\n' || to[i] == '\r')
            to[i] = ' ';
    struct ss_hub_event *e = ss_hub_event_at(hub, hub->last++);
    *e = (struct ss_hub_event){.id = hub->next_id++, .at = at, .n = (uint32_t)json.n, .topic = (int8_t)topic};
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

static bool matches(const struct ss_hub *hub, const struct ss_hub_spec *spec, const struct ss_hub_event *e)
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

void ss_hub_unref(struct ss_hub_frame *frame)
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

struct ss_hub_frame *ss_hub_frame_from(struct ss_hub *hub, const struct ss_hub_spec *spec, uint64_t from,
                                       const uint64_t *skipped, uint64_t *missed)
{
    int64_t id[SS_TOPICS];
    uint64_t left_out[SS_TOPICS] = {0};
    size_t room = SS_HUB_FRAME;
    int events = 0;
    for (int t = 0; t < SS_TOPICS; t++)
        ss_buf_reset(&hub->part[t]);
    for (uint64_t i = from; i < hub->last; i++) {
        const struct ss_hub_event *e = ss_hub_event_at(hub, i);
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
            put_topic(&all, spec->form, ss_topic_name((enum ss_topic)t), id[t],
                      (struct ss_str){hub->part[t].p, hub->part[t].n},
                      left_out[t] + (skipped ? skipped[t] : 0));
    struct ss_hub_frame *frame = all.n ? frame_of(&all, spec->form, events) : NULL;
    ss_buf_free(&all);
    return frame;
}

struct ss_hub_frame *ss_hub_notice(const struct ss_hub *hub, enum ss_frame_form form, const char *topic,
                                   const char *item)
{
    struct ss_buf text;
    ss_buf_init(&text, 4096);
    put_topic(&text, form, topic, hub->next_id - 1, ss_str_of(item), 0);
    struct ss_hub_frame *frame = frame_of(&text, form, 0);
    ss_buf_free(&text);
    return frame;
}
