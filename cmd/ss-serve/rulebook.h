/*
 * Which rules of the pipeline the server keeps (web/rules.h), found in the pipeline's own words:
 *
 *   rules                      the store's, beginning with the shipped default, in STORE.rules
 *   rules -r cards             the same, beginning with another shipped pack
 *   rules -r payments.rules    the store's, beginning with that file, in that file
 *   rules -r a.rules -r b      several: nobody's but the files' own; the API reads and tries, and refuses to
 *                              change
 */
#ifndef SS_SERVE_RULEBOOK_H
#define SS_SERVE_RULEBOOK_H

#include "base/arena.h"
#include "web/rules.h"

struct ss_rulebook {
    struct ss_arena arena;
    const char *pipeline; /* as it is to run */
    bool kept;            /* then: */
    struct ss_rules_options rules;
};

/* Fills `book`, whose texts live in its arena. SS_EUSAGE for a pipeline that cannot be read. */
int ss_rulebook_read(struct ss_rulebook *book, const char *pipeline, const char *store) SS_MUST_CHECK;
void ss_rulebook_free(struct ss_rulebook *book);

#endif
