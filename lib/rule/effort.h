/*
 * How much an expression can take, at the most: its outputs, their size, and libjq's work for them, as they
 * follow from the size of its input. What cannot be bounded is refused by name.
 */
#ifndef SS_RULE_EFFORT_H
#define SS_RULE_EFFORT_H

#include "rule/allow.h"

/* The outputs of an expression: at most `outs`, each at most `size`, together `total`; and the work for them.
 */
struct ss_effort {
    double outs, size, total, work;
};

struct ss_judge {
    struct ss_arena *arena;
    struct ss_allowed *out;
    enum ss_syntax state;
    char *message;
    size_t message_size;
    uint32_t walks; /* through parts of the expression so far; 0 before each look */
    bool makes_objects, indexes_freely;
};

/* The effort for an input of `size` bytes or items; j->state says whether it counts. The lists that are named
 * are noted in j->out. */
struct ss_effort ss_effort_of(struct ss_judge *j, const struct ss_ast *ast, double size);

/* The first refusal stays. Returns some effort, so that callers can return it. */
__attribute__((format(printf, 3, 4))) struct ss_effort ss_judge_refuse(struct ss_judge *j,
                                                                       enum ss_syntax state, const char *fmt,
                                                                       ...);
/* Adds the name to `names`, of which there are *n, unless it is there. */
void ss_judge_note(struct ss_judge *j, struct ss_str **names, uint32_t *n, struct ss_str name);

#endif
