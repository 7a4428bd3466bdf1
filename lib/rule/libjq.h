/*
 * libjq behind a wrapper: compiled programs that run over one value. No libjq type or memory leaves libjq.c.
 *
 * Programs see no environment, no modules and no files. Two operators of jq 1.6 that can end the process or
 * never return are replaced: a string times a number is an error beyond 64 KiB, a remainder by -1 is 0.
 * Whether a program ends is up to the caller: allow.h for this process, child.h for anything else.
 */
#ifndef SS_RULE_LIBJQ_H
#define SS_RULE_LIBJQ_H

#include "rule/value.h"

struct ss_libjq;

struct ss_libjq *ss_libjq_new(void);
void ss_libjq_free(struct ss_libjq *jq);

/* `lists` is an object for $lists, or NULL. SS_ECONFIG with jq's message when it is no program; SS_ENOMEM. */
int ss_libjq_add(struct ss_libjq *jq, struct ss_str text, const struct ss_val *lists,
                 uint32_t *program) SS_MUST_CHECK;

enum ss_libjq_result { SS_LIBJQ_VALUE, SS_LIBJQ_EMPTY, SS_LIBJQ_ERROR };

/* The first output, copied into the arena; for an ERROR its message, a string. */
enum ss_libjq_result ss_libjq_run(struct ss_libjq *jq, uint32_t program, const struct ss_val *input,
                                  struct ss_arena *arena, struct ss_val *out);

/* The same over JSON text, which is parsed once for many programs; appends JSON, or a message's text. */
bool ss_libjq_input(struct ss_libjq *jq, struct ss_str json);
enum ss_libjq_result ss_libjq_run_json(struct ss_libjq *jq, uint32_t program, struct ss_buf *out);

#endif
