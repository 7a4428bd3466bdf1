/*
 * What becomes of each column of one header (of CSV, or the keys of a JSON object): made once from the field
 * map, or from well-known names where there is none, and then followed for every row.
 */
#ifndef SS_INGEST_PLAN_H
#define SS_INGEST_PLAN_H

#include "ingest/map.h"
#include "record/schema.h"

#define SS_PLAN_COLUMNS_MAX 4096
#define SS_PLAN_SNIFF_ROWS  256 /* rows looked at for undeclared card numbers */

enum ss_op_kind {
    SS_OP_VALUE,   /* a number where its text is one in JSON, else a string */
    SS_OP_ID,      /* an integer where its text is a plain one, else a string */
    SS_OP_TEXT,    /* a string */
    SS_OP_NUMBER,  /* a number as the rule says it is written; else as it came */
    SS_OP_AMOUNT,  /* the same, required */
    SS_OP_TIME,    /* RFC 3339 */
    SS_OP_LABEL,   /* 0 or 1 */
    SS_OP_DEGREES, /* a number within +-limit */
    SS_OP_IS,      /* 1 where the text is one of the rule's words */
    SS_OP_PAN,     /* a card number */
    SS_OP_MEMBER,  /* JSON: a member named as a stage's; kept where it is an object as that stage makes it */
    SS_OP_CONSTANT,
    SS_OP_ROW,
    SS_OP_HASH,
};

struct ss_op {
    enum ss_op_kind kind;
    bool renamed;  /* JSON: its key changes */
    bool in_place; /* JSON: where its column stands; else at the end */
    int16_t slot;  /* in the schema, -1 for a field nobody looks at; canonical ones have their enum ss_slot */
    int16_t aside_slot; /* of the field that takes a value which is no good for this one */
    int16_t last4_slot; /* PAN: of card_last4, where this op writes it */
    bool writes_last4;
    int limit;        /* DEGREES */
    uint32_t columns; /* how many; 0 for constants, row() and hash() of the whole row */
    uint32_t *column;
    struct ss_str key;          /* ,"name": with 64 readable bytes behind it */
    struct ss_str aside;        /* ,"in_name": */
    const struct ss_rule *rule; /* NULL without a map */
    uint64_t order;
};

struct ss_plan {
    struct ss_op *op; /* in the order of output for CSV */
    uint32_t n;
    uint32_t columns;
    struct ss_str *name; /* of columns: JSON as they stand there, escapes and all */
    int32_t *op_of;      /* JSON: the op in place of a column, or -1: used elsewhere */
    bool edits;          /* JSON: an object needs more than a look at its values */
    bool has_type;       /* there is a `type`: rows may be labels */
    size_t fixed_bytes;  /* what a record needs besides `copies` times six times its row's bytes */
    uint32_t copies;     /* how many fields the most used column goes into */
    const char *fault;   /* why no row of this header can be read, or NULL */
    const char *shipped; /* the shipped map that was chosen, or NULL */
    uint16_t *pan_like;  /* how many of the first rows look like card numbers, by column */
    uint32_t sniffed;
    bool pan_kept; /* a shipped map chosen by the header declares card numbers that are kept as they are */
    uint64_t hash; /* of the names */
    struct ss_arena *arena; /* where all of it lives */
};

/* What plans are made from. */
struct ss_planner {
    const struct ss_schema *schema;
    const struct ss_field_map *map;     /* of -m, or NULL */
    const struct ss_field_map *shipped; /* maps to choose from by header */
    uint32_t n_shipped;
    bool hides_pan; /* card numbers of shipped maps are to be hidden too */
};

/*
 * A plan for `n` names (UTF-8 or not), in `arena`, where it lives until that is reset; names are copied.
 * `json`: raw keys, and columns may lack. Only SS_ENOMEM is an error; anything else is the plan's `fault`.
 */
int ss_plan_make(struct ss_plan *plan, const struct ss_planner *planner, const struct ss_str *name,
                 uint32_t n, bool json, struct ss_arena *arena) SS_MUST_CHECK;

#endif
