/* What hub.c (listeners) and hub_frames.c (events and frames) share. */
#ifndef SS_WEB_HUB_PARTS_H
#define SS_WEB_HUB_PARTS_H

#include "web/hub.h"
#include <pthread.h>
#include <stdatomic.h>

#define SS_HUB_EVENTS  8192 /* in the ring; a power of two */
#define SS_HUB_BUCKETS 1024
#define SS_HUB_INBOX   ((size_t)8 << 20)

struct ss_hub_event {
    int64_t id, account;
    size_t at; /* in the ring, counted from the start of the process */
    uint32_t n;
    int8_t topic, level, action; /* level and action -1: it has none */
};

/* All listeners that want the same. */
struct ss_hub_sub {
    struct ss_hub_spec spec; /* since is 0 */
    uint64_t hash;
    struct ss_hub_sub *next; /* of its bucket */
    struct ss_listener *first;
    struct ss_hub_frame *frame[SS_HUB_FRAMES]; /* number i at i % SS_HUB_FRAMES */
    uint64_t frames;                           /* made so far: the number of the next one */
};

struct ss_listener {
    struct ss_hub_sub *sub;
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
    struct ss_hub_event event[SS_HUB_EVENTS];
    uint64_t first, last; /* events kept: first .. last - 1, at their number % SS_HUB_EVENTS */
    char *ring;
    size_t ring_end; /* bytes that ever went in */
    int64_t next_id;
    struct ss_hub_sub *bucket[SS_HUB_BUCKETS];
    struct ss_hub_counts counts;
};

struct ss_hub_head {
    uint32_t topic, n;
};

/* Of the ring, by its number. */
struct ss_hub_event *ss_hub_event_at(struct ss_hub *hub, uint64_t i);
/* Puts an event into the ring, over the oldest ones. */
void ss_hub_keep(struct ss_hub *hub, enum ss_topic topic, struct ss_str json);
/* The events of this subscription from number `from` on, as one frame; NULL when there are none. `skipped`
 * says what each topic left out before; *missed counts what did not fit. */
struct ss_hub_frame *ss_hub_frame_from(struct ss_hub *hub, const struct ss_hub_spec *spec, uint64_t from,
                                       const uint64_t *skipped, uint64_t *missed);
/* A frame of the hub's own: "hello", "reset", "lost". */
struct ss_hub_frame *ss_hub_notice(const struct ss_hub *hub, enum ss_frame_form form, const char *topic,
                                   const char *item);
void ss_hub_unref(struct ss_hub_frame *frame); /* accepts NULL */

#endif
