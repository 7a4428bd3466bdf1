#include "rule/field_ref.h"
#include "json/cursor.h"

int ss_field_ref_bind(struct ss_field_ref *ref, struct ss_schema *schema, bool may_add_slots)
{
    ref->slot =
        may_add_slots ? ss_schema_slot(schema, ref->name) : (int)ss_map_find(&schema->names, ref->name);
    return may_add_slots && ref->slot < 0 ? ref->slot : 0;
}

struct ss_str ss_field_ref_text(const struct ss_field_ref *ref, const struct ss_record *rec,
                                struct ss_arena *arena)
{
    if (ref->slot >= 0)
        return ss_record_text(rec, ref->slot, arena);
    char name[256];
    if (ref->name.n >= sizeof name)
        return (struct ss_str){NULL, 0};
    memcpy(name, ref->name.p, ref->name.n);
    name[ref->name.n] = '\0';
    struct ss_str raw = ss_cursor_member((struct ss_str){rec->text, rec->len}, name);
    if (!raw.p || ss_str_is(raw, "null"))
        return (struct ss_str){NULL, 0};
    if (raw.p[0] == '"')
        return ss_json_unescape((struct ss_str){raw.p + 1, raw.n - 2}, arena);
    return raw;
}
