/* The settings over the API. */
#include "web/settings.h"
#include "tests/databases.h"
#include "tests/web.h"

static int64_t audited(struct web_test *t)
{
    int64_t n;
    return ss_db_int(t->db, "SELECT count(*) FROM audit", SS_NO_ARGS, 0, &n) ? -1 : n;
}

static void read_them(struct web_test *t)
{
    web_is(t, "GET", "/api/v1/settings", NULL, 200, "settings are listed");
    web_has(t, "items.0.key", "\"auth.access_min\"", "in the order of their keys");
    web_has(t, "items.0.value", "60", "with a value");
    web_has(t, "items.0.default", "60", "its default");
    web_has(t, "items.0.type", "\"integer\"", "its type");
    web_has(t, "items.0.max", "1440", "its range");
    web_has(t, "items.0.changed_by", "null", "and nobody who changed it");
    web_has(t, "next", "null", "on one page");
}

static void change_them(struct web_test *t)
{
    const char *patch = "{\"sla.high_h\":6,\"mask.viewer\":false,\"currency\":\"EUR\",\"sla.at_risk\":0.5}";
    web_is(t, "PATCH", "/api/v1/settings", patch, 200, "several change at once");
    ok(t->call.after == SS_AFTER_SETTINGS && t->call.events == 1, "and are told, once committed");
    ok(audited(t) == 4, "each with its line in the audit log");
    ok(ss_setting_int(t->web.settings, "sla.high_h") == 6 && !ss_setting_bool(t->web.settings, "mask.viewer"),
       "and are in force at once");
    web_is(t, "PATCH", "/api/v1/settings", patch, 200, "the same again");
    ok(audited(t) == 4 && t->call.events == 0 && t->call.after == 0, "changes nothing");
    web_is(t, "PATCH", "/api/v1/settings", "{\"currency\":null}", 200, "null brings back the default");
    ok(ss_str_is(ss_setting_text(t->web.settings, "currency"), "USD"), "which is in force");
}

static void refuse(struct web_test *t)
{
    int64_t before = audited(t);
    web_is(t, "PATCH", "/api/v1/settings", "{\"sla.low_h\":5,\"sla.high_h\":0,\"nosuch\":1}", 422,
           "what is not allowed is refused");
    web_has(t, "errors.0.name", "\"sla.high_h\"", "naming it");
    web_has(t, "errors.0.detail", "\"must be a whole number between 1 and 8760\"", "and what would do");
    web_has(t, "errors.1.detail", "\"is no setting\"", "each of them");
    web_is(t, "PATCH", "/api/v1/settings", "{\"sla.high_h\":\"6\"}", 422, "a text is no number");
    web_is(t, "PATCH", "/api/v1/settings", "{\"sla.high_h\":[6]}", 422, "nor is an array");
    web_is(t, "PATCH", "/api/v1/settings", "{\"mask.viewer\":1}", 422, "a number is no boolean");
    web_is(t, "PATCH", "/api/v1/settings", "{\"currency\":\"E'R\"}", 422, "a quote is no currency");
    web_is(t, "PATCH", "/api/v1/settings", "{\"sla.high_h\":", 400, "half a body");
    web_is(t, "PATCH", "/api/v1/settings", "[]", 400, "no object");
    ok(audited(t) == before && ss_setting_int(t->web.settings, "sla.low_h") == 72,
       "and nothing of it is done");
}

static void versions(struct web_test *t)
{
    char tag[64];
    web_ask(t, "GET", "/api/v1/settings", NULL);
    snprintf(tag, sizeof tag, "%.*s", (int)t->call.res.etag.n, t->call.res.etag.p);
    t->if_match = tag;
    web_is(t, "PATCH", "/api/v1/settings", "{\"sla.low_h\":80}", 200,
           "a change of the version that was read");
    web_is(t, "PATCH", "/api/v1/settings", "{\"sla.low_h\":90}", 412, "but not of one that has changed");
    t->if_match = NULL;
    web_is(t, "GET", "/api/v1/settings?fields=key,value", NULL, 200, "fields may be chosen");
    ok(!web_at(t, "items.0.about").p, "the others are left out");
}

static void roles(struct web_test *t)
{
    static const struct {
        enum ss_role role;
        int read, change;
    } as[] = {{SS_NOBODY, 401, 401},
              {SS_VIEWER, 200, 403},
              {SS_ANALYST, 200, 403},
              {SS_SERVICE, 200, 403},
              {SS_ADMIN, 200, 200}};
    for (size_t i = 0; i < sizeof as / sizeof *as; i++) {
        web_as(t, as[i].role, 7, "some@example.com");
        web_is(t, "GET", "/api/v1/settings", NULL, as[i].read, ss_role_name(as[i].role));
        web_is(t, "PATCH", "/api/v1/settings", "{\"sla.low_h\":100}", as[i].change, ss_role_name(as[i].role));
    }
}

static void all(const char *uri)
{
    struct web_test t;
    web_open(&t, uri);
    if (ss_settings_new(&t.web.settings) || ss_settings_refresh(t.web.settings, t.db))
        ok(false, "settings: %s", ss_err_text());
    read_them(&t);
    change_them(&t);
    refuse(&t);
    versions(&t);
    roles(&t);
    ss_settings_free(t.web.settings);
    web_close(&t);
}

int main(void)
{
    for (enum ss_db_kind kind = SS_SQLITE; kind <= SS_POSTGRES; kind++) {
        char uri[URI_MAX];
        if (fresh_database(kind, uri))
            all(uri);
    }
    return done();
}
