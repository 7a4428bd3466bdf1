/*
 * The feature language (ss-features.5) as a tree: what a person wrote, checked line by line, names not yet
 * resolved. plan.h turns it into what runs; tests hold the engine against a brute-force reading of this tree.
 *
 * A specification and all its texts live until ss_feature_spec_free; the text it was parsed from is copied.
 */
#ifndef SS_FEATURE_SPEC_H
#define SS_FEATURE_SPEC_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_FEATURES_MAX      512
#define SS_FEATURE_KEYS      4 /* `by` at most this many fields */
#define SS_FEATURE_CONDS     4 /* `where` at most this many conditions */
#define SS_FEATURE_DEPTH     32
#define SS_FEATURE_FILE_MAX  ((size_t)1 << 20)
#define SS_FEATURE_WINDOW_US (3660 * SS_DAY_US) /* no window and no delay is longer: ten years */

enum ss_feature_func {
    SS_FEATURE_COUNT,
    SS_FEATURE_SUM,
    SS_FEATURE_MEAN,
    SS_FEATURE_STD,
    SS_FEATURE_MIN,
    SS_FEATURE_MAX,
    SS_FEATURE_DISTINCT,
    SS_FEATURE_FIRST,
    SS_FEATURE_LAST,
    SS_FEATURE_GAP,
    SS_FEATURE_RATIO,
    SS_FEATURE_ZSCORE,
    SS_FEATURE_PERCENTILE,
    SS_FEATURE_SPEED,
    SS_FEATURE_DISTANCE,
    SS_FEATURE_FUNCS,
    SS_FEATURE_ROW = SS_FEATURE_FUNCS, /* no window: computed from the record and earlier features */
    SS_FEATURE_TEXT,                   /* code(field): the field's text */
};

enum ss_feature_over { SS_OVER_EVER, SS_OVER_SLIDING, SS_OVER_DAY, SS_OVER_WEEK, SS_OVER_MONTH };

enum ss_feature_cmp { SS_CMP_EQ, SS_CMP_NE, SS_CMP_LT, SS_CMP_LE, SS_CMP_GT, SS_CMP_GE, SS_CMP_IN };

#define SS_FEATURE_CARRIED "features." /* before the name of a feature that the record brings */

/* A name in the file: an earlier feature or else a field of the record; always a field inside field(), and
 * with SS_FEATURE_CARRIED before it a feature that an earlier stage computed. */
struct ss_feature_name {
    struct ss_str text;
    bool field;
};

struct ss_feature_cond {
    struct ss_feature_name what;
    enum ss_feature_cmp cmp;
    bool is_text; /* compares texts, else numbers */
    double num;
    uint32_t n; /* texts: one for == and !=, several for `in` */
    struct ss_str text[8];
};

enum ss_feature_op {
    SS_OP_CONST,
    SS_OP_NAME,
    SS_OP_NEG,
    SS_OP_ADD,
    SS_OP_SUB,
    SS_OP_MUL,
    SS_OP_DIV,
    SS_OP_ABS,
    SS_OP_SQRT,
    SS_OP_LOG, /* ln(1 + x) */
    SS_OP_MIN,
    SS_OP_MAX,
    SS_OP_HOUR,
    SS_OP_WEEKDAY,
    SS_OP_WEEKEND,
    SS_OP_NIGHT, /* kid[0] a date; num..num2 the hours */
    SS_OP_MONTHDAY,
    SS_OP_MONTH,
    SS_OP_AGE, /* days since the date in kid[0], times num */
    SS_OP_DISTANCE,
    SS_OP_CODE,
};

struct ss_feature_node {
    enum ss_feature_op op;
    uint32_t kids;
    struct ss_feature_node *kid[4];
    struct ss_feature_name name;
    double num, num2;
};

struct ss_feature_def {
    struct ss_str name;
    uint32_t line;
    enum ss_feature_func func;
    struct ss_feature_node *expr; /* of SS_FEATURE_ROW and SS_FEATURE_TEXT */
    struct ss_feature_name arg;   /* text.p == NULL: none */
    double percent;               /* of percentile */
    struct ss_str key[SS_FEATURE_KEYS];
    uint32_t keys;
    enum ss_feature_over over;
    int64_t window_us, delay_us;
    struct ss_feature_cond cond[SS_FEATURE_CONDS];
    uint32_t conds;
    bool including; /* the record itself belongs to its window */
    bool has_default;
    double fallback;
};

struct ss_feature_spec {
    struct ss_feature_def def[SS_FEATURES_MAX];
    uint32_t n;
    const char *file; /* for messages */
    struct ss_arena arena;
};

/* SS_ECONFIG with "FILE:LINE: what is wrong and how to mend it", or SS_ENOMEM; *spec is NULL then. */
int ss_feature_spec_parse(const char *text, size_t len, const char *file,
                          struct ss_feature_spec **spec) SS_MUST_CHECK;
void ss_feature_spec_free(struct ss_feature_spec *spec);

/* What stands behind "features." of a name that begins so; p == NULL for others. */
static inline struct ss_str ss_feature_carried(const struct ss_feature_name *name)
{
    const size_t n = sizeof SS_FEATURE_CARRIED - 1;
    if (name->field || name->text.n <= n || memcmp(name->text.p, SS_FEATURE_CARRIED, n) != 0)
        return (struct ss_str){NULL, 0};
    return (struct ss_str){name->text.p + n, name->text.n - n};
}

const char *ss_feature_func_name(enum ss_feature_func func);

#endif
