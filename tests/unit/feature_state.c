/* The state of features as bytes: it is taken by the same features only, kept in the same way, in the same
 * format. */
#include "base/buf.h"
#include "base/err.h"
#include "feature/engine.h"
#include "tests/tap.h"
#include <string.h>

/* Of the header, as lib/feature/save.c has it. */
#define FORMAT_AT 7
#define SET_AT    8
#define LAYOUT_AT 40

#define FEATURES "user_n = count by user_id over 1d\nshop_sum = sum(amount) by merchant_id over 1h\n"

static struct ss_buf kept;
static size_t read_so_far;

static int put(void *to, const void *bytes, size_t len)
{
    ss_buf_put(to, bytes, len);
    return ss_buf_check(to);
}

static int get(void *from, void *bytes, size_t len)
{
    const struct ss_buf *buf = from;
    if (buf->n - read_so_far < len)
        return ss_fail(SS_EDATA, "truncated");
    memcpy(bytes, buf->p + read_so_far, len);
    read_so_far += len;
    return 0;
}

/* Into `kept`, or out of it into a new engine; what came of it. */
static int state(const char *features, struct ss_feature_config config, bool save)
{
    struct ss_schema schema;
    struct ss_feature_plan *plan = NULL;
    struct ss_feature_engine *engine = NULL;
    if (ss_schema_init(&schema) < 0)
        return SS_ENOMEM;
    int err = ss_feature_plan_parse(features, strlen(features), "test", &schema, &plan);
    err = err ? err : ss_feature_engine_new(plan, 1, &config, &engine);
    if (save)
        ss_buf_reset(&kept);
    read_so_far = 0;
    if (!err)
        err = save ? ss_feature_engine_save(engine, put, &kept) : ss_feature_engine_load(engine, get, &kept);
    ss_feature_engine_free(engine);
    ss_feature_plan_free(plan);
    ss_schema_free(&schema);
    return err;
}

static int load(const char *features)
{
    return state(features, (struct ss_feature_config){0}, false);
}

/* What comes of a state with another bit at this place. */
static int changed(size_t at)
{
    kept.p[at] ^= 1;
    int err = load(FEATURES);
    kept.p[at] ^= 1;
    return err;
}

static bool because(const char *why)
{
    return strstr(ss_err_text(), why) != NULL;
}

int main(void)
{
    ss_buf_init(&kept, 1 << 20);
    ok(state(FEATURES, (struct ss_feature_config){0}, true) == 0 && load(FEATURES) == 0, "its own is taken");
    if (!kept.n)
        return done();
    ok(changed(FORMAT_AT) == SS_EVERSION && because("another format"),
       "one of another format is another version's");
    ok(changed(LAYOUT_AT) == SS_EVERSION && because("another build"), "so is one that is laid out otherwise");
    ok(changed(SET_AT) == SS_EDATA && because("feature set"), "one of another set is refused");
    ok(load("user_n = count by user_id over 2d\nshop_sum = sum(amount) by merchant_id over 1h\n") ==
               SS_EDATA &&
           because("feature set"),
       "so is one of another window");
    ok(load("user_n = count by user_id over 1d\n") == SS_EDATA && because("feature set"), "of more features");
    ok(load("shop_n = count by user_id over 1d\nshop_sum = sum(amount) by merchant_id over 1h\n") ==
               SS_EDATA &&
           because("feature set"),
       "and of other names");
    ok(state(FEATURES, (struct ss_feature_config){.late_bound_us = 1000000}, false) == SS_EDATA &&
           because("--late-bound"),
       "and one that was kept for other late records");
    ok(state(FEATURES, (struct ss_feature_config){.max_memory = 1 << 26}, false) == SS_EDATA &&
           because("--max-memory"),
       "or in another memory");
    ss_buf_free(&kept);
    return done();
}
