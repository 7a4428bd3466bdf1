/*
 * The syntax tree of one expression: all of jq 1.6's grammar but what cannot be proven to end (definitions,
 * reduce, foreach, label, assignment, modules), which the parser names and refuses. Lives in the parse's
 * arena.
 */
#ifndef SS_RULE_AST_H
#define SS_RULE_AST_H

#include "base/arena.h"
#include "rule/value.h"

enum ss_ast_op {
    SS_AST_DOT,    /* . */
    SS_AST_CONST,  /* val */
    SS_AST_TEXT,   /* "a\(kid)b": kids are the parts, name the format (text, or what follows @) */
    SS_AST_FORMAT, /* @name */
    SS_AST_INDEX,  /* kid[0][kid[1]], opt */
    SS_AST_SLICE,  /* kid[0][kid[1]:kid[2]], absent bounds are null constants, opt */
    SS_AST_EACH,   /* kid[0][], opt */
    SS_AST_ARRAY,  /* [kid[0]], or no kid */
    SS_AST_OBJECT, /* kids are key, value, key, value, ... */
    SS_AST_VAR,    /* $name */
    SS_AST_CALL,   /* name(kids) */
    SS_AST_IF,     /* condition, then, else */
    SS_AST_TRY,    /* kid[0]? or try kid[0] catch kid[1] */
    SS_AST_AS, /* source, body; name is the variable, or NULL for a pattern, whose expressions follow as kids
                */
    SS_AST_NEG,
    SS_AST_PIPE,
    SS_AST_COMMA,
    SS_AST_ALT,
    SS_AST_OR,
    SS_AST_AND,
    SS_AST_EQ,
    SS_AST_NE,
    SS_AST_LT,
    SS_AST_LE,
    SS_AST_GT,
    SS_AST_GE,
    SS_AST_ADD,
    SS_AST_SUB,
    SS_AST_MUL,
    SS_AST_DIV,
    SS_AST_MOD,
};

struct ss_ast {
    uint8_t op;
    bool opt;
    bool many;         /* may have more than one output */
    uint16_t height;   /* 1 + the highest kid's */
    uint32_t n;        /* kids */
    uint32_t from, to; /* in the text */
    struct ss_str name;
    struct ss_val val;
    struct ss_ast **kid;
};

enum ss_syntax {
    SS_SYNTAX_OK,
    SS_SYNTAX_WRONG, /* no jq: `message` says why */
    SS_SYNTAX_FULL,  /* jq perhaps, but beyond what is proven to end: `message` names the construct */
    SS_SYNTAX_NEVER, /* jq that no option allows */
};

/* `column` counts bytes from 1. The text is valid UTF-8 without NUL, or WRONG. */
enum ss_syntax ss_ast_parse(struct ss_str text, struct ss_arena *arena, const struct ss_ast **root,
                            char *message, size_t message_size, size_t *column);

#endif
