/* Native evaluation means what libjq means, over at least 100,000 random expressions and records. */
#include "tests/expr_differential.h"

/* EXPR_GROUPS=2000 for a long run, EXPR_SEED=7 for other expressions. */
static long setting(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : otherwise;
}

int main(void)
{
    struct differential d;
    long groups = setting("EXPR_GROUPS", 70);
    compare_groups(&d, (int)groups, (uint64_t)setting("EXPR_SEED", 1), 60);
    long all = d.native + d.libjq + d.refused;
    printf("# %ld expressions: %.1f %% native, %.1f %% libjq, %.1f %% refused; and %ld that are no jq\n",
           groups * GROUP, 100.0 * (double)d.native / (double)all, 100.0 * (double)d.libjq / (double)all,
           100.0 * (double)d.refused / (double)all, d.wrong);
    printf(
        "# %ld native outcomes compared, %ld of them errors, %ld without output; %ld through the wrapper\n",
        d.compared, d.errors, d.empties, d.libjq_compared);
    ok(d.compared >= 100000, "at least 100,000 pairs of expression and record were compared");
    ok(d.errors > d.compared / 50, "errors are among them");
    ok(d.differences == 0, "none of them differs (%ld do)", d.differences);
    return done();
}
