/* "did you mean 'score'?": the nearest of the names that there are. */
#ifndef SS_RULE_SUGGEST_H
#define SS_RULE_SUGGEST_H

#include "base/str.h"
#include <stdint.h>

#define SS_SUGGEST_TEXT 160

struct ss_suggest {
    struct ss_str wanted, best;
    unsigned distance;
};

void ss_suggest_init(struct ss_suggest *s, struct ss_str wanted);
void ss_suggest_name(struct ss_suggest *s, struct ss_str name);
/* "; did you mean 'score'?", or "" when nothing is near. */
const char *ss_suggest_text(const struct ss_suggest *s, char out[SS_SUGGEST_TEXT]);

#endif
