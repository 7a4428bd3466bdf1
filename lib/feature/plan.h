/*
 * A feature file compiled: which inputs are read from a record, which entities are kept, and for each of them
 * one event layout shared by all its windows.
 *
 *   level    window features over fields are level 0; those over earlier features come one level later
 *   group    the entities of one key list at one level: a table, an event layout, two window sets
 *   set      windows that can be rebuilt from the event log (`win`), and what lasts for ever (`life`)
 *   head     a delay: events enter here once they are that old       (shared by all spans of that delay)
 *   span     a window: events leave here once they are older         (shared by all accumulators over it)
 *   acc      a running aggregate of one column of the events of a span that meet its conditions
 *
 * A plan never changes once made; any number of engines and threads may use it. It keeps what it needs of
 * the text; field slots are those of the schema it was made with.
 */
#ifndef SS_FEATURE_PLAN_H
#define SS_FEATURE_PLAN_H

#include "feature/spec.h"
#include "record/record.h"

#define SS_FEATURE_LEVELS 3
#define SS_FEATURE_GROUPS 64
#define SS_FEATURE_PREDS  32

/* Amounts are in 1/10000, other numbers in 1/1000000: sums of integers depend on no order. */
#define SS_NUMBER_SCALE 1e6
/* Values beyond +-2^56 of those units (7.2e12 currency units, 7.2e10 of others) count as that bound, so that
 * 128-bit sums of squares stay exact. */
#define SS_VALUE_MAX  ((int64_t)1 << 56)
#define SS_VALUE_NULL INT64_MIN

enum ss_input { SS_INPUT_AMOUNT, SS_INPUT_FIELD, SS_INPUT_FEATURE, SS_INPUT_LABEL, SS_INPUT_CARRIED };

struct ss_plan_num {
    enum ss_input from;
    uint32_t id; /* slot, feature, or number in `carried` */
    double scale;
    uint32_t level; /* ready before the windows of this level */
};

struct ss_plan_cond {
    enum ss_input from;
    uint32_t id;
    const struct ss_feature_cond *cond;
};

struct ss_plan_pred {
    struct ss_plan_cond cond[SS_FEATURE_CONDS];
    uint32_t conds;
    uint32_t level;
};

struct ss_plan_keys {
    uint32_t text[SS_FEATURE_KEYS];
    uint32_t n;
};

enum ss_acc_kind {
    SS_ACC_COUNT,
    SS_ACC_SUM,
    SS_ACC_SQUARES,
    SS_ACC_EXTREME,
    SS_ACC_DISTINCT,
    SS_ACC_ORDER,
    SS_ACC_LAST,
    SS_ACC_SEEN,
};

enum ss_col { SS_COL_NONE, SS_COL_VALUE, SS_COL_LABEL, SS_COL_TEXT, SS_COL_PLACE };

struct ss_acc {
    uint8_t kind, col;
    uint8_t labels; /* bit 0, 1, 2: holds for events whose label is unknown, 0, 1 */
    bool plain;     /* no condition at all */
    int8_t sign;    /* of extremes: 1 max, -1 min */
    uint16_t at;    /* the column's place in the event */
    uint16_t input; /* and in the row: number or text input */
    uint16_t span;
    uint32_t must; /* predicate bits */
    uint32_t off;  /* of its state in the block */
};

struct ss_span {
    uint8_t over;
    uint16_t head, acc, accs;
    uint32_t off;
    int64_t window_us;
};

struct ss_head {
    int64_t delay_us;
    uint16_t span, spans;
    uint32_t off;
};

struct ss_wset {
    struct ss_head *head;
    struct ss_span *span;
    struct ss_acc *acc; /* by span; SS_ACC_SEEN behind all spans */
    uint16_t heads, spans, accs, seen;
    uint32_t bytes;
    bool label, sides, lasts; /* some acc looks at labels, owns memory of its own, is a latest value */
};

struct ss_read {
    uint8_t func;
    bool life, has_default;
    uint8_t over;
    uint16_t acc;
    uint16_t input; /* the record's own value: number or text input */
    uint32_t feature;
    int64_t window_us, delay_us;
    double scale, fallback, percent;
};

struct ss_group {
    uint32_t keys, level;
    struct ss_wset win, life;
    struct ss_read *before, *after; /* read before and after the record itself is counted */
    uint32_t befores, afters;
    bool label, place, forever; /* forever: holds something that no window ends */
    uint16_t at_txn, at_meta, at_place, at_value, at_text, stride;
    uint16_t values, texts;
    uint16_t *value, *text; /* which inputs are columns */
    uint32_t at_labels;     /* of the list of late labels in the block, where label */
    int64_t reach_us;       /* longest window plus delay */
};

struct ss_plan_op {
    enum ss_feature_op op;
    enum ss_input from; /* of SS_OP_NAME */
    uint32_t id;
    double num, num2;
};

struct ss_plan_row {
    uint32_t feature, op, ops, level;
    bool exact; /* a bare field: not rounded */
    bool has_default;
    double fallback;
};

/* Texts come from a slot, or from what the record brings: number i of `carried` is -1 - i. */
struct ss_plan_text_feature {
    uint32_t feature;
    int slot;
};

/* Features that an earlier stage computed, read from the record's `features` before this one replaces it. */
struct ss_plan_carried {
    struct ss_str *name;
    bool *as_text; /* wanted as a text */
    uint32_t n;
};

#define SS_RENDER_PAD   32
#define SS_RENDER_SMALL 1000

/* ,"NAME": ready to be copied, most in one piece of fixed size. */
struct ss_plan_fragment {
    char start[SS_RENDER_PAD];
    const char *text; /* all of it */
    uint32_t n;
    bool is_text; /* the feature is */
};

/* A small number's text, its length in the last byte. */
struct ss_plan_small {
    char text[4];
};

struct ss_feature_plan {
    struct ss_feature_spec *spec;
    struct ss_arena arena;
    struct ss_feature_names names;
    char head[24]; /* {"set":"9be14c02" */
    uint32_t head_len, keys_len;
    double *nulls;                /* a feature vector of NaN, to start from */
    struct ss_plan_fragment *key; /* of each feature */
    struct ss_plan_small small[SS_RENDER_SMALL];
    struct ss_plan_num *num;
    int *text; /* slots, or carried */
    struct ss_plan_carried carried;
    struct ss_plan_pred *pred;
    struct ss_plan_keys *keys;
    struct ss_group *group;
    struct ss_plan_op *op;
    struct ss_plan_row *row;
    struct ss_plan_text_feature *code;
    uint32_t nums, texts, preds, keysets, groups, ops, rows, codes;
    uint32_t levels; /* used */
    bool place, label;
    /* A row of the engine's scratch (engine.h): fixed part, then these. */
    uint32_t row_texts, row_keys, row_nums, row_late, row_bytes;
};

/*
 * Compiles a feature file. Slots are asked of `schema`, which must still be open. SS_ECONFIG with
 * "FILE:LINE: ...", or SS_ENOMEM.
 */
int ss_feature_plan_parse(const char *text, size_t len, const char *file, struct ss_schema *schema,
                          struct ss_feature_plan **plan) SS_MUST_CHECK;
void ss_feature_plan_free(struct ss_feature_plan *plan);

#endif
