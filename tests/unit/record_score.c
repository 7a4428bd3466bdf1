/* The score member read back from its text. */
#include "record/score.h"
#include "tests/tap.h"
#include <math.h>

static void reads(const char *json, double value, double raw, enum ss_level level)
{
    struct ss_score s;
    bool read = ss_score_parse(ss_str_of(json), &s) == 0;
    ok(read && s.value == value && s.raw == raw && s.level == level, "reads %s", json);
}

static void refuses(const char *json, const char *why)
{
    struct ss_score s;
    ok(ss_score_parse(ss_str_of(json), &s) < 0, "refuses %s: %s", why, json);
}

static void check_truncations(void)
{
    static const char json[] =
        "{\"value\":0.25,\"reasons\":[{\"value\":12,\"text\":\"a \\\"} b\"}],\"raw\":2}";
    struct ss_score s;
    int accepted = 0;
    for (size_t n = 0; n < sizeof json - 1; n++) {
        char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read past the end */
        memcpy(exact, json, n);
        accepted += ss_score_parse((struct ss_str){exact, n}, &s) == 0;
        free(exact);
    }
    ok(accepted == 0, "no beginning of a score is a score");
    ok(ss_score_parse(SS_STR(json), &s) == 0 && s.value == 0.25 && s.raw == 2, "the whole is");
}

int main(void)
{
    reads(
        "{\"value\":0.9341,\"raw\":0.7312,\"level\":\"CRITICAL\",\"model\":\"gbt:3f2a91c0\",\"reasons\":[]}",
        0.9341, 0.7312, SS_CRITICAL);
    reads(" { \"level\" : \"LOW\" , \"value\" : 0.25 } ", 0.25, 0.25, SS_LOW);
    reads("{\"value\":0.7}", 0.7, 0.7, SS_HIGH);
    reads("{\"value\":0.7,\"level\":\"URGENT\"}", 0.7, 0.7, SS_HIGH);
    reads("{\"value\":0.7,\"level\":3}", 0.7, 0.7, SS_HIGH);
    reads("{\"value\":0.1,\"value\":0.2}", 0.2, 0.2, SS_NONE);
    reads("{\"reasons\":[{\"value\":12,\"level\":\"HIGH\",\"text\":\"}]\\\"\"}],\"value\":0.1}", 0.1, 0.1,
          SS_NONE);
    reads("{\"value\":0.1,\"raw\":null}", 0.1, 0.1, SS_NONE);
    reads("0.55", 0.55, 0.55, SS_MEDIUM);
    reads("-3", -3, -3, SS_NONE);
    refuses("", "nothing");
    refuses("{}", "an object without a value");
    refuses("null", "null");
    refuses("{\"value\":null}", "a value that is null");
    refuses("{\"value\":\"0.5\"}", "a value in quotes");
    refuses("{\"value\":NaN}", "NaN");
    refuses("{\"value\":1e999}", "infinity");
    refuses("{\"value\":0.5}x", "what follows the object");
    refuses("{\"value\":0.5,}", "a comma at the end");
    refuses("{\"value\":0.5", "an open object");
    refuses("[0.5]", "an array");
    check_truncations();
    return done();
}
