/* The live feed without a socket: who gets what, in what form, and what becomes of those who are slow. */
#include "record/decision.h"
#include "tests/tap.h"
#include "web/hub.h"
#include "web/live.h"
#include <malloc.h>

static struct ss_hub *hub;
static int woken[8];

static void wake(void *arg)
{
    ++*(int *)arg;
}

static void fresh(void)
{
    const struct ss_hub_options opt = {.now_us = 1000000, .wake = wake};
    ss_hub_free(hub);
    if (ss_hub_new(&opt, &hub))
        exit(1);
    memset(woken, 0, sizeof woken);
}

static struct ss_listener *join(int who, unsigned topics, enum ss_frame_form form, int64_t since)
{
    const struct ss_hub_spec spec = {.topics = topics, .form = form, .since = since};
    return ss_hub_join(hub, &spec, &woken[who]);
}

static void post(enum ss_topic topic, const char *json)
{
    ss_hub_post(hub, topic, ss_str_of(json));
}

/* The next frame's text, "" when there is none. */
static const char *next(struct ss_listener *listener)
{
    static char text[300000];
    bool more;
    struct ss_hub_frame *frame = ss_hub_next(hub, listener, &more);
    text[0] = 0;
    if (frame) {
        memcpy(text, frame->p, frame->n);
        text[frame->n] = 0;
        ss_hub_give_back(hub, frame);
    }
    return text;
}

static void is(const char *got, const char *want, const char *what)
{
    is_text(got, strlen(got), want, what);
}

#define ALERTS   (1u << SS_ON_ALERTS)
#define PAYMENTS (1u << SS_ON_PAYMENTS)
#define CASES    (1u << SS_ON_CASES)

static void test_frames(void)
{
    fresh();
    struct ss_listener *ws = join(0, ALERTS | CASES, SS_FRAME_WEBSOCKET, 0);
    struct ss_listener *sse = join(1, ALERTS, SS_FRAME_SSE, 0);
    is(next(ws), "[{\"topic\":\"hello\",\"id\":999999,\"items\":[{\"tick_ms\":50}]}]",
       "a listener is greeted");
    is(next(sse),
       "id: 999999\nevent: hello\ndata: {\"topic\":\"hello\",\"id\":999999,\"items\":[{\"tick_ms\":50}]}\n\n",
       "in its own form");
    post(SS_ON_ALERTS, "{\"a\":1}");
    post(SS_ON_CASES, "{\"c\":1}");
    post(SS_ON_ALERTS, "{\"a\":\n2}");
    is(next(ws), "", "nothing leaves before the tick");
    ss_hub_tick(hub);
    ok(woken[0] == 1 && woken[1] == 1, "each listener is woken once a tick");
    is(next(ws),
       "[{\"topic\":\"alerts\",\"id\":1000002,\"items\":[{\"a\":1},{\"a\": 2}]},"
       "{\"topic\":\"cases\",\"id\":1000001,\"items\":[{\"c\":1}]}]",
       "a tick's events are one frame, by topics");
    is(next(sse),
       "id: 1000002\nevent: alerts\n"
       "data: {\"topic\":\"alerts\",\"id\":1000002,\"items\":[{\"a\":1},{\"a\": 2}]}\n\n",
       "of the topics asked for, one line each");
    is(next(ws), "", "once");
    ss_hub_tick(hub);
    ok(woken[0] == 1, "a tick without events wakes nobody");
    ss_hub_leave(hub, ws);
    ss_hub_leave(hub, sse);
    ok(ss_hub_counts(hub).listeners == 0 && ss_hub_counts(hub).subscriptions == 0, "who leaves is forgotten");
}

static void test_filters(void)
{
    fresh();
    struct ss_hub_spec spec = {.topics = ALERTS, .level = SS_HIGH};
    struct ss_listener *high = ss_hub_join(hub, &spec, &woken[0]);
    spec = (struct ss_hub_spec){.topics = ALERTS, .actions = 1u << SS_BLOCK};
    struct ss_listener *block = ss_hub_join(hub, &spec, &woken[1]);
    spec = (struct ss_hub_spec){.topics = ALERTS, .user = "u2"};
    struct ss_listener *user = ss_hub_join(hub, &spec, &woken[2]);
    spec = (struct ss_hub_spec){.topics = 1u << SS_ON_NOTICES, .account = 7};
    struct ss_listener *mine = ss_hub_join(hub, &spec, &woken[3]);
    struct ss_listener *all[] = {high, block, user, mine};
    for (int i = 0; i < 4; i++)
        next(all[i]);
    post(SS_ON_ALERTS, "{\"user_id\":\"u1\",\"level\":\"CRITICAL\",\"action\":\"review\"}");
    post(SS_ON_ALERTS, "{\"user_id\":\"u2\",\"level\":\"MEDIUM\",\"action\":\"block\"}");
    post(SS_ON_NOTICES, "{\"user_id\":8}");
    post(SS_ON_NOTICES, "{\"user_id\":7}");
    ss_hub_tick(hub);
    ok(strstr(next(high), "u1") && !strstr(next(high), "u2"), "from a level on");
    ok(strstr(next(block), "u2") != NULL, "by action");
    ok(strstr(next(user), "MEDIUM") != NULL, "of one customer");
    ok(strstr(next(mine), "[{\"user_id\":7}]") != NULL, "a notice goes to its person alone");
    ok(ss_hub_change(hub, user, &(struct ss_hub_spec){.topics = CASES}) == 0,
       "a listener may ask for other things");
    post(SS_ON_CASES, "{\"c\":1}");
    ss_hub_tick(hub);
    ok(strstr(next(user), "\"c\":1") != NULL, "and gets them from then on");
    for (int i = 0; i < 4; i++)
        ss_hub_leave(hub, all[i]);
}

static void test_sharing(void)
{
    fresh();
    struct ss_listener *l[4];
    for (int i = 0; i < 4; i++)
        l[i] = join(i, ALERTS, SS_FRAME_WEBSOCKET, 0);
    ok(ss_hub_counts(hub).subscriptions == 1, "who asks for the same shares a subscription");
    post(SS_ON_ALERTS, "{}");
    ss_hub_tick(hub);
    bool more;
    for (int i = 0; i < 4; i++)
        next(l[i]);
    struct ss_hub_frame *a = ss_hub_next(hub, l[0], &more), *b = ss_hub_next(hub, l[1], &more);
    ok(a && a == b, "and its frames");
    ss_hub_give_back(hub, a);
    ss_hub_give_back(hub, b);
    for (int i = 0; i < 4; i++)
        ss_hub_leave(hub, l[i]);
}

static void test_slow(void)
{
    fresh();
    struct ss_listener *slow = join(0, ALERTS, SS_FRAME_WEBSOCKET, 0),
                       *quick = join(1, ALERTS, SS_FRAME_SSE, 0);
    char json[64];
    next(slow);
    next(quick);
    int got = 0;
    for (int i = 0; i < 50; i++) {
        snprintf(json, sizeof json, "{\"n\":%d}", i);
        post(SS_ON_ALERTS, json);
        ss_hub_tick(hub);
        got += *next(quick) != 0;
    }
    ok(got == 50, "a quick listener is not held up by a slow one");
    ok(strstr(next(slow), "\"topic\":\"lost\"") != NULL, "the slow one is told that it lost some");
    ok(strstr(next(slow), "{\"n\":49}") != NULL, "and goes on with the newest");
    is(next(slow), "", "alone");
    ok(ss_hub_counts(hub).lost == 49, "what it lost is counted");
    ss_hub_leave(hub, slow);
    ss_hub_leave(hub, quick);
}

static void test_resuming(void)
{
    fresh();
    char json[5000];
    for (int i = 0; i < 10; i++) {
        snprintf(json, sizeof json, "{\"n\":%d}", i);
        post(SS_ON_ALERTS, json);
    }
    post(SS_ON_CASES, "{\"c\":1}");
    ss_hub_tick(hub);
    struct ss_listener *l = join(0, ALERTS, SS_FRAME_WEBSOCKET, 1000006);
    next(l);
    is(next(l), "[{\"topic\":\"alerts\",\"id\":1000009,\"items\":[{\"n\":7},{\"n\":8},{\"n\":9}]}]",
       "who comes back gets what it missed");
    ss_hub_leave(hub, l);
    l = join(0, ALERTS, SS_FRAME_WEBSOCKET, 1000010);
    next(l);
    is(next(l), "", "nothing when it missed nothing");
    ss_hub_leave(hub, l);
    l = join(0, ALERTS, SS_FRAME_WEBSOCKET, 900000);
    next(l);
    is(next(l), "[{\"topic\":\"reset\",\"id\":1000010,\"items\":[]}]",
       "a reset when it was away for too long");
    ss_hub_leave(hub, l);
    l = join(0, ALERTS, SS_FRAME_WEBSOCKET, 2000000);
    next(l);
    ok(strstr(next(l), "reset") != NULL, "or comes with an id that there is not yet");
    ss_hub_leave(hub, l);
    memset(json, 'x', sizeof json);
    memcpy(json, "{\"x\":\"", 6);
    memcpy(json + 4990, "\"}", 3);
    for (int i = 0; i < 3000; i++) {
        post(SS_ON_ALERTS, json);
        if (i % 100 == 0)
            ss_hub_tick(hub);
    }
    ss_hub_tick(hub);
    l = join(0, ALERTS, SS_FRAME_WEBSOCKET, 1000009);
    next(l);
    ok(strstr(next(l), "reset") != NULL, "old events make room for new ones, in bounded memory");
    ss_hub_leave(hub, l);
    l = join(0, ALERTS, SS_FRAME_WEBSOCKET, 1000010 + 2999);
    next(l);
    ok(strlen(next(l)) > 5000 && strlen(next(l)) == 0, "the newest are there whole");
    ss_hub_leave(hub, l);
}

static void test_limits(void)
{
    fresh();
    ok(!ss_hub_wants_payment(hub), "payments are told to nobody when nobody listens");
    struct ss_listener *l = join(0, PAYMENTS, SS_FRAME_WEBSOCKET, 0);
    next(l);
    int wanted = 0;
    for (int i = 0; i < 100; i++)
        if (ss_hub_wants_payment(hub)) {
            post(SS_ON_PAYMENTS, "{}");
            wanted++;
        }
    ss_hub_tick(hub);
    ok(wanted == SS_HUB_PAYMENTS, "of many payments a sample is told");
    ok(strstr(next(l), "\"skipped\":80}") != NULL, "and how many were left out");
    ok(ss_hub_wants_payment(hub), "anew with each tick");
    ss_hub_leave(hub, l);
    l = join(0, ALERTS, SS_FRAME_WEBSOCKET, 0);
    next(l);
    char json[10000];
    memset(json, ' ', sizeof json);
    json[0] = '{';
    memcpy(json + sizeof json - 2, "}", 2);
    for (int i = 0; i < 100; i++)
        post(SS_ON_ALERTS, json);
    ss_hub_tick(hub);
    const char *text = next(l);
    ok(strlen(text) < SS_HUB_FRAME + 1000 && strstr(text, "\"skipped\":74"), "a frame has a largest size");
    ss_hub_leave(hub, l);
}

static void test_messages(void)
{
    struct ss_hub_spec spec = {.topics = ALERTS};
    ok(ss_live_message(SS_STR("{\"topics\":[\"cases\",\"payments\"],\"level\":\"HIGH\"}"), SS_ANALYST,
                       &spec) &&
           spec.topics == (CASES | PAYMENTS) && spec.level == SS_HIGH,
       "a message changes what is listened to");
    ok(!ss_live_message(SS_STR("{\"topics\":[\"jobs\"]}"), SS_VIEWER, &spec) &&
           spec.topics == (CASES | PAYMENTS),
       "not to what the role may not hear");
    ok(!ss_live_message(SS_STR("{\"topics\":\"cases\"}"), SS_ANALYST, &spec), "nor to what is none");
    ok(!ss_live_message(SS_STR("{\"type\":\"ping\"}"), SS_ANALYST, &spec), "other messages are passed over");
    ok(!ss_live_message(SS_STR("ping"), SS_ANALYST, &spec) && !ss_live_message(SS_STR(""), SS_ANALYST, &spec),
       "also those that are no JSON");
    ok(ss_live_message(SS_STR("{\"level\":null,\"action\":[\"block\"],\"user_id\":\"u1\"}"), SS_ANALYST,
                       &spec) &&
           spec.level == 0 && spec.actions == 1u << SS_BLOCK && strcmp(spec.user, "u1") == 0,
       "filters are set and lifted");
}

#define KEPT ((size_t)16 << 10) /* freed blocks that the library keeps for itself count as used */

/* Bytes in use. */
static size_t used(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void tell_many(int ticks)
{
    static char json[1000];
    memset(json, ' ', sizeof json);
    json[0] = '{';
    memcpy(json + sizeof json - 2, "}", 2);
    for (int i = 0; i < ticks; i++) {
        post(SS_ON_ALERTS, json);
        ss_hub_tick(hub);
    }
}

/* Twenty, each with a subscription of its own, come, and half of them never read. */
static void come(struct ss_listener *listener[20])
{
    for (int i = 0; i < 20; i++) {
        struct ss_hub_spec spec = {.topics = ALERTS, .form = SS_FRAME_WEBSOCKET, .account = i};
        listener[i] = ss_hub_join(hub, &spec, &woken[0]);
    }
}

static void test_memory(void)
{
    struct ss_listener *listener[20];
    size_t before = 0, full = 0;
    fresh();
    for (int round = 0; round < 200; round++) {
        come(listener);
        tell_many(50);
        for (int i = 0; i < 20; i += 2)
            while (*next(listener[i]))
                ;
        for (int i = 0; i < 20; i++)
            ss_hub_leave(hub, listener[i]);
        before = round == 0 ? used() : before;
    }
    ok(used() <= before + KEPT, "listeners that come and go leave no memory behind: %zu, then %zu", before,
       used());
    ok(ss_hub_counts(hub).listeners == 0 && ss_hub_counts(hub).subscriptions == 0, "nor themselves");
    come(listener);
    tell_many(100);
    full = used();
    tell_many(400);
    ok(used() <= full + KEPT, "those that never read take no more and no more: %zu, then %zu", full, used());
    for (int i = 0; i < 20; i++)
        ss_hub_leave(hub, listener[i]);
    ok(used() <= before + KEPT, "and give it all back");
}

int main(void)
{
    test_frames();
    test_filters();
    test_sharing();
    test_slow();
    test_resuming();
    test_limits();
    test_messages();
    test_memory();
    ss_hub_free(hub);
    return done();
}
