/* Masking: what it hides, and that a line stays JSON whatever stands in it. */
#include "json/doc.h"
#include "tests/tap.h"
#include "web/hub.h"
#include "web/mask.h"
#include <stdio.h>
#include <string.h>

static void masks(const char *line, const char *want)
{
    struct ss_buf to;
    struct ss_arena arena;
    const struct ss_json_value *root;
    ss_buf_init(&to, 1 << 16);
    ss_arena_init(&arena, 1 << 20);
    ss_mask_put(&to, ss_str_of(line));
    bool same = to.n == strlen(want) && memcmp(to.p, want, to.n) == 0;
    if (!ok(same && ss_json_parse(to.p, to.n, &arena, &root) == 0, "%s", line))
        printf("# got %.*s\n", (int)to.n, to.p);
    ss_buf_free(&to);
    ss_arena_free(&arena);
}

static struct ss_listener *listener(struct ss_hub *hub, bool masked)
{
    struct ss_hub_spec spec = {
        .topics = 1u << SS_ON_PAYMENTS | 1u << SS_ON_ALERTS, .form = SS_FRAME_SSE, .masks = masked};
    return ss_hub_join(hub, &spec, NULL);
}

static bool hears(struct ss_hub *hub, struct ss_listener *to, const char *words)
{
    bool more, found = false;
    struct ss_hub_frame *frame;
    while ((frame = ss_hub_next(hub, to, &more))) {
        found = found || memmem(frame->p, frame->n, words, strlen(words));
        ss_hub_give_back(hub, frame);
    }
    return found;
}

static void wake(void *arg)
{
    (void)arg;
}

static void test_feed(void)
{
    static const struct ss_hub_options opt = {.now_us = 1, .wake = wake};
    struct ss_hub *hub;
    if (ss_hub_new(&opt, &hub))
        return;
    struct ss_listener *all = listener(hub, false), *some = listener(hub, true);
    ss_hub_post(hub, SS_ON_ALERTS, SS_STR("{\"txn_id\":\"a\",\"ip\":\"203.0.113.7\",\"level\":\"HIGH\"}"));
    ss_hub_tick(hub);
    ok(hears(hub, all, "\"ip\":\"203.0.113.7\""), "a listener hears an address");
    ok(hears(hub, some, "\"ip\":\"203.0.x.x\""), "one whose role may not sees it masked");
    ss_hub_post(hub, SS_ON_PAYMENTS, SS_STR("{\"txn_id\":\"b\",\"email\":\"zoe@example.com\"}"));
    ss_hub_tick(hub);
    ok(!hears(hub, some, "zoe@"), "nor emails of payments");
    ss_hub_leave(hub, all);
    ss_hub_leave(hub, some);
    ss_hub_free(hub);
}

int main(void)
{
    masks("{\"a\":1,\"ip\":\"203.0.113.7\",\"b\":\"x\"}", "{\"a\":1,\"ip\":\"203.0.x.x\",\"b\":\"x\"}");
    masks("{\"ip\":\"2001:db8::1\"}", "{\"ip\":\"2001:x\"}");
    masks("{\"ip\":\"localhost\"}", "{\"ip\":\"x\"}");
    masks("{\"ip\":null}", "{\"ip\":null}");
    masks("{\"email\":\"zoe@example.com\"}", "{\"email\":\"z***@example.com\"}");
    masks("{\"email\":\"zoe\"}", "{\"email\":\"***\"}");
    masks("{\"email\":\"@example.com\"}", "{\"email\":\"***@example.com\"}");
    masks("{\"email\":\"\\u00e9ve@example.com\"}", "{\"email\":\"***@example.com\"}");
    masks("{\"email\":\"\xc3\xa9ve@example.com\"}", "{\"email\":\"***@example.com\"}");
    masks("{\"email\":\"\\\\@x\"}", "{\"email\":\"***@x\"}");
    masks("{\"\\u0069p\":\"203.0.113.7\"}", "{\"\\u0069p\":\"x\"}");
    masks("{ \"ip\" : \"10.1.2.3\" , \"c\" : [ 1 ] }", "{\"ip\":\"10.1.x.x\",\"c\":[ 1 ]}");
    masks("[1]", "{}");
    test_feed();
    return done();
}
