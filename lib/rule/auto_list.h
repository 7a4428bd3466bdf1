/*
 * Lists that confirmed frauds fill: a label of 1, in a payment or in a record of its own, puts the record's
 * value of a field on a list, from the label's event time (plus delay) for a time. The record itself is
 * decided before it is learnt. Event time and order of arrival alone decide, so that a replay does the same.
 *
 * What was learnt outlives a reload of the rules, and is a stage's state (save, load).
 */
#ifndef SS_RULE_AUTO_LIST_H
#define SS_RULE_AUTO_LIST_H

#include "base/buf.h"
#include "record/record.h"
#include "rule/spec.h"

/* Entries of one list. Beyond, those that are over are dropped; when that is not enough, new ones are. */
#define SS_AUTO_ENTRIES_MAX (1u << 24)

struct ss_auto_lists;

struct ss_auto_lists *ss_auto_lists_new(void);        /* NULL when out of memory */
void ss_auto_lists_free(struct ss_auto_lists *autos); /* accepts NULL */

/* The definitions that count from now on; slots as from ss_field_ref_bind. Lists of other names are kept. */
int ss_auto_lists_define(struct ss_auto_lists *autos, const struct ss_auto_def *def, uint32_t n,
                         struct ss_schema *schema, bool may_add_slots) SS_MUST_CHECK;
/* The list of that name; NULL when nothing defines it. Valid until the next define. */
const struct ss_list *ss_auto_lists_find(const struct ss_auto_lists *autos, struct ss_str name);

/* Does this record teach anything? */
bool ss_auto_lists_concern(const struct ss_auto_lists *autos, const struct ss_record *rec);
int ss_auto_lists_learn(struct ss_auto_lists *autos, const struct ss_record *rec,
                        struct ss_arena *arena) SS_MUST_CHECK;

/* As NDJSON: {"list":"bad_devices","value":"D1","from":..,"until":..} in the order of learning. */
void ss_auto_lists_save(const struct ss_auto_lists *autos, struct ss_buf *to);
int ss_auto_lists_load(struct ss_auto_lists *autos, struct ss_str text) SS_MUST_CHECK;

#endif
