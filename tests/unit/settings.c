/* What may be set: the table, checks, and the values that threads read. */
#include "store/settings.h"
#include "base/err.h"
#include "store/migrate.h"
#include "tests/tap.h"
#include <unistd.h>

static bool takes(const char *key, const char *value, const char *canonical)
{
    struct ss_buf text;
    const struct ss_setting *s = ss_setting_find(ss_str_of(key));
    ss_buf_init(&text, 4096);
    bool fine = s && ss_setting_check(s, ss_str_of(value), &text) == 0 &&
                ss_str_is((struct ss_str){text.p ? text.p : "", text.n}, canonical);
    ss_buf_free(&text);
    return fine;
}

static bool refuses(const char *key, const char *value, const char *why)
{
    struct ss_buf text;
    ss_buf_init(&text, 4096);
    bool fine = ss_setting_check(ss_setting_find(ss_str_of(key)), ss_str_of(value), &text) == SS_EDATA &&
                strcmp(ss_err_text(), why) == 0;
    if (!fine)
        printf("# %s\n", ss_err_text());
    ss_buf_free(&text);
    return fine;
}

static void put(struct ss_db *db, const char *key, const char *value)
{
    if (ss_settings_put(db, ss_str_of(key), ss_str_of(value), SS_STR("ann"), 1000000) != 0)
        ok(false, "put %s: %s", key, ss_err_text());
}

static int count(void *ctx, const struct ss_setting_row *row)
{
    *(int64_t *)ctx += row->version;
    return 0;
}

int main(void)
{
    char path[] = "/tmp/ss-settings-XXXXXX";
    close(mkstemp(path));
    struct ss_db *db;
    struct ss_settings *s;
    bool sorted = true, sound = true;
    for (size_t i = 0; ss_setting_at(i); i++) {
        const struct ss_setting *one = ss_setting_at(i);
        sorted &= i == 0 || strcmp(ss_setting_at(i - 1)->key, one->key) < 0;
        sound &= ss_setting_find(ss_str_of(one->key)) == one && takes(one->key, one->absent, one->absent);
    }
    ok(sorted, "settings stand in the order of their keys");
    ok(sound, "each is found and its default is a value it may have");
    ok(!ss_setting_find(SS_STR("sla")) && !ss_setting_find(SS_STR("sla.high_hx")) &&
           !ss_setting_find(SS_STR("")),
       "others are not found");
    ok(takes("sla.high_h", "12", "12") && takes("sla.at_risk", "0.50", "0.5"), "values become canonical");
    ok(refuses("sla.high_h", "0", "must be a whole number between 1 and 8760"), "a number out of range");
    ok(refuses("sla.high_h", "1.5", "must be a whole number between 1 and 8760"), "no whole number");
    ok(refuses("sla.at_risk", "nan", "must be a number between 0 and 1"), "no number");
    ok(refuses("rules.four_eyes", "1", "must be true or false"), "no boolean");
    ok(refuses("auth.registration", "Open", "must be one of off, invite, open"), "no word of it");
    ok(refuses("currency", "usd", "must be three capital letters (ISO 4217)"), "no currency");

    ok(ss_settings_new(&s) == 0 && ss_setting_int(s, "sla.high_h") == 8 &&
           ss_setting_real(s, "sla.at_risk") == 0.25 && ss_setting_bool(s, "mask.viewer") &&
           ss_str_is(ss_setting_text(s, "cases.auto_level"), "HIGH"),
       "without a database the defaults hold");
    ok(ss_store_open(path, NULL, &db) == 0, "a store");
    put(db, "sla.high_h", "12");
    put(db, "sla.high_h", "13");
    put(db, "mask.viewer", "false");
    put(db, "currency", "EUR");
    put(db, "some.newer", "x");
    put(db, "sla.low_h", "no number");
    struct ss_str before = ss_setting_text(s, "currency");
    ok(ss_settings_refresh(s, db) == 0 && ss_setting_int(s, "sla.high_h") == 13 &&
           !ss_setting_bool(s, "mask.viewer") && ss_str_is(ss_setting_text(s, "currency"), "EUR"),
       "a refresh takes over what the database says");
    ok(ss_str_is(before, "USD"), "a text read before it is still there");
    ok(ss_setting_int(s, "sla.low_h") == 72, "a value that is not allowed reads as the default");
    int64_t versions = 0;
    ok(ss_settings_each(db, count, &versions) == 0 && versions == 6, "a change counts its version up");
    ok(ss_settings_drop(db, SS_STR("sla.high_h")) == 1 && ss_settings_drop(db, SS_STR("sla.high_h")) == 0 &&
           ss_settings_refresh(s, db) == 0 && ss_setting_int(s, "sla.high_h") == 8,
       "dropped, it is the default again");
    ss_settings_free(s);
    ss_db_close(db);
    unlink(path);
    return done();
}
