/* Inside the parser: spec.c reads lines and windows, expr.c reads arithmetic. */
#ifndef SS_FEATURE_PARSE_H
#define SS_FEATURE_PARSE_H

#include "feature/lex.h"
#include "feature/spec.h"

struct ss_feature_parser {
    struct ss_lexer lex;
    struct ss_feature_spec *spec;
    int depth;
};

/* An expression up to the first token that cannot belong to it. NULL with a message (no line yet). */
struct ss_feature_node *ss_feature_expr_parse(struct ss_feature_parser *ps) SS_MUST_CHECK;
/* A field, an earlier feature, or field(...). */
int ss_feature_name_parse(struct ss_feature_parser *ps, struct ss_feature_name *name) SS_MUST_CHECK;
int ss_feature_sign_parse(struct ss_feature_parser *ps, const char *sign) SS_MUST_CHECK;
int ss_feature_number_parse(struct ss_feature_parser *ps, double *number) SS_MUST_CHECK;
/* "expected ')', found 'x'". Returns SS_ECONFIG. */
int ss_feature_unexpected(const struct ss_feature_parser *ps, const char *expected);
/* The word of `list` (n of them) nearest to `word`, or NULL when none is near. */
const char *ss_feature_nearest(struct ss_str word, const char *const *list, size_t n);
/* "unknown function 'cuont': did you mean 'count'?" Returns SS_ECONFIG. */
int ss_feature_unknown(struct ss_str word);

#endif
