/* The features member's text, back to the vector. */
#include "base/err.h"
#include "record/features.h"
#include "tests/tap.h"
#include <math.h>

static struct ss_str names_of[] = {{"a", 1}, {"b", 1}, {"place", 5}, {"c", 1}};
static bool texts[] = {false, false, true, false};
static const struct ss_feature_names names = {"9be14c02", 4, names_of, texts};

static struct ss_arena arena;

static int parse(const char *json, const struct ss_features **f)
{
    ss_arena_reset(&arena);
    return ss_features_parse(ss_str_of(json), &names, &arena, f);
}

static void refused(const char *json, int want)
{
    const struct ss_features *f;
    int err = parse(json, &f);
    ok(err == want, "refused with %d: %s", want, json);
}

int main(void)
{
    const struct ss_features *f = NULL;
    ss_arena_init(&arena, 1 << 20);
    ok(parse("{\"set\":\"9be14c02\",\"a\":3,\"b\":0.1,\"place\":\"x\\u0041\",\"c\":null}", &f) == 0 &&
           f->num[0] == 3 && f->num[1] == 0.1 && isnan(f->num[3]) && ss_str_is(f->text[2], "xA") && !f->late,
       "values in the expected order");
    ok(parse(" { \"late\" : true , \"c\" : -1e3 , \"a\" : true, \"set\":\"9be14c02\" } ", &f) == 0 &&
           f->num[3] == -1000 && f->num[0] == 1 && isnan(f->num[1]) && !f->text[2].p && f->late,
       "values in another order, with blanks, some absent");
    ok(parse("{\"set\":\"9be14c02\",\"place\":12,\"zzz\":5}", &f) == 0 && ss_str_is(f->text[2], "12"),
       "a number where a text is wanted is its text; unknown names are skipped");
    refused("{\"set\":\"00000000\",\"a\":1}", SS_ECONFIG);
    refused("{\"a\":1}", SS_EDATA);
    refused("{}", SS_EDATA);
    refused("", SS_EDATA);
    refused("3", SS_EDATA);
    refused("{\"set\":\"9be14c02\",\"a\":\"x\"}", SS_EDATA);
    refused("{\"set\":\"9be14c02\",\"a\":[1]}", SS_EDATA);
    refused("{\"set\":\"9be14c02\",\"a\":}", SS_EDATA);
    refused("{\"set\":\"9be14c02\",\"a\":1", SS_EDATA);
    refused("{\"set\":\"9be14c02\",\"a\":1}x", SS_EDATA);
    refused("{\"set\":\"9be14c02\",\"a\\", SS_EDATA);
    ss_arena_free(&arena);
    return done();
}
