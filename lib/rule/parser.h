/*
 * The parser's parts: what the grammar's files (parse.c: operators and control; parse_term.c: terms) share.
 * After the first fault every part returns NULL or false, and the first message stays.
 */
#ifndef SS_RULE_PARSER_H
#define SS_RULE_PARSER_H

#include "rule/ast.h"
#include "rule/expr.h"
#include "rule/token.h"

struct ss_parser {
    struct ss_str text;
    struct ss_arena *arena;
    size_t at;
    struct ss_token token; /* the one to be looked at */
    enum ss_syntax state;
    char *message;
    size_t message_size;
    size_t column;
    int depth;
    uint32_t nodes;
};

enum ss_binding {
    SS_LEVEL_PIPE,
    SS_LEVEL_COMMA,
    SS_LEVEL_ALT,
    SS_LEVEL_ASSIGN,
    SS_LEVEL_OR,
    SS_LEVEL_AND,
    SS_LEVEL_COMPARE,
    SS_LEVEL_SUM,
    SS_LEVEL_PRODUCT,
    SS_LEVEL_OPERAND
};

/* Kids of unknown number are gathered in a growing array. */
struct ss_ast_list {
    struct ss_ast **kid;
    uint32_t n, cap;
};

/* Remembers the first fault; returns NULL so that callers can return it. */
struct ss_ast *ss_parser_fault(struct ss_parser *p, enum ss_syntax state, size_t at, const char *fmt, ...)
    SS_PRINTF(4, 5);
struct ss_ast *ss_parser_unexpected(struct ss_parser *p, const char *wanted);
void ss_parser_advance(struct ss_parser *p);
bool ss_parser_is_mark(const struct ss_parser *p, const char *mark);
bool ss_parser_is_word(const struct ss_parser *p, const char *word);
/* The token is `mark`, and is passed over; or a fault. */
bool ss_parser_take(struct ss_parser *p, const char *mark);

struct ss_ast *ss_parser_node(struct ss_parser *p, enum ss_ast_op op, size_t from, uint32_t n);
/* After the kids are set: where it ends, how high it is, whether it has many outputs. NULL after a fault. */
struct ss_ast *ss_parser_finish(struct ss_parser *p, struct ss_ast *a);
struct ss_ast *ss_parser_constant(struct ss_parser *p, size_t from, struct ss_val val);
struct ss_ast *ss_parser_pair(struct ss_parser *p, enum ss_ast_op op, struct ss_ast *left,
                              struct ss_ast *right);
bool ss_parser_append(struct ss_parser *p, struct ss_ast_list *list, struct ss_ast *kid);
/* A node whose kids are the list's; not finished yet. */
struct ss_ast *ss_parser_gather(struct ss_parser *p, enum ss_ast_op op, size_t from,
                                const struct ss_ast_list *list);

/* An expression of operators that bind at least so tightly. */
struct ss_ast *ss_parse_exp(struct ss_parser *p, enum ss_binding least);
struct ss_ast *ss_parse_term(struct ss_parser *p);
/* The name behind a '$'. */
struct ss_ast *ss_parse_variable(struct ss_parser *p, size_t from);
/* The token is the opening quote. A constant, or a TEXT in that format. */
struct ss_ast *ss_parse_string(struct ss_parser *p, struct ss_str format, size_t from);

#endif
