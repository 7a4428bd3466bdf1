/*
 * The graph behind an expression set. Every node stands for a value that depends on the record (and, within
 * loops, on loop variables) and on nothing else: pipes are gone, since `a | b` is b with its input node set
 * to a's. Equal nodes are one node (hash-consed), so work is shared between rules.
 *
 * A node's outcome is a value, no output, or an error; it is kept until one of the variables it depends on
 * gets its next value (the record is variable 0): `stamp` against the variable's `tick`.
 *
 * Generators (what may have many outputs) are nodes of their own, evaluated by a loop that calls back.
 */
#ifndef SS_RULE_GRAPH_H
#define SS_RULE_GRAPH_H

#include "rule/ast.h"
#include "rule/expr.h"
#include "rule/regex.h"
#include "rule/value.h"

#define SS_NODE_NONE UINT32_MAX
#define SS_VARS_MAX  12

enum ss_node_op {
    SS_NODE_CONST,
    SS_NODE_VAR,    /* arg: which; 0 is the whole record */
    SS_NODE_COLUMN, /* arg: which of the set's columns */
    SS_NODE_INDEX,  /* kid 0 [ kid 1 ]; flag: no output instead of an error */
    SS_NODE_SLICE,  /* kid 0 [ kid 1 : kid 2 ]; flag as above */
    SS_NODE_NEG,
    SS_NODE_BINARY, /* arg: enum ss_ast_op EQ..MOD */
    SS_NODE_AND,
    SS_NODE_OR,
    SS_NODE_ALT,
    SS_NODE_IF,
    SS_NODE_SEQ, /* kid 0 for its failure only, then kid 1 */
    SS_NODE_EMPTY,
    SS_NODE_JOIN,    /* kid 0 . text of kid 1: string interpolation; kid 0 is a string */
    SS_NODE_CALL,    /* arg: which builtin; kids: input, arguments */
    SS_NODE_TEST,    /* arg: which regex; kid 0: the subject */
    SS_NODE_LISTED,  /* arg: which list; kid 0: what is looked up */
    SS_NODE_COLLECT, /* kid 0: a generator */
    SS_NODE_FIRST,
    SS_NODE_ANY, /* kid 0: a generator of conditions */
    SS_NODE_ALL,
    SS_NODE_HAS_TRUE, /* IN: is there a true among the generator's outputs; stops there */
    /* generators */
    SS_NODE_ONE,     /* kid 0: a node */
    SS_NODE_EACH,    /* the items of kid 0, a node; flag: nothing instead of an error */
    SS_NODE_COMMA,   /* two generators */
    SS_NODE_BIND,    /* for each output of kid 0 (a generator): variable arg is it; then kid 1, a generator */
    SS_NODE_GEN_IF,  /* kid 0: a node; kids 1 and 2: generators */
    SS_NODE_GEN_SEQ, /* kid 0: a node, for its failure; kid 1: a generator */
};

enum ss_outcome { SS_OUT_VALUE, SS_OUT_EMPTY, SS_OUT_ERROR };

struct ss_node {
    uint8_t op, flag, outcome;
    bool total;    /* always a value */
    uint16_t vars; /* bit v: depends on variable v */
    uint16_t height;
    uint32_t arg;
    uint32_t kid[3];
    uint32_t from, to, text_of; /* where it was first written: a part of expression text_of */
    uint64_t stamp;
    struct ss_val val; /* a constant, or the memo */
};

/* A field of the record that expressions read: a top-level one, or a member of `features` or `score`. */
struct ss_column {
    struct ss_str name;
    int32_t parent; /* a column, or -1 */
    uint32_t parent_node;
    int32_t slot;    /* in the schema; -1: looked up in the record's text */
    uint32_t hint;   /* where among its parent's members it was last */
    int32_t feature; /* the number in the current feature names, or -1 */
};

struct ss_pattern {
    struct ss_str pattern;
    struct ss_regex *re;
};

struct ss_filter;
struct ss_libjq;
struct ss_jq_child;

struct ss_expr {
    uint8_t kind;
    uint32_t root;
    struct ss_str text, where, why;
    uint32_t program; /* of libjq or the child */
    uint32_t bytes_max;
    bool whole; /* libjq's input is the record; otherwise these of its columns */
    uint32_t *column, columns;
    bool quarantined;
    /* The memo of a LIBJQ evaluation, and the child's answers of the batch. */
    uint64_t stamp;
    uint8_t outcome;
    struct ss_val val;
};

struct ss_exprs {
    struct ss_exprs_options opt;
    struct ss_arena arena; /* texts, constants, AST: the life of the set */
    struct ss_node *node;
    uint32_t nodes, nodes_cap;
    uint32_t *slot; /* the hash table of nodes: number + 1 */
    uint32_t slots;
    struct ss_column *column;
    uint32_t columns, columns_cap;
    struct ss_pattern *regex;
    uint32_t regexes;
    struct ss_expr *expr;
    uint32_t exprs, exprs_cap;
    struct ss_schema *schema;
    struct ss_filter *filter;
    struct ss_libjq *libjq;
    struct ss_jq_child *child;

    /* The current record. */
    const struct ss_record *rec;
    struct ss_arena *made; /* the record's arena */
    const struct ss_feature_names *names;
    uint64_t ticks;
    uint64_t tick[SS_VARS_MAX + 1];
    struct ss_val var[SS_VARS_MAX + 1];
    uint32_t steps;
    size_t bytes;
    const struct ss_record *batch_from; /* the first record of the batch that the child has answered */

    /* The last error: `str` is the message, in which % stands for the names of the types `type` and `n`;
     * or, where it is `big`, of n bytes. */
    struct ss_val fault;
    char message[400];
};

/* compile.c: the node of an expression, SS_NODE_NONE when it is not native (`why`: a short reason) or memory
 * ran out (`why` is NULL then). */
uint32_t ss_graph_compile(struct ss_exprs *set, uint32_t expr, const struct ss_ast *ast, const char **why);
/* Makes or finds a node like `n` (op, flag, arg, kids, val count). */
uint32_t ss_graph_node(struct ss_exprs *set, const struct ss_node *n);
/* The column of that name (made when new): of the record (-1), or of the column `parent`, whose node is
 * parent_node.
 */
uint32_t ss_graph_column(struct ss_exprs *set, int32_t parent, uint32_t parent_node, struct ss_str name);
int ss_node_kids_of(enum ss_node_op op, uint32_t arg);
int ss_node_kids(const struct ss_node *n);

/* inspect.c: is this node `column OP number`? */
bool ss_node_threshold(const struct ss_exprs *set, uint32_t id, uint32_t *column, uint32_t *op,
                       double *number);

/* eval.c */
enum ss_outcome ss_eval(struct ss_exprs *set, uint32_t node, struct ss_val *out);
/* The first and second % in `text` stand for the types of a and b. */
enum ss_outcome ss_eval_fail(struct ss_exprs *set, const char *text, const struct ss_val *a,
                             const struct ss_val *b);
/* Memory for a value of this evaluation; NULL (and a fault) beyond the bounds. */
void *ss_eval_alloc(struct ss_exprs *set, size_t bytes);
/* column.c: the column's value for the current record. */
enum ss_outcome ss_column_value(struct ss_exprs *set, uint32_t column, struct ss_val *out);
enum ss_outcome ss_record_value(struct ss_exprs *set, struct ss_val *out);

/* builtin.c */
struct ss_builtin {
    const char *name;
    uint8_t args;
    bool total; /* never fails, whatever it is given */
    enum ss_outcome (*call)(struct ss_exprs *set, const struct ss_val *in, const struct ss_val *arg,
                            struct ss_val *out);
};
extern const struct ss_builtin ss_builtins[];
/* The builtin's number, or -1. */
int ss_builtin_find(struct ss_str name, uint32_t args);
enum ss_outcome ss_builtin_index(struct ss_exprs *set, const struct ss_val *in, const struct ss_val *key,
                                 struct ss_val *out);
enum ss_outcome ss_builtin_slice(struct ss_exprs *set, const struct ss_val *in, const struct ss_val *from,
                                 const struct ss_val *to, struct ss_val *out);
enum ss_outcome ss_builtin_binary(struct ss_exprs *set, enum ss_ast_op op, const struct ss_val *a,
                                  const struct ss_val *b, struct ss_val *out);
/* Both are strings. */
enum ss_outcome ss_builtin_split(struct ss_exprs *set, const struct ss_val *a, const struct ss_val *sep,
                                 struct ss_val *out);
/* A string as it is, anything else as JSON. */
enum ss_outcome ss_builtin_tostring(struct ss_exprs *set, const struct ss_val *in, struct ss_val *out);

#endif
