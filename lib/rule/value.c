#include "rule/value.h"
#include "base/number.h"
#include <float.h>
#include <math.h>
#include <stdio.h>

#define EXACT 0x1p53

const char *ss_val_type_name(const struct ss_val *v)
{
    static const char *const names[] = {"null", "boolean", "boolean", "number", "string", "array", "object"};
    return names[v->type];
}

/* strtod's view of what the exact parser refuses for its size. */
static double out_of_range(const char *p, size_t n)
{
    bool negative = n && p[0] == '-';
    for (size_t i = 0; i + 1 < n; i++)
        if ((p[i] == 'e' || p[i] == 'E') && p[i + 1] == '-')
            return negative ? -0.0 : 0.0;
    return negative ? -INFINITY : INFINITY;
}

static double parse_double(const char *p, size_t n)
{
    double d;
    return ss_double_parse(p, n, &d) ? d : out_of_range(p, n);
}

double ss_val_double(const struct ss_val *v)
{
    return v->big ? parse_double(v->str, v->n) : v->num;
}

/* Short decimals: digits and a power of ten that are exact as doubles give the right double in one division
 * (Clinger, "How to read floating point numbers accurately", 1990). Five times as fast as the general way. */
static bool parse_short(const char *p, size_t n, double *out)
{
    static const double power[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool minus = n && p[0] == '-';
    uint64_t digits = 0;
    size_t i = minus, point = n;
    if (n > 15)
        return false;
    for (; i < n; i++) {
        unsigned d = (unsigned char)p[i] - '0';
        if (d < 10)
            digits = 10 * digits + d;
        else if (p[i] == '.' && point == n)
            point = i;
        else
            return false;
    }
    double d = point == n ? (double)digits : (double)digits / power[n - 1 - point];
    *out = minus ? -d : d;
    return n > minus;
}

struct ss_val ss_val_parse_number(const char *p, size_t n)
{
    double d;
    if (SS_LIKELY(parse_short(p, n, &d)))
        return ss_val_number(d);
    d = parse_double(p, n);
    if (SS_LIKELY(fabs(d) < EXACT))
        return ss_val_number(d);
    size_t digits = 0, from = p[0] == '-';
    while (from + digits < n && p[from + digits] >= '0' && p[from + digits] <= '9')
        digits++;
    if (from + digits != n || digits < 16 || p[from] == '0')
        return ss_val_number(d); /* written with a point or an exponent: a measurement, not an id */
    return (struct ss_val){.type = SS_VAL_NUMBER, .big = true, .n = (uint32_t)n, .str = p};
}

/* Two integers as digits. */
static int compare_digits(const char *a, size_t na, const char *b, size_t nb)
{
    bool minus_a = a[0] == '-', minus_b = b[0] == '-';
    if (minus_a != minus_b)
        return minus_a ? -1 : 1;
    int r = na != nb ? (na < nb ? -1 : 1) : memcmp(a, b, na);
    return minus_a ? -r : r;
}

static int compare_big(const struct ss_val *a, const struct ss_val *b)
{
    if (a->big && b->big)
        return compare_digits(a->str, a->n, b->str, b->n);
    const struct ss_val *big = a->big ? a : b;
    double d = a->big ? b->num : a->num;
    int r;
    if (isnan(d)) {
        r = 1;
    } else if (fabs(d) < EXACT || isinf(d)) {
        r = big->str[0] == '-' ? -1 : 1;
        if (isinf(d))
            r = d < 0 ? 1 : -1;
    } else {
        char text[DBL_MAX_10_EXP + 8]; /* an integer: every double from 2^53 on is */
        int n = snprintf(text, sizeof text, "%.0f", d);
        r = compare_digits(big->str, big->n, text, (size_t)n);
    }
    return a->big ? r : -r;
}

static int compare_numbers(const struct ss_val *a, const struct ss_val *b)
{
    if (SS_UNLIKELY(a->big || b->big))
        return compare_big(a, b);
    if (isnan(a->num))
        return -1; /* jq compares it as though it were null */
    if (isnan(b->num))
        return 1;
    return a->num < b->num ? -1 : a->num > b->num;
}

static int compare_strings(const struct ss_val *a, const struct ss_val *b)
{
    uint32_t n = a->n < b->n ? a->n : b->n;
    int r = n ? memcmp(a->str, b->str, n) : 0;
    return r ? r : a->n < b->n ? -1 : a->n > b->n;
}

/* The member whose key follows `after` in key order (NULL: the first), or NULL. Objects are small. */
static const struct ss_member *next_key(const struct ss_val *o, const struct ss_val *after)
{
    const struct ss_member *best = NULL;
    for (uint32_t i = 0; i < o->n; i++)
        if ((!after || compare_strings(&o->member[i].key, after) > 0) &&
            (!best || compare_strings(&o->member[i].key, &best->key) < 0))
            best = &o->member[i];
    return best;
}

/* First the sorted keys as arrays, then the values in that order. */
static int compare_objects(const struct ss_val *a, const struct ss_val *b)
{
    const struct ss_member *x = next_key(a, NULL), *y = next_key(b, NULL);
    for (; x && y; x = next_key(a, &x->key), y = next_key(b, &y->key)) {
        int r = compare_strings(&x->key, &y->key);
        if (r)
            return r;
    }
    if (x || y)
        return x ? 1 : -1;
    for (x = next_key(a, NULL), y = next_key(b, NULL); x;
         x = next_key(a, &x->key), y = next_key(b, &y->key)) {
        int r = ss_val_compare(&x->val, &y->val);
        if (r)
            return r;
    }
    return 0;
}

int ss_val_compare(const struct ss_val *a, const struct ss_val *b)
{
    if (a->type != b->type)
        return (int)a->type - (int)b->type;
    switch (a->type) {
    case SS_VAL_NUMBER: return compare_numbers(a, b);
    case SS_VAL_STRING: return compare_strings(a, b);
    case SS_VAL_OBJECT: return compare_objects(a, b);
    case SS_VAL_ARRAY:
        for (uint32_t i = 0; i < a->n && i < b->n; i++) {
            int r = ss_val_compare(&a->at[i], &b->at[i]);
            if (r)
                return r;
        }
        return a->n < b->n ? -1 : a->n > b->n;
    default: return 0;
    }
}

bool ss_val_equal(const struct ss_val *a, const struct ss_val *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case SS_VAL_NUMBER: return a->big || b->big ? compare_numbers(a, b) == 0 : a->num == b->num;
    case SS_VAL_STRING: return a->n == b->n && (a->n == 0 || memcmp(a->str, b->str, a->n) == 0);
    case SS_VAL_ARRAY:
        if (a->n != b->n)
            return false;
        for (uint32_t i = 0; i < a->n; i++)
            if (!ss_val_equal(&a->at[i], &b->at[i]))
                return false;
        return true;
    case SS_VAL_OBJECT:
        if (a->n != b->n)
            return false;
        for (uint32_t i = 0; i < a->n; i++) {
            const struct ss_val *key = &a->member[i].key;
            const struct ss_val *other = ss_val_member(b, (struct ss_str){key->str, key->n});
            if (!other || !ss_val_equal(&a->member[i].val, other))
                return false;
        }
        return true;
    default: return true;
    }
}

const struct ss_val *ss_val_member(const struct ss_val *object, struct ss_str key)
{
    for (uint32_t i = 0; i < object->n; i++) {
        const struct ss_val *k = &object->member[i].key;
        if (k->n == key.n && (key.n == 0 || memcmp(k->str, key.p, key.n) == 0))
            return &object->member[i].val;
    }
    return NULL;
}

uint32_t ss_val_codepoints(const char *p, size_t n)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)p[i] & 0xc0) != 0x80;
    return count;
}

/* ---- printing, as jq 1.6 does ---- */

/* Digits as few as read back the same. Above 2^53 the plain form has all digits of the integer instead. */
static size_t shortest(double num, char *text)
{
    double back;
    size_t n = ss_double_print(num, text);
    if (num < EXACT || memchr(text, 'e', n))
        return n;
    for (int digits = 14; digits < 17; digits++) {
        n = (size_t)snprintf(text, SS_NUMBER_MAX, "%.*e", digits, num);
        if (ss_double_parse(text, n, &back) && back == num)
            break;
    }
    return n;
}

/* The shortest digits as in the C library's shortest conversion; exponents below -5 and beyond 15 more digits
 * than there are, with two digits at least: 1e-05, 1e+17, but 123456789012345680. */
size_t ss_val_print_double(double num, char *out)
{
    char text[SS_NUMBER_MAX], digits[SS_NUMBER_MAX];
    char *to = out;
    num = num > DBL_MAX ? DBL_MAX : num < -DBL_MAX ? -DBL_MAX : num;
    if (isnan(num)) {
        memcpy(out, "null", 4);
        return 4;
    }
    if (signbit(num))
        *to++ = '-';
    size_t n = shortest(fabs(num), text), count = 0;
    int point = 0, exponent = 0;
    bool fraction = false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '.') {
            fraction = true;
        } else if (text[i] == 'e') {
            int64_t e = 0;
            size_t from = i + 1 + (text[i + 1] == '+');
            exponent = ss_int_parse(text + from, n - from, &e) ? (int)e : 0;
            break;
        } else if (count || text[i] != '0') {
            digits[count++] = text[i];
            point += !fraction;
        } else {
            point -= fraction;
        }
    }
    while (count > 1 && digits[count - 1] == '0')
        count--;
    if (count == 0) {
        *to++ = '0';
        return (size_t)(to - out);
    }
    point += exponent;
    if (point <= -4 || point > (int)count + 15) {
        *to++ = digits[0];
        if (count > 1) {
            *to++ = '.';
            memcpy(to, digits + 1, count - 1);
            to += count - 1;
        }
        to += snprintf(to, 8, "e%+03d", point - 1);
    } else if (point <= 0) {
        *to++ = '0';
        *to++ = '.';
        for (; point < 0; point++)
            *to++ = '0';
        memcpy(to, digits, count);
        to += count;
    } else {
        for (size_t i = 0; i < count; i++) {
            if ((int)i == point)
                *to++ = '.';
            *to++ = digits[i];
        }
        for (int i = (int)count; i < point; i++)
            *to++ = '0';
    }
    return (size_t)(to - out);
}

static void put_string(const struct ss_val *v, struct ss_buf *to)
{
    static const char hex[] = "0123456789abcdef";
    size_t start = 0;
    ss_buf_putc(to, '"');
    for (size_t i = 0; i < v->n; i++) {
        unsigned char c = (unsigned char)v->str[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 127)
            continue;
        ss_buf_put(to, v->str + start, i - start);
        start = i + 1;
        char esc = c == '"' || c == '\\' ? (char)c
                   : c == '\n'           ? 'n'
                   : c == '\r'           ? 'r'
                   : c == '\t'           ? 't'
                   : c == '\b'           ? 'b'
                   : c == '\f'           ? 'f'
                                         : 0;
        if (esc) {
            ss_buf_put(to, (char[]){'\\', esc}, 2);
        } else {
            char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            ss_buf_put(to, u, 6);
        }
    }
    ss_buf_put(to, v->str + start, v->n - start);
    ss_buf_putc(to, '"');
}

void ss_val_put(const struct ss_val *v, struct ss_buf *to)
{
    char number[SS_NUMBER_MAX + 8];
    switch (v->type) {
    case SS_VAL_NULL: ss_buf_put(to, "null", 4); return;
    case SS_VAL_FALSE: ss_buf_put(to, "false", 5); return;
    case SS_VAL_TRUE: ss_buf_put(to, "true", 4); return;
    case SS_VAL_NUMBER:
        if (v->big)
            ss_buf_put(to, v->str, v->n);
        else
            ss_buf_put(to, number, ss_val_print_double(v->num, number));
        return;
    case SS_VAL_STRING: put_string(v, to); return;
    case SS_VAL_ARRAY:
        ss_buf_putc(to, '[');
        for (uint32_t i = 0; i < v->n; i++) {
            if (i)
                ss_buf_putc(to, ',');
            ss_val_put(&v->at[i], to);
        }
        ss_buf_putc(to, ']');
        return;
    default:
        ss_buf_putc(to, '{');
        for (uint32_t i = 0; i < v->n; i++) {
            if (i)
                ss_buf_putc(to, ',');
            put_string(&v->member[i].key, to);
            ss_buf_putc(to, ':');
            ss_val_put(&v->member[i].val, to);
        }
        ss_buf_putc(to, '}');
    }
}
