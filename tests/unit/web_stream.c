/* Payments handed on to a stream: what is accepted, what is refused, and that nothing is said too early. */
#include "tests/web.h"

static struct web_test t;
static struct ss_stream stream;

/* ---- a stream that remembers ---- */

static struct {
    char line[4][2048], key[4][64];
    int put, synced;
    int put_err, sync_err;
} out;

static int stub_put(void *ctx, struct ss_str key, struct ss_str line)
{
    (void)ctx;
    if (out.put_err)
        return out.put_err;
    snprintf(out.line[out.put % 4], sizeof *out.line, "%.*s", (int)line.n, line.p);
    snprintf(out.key[out.put % 4], sizeof *out.key, "%.*s", key.p ? (int)key.n : 4, key.p ? key.p : "none");
    out.put++;
    return 0;
}

static int stub_sync(void *ctx)
{
    (void)ctx;
    if (!out.sync_err)
        out.synced = out.put;
    return out.sync_err;
}

static void begin(void)
{
    memset(&out, 0, sizeof out);
}

#define PATH "/api/v1/payments/stream"

static void test_accepted(void)
{
    begin();
    web_is(&t, "POST", PATH,
           "{\"txn_id\":\"a\",\"timestamp\":\"2026-01-01T00:00:00Z\",\n \"user_id\":\"u1\",\"amount\":5}",
           202, "a payment is accepted");
    web_has(&t, "txn_id", "\"a\"", "by its id");
    web_has(&t, "stream", "\"payments\"", "into the topic");
    ok(ss_str_is(t.call.res.location, "/api/v1/payments/a"), "and where it will be is said");
    ok(out.synced == 1, "it was acknowledged first");
    ok(strcmp(out.key[0], "u1") == 0, "its key is the customer");
    ok(strcmp(
           out.line[0],
           "{\"txn_id\":\"a\",\"timestamp\":\"2026-01-01T00:00:00Z\",  \"user_id\":\"u1\",\"amount\":5}") ==
           0,
       "its bytes are those that came, on one line");
    web_is(&t, "POST", PATH, "{\"amount\":5}", 202, "one without an id");
    struct ss_str id = web_at(&t, "txn_id");
    ok(id.n == 26, "is given one");
    char want[64];
    snprintf(want, sizeof want, "{\"txn_id\":%.*s,\"timestamp\":\"2026-01-01T00:00:00", (int)id.n, id.p);
    ok(strncmp(out.line[1], want, strlen(want)) == 0, "which is in the message, with the time it came");
    ok(strcmp(out.key[1], "none") == 0, "no customer, no key");
    web_is(&t, "POST", PATH,
           "{\"txn_id\":7,\"amount\":5,\"score\":{\"value\":0,\"level\":\"NONE\"},\"timestamp\":1767225600}",
           202, "a number is an id");
    web_has(&t, "txn_id", "\"7\"", "as text");
    ok(!strstr(out.line[2], "score"), "who posts a payment does not score it");
}

static void test_refused(void)
{
    static const struct {
        const char *body;
        int status;
        const char *what;
    } wrong[] = {
        {"[]", 400, "a list"},
        {"", 400, "nothing"},
        {"{\"user_id\":\"u1\"}", 422, "no amount"},
        {"{\"amount\":\"much\"}", 422, "an amount that is none"},
        {"{\"amount\":5,\"timestamp\":\"yesterday\"}", 422, "a time that is none"},
        {"{\"amount\":5,\"txn_id\":\"\"}", 422, "an empty id"},
        {"{\"amount\":5,\"txn_id\":{}}", 422, "an id that is none"},
        {"{\"amount\":5,\"txn_id\":\"a\",\"txn_id\":\"b\"}", 422, "two ids"},
        {"{\"amount\":5,", 422, "half of an object"},
        {"{\"type\":\"label\",\"txn_id\":\"a\",\"label\":1}", 422, "a label"},
    };
    begin();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        web_is(&t, "POST", PATH, wrong[i].body, wrong[i].status, wrong[i].what);
    ok(out.put == 0, "none of it reached the stream");
    web_as(&t, SS_VIEWER, 2, "v@example.com");
    web_is(&t, "POST", PATH, "{\"amount\":5}", 403, "a viewer");
    web_as(&t, SS_NOBODY, 0, "");
    web_is(&t, "POST", PATH, "{\"amount\":5}", 401, "nobody");
    web_as(&t, SS_SERVICE, 0, "key:x");
    web_is(&t, "POST", PATH, "{\"amount\":5}", 202, "a program may");
    web_as(&t, SS_ADMIN, 1, "admin@example.com");
}

static void test_away(void)
{
    begin();
    out.sync_err = SS_EIO;
    web_is(&t, "POST", PATH, "{\"amount\":5}", 503, "what is not acknowledged is not accepted");
    ok(t.call.res.retry_after_s > 0 && !t.call.res.location.p, "and may be tried again");
    begin();
    out.put_err = SS_EIO;
    web_is(&t, "POST", PATH, "{\"amount\":5}", 503, "nor what the stream does not take");
    out.put_err = SS_EDATA;
    web_is(&t, "POST", PATH, "{\"amount\":5}", 413, "what is too long for it is said to be");
    begin();
    stream.up = false;
    web_is(&t, "POST", PATH, "{\"amount\":5}", 503, "while it is away nothing is tried");
    ok(out.put == 0, "at all");
    stream.up = true;
    t.web.stream = NULL;
    web_is(&t, "POST", PATH, "{\"amount\":5}", 501, "without one there is nothing to hand on to");
    ok(memmem(t.body.p, t.body.n, "--stream kafka://", 17) != NULL, "and it says what would be needed");
    t.web.stream = &stream;
}

/* Many at once share one acknowledgement; a bad one among them is its own sender's matter. */
static void test_many(void)
{
    static const char *const bodies[] = {"{\"amount\":1}", "{\"amount\":\"x\"}", "{\"amount\":2}"};
    struct ss_call call[3], *calls[3];
    begin();
    for (int i = 0; i < 3; i++) {
        calls[i] = &call[i];
        if (ss_call_init(&call[i], &t.web))
            exit(1);
        call[i].req.body = ss_str_of(bodies[i]);
    }
    ok(ss_stream_calls(&stream, calls, 3) == 0 && out.put == 2 && out.synced == 2, "two of three are put");
    ok(call[0].res.status == 202 && call[1].res.status == 422 && call[2].res.status == 202,
       "each has its answer");
    for (int i = 0; i < 3; i++) {
        ss_call_free(&call[i]);
        if (ss_call_init(&call[i], &t.web))
            exit(1);
        call[i].req.body = ss_str_of(bodies[i]);
    }
    out.sync_err = SS_EIO;
    ok(ss_stream_calls(&stream, calls, 3) == SS_EIO, "a stream that fails");
    ok(call[0].res.status == 503 && call[1].res.status == 422 && call[2].res.status == 503,
       "fails for all that were put");
    for (int i = 0; i < 3; i++)
        ss_call_free(&call[i]);
}

int main(void)
{
    const struct ss_stream_out to = {
        .put = stub_put, .sync = stub_sync, .name = "payments", .key = "user_id"};
    web_open(&t, NULL);
    if (ss_stream_open(&stream, &to))
        exit(1);
    stream.up = true;
    t.web.stream = &stream;
    test_accepted();
    test_refused();
    test_away();
    test_many();
    ss_stream_close(&stream);
    web_close(&t);
    return done();
}
