/* Files that belong to a case, over the API, over both databases. */
#include "tests/cases.h"

static void evidence(struct web_test *t)
{
    as_ann(t);
    t->type = "text/plain; charset=utf-8";
    web_is(t, "POST", "/api/v1/cases/2/evidence?name=..%2F..%2Fetc%2Fpass%22wd.txt", "hello", 201,
           "a file as it is");
    web_has(t, "name", "\"pass_wd.txt\"", "its name without a path or quotes");
    web_has(t, "size", "5", "its size");
    web_has(t, "sha256", "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"", "its hash");
    t->type = "application/json";
    web_is(t, "POST", "/api/v1/cases/2/evidence",
           "{\"name\":\"a.html\",\"type\":\"text/html\",\"content\":\"PGI+aGk8L2I+\"}", 201,
           "a file in base64");
    web_is(t, "POST", "/api/v1/cases/2/evidence", "{\"name\":\"a\",\"content\":\"PGI+aGk8L2I\"}", 422,
           "no base64");
    web_is(t, "POST", "/api/v1/cases/2/evidence", "{\"name\":\"a\",\"content\":\"\"}", 422, "nothing");
    web_is(t, "POST", "/api/v1/cases/2/evidence?name=a", NULL, 422, "nothing either");
    web_is(t, "POST", "/api/v1/cases/99/evidence?name=a", "x", 404, "no such case");
    as_vic(t);
    web_is(t, "GET", "/api/v1/cases/2/evidence/1", NULL, 200, "it comes back");
    ok(t->body.n == 5 && memcmp(t->body.p, "hello", 5) == 0, "as it was");
    ok(ss_str_is(t->call.res.disposition, "pass_wd.txt") && strcmp(t->call.res.type, "text/plain") == 0,
       "to be saved, with its type");
    web_is(t, "GET", "/api/v1/cases/2/evidence/2", NULL, 200, "a page that could run");
    ok(strcmp(t->call.res.type, "application/octet-stream") == 0, "is but bytes");
    web_is(t, "GET", "/api/v1/cases/1/evidence/1", NULL, 404, "not of another case");
    web_ask(t, "GET", "/api/v1/cases/2/evidence", NULL);
    web_has(t, "items.1.name", "\"a.html\"", "the list of them");
    size_t big = ((size_t)10 << 20) + 1;
    char *much = malloc(big + 1);
    memset(much, 'x', big);
    much[big] = '\0';
    as_ann(t);
    t->type = "text/plain";
    web_is(t, "POST", "/api/v1/cases/2/evidence?name=big", much, 413, "more than 10 MiB is too much");
    much[big - 1] = '\0';
    web_is(t, "POST", "/api/v1/cases/2/evidence?name=big", much, 201, "10 MiB are not");
    t->type = "application/json";
    free(much);
}

int main(void)
{
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        struct web_test t;
        printf("# %s\n", present == SS_SQLITE ? "SQLite" : "PostgreSQL");
        if (!cases_open(&t))
            continue;
        as_ann(&t);
        web_is(&t, "POST", "/api/v1/cases", "{\"user_id\":\"u1\",\"title\":\"one\"}", 201, "a case");
        web_is(&t, "POST", "/api/v1/cases", "{\"user_id\":\"u2\",\"title\":\"two\"}", 201, "another");
        evidence(&t);
        cases_close(&t);
    }
    return done();
}
