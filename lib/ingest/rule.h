/* What stands behind `FIELD =` in a field map. */
#ifndef SS_INGEST_RULE_H
#define SS_INGEST_RULE_H

#include "ingest/map.h"
#include "ingest/token.h"

/* Reads the rest of the line into `rule`, whose field, slot, line and defaults are set. */
int ss_rule_read(struct ss_tokens *t, struct ss_rule *rule) SS_MUST_CHECK;
/* COLUMN, COLUMN, ...: a list of at most SS_COLUMNS_MAX, made on first use. */
int ss_rule_read_columns(struct ss_tokens *t, struct ss_str **list, uint32_t *n) SS_MUST_CHECK;

#endif
