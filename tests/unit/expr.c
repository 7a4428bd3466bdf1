/* What rule expressions mean, case by case. Meaning against libjq is proven by expr_differential. */
#include "tests/expr.h"
#include "tests/tap.h"

static const struct {
    const char *expr, *json, *want;
} cases[] = {
    {".amount > 100", "{\"amount\":250}", "true"},
    {".amount > 100", "{}", "false"},
    {".missing < 10", "{}", "true"},
    {".s > 1000", "{\"s\":\"a\"}", "true"},
    {".features.n >= 3 and .amount * 2 == 10", "{\"amount\":5,\"features\":{\"n\":3}}", "true"},
    {".a.b.c", "{\"a\":{\"b\":{\"c\":[1,\"x\",null]}}}", "[1,\"x\",null]"},
    {".a.b", "{\"a\":3}", "error: number cannot be indexed with string"},
    {".a.b?", "{\"a\":3}", "empty"},
    {".a[1], .a[0]", "{\"a\":[5,6]}", "6"},
    {".a[-1:]", "{\"a\":[5,6]}", "[6]"},
    {".s[1:3]", "{\"s\":\"h\\u00e9llo\"}", "\"él\""},
    {"any(.a[]; . > 5)", "{\"a\":[5,6]}", "true"},
    {"all(.a[]; . > 5)", "{\"a\":[5,6]}", "false"},
    {"[.a[] | select(. > 5) | . * 2]", "{\"a\":[5,6,7]}", "[12,14]"},
    {"\"\\(.n) payments by \\(.u)\"", "{\"n\":12,\"u\":\"ann\"}", "\"12 payments by ann\""},
    {".x // \"none\"", "{}", "\"none\""},
    {".u | IN(\"a\",\"b\")", "{\"u\":\"b\"}", "true"},
    {"if .a then 1 elif .b then 2 else 3 end", "{\"b\":true}", "2"},
    {".id == 9007199254740993", "{\"id\":9007199254740992}", "false"},
    {".id == 9007199254740993", "{\"id\":9007199254740993}", "true"},
    {".id", "{\"id\":123456789012345678901234567890}", "123456789012345678901234567890"},
    {"[.a[] as $x | $x + 1]", "{\"a\":[1,2]}", "[2,3]"},
    {".a as $x | any(.b[]; . == $x)", "{\"a\":2,\"b\":[1,2]}", "true"},
    {"[.a[] | .[] , length]", "{\"a\":[[1],[2,3]]}", "[1,1,2,3,2]"},
    {". | has(\"a\")", "{\"a\":null}", "true"},
    {"keys", "{\"b\":1,\"a\":2}", "[\"a\",\"b\"]"},
    {"0.00001 | tostring", "{}", "\"1e-05\""},
    {"1/0", "{}", "refused: test:1: column 1: division by zero"},
    {".a ==", "{}", "refused: test:1: column 6: expected an expression at the end"},
};

int main(void)
{
    for (size_t i = 0; i < SS_COUNT(cases); i++) {
        enum ss_expr_kind kind = SS_EXPR_NATIVE;
        const char *got = expr_result(NULL, cases[i].expr, cases[i].json, &kind);
        if (!ok(strcmp(got, cases[i].want) == 0 && kind == SS_EXPR_NATIVE, "%s over %s", cases[i].expr,
                cases[i].json))
            printf("#  got: %s (%d)\n# want: %s\n", got, kind, cases[i].want);
    }
    return done();
}
