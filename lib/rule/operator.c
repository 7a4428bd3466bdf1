/* jq's operators and indexing on values. jq 1.6's builtin.c and jv_aux.c are the reference. */
#include "rule/graph.h"
#include <limits.h>
#include <math.h>

#define REPEAT_MAX (64 << 10)

static struct ss_str str(const struct ss_val *v)
{
    return (struct ss_str){v->str, v->n};
}

static enum ss_outcome value(struct ss_val *out, struct ss_val v)
{
    *out = v;
    return SS_OUT_VALUE;
}

static enum ss_outcome concat(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *b,
                              struct ss_val *out)
{
    size_t size = a->type == SS_VAL_STRING ? 1 : sizeof(struct ss_val);
    if (a->n == 0 || b->n == 0)
        return value(out, a->n ? *a : *b);
    char *made = ss_eval_alloc(set, (a->n + (size_t)b->n) * size);
    if (!made)
        return SS_OUT_ERROR;
    memcpy(made, a->str, a->n * size);
    memcpy(made + a->n * size, b->str, b->n * size);
    *out = (struct ss_val){.type = a->type, .n = a->n + b->n, .str = made};
    return SS_OUT_VALUE;
}

/* a's members with b's over them; where both have an object and `deep`, those are merged in turn. */
static enum ss_outcome merge(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *b, bool deep,
                             struct ss_val *out)
{
    struct ss_member *m = ss_eval_alloc(set, (a->n + (size_t)b->n) * sizeof *m);
    uint32_t n = a->n;
    set->steps += a->n * (b->n + 1);
    if (!m || set->steps > SS_EXPR_STEPS)
        return ss_eval_fail(set, "the values it makes are too large", NULL, NULL);
    if (n)
        memcpy(m, a->member, n * sizeof *m);
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t k = 0;
        while (k < n && !ss_val_equal(&m[k].key, &b->member[i].key))
            k++;
        struct ss_val merged = b->member[i].val;
        if (deep && k < n && m[k].val.type == SS_VAL_OBJECT && merged.type == SS_VAL_OBJECT &&
            merge(set, &m[k].val, &b->member[i].val, true, &merged) != SS_OUT_VALUE)
            return SS_OUT_ERROR;
        m[k] = (struct ss_member){b->member[i].key, merged};
        n += k == n;
    }
    return value(out, (struct ss_val){.type = SS_VAL_OBJECT, .n = n, .member = m});
}

static enum ss_outcome add(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *b,
                           struct ss_val *out)
{
    if (a->type == SS_VAL_NULL || b->type == SS_VAL_NULL)
        return value(out, a->type == SS_VAL_NULL ? *b : *a);
    if (a->type == b->type && a->type == SS_VAL_NUMBER)
        return value(out, ss_val_number(ss_val_double(a) + ss_val_double(b)));
    if (a->type == b->type && (a->type == SS_VAL_STRING || a->type == SS_VAL_ARRAY))
        return concat(set, a, b, out);
    if (a->type == b->type && a->type == SS_VAL_OBJECT)
        return merge(set, a, b, false, out);
    return ss_eval_fail(set, "% and % cannot be added", a, b);
}

static enum ss_outcome subtract(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *b,
                                struct ss_val *out)
{
    if (a->type == SS_VAL_NUMBER && b->type == SS_VAL_NUMBER)
        return value(out, ss_val_number(ss_val_double(a) - ss_val_double(b)));
    if (a->type != SS_VAL_ARRAY || b->type != SS_VAL_ARRAY)
        return ss_eval_fail(set, "% and % cannot be subtracted", a, b);
    struct ss_val *made = ss_eval_alloc(set, a->n * sizeof *made);
    uint32_t n = 0;
    for (uint32_t i = 0; made && i < a->n; i++) {
        uint32_t k = 0;
        while (k < b->n && !ss_val_equal(&a->at[i], &b->at[k]))
            k++;
        set->steps += k + 1;
        if (set->steps > SS_EXPR_STEPS)
            return ss_eval_fail(set, "it takes too many steps", NULL, NULL);
        if (k == b->n)
            made[n++] = a->at[i];
    }
    return made ? value(out, (struct ss_val){.type = SS_VAL_ARRAY, .n = n, .at = made}) : SS_OUT_ERROR;
}

/* A C cast of the reference: outside of its range x86-64 gives the smallest integer. */
static int64_t to_int(double d)
{
    return d >= -0x1p63 && d < 0x1p63 ? (int64_t)d : INT64_MIN;
}

static enum ss_outcome repeat(struct ss_exprs *set, const struct ss_val *text, double times,
                              struct ss_val *out)
{
    if (!(times > 0))
        return value(out, (struct ss_val){0});
    double more = times - 1; /* copies after the first: the part behind the point falls away */
    uint64_t copies = more >= (double)REPEAT_MAX ? REPEAT_MAX + 1 : (uint64_t)(more < 0 ? 0 : more) + 1;
    if (copies > REPEAT_MAX || copies * text->n > REPEAT_MAX)
        return ss_eval_fail(set, "a repeated string is longer than 64 KiB", NULL, NULL);
    if (text->n == 0 || copies == 1)
        return value(out, *text);
    char *made = ss_eval_alloc(set, copies * text->n);
    for (uint64_t i = 0; made && i < copies; i++)
        memcpy(made + i * text->n, text->str, text->n);
    return made ? value(out, ss_val_string(made, copies * text->n)) : SS_OUT_ERROR;
}

static enum ss_outcome multiply(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *b,
                                struct ss_val *out)
{
    if (a->type == SS_VAL_NUMBER && b->type == SS_VAL_NUMBER)
        return value(out, ss_val_number(ss_val_double(a) * ss_val_double(b)));
    if (a->type == SS_VAL_STRING && b->type == SS_VAL_NUMBER)
        return repeat(set, a, ss_val_double(b), out);
    if (a->type == SS_VAL_NUMBER && b->type == SS_VAL_STRING)
        return repeat(set, b, ss_val_double(a), out);
    if (a->type == SS_VAL_OBJECT && b->type == SS_VAL_OBJECT)
        return merge(set, a, b, true, out);
    return ss_eval_fail(set, "% and % cannot be multiplied", a, b);
}

static bool push(struct ss_exprs *set, struct ss_val *array, uint32_t *cap, struct ss_val item)
{
    if (array->n == *cap) {
        uint32_t more = *cap ? 2 * *cap : 8;
        struct ss_val *at = ss_eval_alloc(set, more * sizeof *at);
        if (!at)
            return false;
        if (array->n)
            memcpy(at, array->at, array->n * sizeof *at);
        array->at = at;
        *cap = more;
    }
    ((struct ss_val *)array->at)[array->n++] = item;
    return true;
}

enum ss_outcome ss_builtin_split(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *sep,
                                 struct ss_val *out)
{
    struct ss_val parts = {.type = SS_VAL_ARRAY};
    uint32_t cap = 0;
    const char *end = a->str + a->n;
    for (const char *p = a->str, *s; p < end; p = s + sep->n) {
        if (sep->n == 0) {
            for (s = p + 1; s < end && ((unsigned char)*s & 0xc0) == 0x80;)
                s++;
        } else {
            s = memmem(p, (size_t)(end - p), sep->str, sep->n);
            s = s ? s : end;
        }
        if (!push(set, &parts, &cap, ss_val_string(p, (size_t)(s - p))))
            return SS_OUT_ERROR;
        if (sep->n && s + sep->n == end && !push(set, &parts, &cap, ss_val_string("", 0)))
            return SS_OUT_ERROR;
    }
    return value(out, parts);
}

static enum ss_outcome divide(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *b,
                              struct ss_val *out)
{
    if (a->type == SS_VAL_NUMBER && b->type == SS_VAL_NUMBER) {
        double by = ss_val_double(b);
        return by == 0 ? ss_eval_fail(set, "division by zero", NULL, NULL)
                       : value(out, ss_val_number(ss_val_double(a) / by));
    }
    if (a->type == SS_VAL_STRING && b->type == SS_VAL_STRING)
        return ss_builtin_split(set, a, b, out);
    return ss_eval_fail(set, "% and % cannot be divided", a, b);
}

static enum ss_outcome modulo(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *b,
                              struct ss_val *out)
{
    if (a->type != SS_VAL_NUMBER || b->type != SS_VAL_NUMBER)
        return ss_eval_fail(set, "% and % cannot be divided", a, b);
    int64_t x = to_int(ss_val_double(a)), by = to_int(ss_val_double(b));
    if (by == 0)
        return ss_eval_fail(set, "division by zero", NULL, NULL);
    return value(out, ss_val_number(by == -1 ? 0 : (double)(x % by)));
}

enum ss_outcome ss_builtin_binary(struct ss_exprs *set, enum ss_ast_op op, const struct ss_val *a,
                                  const struct ss_val *b, struct ss_val *out)
{
    switch (op) {
    case SS_AST_EQ: return value(out, ss_val_bool(ss_val_equal(a, b)));
    case SS_AST_NE: return value(out, ss_val_bool(!ss_val_equal(a, b)));
    case SS_AST_LT: return value(out, ss_val_bool(ss_val_compare(a, b) < 0));
    case SS_AST_LE: return value(out, ss_val_bool(ss_val_compare(a, b) <= 0));
    case SS_AST_GT: return value(out, ss_val_bool(ss_val_compare(a, b) > 0));
    case SS_AST_GE: return value(out, ss_val_bool(ss_val_compare(a, b) >= 0));
    case SS_AST_ADD: return add(set, a, b, out);
    case SS_AST_SUB: return subtract(set, a, b, out);
    case SS_AST_MUL: return multiply(set, a, b, out);
    case SS_AST_DIV: return divide(set, a, b, out);
    case SS_AST_MOD: return modulo(set, a, b, out);
    default: return ss_eval_fail(set, "no operator", NULL, NULL);
    }
}

/* ---- indexing ---- */

/* The byte at which codepoint `index` begins (or the end). */
static uint32_t byte_of(const struct ss_val *text, uint32_t index)
{
    uint32_t i = 0;
    for (; i < text->n; i++)
        if (((unsigned char)text->str[i] & 0xc0) != 0x80 && index-- == 0)
            break;
    return i;
}

enum ss_outcome ss_builtin_slice(struct ss_exprs *set, const struct ss_val *in, const struct ss_val *from,
                                 const struct ss_val *to, struct ss_val *out)
{
    if (in->type == SS_VAL_NULL)
        return value(out, *in);
    if (in->type != SS_VAL_ARRAY && in->type != SS_VAL_STRING)
        return ss_eval_fail(set, "% cannot be sliced", in, NULL);
    uint32_t len = in->type == SS_VAL_ARRAY ? in->n : ss_val_codepoints(in->str, in->n);
    if ((from->type != SS_VAL_NULL && from->type != SS_VAL_NUMBER) ||
        (to->type != SS_VAL_NULL && to->type != SS_VAL_NUMBER))
        return ss_eval_fail(set, "the bounds of a slice must be numbers, not % and %", from, to);
    double first = from->type == SS_VAL_NULL ? 0 : ss_val_double(from);
    double last = to->type == SS_VAL_NULL ? len : ss_val_double(to);
    if (isnan(first)) /* libjq ends its process here */
        return ss_eval_fail(set, "a slice begins at no number", NULL, NULL);
    last = isnan(last) ? 0 : last;
    first = first < 0 ? first + len : first;
    last = last < 0 ? last + len : last;
    first = first < 0 ? 0 : first > len ? len : first;
    last = last < 0 ? 0 : last > len ? len : last;
    uint32_t a = (uint32_t)first, b = (uint32_t)ceil(last); /* [:1.5] is [:2], as ends are exclusive */
    b = b < a ? a : b;
    if (in->type == SS_VAL_ARRAY)
        return value(out, (struct ss_val){.type = SS_VAL_ARRAY, .n = b - a, .at = in->at + a});
    uint32_t start = byte_of(in, a);
    return value(out, ss_val_string(in->str + start, byte_of(in, b) - start));
}

/* Where the array `key` stands within the array `in`. */
static enum ss_outcome positions(struct ss_exprs *set, const struct ss_val *in, const struct ss_val *key,
                                 struct ss_val *out)
{
    struct ss_val found = {.type = SS_VAL_ARRAY};
    uint32_t cap = 0;
    for (uint32_t i = 0; key->n && i + key->n <= in->n; i++) {
        uint32_t k = 0;
        while (k < key->n && ss_val_equal(&in->at[i + k], &key->at[k]))
            k++;
        set->steps += k + 1;
        if (set->steps > SS_EXPR_STEPS)
            return ss_eval_fail(set, "it takes too many steps", NULL, NULL);
        if (k == key->n && !push(set, &found, &cap, ss_val_number(i)))
            return SS_OUT_ERROR;
    }
    return value(out, found);
}

enum ss_outcome ss_builtin_index(struct ss_exprs *set, const struct ss_val *in, const struct ss_val *key,
                                 struct ss_val *out)
{
    if (key->type == SS_VAL_STRING && in->type == SS_VAL_OBJECT) {
        const struct ss_val *found = ss_val_member(in, str(key));
        return value(out, found ? *found : (struct ss_val){0});
    }
    if (in->type == SS_VAL_NULL &&
        (key->type == SS_VAL_STRING || key->type == SS_VAL_NUMBER || key->type == SS_VAL_OBJECT))
        return value(out, *in);
    if (in->type == SS_VAL_ARRAY && key->type == SS_VAL_NUMBER) {
        double d = ss_val_double(key);
        d = d < 0 && d >= INT_MIN ? d + in->n : d;
        bool there = d >= 0 && d < in->n && d == floor(d);
        return value(out, there ? in->at[(uint32_t)d] : (struct ss_val){0});
    }
    if (in->type == SS_VAL_ARRAY && key->type == SS_VAL_ARRAY)
        return positions(set, in, key, out);
    if ((in->type == SS_VAL_ARRAY || in->type == SS_VAL_STRING) && key->type == SS_VAL_OBJECT) {
        const struct ss_val *from = ss_val_member(key, SS_STR("start")),
                            *to = ss_val_member(key, SS_STR("end"));
        if (from && to)
            return ss_builtin_slice(set, in, from, to, out);
    }
    return ss_eval_fail(set, "% cannot be indexed with %", in, key);
}
