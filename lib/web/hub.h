/*
 * The live feed: what happens is told to whoever listens, without a socket. Events come from any thread
 * (ss_hub_post); everything else belongs to the loop's thread.
 *
 * Events are gathered for a tick (50 ms) and leave together, as one frame for all listeners that asked for
 * the same, made once:
 *
 *   [{"topic":"alerts","id":1767225600000123,"items":[{...},{...}]},
 *    {"topic":"payments","id":1767225600000125,"items":[...],"skipped":412}]
 *
 * `id` grows with each event and over restarts. The newest events are kept: a listener that lost its
 * connection says the last id it saw, and gets what it missed, or {"topic":"reset"} where that is no longer
 * kept: then it reads its lists anew. As Server-Sent Events the same objects, one event each.
 *
 * Payments are a sample when there are many: at most SS_HUB_PAYMENTS a tick, the rest is counted in
 * "skipped". A listener that does not take its frames is not waited for: up to SS_HUB_FRAMES are held for it,
 * then it goes on with the newest one, after {"topic":"lost","items":[{"events":N}]}.
 *
 * Memory is bounded: SS_HUB_RING bytes of events, SS_HUB_FRAMES frames of at most SS_HUB_FRAME bytes for each
 * distinct subscription.
 */
#ifndef SS_WEB_HUB_H
#define SS_WEB_HUB_H

#include "web/web.h"

#define SS_HUB_TICK_MS  50
#define SS_HUB_PAYMENTS 20                  /* a tick */
#define SS_HUB_FRAMES   20                  /* one second */
#define SS_HUB_FRAME    ((size_t)256 << 10) /* bytes; what goes beyond it is skipped */
#define SS_HUB_RING     ((size_t)4 << 20)

enum ss_topic {
    SS_ON_PAYMENTS,
    SS_ON_ALERTS,
    SS_ON_CASES,
    SS_ON_METRICS,
    SS_ON_JOBS,
    SS_ON_RULES,
    SS_ON_LISTS,
    SS_ON_SETTINGS,
    SS_ON_NOTICES, /* for one person: the member "user_id" says for whom */
    SS_TOPICS
};

/* "payments" or "payment". -1 when it is none. */
int ss_topic_of(struct ss_str name);
const char *ss_topic_name(enum ss_topic topic);
/* The topics that a role may listen to, as a set of 1 << topic. */
unsigned ss_topics_of_role(enum ss_role role);

enum ss_frame_form { SS_FRAME_WEBSOCKET, SS_FRAME_SSE };

/* What a listener wants. Level, actions and customer narrow payments and alerts. */
struct ss_hub_spec {
    unsigned topics;  /* set of 1 << topic */
    int level;        /* at least this enum ss_level; 0: all */
    unsigned actions; /* set of 1 << enum ss_action; 0: all */
    char user[128];   /* one customer's id; "": all */
    int64_t account;  /* whose notices */
    bool masks;       /* addresses and emails of payments and alerts are masked (mask.h) */
    enum ss_frame_form form;
    int64_t since; /* the last id seen; 0: from now on */
};

#define SS_HUB_HEADROOM 32 /* writable bytes before a frame's, for a socket library's own head */

struct ss_hub_frame {
    char *p;
    size_t n;
    int refs; /* the hub's own */
    int events;
    struct ss_hub_frame *next;
};

struct ss_hub;
struct ss_listener;

struct ss_hub_options {
    int64_t now_us;          /* ids begin here */
    void (*wake)(void *arg); /* there is something for this listener (`arg` of ss_hub_join) */
};

struct ss_hub_counts {
    int listeners, subscriptions;
    uint64_t events, frames; /* told; made */
    uint64_t told[SS_TOPICS];
    uint64_t skipped; /* not told: the sample, or too much at once */
    uint64_t lost;    /* events that slow listeners missed */
};

int ss_hub_new(const struct ss_hub_options *opt, struct ss_hub **hub) SS_MUST_CHECK;
void ss_hub_free(struct ss_hub *hub); /* accepts NULL */

/* From any thread. `json` is one object, copied. Counted as skipped when too much waits for the tick. */
void ss_hub_post(struct ss_hub *hub, enum ss_topic topic, struct ss_str json);
/* Is this payment worth telling? From any thread. False when nobody listens, or when the tick has its sample:
 * then it is counted as skipped. */
bool ss_hub_wants_payment(struct ss_hub *hub);

/* NULL when out of memory. */
struct ss_listener *ss_hub_join(struct ss_hub *hub, const struct ss_hub_spec *spec, void *arg);
/* Other topics or filters from now on. On an error everything stays as it was. */
int ss_hub_change(struct ss_hub *hub, struct ss_listener *listener,
                  const struct ss_hub_spec *spec) SS_MUST_CHECK;
void ss_hub_leave(struct ss_hub *hub, struct ss_listener *listener); /* accepts NULL */
const struct ss_hub_spec *ss_hub_spec_of(const struct ss_listener *listener);

/* What happened since the last tick becomes frames; listeners that get one are woken. */
void ss_hub_tick(struct ss_hub *hub);
/* The next frame of a listener that can take one, to be given back when it has been sent; NULL when there is
 * none. *more: a further one waits. */
struct ss_hub_frame *ss_hub_next(struct ss_hub *hub, struct ss_listener *listener, bool *more);
void ss_hub_give_back(struct ss_hub *hub, struct ss_hub_frame *frame);

struct ss_hub_counts ss_hub_counts(const struct ss_hub *hub);

#endif
