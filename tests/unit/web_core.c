/* Pages, cursors, fields, faults and problems, on a group of endpoints made for the test. */
#include "base/err.h"
#include "tests/tap.h"
#include "web/fields.h"
#include "web/percent.h"
#include "web/web.h"
#include "json/write.h"

static int64_t now(void)
{
    return 1;
}

static struct ss_web web = {.now_us = now};
static struct ss_call call;

static void fresh(const char *query, const char *body)
{
    ss_call_free(&call);
    if (ss_call_init(&call, &web))
        exit(1);
    call.req.query = query ? ss_str_of(query) : (struct ss_str){NULL, 0};
    call.req.body = body ? ss_str_of(body) : (struct ss_str){NULL, 0};
    call.req.type = SS_STR("application/json; charset=utf-8");
}

static const char *const sorts[] = {"-time", "amount", NULL};

static void pages(void)
{
    struct ss_page page;
    fresh(NULL, NULL);
    ok(ss_page_read(&call, sorts, &page) && page.limit == 50 && page.down && !page.has_cursor,
       "a page has defaults");
    ss_page_begin(&call);
    for (int i = 0; i < 2; i++) {
        ss_page_item(&call);
        ss_buf_puts(&call.res.body, "{\"a\":1,\"b\":{\"a\":[2,\"}\"]}}");
    }
    ss_page_end(&call, &page, true, -7, SS_STR("x\"y"), SS_STR("t1"));
    const struct ss_json_value *root;
    ok(ss_json_parse(call.res.body.p, call.res.body.n, &call.arena, &root) == 0 &&
           ss_json_get(root, "items")->n == 2,
       "a page is JSON");
    char query[256];
    struct ss_str next = ss_json_get(root, "next")->text;
    snprintf(query, sizeof query, "cursor=%.*s&limit=3", (int)next.n, next.p);
    fresh(query, NULL);
    ok(ss_page_read(&call, sorts, &page) && page.has_cursor && page.key == -7 &&
           ss_str_is(page.text, "x\"y") && ss_str_is(page.tie, "t1") && page.limit == 3,
       "its cursor comes back whole");
    snprintf(query + strlen(query), sizeof query - strlen(query), "&sort=amount");
    fresh(query, NULL);
    ok(!ss_page_read(&call, sorts, &page) && !ss_call_check(&call) && call.res.status == 422,
       "a cursor of another order is refused");
    fresh("cursor=zz", NULL);
    ok(!ss_page_read(&call, sorts, &page), "so is a damaged one");
    fresh("limit=501", NULL);
    ok(!ss_page_read(&call, sorts, &page), "and a page too long");
}

static void fields(void)
{
    fresh("fields=b,c", NULL);
    ss_buf_puts(&call.res.body, "{\"items\":[{\"a\":1,\"b\":\"],}\"},{\"c\":null,\"a\":[]}],\"next\":null}");
    ok(ss_fields_apply(&call) == 0, "fields are chosen");
    is_text(call.res.body.p, call.res.body.n, "{\"items\":[{\"b\":\"],}\"},{\"c\":null}],\"next\":null}",
            "of each item of a list");
    fresh("fields=a", NULL);
    ss_buf_puts(&call.res.body, "{\"a\":{\"b\":1},\"b\":2}");
    ok(ss_fields_apply(&call) == 0, "fields are chosen");
    is_text(call.res.body.p, call.res.body.n, "{\"a\":{\"b\":1}}", "of one object");
}

static void bodies(void)
{
    static const char *const words[] = {"low", "high", NULL}, *const names[] = {"title", "n", "level", NULL};
    struct ss_str title = {NULL, 0};
    int64_t n = 5;
    int level = -1;
    fresh(NULL, "{\"title\":\" \",\"n\":2.5,\"level\":\"top\",\"extra\":1}");
    ok(ss_call_json(&call), "a body is read");
    ss_body_text(&call, "title", true, 10, &title);
    ss_body_int(&call, "n", false, 0, 10, &n);
    ss_body_word(&call, "level", true, words, &level);
    ss_body_only(&call, names);
    ok(call.n_faults == 4 && !ss_call_check(&call) && call.res.status == 422,
       "all its faults are said at once");
    ok(n == 5 && level == -1 && !title.p, "and nothing wrong gets through");
    fresh(NULL, "{\"title\":\"a\\u0000b\"}");
    ok(ss_call_json(&call) && !ss_body_text(&call, "title", true, 10, &title), "a NUL is refused");
    fresh(NULL, "[1]");
    ok(!ss_call_json(&call) && call.res.status == 400, "a body that is no object is a 400");
    fresh(NULL, "{\"a\":1,\"b\":2,\"a\":1}");
    ok(!ss_call_json(&call) && call.res.status == 400, "a member twice is a 400");
    fresh(NULL, "{");
    ok(!ss_call_json(&call) && call.res.status == 400, "so is one that is no JSON");
    fresh(NULL, "{}");
    call.req.type = SS_STR("text/plain");
    ok(!ss_call_json(&call) && call.res.status == 415, "another type is a 415");
    fresh(NULL, "{}");
    call.req.type = SS_STR("Application/JSON ; charset=utf-8");
    ok(ss_call_json(&call), "a type's letters have no case");
}

static void queries(void)
{
    int64_t n;
    bool yes;
    fresh("a=1&b=%c3%a4+x&c=%zz&d=%00&e", NULL);
    ok(ss_query_int(&call, "a", 0, 0, 9, &n) && n == 1, "a number");
    struct ss_str b = ss_query(&call, "b");
    is_text(b.p, b.n, "\xc3\xa4 x", "an escaped text");
    ok(!ss_query(&call, "c").p && call.n_faults == 1, "a broken escape is a fault");
    ok(!ss_query(&call, "d").p && call.n_faults == 2, "so is a NUL");
    ok(!ss_query(&call, "e").p && ss_query_bool(&call, "e", true, &yes) && yes, "an empty one is absent");
}

static void routes(void)
{
    fresh(NULL, NULL);
    call.req.path = SS_STR("/nowhere");
    ok(!ss_route_find(&call) && call.res.status == 404, "an unknown path is a 404");
}

int main(void)
{
    pages();
    fields();
    bodies();
    queries();
    routes();
    ss_call_free(&call);
    return done();
}
