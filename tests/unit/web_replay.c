/* Idempotency-Key: a change asked for again is answered again and not made again, on both databases. */
#include "tests/cases.h"
#include "web/replay.h"
#include <pthread.h>

static int64_t count(struct web_test *t, const char *what)
{
    char sql[128];
    int64_t n;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return ss_db_int(t->db, sql, SS_NO_ARGS, -1, &n) ? -2 : n;
}

static void keep(char *to, size_t size, struct ss_str text)
{
    snprintf(to, size, "%.*s", (int)text.n, text.p ? text.p : "");
}

static void again(struct web_test *t)
{
    char body[2000], location[100], etag[100];
    as_ann(t);
    t->idempotency_key = "k1";
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"one\"}", 201, "a case is made");
    keep(body, sizeof body, t->body);
    keep(location, sizeof location, t->call.res.location);
    keep(etag, sizeof etag, t->call.res.etag);
    int64_t lines = count(t, "audit");
    web_test_now += 60000000;
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"one\"}", 201, "asked again");
    ok(ss_str_is(t->body, body), "it is answered with the same bytes");
    ok(*location && ss_str_is(t->call.res.location, location), "the same place");
    ok(ss_str_is(t->call.res.etag.p ? t->call.res.etag : SS_STR(""), etag), "and version");
    ok(t->call.events == 0 && !t->call.after, "listeners are not told again");
    ok(count(t, "cases") == 1 && count(t, "audit") == lines, "one case, logged once");

    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"two\"}", 422, "another request with this key");
    web_has(t, "code", "\"idempotency\"", "says why");
    web_is(t, "POST", "/api/v1/cases?x=1", "{\"title\":\"one\"}", 422, "nor with another query");
    ok(count(t, "cases") == 1, "and makes nothing");

    web_is(t, "POST", "/api/v1/cases/1/comments", "{\"content\":\"hm\"}", 201,
           "another path's key is another");
    web_is(t, "POST", "/api/v1/cases/1/comments", "{\"content\":\"hm\"}", 201, "asked again");
    ok(count(t, "comments") == 1, "one comment");
    as_bob(t);
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"Bob's\"}", 201, "another person's key is another");
    ok(count(t, "cases") == 2, "their own case");
    web_as(t, SS_VIEWER, ANN, "ann@example.com");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"one\"}", 403, "who may no longer ask gets no answer");
}

static void programs(struct web_test *t)
{
    t->who = (struct ss_actor){.role = SS_SERVICE, .name = "key:a", .session = "a1"};
    t->idempotency_key = "k1";
    int64_t before = count(t, "cases");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"a program's\"}", 201, "a program makes a case");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"a program's\"}", 201, "once");
    snprintf(t->who.session, sizeof t->who.session, "a2");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"a program's\"}", 201, "another key of that name");
    ok(count(t, "cases") == before + 2, "is another program");
}

static void patched(struct web_test *t)
{
    char etag[100];
    as_ann(t);
    t->idempotency_key = NULL;
    web_ask(t, "GET", "/api/v1/cases/1", NULL);
    keep(etag, sizeof etag, t->call.res.etag);
    t->if_match = etag;
    t->idempotency_key = "p1";
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"title\":\"changed\"}", 200, "a change with If-Match");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"title\":\"changed\"}", 200, "is no conflict with itself");
    t->if_match = NULL;
}

static void failed(struct web_test *t)
{
    as_ann(t);
    int64_t kept = count(t, "answers"), cases = count(t, "cases");
    t->idempotency_key = "f1";
    web_is(t, "POST", "/api/v1/cases", "{\"title\":7}", 422, "what is wrong");
    web_is(t, "POST", "/api/v1/cases/99/comments", "{\"content\":\"hm\"}", 404, "or is not there");
    ok(count(t, "answers") == kept, "is not stored");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"right\"}", 201,
           "and may be put right with the same key");
    ok(count(t, "cases") == cases + 1, "which then counts");
    char key[202];
    memset(key, 'k', 201);
    key[201] = '\0';
    t->idempotency_key = key;
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"x\"}", 422, "a key that is too long");
    t->idempotency_key = "";
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"x\"}", 422, "or empty");
    web_is(t, "GET", "/api/v1/cases", NULL, 200, "a read has no use for one");
}

static void secrets(struct web_test *t)
{
    as_root(t);
    int64_t kept = count(t, "answers");
    t->idempotency_key = "s1";
    web_is(t, "POST", "/api/v1/keys", "{\"name\":\"n\",\"scopes\":[\"cases:read\"]}", 201,
           "an API key is made");
    web_is(t, "POST", "/api/v1/invites", "{\"role\":\"viewer\",\"email\":\"new@example.com\"}", 201,
           "an invitation");
    web_is(t, "POST", "/api/v1/users", "{\"email\":\"z@example.com\",\"name\":\"Z\",\"role\":\"viewer\"}",
           201, "a person with a password made up");
    ok(count(t, "answers") == kept, "none of what they answer lies in the store");
    /* Whatever is added later: an answer that shows one of these must be marked. */
    const struct ss_route *r;
    for (size_t i = 0; (r = ss_route_at(i)); i++)
        if (r->method != SS_GET && r->roles != SS_ANYONE &&
            (strstr(r->path, "password") || strstr(r->path, "ticket") || strstr(r->path, "secret")))
            ok(r->roles & SS_SECRET, "%s is marked", r->path);
}

static void a_day_later(struct web_test *t)
{
    as_ann(t);
    t->idempotency_key = "k1";
    int64_t cases = count(t, "cases");
    web_test_now += SS_REPLAY_US + 1000000;
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"anew\"}", 201, "after a day the key is free");
    ok(count(t, "cases") == cases + 1, "and another case is made");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"anew\"}", 201, "once");
    ok(count(t, "cases") == cases + 1, "for a day again");
}

/* ---- the same request twice at the same time ---- */

struct client {
    pthread_t thread;
    struct web_test t;
    char id[32];
};

static void *ask(void *arg)
{
    struct client *c = arg;
    web_ask(&c->t, "POST", "/api/v1/cases", "{\"title\":\"at once\"}");
    keep(c->id, sizeof c->id, web_at(&c->t, "id"));
    return NULL;
}

static void at_once(struct web_test *t)
{
    static struct client client[4];
    int64_t cases = count(t, "cases");
    bool same = true;
    for (size_t i = 0; i < 4; i++) {
        struct client *c = &client[i];
        memset(c, 0, sizeof *c);
        c->t = *t;
        c->t.used = false;
        c->t.idempotency_key = "once";
        as_ann(&c->t);
        if (ss_db_open(present == SS_SQLITE ? t->path : ss_db_name(t->db), NULL, &c->t.db))
            exit(1);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_create(&client[i].thread, NULL, ask, &client[i]);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(client[i].thread, NULL);
        same &= client[i].t.status == 201 && *client[i].id && strcmp(client[i].id, client[0].id) == 0;
    }
    ok(same, "four retries at the same time get one answer");
    ok(count(t, "cases") == cases + 1, "one case is made");
    for (size_t i = 0; i < 4; i++) {
        ss_call_free(&client[i].t.call);
        ss_db_close(client[i].t.db);
    }
}

int main(void)
{
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        struct web_test t;
        printf("# %s\n", present == SS_SQLITE ? "SQLite" : "PostgreSQL");
        if (!cases_open(&t))
            continue;
        again(&t);
        programs(&t);
        patched(&t);
        failed(&t);
        secrets(&t);
        a_day_later(&t);
        at_once(&t);
        cases_close(&t);
    }
    return done();
}
