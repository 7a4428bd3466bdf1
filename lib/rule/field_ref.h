/* A top-level field that a rule set names: at its slot, or, where a reload came too late for one, in the
 * text. */
#ifndef SS_RULE_FIELD_REF_H
#define SS_RULE_FIELD_REF_H

#include "record/record.h"

struct ss_field_ref {
    struct ss_str name;
    int slot; /* -1: look in the text */
};

int ss_field_ref_bind(struct ss_field_ref *ref, struct ss_schema *schema, bool may_add_slots) SS_MUST_CHECK;
/* As ss_record_text. */
struct ss_str ss_field_ref_text(const struct ss_field_ref *ref, const struct ss_record *rec,
                                struct ss_arena *arena);

#endif
