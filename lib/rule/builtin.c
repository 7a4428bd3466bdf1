/* jq's functions on values. jq 1.6's builtin.c and builtin.jq are the reference. */
#include "base/number.h"
#include "rule/graph.h"
#include "rule/tonumber.h"
#include <math.h>
#include <stdlib.h>

static struct ss_str str(const struct ss_val *v)
{
    return (struct ss_str){v->str, v->n};
}

static enum ss_outcome value(struct ss_val *out, struct ss_val v)
{
    *out = v;
    return SS_OUT_VALUE;
}

#define FUNCTION(name)                                                                             \
    static enum ss_outcome name(SS_UNUSED struct ss_exprs *set, SS_UNUSED const struct ss_val *in, \
                                SS_UNUSED const struct ss_val *arg, struct ss_val *out)

FUNCTION(f_not)
{
    return value(out, ss_val_bool(!ss_val_truth(in)));
}

FUNCTION(f_length)
{
    switch (in->type) {
    case SS_VAL_NULL: return value(out, ss_val_number(0));
    case SS_VAL_NUMBER: return value(out, ss_val_number(fabs(ss_val_double(in))));
    case SS_VAL_STRING: return value(out, ss_val_number(ss_val_codepoints(in->str, in->n)));
    case SS_VAL_ARRAY:
    case SS_VAL_OBJECT: return value(out, ss_val_number(in->n));
    default: return ss_eval_fail(set, "% has no length", in, NULL);
    }
}

FUNCTION(f_utf8bytelength)
{
    return in->type == SS_VAL_STRING ? value(out, ss_val_number(in->n))
                                     : ss_eval_fail(set, "% has no length in bytes", in, NULL);
}

FUNCTION(f_has)
{
    if (in->type == SS_VAL_NULL)
        return value(out, ss_val_bool(false));
    if (in->type == SS_VAL_OBJECT && arg->type == SS_VAL_STRING)
        return value(out, ss_val_bool(ss_val_member(in, str(arg)) != NULL));
    if (in->type == SS_VAL_ARRAY && arg->type == SS_VAL_NUMBER) {
        double d = ss_val_double(
            arg); /* the part behind the point falls away; what is no int becomes the smallest */
        return value(out, ss_val_bool(d > -1 && d < in->n));
    }
    return ss_eval_fail(set, "% cannot have a % key", in, arg);
}

/* strstr's view: up to the first NUL. */
static struct ss_str c_string(const struct ss_val *v)
{
    return (struct ss_str){v->str, v->n ? strnlen(v->str, v->n) : 0};
}

static bool contains(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *b)
{
    if (++set->steps > SS_EXPR_STEPS || a->type != b->type)
        return false;
    if (a->type == SS_VAL_OBJECT) {
        for (uint32_t i = 0; i < b->n; i++) {
            const struct ss_val *mine = ss_val_member(a, str(&b->member[i].key));
            if (!mine || !contains(set, mine, &b->member[i].val))
                return false;
        }
        return true;
    }
    if (a->type == SS_VAL_ARRAY) {
        for (uint32_t i = 0; i < b->n; i++) {
            uint32_t k = 0;
            while (k < a->n && !contains(set, &a->at[k], &b->at[i]))
                k++;
            if (k == a->n)
                return false;
        }
        return true;
    }
    if (a->type == SS_VAL_STRING) {
        struct ss_str s = c_string(a), t = c_string(b);
        return t.n == 0 || (s.n >= t.n && memmem(s.p, s.n, t.p, t.n));
    }
    return ss_val_equal(a, b);
}

FUNCTION(f_contains)
{
    if (in->type != arg->type)
        return ss_eval_fail(set, "% and % cannot have their containment checked", in, arg);
    bool is = contains(set, in, arg);
    return set->steps > SS_EXPR_STEPS ? ss_eval_fail(set, "it takes too many steps", NULL, NULL)
                                      : value(out, ss_val_bool(is));
}

static bool starts(const struct ss_val *a, const struct ss_val *b)
{
    return a->n >= b->n && (b->n == 0 || memcmp(a->str, b->str, b->n) == 0);
}

static bool ends(const struct ss_val *a, const struct ss_val *b)
{
    return a->n >= b->n && (b->n == 0 || memcmp(a->str + a->n - b->n, b->str, b->n) == 0);
}

static bool strings(const struct ss_val *a, const struct ss_val *b)
{
    return a->type == SS_VAL_STRING && b->type == SS_VAL_STRING;
}

FUNCTION(f_startswith)
{
    return strings(in, arg) ? value(out, ss_val_bool(starts(in, arg)))
                            : ss_eval_fail(set, "startswith needs strings, not % and %", in, arg);
}

FUNCTION(f_endswith)
{
    return strings(in, arg) ? value(out, ss_val_bool(ends(in, arg)))
                            : ss_eval_fail(set, "endswith needs strings, not % and %", in, arg);
}

FUNCTION(f_ltrimstr)
{
    bool cut = strings(in, arg) && starts(in, arg);
    return value(out, cut ? ss_val_string(in->str + arg->n, in->n - arg->n) : *in);
}

FUNCTION(f_rtrimstr)
{
    bool cut = strings(in, arg) && ends(in, arg);
    return value(out, cut ? ss_val_string(in->str, in->n - arg->n) : *in);
}

static enum ss_outcome change_case(struct ss_exprs *set, const struct ss_val *in, char first,
                                   struct ss_val *out)
{
    if (in->type != SS_VAL_STRING)
        return ss_eval_fail(set, "% is not a string", in, NULL);
    char *made = ss_eval_alloc(set, in->n);
    for (uint32_t i = 0; made && i < in->n; i++)
        made[i] = in->str[i] >= first && in->str[i] < first + 26 ? (char)(in->str[i] ^ 0x20) : in->str[i];
    return made ? value(out, ss_val_string(made, in->n)) : SS_OUT_ERROR;
}

FUNCTION(f_ascii_downcase)
{
    return change_case(set, in, 'A', out);
}

FUNCTION(f_ascii_upcase)
{
    return change_case(set, in, 'a', out);
}

FUNCTION(f_split)
{
    return strings(in, arg) ? ss_builtin_split(set, in, arg, out)
                            : ss_eval_fail(set, "split needs strings, not % and %", in, arg);
}

FUNCTION(f_type)
{
    const char *name = ss_val_type_name(in);
    return value(out, ss_val_string(name, strlen(name)));
}

FUNCTION(f_tojson)
{
    struct ss_buf text;
    ss_buf_init(&text, SS_EXPR_BYTES);
    ss_val_put(in, &text);
    char *made = ss_buf_check(&text) == 0 ? ss_eval_alloc(set, text.n) : NULL;
    if (made) {
        memcpy(made, text.p, text.n);
        *out = ss_val_string(made, text.n);
    } else {
        ss_eval_fail(set, "the values it makes are too large", NULL, NULL);
    }
    ss_buf_free(&text);
    return made ? SS_OUT_VALUE : SS_OUT_ERROR;
}

/* Numbers, the usual case, without a growing buffer. */
enum ss_outcome ss_builtin_tostring(struct ss_exprs *set, const struct ss_val *in, struct ss_val *out)
{
    if (in->type == SS_VAL_STRING)
        return value(out, *in);
    if (in->type != SS_VAL_NUMBER)
        return f_tojson(set, in, in, out);
    if (in->big)
        return value(out, ss_val_string(in->str, in->n));
    char *made = ss_eval_alloc(set, SS_NUMBER_MAX + 8);
    return made ? value(out, ss_val_string(made, ss_val_print_double(in->num, made))) : SS_OUT_ERROR;
}

FUNCTION(f_tostring)
{
    return ss_builtin_tostring(set, in, out);
}

FUNCTION(f_tonumber)
{
    if (in->type == SS_VAL_NUMBER)
        return value(out, *in);
    if (in->type != SS_VAL_STRING)
        return ss_eval_fail(set, "% cannot be read as a number", in, NULL);
    return ss_read_number(set, c_string(in), out) ? SS_OUT_VALUE
                                                  : ss_eval_fail(set, "% is no number", in, NULL);
}

static int by_key(const void *a, const void *b)
{
    return ss_val_compare(a, b);
}

FUNCTION(f_keys_unsorted)
{
    if (in->type != SS_VAL_ARRAY && in->type != SS_VAL_OBJECT)
        return ss_eval_fail(set, "% has no keys", in, NULL);
    struct ss_val *made = ss_eval_alloc(set, in->n * sizeof *made);
    for (uint32_t i = 0; made && i < in->n; i++)
        made[i] = in->type == SS_VAL_ARRAY ? ss_val_number(i) : in->member[i].key;
    return made ? value(out, (struct ss_val){.type = SS_VAL_ARRAY, .n = in->n, .at = made}) : SS_OUT_ERROR;
}

FUNCTION(f_keys)
{
    enum ss_outcome o = f_keys_unsorted(set, in, arg, out);
    if (o == SS_OUT_VALUE && in->type == SS_VAL_OBJECT && out->n)
        qsort((struct ss_val *)out->at, out->n, sizeof *out->at, by_key);
    return o;
}

FUNCTION(f_add)
{
    struct ss_val sum = {0};
    if (in->type != SS_VAL_ARRAY && in->type != SS_VAL_OBJECT)
        return ss_eval_fail(set, "cannot iterate over %", in, NULL);
    for (uint32_t i = 0; i < in->n; i++)
        if (ss_builtin_binary(set, SS_AST_ADD, &sum,
                              in->type == SS_VAL_ARRAY ? &in->at[i] : &in->member[i].val,
                              &sum) != SS_OUT_VALUE)
            return SS_OUT_ERROR;
    return value(out, sum);
}

FUNCTION(f_join)
{
    struct ss_val sum = ss_val_string("", 0), item;
    if (in->type != SS_VAL_ARRAY && in->type != SS_VAL_OBJECT)
        return ss_eval_fail(set, "cannot iterate over %", in, NULL);
    for (uint32_t i = 0; i < in->n; i++) {
        item = in->type == SS_VAL_ARRAY ? in->at[i] : in->member[i].val;
        if (i > 0 && ss_builtin_binary(set, SS_AST_ADD, &sum, arg, &sum) != SS_OUT_VALUE)
            return SS_OUT_ERROR;
        if (item.type == SS_VAL_NULL)
            item = ss_val_string("", 0);
        if (item.type < SS_VAL_STRING && ss_builtin_tostring(set, &item, &item) != SS_OUT_VALUE)
            return SS_OUT_ERROR;
        if (ss_builtin_binary(set, SS_AST_ADD, &sum, &item, &sum) != SS_OUT_VALUE)
            return SS_OUT_ERROR;
    }
    return value(out, sum);
}

static enum ss_outcome extreme(struct ss_exprs *set, const struct ss_val *in, bool least, struct ss_val *out)
{
    if (in->type != SS_VAL_ARRAY)
        return ss_eval_fail(set, "% has no least or greatest item", in, NULL);
    *out = in->n ? in->at[0] : (struct ss_val){0};
    for (uint32_t i = 1; i < in->n; i++)
        if ((ss_val_compare(&in->at[i], out) < 0) == least)
            *out = in->at[i];
    return SS_OUT_VALUE;
}

FUNCTION(f_min)
{
    return extreme(set, in, true, out);
}

FUNCTION(f_max)
{
    return extreme(set, in, false, out);
}

static enum ss_outcome rounded(struct ss_exprs *set, const struct ss_val *in, double (*f)(double),
                               struct ss_val *out)
{
    return in->type == SS_VAL_NUMBER ? value(out, ss_val_number(f(ss_val_double(in))))
                                     : ss_eval_fail(set, "% is not a number", in, NULL);
}

/* All exact: what the C library may round one way or another is left out. */
FUNCTION(f_floor)
{
    return rounded(set, in, floor, out);
}

FUNCTION(f_ceil)
{
    return rounded(set, in, ceil, out);
}

FUNCTION(f_round)
{
    return rounded(set, in, round, out);
}

FUNCTION(f_trunc)
{
    return rounded(set, in, trunc, out);
}

FUNCTION(f_fabs)
{
    return rounded(set, in, fabs, out);
}

FUNCTION(f_sqrt)
{
    return rounded(set, in, sqrt, out);
}

FUNCTION(f_nan)
{
    return value(out, ss_val_number(NAN));
}

FUNCTION(f_infinite)
{
    return value(out, ss_val_number(INFINITY));
}

FUNCTION(f_isnan)
{
    return value(out, ss_val_bool(in->type == SS_VAL_NUMBER && isnan(ss_val_double(in))));
}

FUNCTION(f_isinfinite)
{
    return value(out, ss_val_bool(in->type == SS_VAL_NUMBER && isinf(ss_val_double(in))));
}

FUNCTION(f_isnormal)
{
    return value(out, ss_val_bool(in->type == SS_VAL_NUMBER && isnormal(ss_val_double(in))));
}

/* numbers, strings, ...: the input if it is of that type, else nothing. */
static enum ss_outcome only(bool it_is, const struct ss_val *in, struct ss_val *out)
{
    *out = *in;
    return it_is ? SS_OUT_VALUE : SS_OUT_EMPTY;
}

FUNCTION(f_values)
{
    return only(in->type != SS_VAL_NULL, in, out);
}

FUNCTION(f_nulls)
{
    return only(in->type == SS_VAL_NULL, in, out);
}

FUNCTION(f_booleans)
{
    return only(in->type == SS_VAL_FALSE || in->type == SS_VAL_TRUE, in, out);
}

FUNCTION(f_numbers)
{
    return only(in->type == SS_VAL_NUMBER, in, out);
}

FUNCTION(f_strings)
{
    return only(in->type == SS_VAL_STRING, in, out);
}

FUNCTION(f_arrays)
{
    return only(in->type == SS_VAL_ARRAY, in, out);
}

FUNCTION(f_objects)
{
    return only(in->type == SS_VAL_OBJECT, in, out);
}

FUNCTION(f_scalars)
{
    return only(in->type < SS_VAL_ARRAY, in, out);
}

const struct ss_builtin ss_builtins[] = {
    {"not", 0, true, f_not},
    {"length", 0, false, f_length},
    {"utf8bytelength", 0, false, f_utf8bytelength},
    {"has", 1, false, f_has},
    {"contains", 1, false, f_contains},
    {"startswith", 1, false, f_startswith},
    {"endswith", 1, false, f_endswith},
    {"ltrimstr", 1, true, f_ltrimstr},
    {"rtrimstr", 1, true, f_rtrimstr},
    {"ascii_downcase", 0, false, f_ascii_downcase},
    {"ascii_upcase", 0, false, f_ascii_upcase},
    {"split", 1, false, f_split},
    {"type", 0, true, f_type},
    {"tojson", 0, false, f_tojson},
    {"tostring", 0, false, f_tostring},
    {"tonumber", 0, false, f_tonumber},
    {"keys", 0, false, f_keys},
    {"keys_unsorted", 0, false, f_keys_unsorted},
    {"add", 0, false, f_add},
    {"join", 1, false, f_join},
    {"min", 0, false, f_min},
    {"max", 0, false, f_max},
    {"floor", 0, false, f_floor},
    {"ceil", 0, false, f_ceil},
    {"round", 0, false, f_round},
    {"trunc", 0, false, f_trunc},
    {"fabs", 0, false, f_fabs},
    {"sqrt", 0, false, f_sqrt},
    {"nan", 0, true, f_nan},
    {"infinite", 0, true, f_infinite},
    {"isnan", 0, true, f_isnan},
    {"isinfinite", 0, true, f_isinfinite},
    {"isnormal", 0, true, f_isnormal},
    {"values", 0, false, f_values},
    {"nulls", 0, false, f_nulls},
    {"booleans", 0, false, f_booleans},
    {"numbers", 0, false, f_numbers},
    {"strings", 0, false, f_strings},
    {"arrays", 0, false, f_arrays},
    {"objects", 0, false, f_objects},
    {"scalars", 0, false, f_scalars},
};

int ss_builtin_find(struct ss_str name, uint32_t args)
{
    for (size_t i = 0; i < SS_COUNT(ss_builtins); i++)
        if (ss_builtins[i].args == args && ss_str_is(name, ss_builtins[i].name))
            return (int)i;
    return -1;
}
