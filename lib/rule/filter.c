#include "rule/filter.h"
#include "base/err.h"
#include <math.h>
#include <stdlib.h>

#define ROWS_MAX    ((size_t)16 << 20) /* bytes of all bitmaps; predicates beyond are evaluated one by one */
#define NEAR        4                  /* so many limits are counted rather than searched */
#define BUCKETS_MAX 16                 /* of a field, for each of its limits */
#define LINE        64                 /* bytes of the processor's cache lines */
#define STRINGS_MAX 4096

/* A field and what it is compared with. Row r is the bitmap of the expressions that are possible for rank r.
 * What is read of it for each record comes first. */
struct ss_ranked {
    int32_t feature; /* where it stands in the current feature vector, as a number; -1: not there */
    uint32_t n;
    double *limit; /* sorted, n of them, and NEAR times NaN: rank 2i lies below limit i, rank 2i + 1 on it */
    uint32_t *low; /* of each bucket, how many limits lie in those before it; NULL: limits are searched */
    double scale, top; /* v lies in bucket (v - limit[0]) * scale, from 0 to top */
    uint64_t *row;
    uint32_t column;
    bool strings;
    struct ss_map names; /* string i has rank i + 1, any other value rank 0 */
};

/* One predicate of one expression, while building. */
struct predicate {
    uint32_t expr, column, op;
    bool is_string;
    double number;
    struct ss_str string;
};

/* Two words are what every processor of this kind has a register for; wider types go by way of memory. */
typedef uint64_t pair __attribute__((vector_size(2 * sizeof(uint64_t)), aligned(8), may_alias));
typedef double limits __attribute__((vector_size(2 * sizeof(double)), aligned(8), may_alias));
typedef int64_t counts __attribute__((vector_size(2 * sizeof(int64_t))));

struct builder {
    struct ss_exprs *set;
    struct predicate *p;
    size_t n, cap;
    bool failed;
};

/* Can it fail in no other way than by `features` or `score` being no object? */
static bool is_safe(const struct ss_exprs *set, uint32_t id, int depth)
{
    const struct ss_node *n = &set->node[id];
    if (n->total || n->op == SS_NODE_COLUMN)
        return true;
    bool plain = n->op == SS_NODE_AND || n->op == SS_NODE_OR || n->op == SS_NODE_ALT || n->op == SS_NODE_IF ||
                 n->op == SS_NODE_LISTED || (n->op == SS_NODE_BINARY && n->arg <= SS_AST_GE) ||
                 (n->op == SS_NODE_CALL && ss_builtins[n->arg].total);
    if (!plain || depth > 64)
        return false;
    for (int i = 0; i < ss_node_kids(n); i++)
        if (!is_safe(set, n->kid[i], depth + 1))
            return false;
    return true;
}

static bool is_string_test(const struct ss_exprs *set, uint32_t id, struct predicate *p)
{
    const struct ss_node *n = &set->node[id];
    if (n->op != SS_NODE_BINARY || (n->arg != SS_AST_EQ && n->arg != SS_AST_NE))
        return false;
    const struct ss_node *a = &set->node[n->kid[0]], *b = &set->node[n->kid[1]];
    if (a->op == SS_NODE_CONST) {
        const struct ss_node *swap = a;
        a = b;
        b = swap;
    }
    if (a->op != SS_NODE_COLUMN || b->op != SS_NODE_CONST || b->val.type != SS_VAL_STRING)
        return false;
    p->column = a->arg;
    p->op = n->arg;
    p->is_string = true;
    p->string = (struct ss_str){b->val.str, b->val.n};
    return true;
}

static void add(struct builder *b, const struct predicate *p)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 256;
        struct predicate *more = realloc(b->p, cap * sizeof *more);
        if (!more) {
            b->failed = true;
            return;
        }
        b->p = more;
        b->cap = cap;
    }
    b->p[b->n++] = *p;
}

/*
 * Takes the predicates of a conjunction, from the left, up to the first part that may fail: behind that, a
 * false predicate does not make the expression false. Returns whether all before and within `id` is safe;
 * `*whole` turns false when there is more to it than predicates.
 */
static bool take(struct builder *b, uint32_t expr, uint32_t id, bool *whole, int depth)
{
    const struct ss_node *n = &b->set->node[id];
    struct predicate p = {.expr = expr};
    if (n->op == SS_NODE_AND && depth < 512)
        return take(b, expr, n->kid[0], whole, depth + 1) && take(b, expr, n->kid[1], whole, depth + 1);
    if (ss_node_threshold(b->set, id, &p.column, &p.op, &p.number) && fabs(p.number) < 0x1p53) {
        add(b, &p);
        return true;
    }
    if (is_string_test(b->set, id, &p)) {
        add(b, &p);
        return true;
    }
    *whole = false;
    return is_safe(b->set, id, 0);
}

static int by_column(const void *x, const void *y)
{
    const struct predicate *a = x, *b = y;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    if (a->is_string != b->is_string)
        return a->is_string - b->is_string;
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool holds(uint32_t op, int side)
{
    switch (op) {
    case SS_AST_EQ: return side == 0;
    case SS_AST_NE: return side != 0;
    case SS_AST_LT: return side < 0;
    case SS_AST_LE: return side <= 0;
    case SS_AST_GT: return side > 0;
    default: return side >= 0;
    }
}

static uint32_t ranks(const struct ss_ranked *r)
{
    return r->strings ? r->names.n + 1 : 2 * r->n + 1;
}

/* The rank of the values that equal the predicate's constant. */
static uint32_t rank_of(const struct ss_ranked *r, const struct predicate *p)
{
    if (p->is_string)
        return (uint32_t)(ss_map_find(&r->names, p->string) + 1);
    uint32_t low = 0, high = r->n - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (r->limit[middle] < p->number)
            low = middle + 1;
        else
            high = middle;
    }
    return 2 * low + 1;
}

static void clear_row_bits(struct ss_filter *f, struct ss_ranked *r, const struct predicate *p)
{
    uint32_t equal = rank_of(r, p);
    for (uint32_t k = 0; k < ranks(r); k++)
        if (!holds(p->op, (int)k - (int)equal))
            r->row[(size_t)k * f->words + p->expr / 64] &= ~(1ull << (p->expr % 64));
}

/* Rounding keeps the order: what lies in a lower bucket is less. Masks, for a branch would be guessed wrong
 * whenever values lie within the limits now, and beyond them then. */
static inline uint32_t bucket_of(const struct ss_ranked *r, double v)
{
    limits at = {(v - r->limit[0]) * r->scale, 0}, top = {r->top, 0};
    at = (limits)((counts)at & (counts)(at > (limits){0, 0})); /* 0 for what is no number, too */
    counts within = (counts)(at < top);
    at = (limits)(((counts)at & within) | ((counts)top & ~within));
    return (uint32_t)(int32_t)at[0];
}

/* False where more than NEAR limits would lie in one bucket. */
static bool fill_buckets(struct ss_ranked *r, uint32_t buckets)
{
    uint32_t at = 0;
    r->top = buckets - 1;
    r->scale = buckets / (r->limit[r->n - 1] - r->limit[0]);
    for (uint32_t b = 0; b < buckets; b++) {
        r->low[b] = at;
        while (at < r->n && bucket_of(r, r->limit[at]) == b)
            at++;
        if (at - r->low[b] > NEAR)
            return false;
    }
    return true;
}

/* As few buckets as will do; limits that lie too unevenly for any go without. */
static void lay_out_buckets(struct ss_ranked *r)
{
    for (uint32_t i = 0; i < NEAR; i++)
        r->limit[r->n + i] = NAN;
    for (uint32_t each = 1; r->n > NEAR && each <= BUCKETS_MAX && !r->low; each *= 2) {
        r->low = malloc((size_t)each * r->n * sizeof *r->low);
        if (r->low && !fill_buckets(r, each * r->n)) {
            free(r->low);
            r->low = NULL;
        }
    }
}

/* The constants and the bitmaps of one column's predicates; leaves them out (false) beyond the memory's
 * bound. */
static bool rank(struct ss_filter *f, struct ss_ranked *r, const struct predicate *p, size_t n, size_t *bytes)
{
    *r = (struct ss_ranked){.column = p->column, .strings = p->is_string};
    ss_map_init(&r->names, STRINGS_MAX);
    r->limit = r->strings ? NULL : malloc((n + NEAR) * sizeof *r->limit);
    if (!r->strings && !r->limit)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (r->strings && ss_map_add(&r->names, p[i].string) < 0)
            return false;
        if (!r->strings && (r->n == 0 || r->limit[r->n - 1] != p[i].number))
            r->limit[r->n++] = p[i].number;
    }
    if (!r->strings)
        lay_out_buckets(r);
    size_t size = (size_t)ranks(r) * f->words * sizeof *r->row;
    *bytes += size;
    r->row = *bytes > ROWS_MAX ? NULL : aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE);
    if (!r->row)
        return false;
    memset(r->row, 0xff, size);
    for (size_t i = 0; i < n; i++)
        clear_row_bits(f, r, &p[i]);
    return true;
}

static void free_ranked(struct ss_ranked *r)
{
    free(r->limit);
    free(r->low);
    free(r->row);
    ss_map_free(&r->names);
}

void ss_filter_free(struct ss_filter *f)
{
    if (!f)
        return;
    for (uint32_t i = 0; i < f->n; i++)
        free_ranked(&f->ranked[i]);
    free(f->ranked);
    free(f->all);
    free(f->decided);
    free(f->row);
    free(f->maybe);
    free(f);
}

static void build_columns(struct ss_filter *f, struct builder *b)
{
    size_t bytes = 0;
    if (b->n)
        qsort(b->p, b->n, sizeof *b->p, by_column);
    for (size_t from = 0, to; from < b->n; from = to) {
        for (to = from;
             to < b->n && b->p[to].column == b->p[from].column && b->p[to].is_string == b->p[from].is_string;)
            to++;
        if (rank(f, &f->ranked[f->n], b->p + from, to - from, &bytes)) {
            f->n++;
            continue;
        }
        free_ranked(&f->ranked[f->n]);
        for (size_t i = from; i < to; i++)
            f->decided[b->p[i].expr / 64] &= ~(1ull << (b->p[i].expr % 64));
    }
}

int ss_filter_build(struct ss_exprs *set)
{
    struct builder b = {.set = set};
    struct ss_filter *f = calloc(1, sizeof *f);
    ss_filter_free(set->filter);
    set->filter = f;
    if (!f)
        return ss_fail(SS_ENOMEM, "out of memory for expressions");
    f->words = (set->exprs / 64 + 2) / 2 * 2;
    f->all = malloc(f->words * sizeof *f->all);
    f->decided = calloc(f->words, sizeof *f->decided);
    f->maybe = malloc(f->words * sizeof *f->maybe);
    if (!f->all || !f->decided || !f->maybe)
        return ss_fail(SS_ENOMEM, "out of memory for expressions");
    memset(f->all, 0, f->words * sizeof *f->all);
    for (uint32_t e = 0; e < set->exprs; e++)
        f->all[e / 64] |= 1ull << (e % 64);
    for (uint32_t e = 0; e < set->exprs; e++) {
        bool whole = set->expr[e].kind == SS_EXPR_NATIVE;
        if (whole)
            take(&b, e, set->expr[e].root, &whole, 0);
        if (whole)
            f->decided[e / 64] |= 1ull << (e % 64);
    }
    f->ranked = calloc(2 * (size_t)set->columns + 1, sizeof *f->ranked);
    f->row = calloc(2 * (size_t)set->columns + 1, sizeof(const uint64_t *));
    if (!b.failed && f->ranked && f->row)
        build_columns(f, &b);
    free(b.p);
    return b.failed || !f->ranked || !f->row ? ss_fail(SS_ENOMEM, "out of memory for expressions") : 0;
}

/* Twice the limits below v, and one more when v is one. The values of a stream are hard to guess, so there
 * are no branches on them: its bucket or a search says which NEAR limits to count. */
static inline uint32_t rank_number(const struct ss_ranked *r, double v)
{
    const limits value = {v, v};
    uint32_t below = 0;
    if (r->low)
        below = r->low[bucket_of(r, v)];
    else
        for (uint32_t n = r->n; n > NEAR; n -= n / 2)
            below += n / 2 & -(uint32_t)(r->limit[below + n / 2 - 1] < v);
    const double *limit = r->limit + below;
    counts sum = (counts)(*(const limits *)limit < value) + (counts)(*(const limits *)(limit + 2) < value);
    below -= (uint32_t)(sum[0] + sum[1]);
    return 2 * below + (r->limit[below] == v);
}

static uint32_t rank_value(const struct ss_ranked *r, const struct ss_val *v)
{
    if (r->strings)
        return v->type == SS_VAL_STRING
                   ? (uint32_t)(ss_map_find(&r->names, (struct ss_str){v->str, v->n}) + 1)
                   : 0;
    /* What sorts below every number, and what above. */
    if (v->type < SS_VAL_NUMBER)
        return 0;
    return v->type > SS_VAL_NUMBER ? 2 * r->n : rank_number(r, ss_val_double(v));
}

/* Which of the fields stand as numbers in vectors of these names. */
static void number_features(struct ss_exprs *set, struct ss_filter *f, const struct ss_feature_names *names)
{
    f->names = names;
    for (uint32_t i = 0; i < f->n; i++) {
        struct ss_ranked *r = &f->ranked[i];
        const struct ss_column *c = &set->column[r->column];
        r->feature = -1;
        if (r->strings || c->parent < 0 || !ss_str_is(set->column[c->parent].name, "features"))
            continue;
        for (uint32_t k = 0; k < names->n; k++)
            if (ss_str_eq(names->name[k], c->name) && !(names->is_text && names->is_text[k]))
                r->feature = (int32_t)k;
    }
}

/* All rows, some words at a time, so that what is left of the candidates stays in registers. */
static void and_rows(struct ss_filter *f)
{
    uint32_t w = 0;
    for (; w + 8 <= f->words; w += 8) {
        const pair *all = (const pair *)(f->all + w);
        pair a = all[0], b = all[1], c = all[2], d = all[3];
        for (uint32_t i = 0; i < f->n; i++) {
            const pair *row = (const pair *)(f->row[i] + w);
            a &= row[0];
            b &= row[1];
            c &= row[2];
            d &= row[3];
        }
        pair *maybe = (pair *)(f->maybe + w);
        maybe[0] = a;
        maybe[1] = b;
        maybe[2] = c;
        maybe[3] = d;
    }
    for (; w < f->words; w += 2) {
        pair left = *(const pair *)(f->all + w);
        for (uint32_t i = 0; i < f->n; i++)
            left &= *(const pair *)(f->row[i] + w);
        *(pair *)(f->maybe + w) = left;
    }
}

void ss_filter_run(struct ss_exprs *set)
{
    struct ss_filter *f = set->filter;
    const struct ss_features *features = set->rec->features;
    f->tick = set->tick[0];
    f->exact = true;
    if (features && SS_UNLIKELY(features->names != f->names))
        number_features(set, f, features->names);
    for (uint32_t i = 0; i < f->n; i++) {
        const struct ss_ranked *r = &f->ranked[i];
        if (features && r->feature >= 0) {
            double v = features->num[r->feature];
            f->row[i] = r->row + (size_t)(isnan(v) ? 0 : rank_number(r, v)) * f->words;
            for (uint32_t w = 0; w < f->words; w += LINE / 8) /* they come while the other ranks are found */
                __builtin_prefetch(f->row[i] + w);
            continue;
        }
        struct ss_val v;
        if (ss_column_value(set, r->column, &v) != SS_OUT_VALUE) {
            memcpy(f->maybe, f->all, f->words * sizeof *f->maybe);
            f->exact = false;
            return;
        }
        f->row[i] = r->row + (size_t)rank_value(r, &v) * f->words;
    }
    and_rows(f);
}
