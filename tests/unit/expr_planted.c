/*
 * The differential test can fail: with one mistake planted in how values compare, it finds differences. This
 * program has the comparison compiled into itself under another name and puts a wrong one in its place, which
 * the linker prefers to the library's.
 */
#define ss_val_compare honest_compare
#include "lib/rule/value.c" /* NOLINT: the point of this file */
#undef ss_val_compare

#include "tests/expr_differential.h"

int ss_val_compare(const struct ss_val *a, const struct ss_val *b);

static enum { NONE, EQUAL_IS_LESS, NULL_ABOVE_NUMBERS, LENGTH_IGNORED, NAN_ABOVE } plant;

int ss_val_compare(const struct ss_val *a, const struct ss_val *b)
{
    int r = honest_compare(a, b);
    bool numbers = a->type == SS_VAL_NUMBER && b->type == SS_VAL_NUMBER;
    switch (plant) {
    case EQUAL_IS_LESS: return numbers && r == 0 ? -1 : r;
    case NULL_ABOVE_NUMBERS: return a->type == SS_VAL_NULL && b->type == SS_VAL_NUMBER ? 1 : r;
    case LENGTH_IGNORED:
        return a->type == SS_VAL_STRING && b->type == SS_VAL_STRING && a->n != b->n && a->n && b->n &&
                       memcmp(a->str, b->str, a->n < b->n ? a->n : b->n) == 0
                   ? 0
                   : r;
    case NAN_ABOVE: return numbers && !a->big && isnan(a->num) ? 1 : r;
    default: return r;
    }
}

int main(void)
{
    static const char *const names[] = {"no mistake", "equal numbers as less", "null above numbers",
                                        "a string's length ignored", "NaN above numbers"};
    for (plant = NONE; plant <= NAN_ABOVE; plant++) {
        struct differential d;
        /* It prints the differences that it finds: here they are wanted, and only counted. */
        compare_groups(&d, 16, 5, 0);
        if (plant == NONE)
            ok(d.differences == 0, "%s: no difference", names[plant]);
        else
            ok(d.differences > 0, "planted: %s: %ld differences found", names[plant], d.differences);
    }
    return done();
}
