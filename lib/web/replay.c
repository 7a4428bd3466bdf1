#include "web/replay.h"
#include "base/digest.h"
#include "base/err.h"
#include "store/answers.h"
#include <inttypes.h>

#define KEY_MAX 200

struct names {
    char key[SS_DIGEST_HEX], request[SS_DIGEST_HEX];
};

static bool applies(const struct ss_call *call)
{
    const struct ss_route *route = call->route;
    return call->req.idempotency_key.p && route->method != SS_GET && call->who.role != SS_NOBODY &&
           route->roles != SS_ANYONE && !(route->roles & SS_SECRET) && route->run != SS_RUN_PAYMENT &&
           route->run != SS_RUN_TRY && route->run != SS_RUN_STREAM && route->run != SS_RUN_FEED;
}

/* Whose key, for what; and what was asked. One person's key means nothing to another. */
static int names_of(struct ss_call *call, struct names *names)
{
    const struct ss_request *req = &call->req;
    struct ss_buf text;
    char body[SS_DIGEST_HEX];
    ss_buf_init(&text, (size_t)1 << 20);
    if (call->who.user_id)
        ss_buf_printf(&text, "user:%" PRId64, call->who.user_id);
    else
        ss_buf_printf(&text, "%s %s", call->who.name, call->who.session);
    ss_buf_printf(&text, "\n%s\n", ss_method_name(req->method));
    ss_buf_put(&text, req->path.p, req->path.n);
    ss_buf_putc(&text, '\n');
    ss_buf_put(&text, req->idempotency_key.p, req->idempotency_key.n);
    int err = ss_buf_check(&text);
    if (!err)
        ss_sha256_hex(text.p, text.n, names->key);
    ss_buf_reset(&text);
    ss_sha256_hex(req->body.p ? req->body.p : "", req->body.n, body);
    ss_buf_printf(&text, "%s\n", body);
    ss_buf_put(&text, req->query.p ? req->query.p : "", req->query.n);
    if (!err)
        err = ss_buf_check(&text);
    if (!err)
        ss_sha256_hex(text.p, text.n, names->request);
    ss_buf_free(&text);
    return err;
}

static int give_again(struct ss_call *call, const struct ss_stored_answer *answer)
{
    struct ss_response *res = &call->res;
    ss_buf_reset(&res->body);
    ss_buf_put(&res->body, answer->body.p, answer->body.n);
    res->status = (int)answer->status;
    res->location = answer->location;
    res->etag = answer->etag;
    int err = ss_buf_check(&res->body);
    return err ? err : 1;
}

int ss_replay_find(struct ss_call *call)
{
    struct names names;
    struct ss_stored_answer answer;
    size_t n = call->req.idempotency_key.n;
    if (!applies(call))
        return 0;
    if (n == 0 || n > KEY_MAX) {
        ss_problem(call, 422, "idempotency", "an Idempotency-Key has 1 to %d characters", KEY_MAX);
        return 1;
    }
    int err = names_of(call, &names);
    if (!err)
        err = ss_stored_answer_get(call->db, ss_str_of(names.key), call->now_us - SS_REPLAY_US, &call->arena,
                                   &answer);
    if (err <= 0)
        return err;
    if (ss_str_is(answer.request, names.request))
        return give_again(call, &answer);
    ss_problem(call, 422, "idempotency", "this Idempotency-Key was used for another request");
    return 1;
}

int ss_replay_keep(struct ss_call *call)
{
    struct names names;
    const struct ss_response *res = &call->res;
    if (!applies(call) || res->status >= 400 || res->cookies)
        return 0;
    int err = names_of(call, &names);
    if (err)
        return err;
    const struct ss_stored_answer answer = {
        .request = ss_str_of(names.request),
        .status = res->status,
        .body = {res->body.n ? res->body.p : "", res->body.n},
        .location = res->location,
        .etag = res->etag,
    };
    return ss_stored_answer_put(call->db, ss_str_of(names.key), &answer, call->now_us);
}
