/* Fields of the current record as values: from the slots, the feature vector and the score, without a way
 * round through text; from the record's text where no slot was to be had. */
#include "rule/graph.h"
#include <math.h>
#include <stddef.h>

static enum ss_outcome from_text(struct ss_exprs *set, const char *p, size_t n, struct ss_val *out)
{
    if (!ss_val_parse(p, n, set->made, out))
        return ss_eval_fail(set, "a field is too large or too deep to be looked at", NULL, NULL);
    return SS_OUT_VALUE;
}

static enum ss_outcome from_field(struct ss_exprs *set, const struct ss_field *f, struct ss_val *out)
{
    switch (f->type) {
    case SS_JSON_ABSENT:
    case SS_JSON_NULL: *out = (struct ss_val){0}; return SS_OUT_VALUE;
    case SS_JSON_FALSE:
    case SS_JSON_TRUE: *out = ss_val_bool(f->type == SS_JSON_TRUE); return SS_OUT_VALUE;
    case SS_JSON_NUMBER: *out = ss_val_parse_number(f->val, f->len); return SS_OUT_VALUE;
    case SS_JSON_STRING:
        if (ss_val_unescape(f->val + 1, f->len - 2, set->made, out))
            return SS_OUT_VALUE;
        return ss_eval_fail(set, "a string cannot be read", NULL, NULL);
    default: return from_text(set, f->val, f->len, out);
    }
}

/* The whole record as it would leave: its own fields but the replaced members, then the members in their
 * order. */
enum ss_outcome ss_record_value(struct ss_exprs *set, struct ss_val *out)
{
    const struct ss_record *rec = set->rec;
    struct ss_val own;
    if (from_text(set, rec->text, rec->len, &own) != SS_OUT_VALUE)
        return SS_OUT_ERROR;
    if (own.type != SS_VAL_OBJECT || rec->n_set == 0) {
        *out = own;
        return SS_OUT_VALUE;
    }
    struct ss_member *m = ss_eval_alloc(set, (own.n + rec->n_set) * sizeof *m);
    if (!m)
        return SS_OUT_ERROR;
    uint32_t n = 0;
    for (uint32_t i = 0; i < own.n; i++) {
        int slot = ss_slot_of((struct ss_str){own.member[i].key.str, own.member[i].key.n});
        if (slot < SS_FIRST_MEMBER || !rec->member[slot - SS_FIRST_MEMBER].p)
            m[n++] = own.member[i];
    }
    for (uint8_t i = 0; i < rec->n_set; i++) {
        struct ss_str text = rec->member[rec->order[i]];
        const char *name = ss_slot_name((enum ss_slot)(SS_FIRST_MEMBER + rec->order[i]));
        m[n].key = ss_val_string(name, strlen(name));
        if (from_text(set, text.p, text.n, &m[n++].val) != SS_OUT_VALUE)
            return SS_OUT_ERROR;
    }
    *out = (struct ss_val){.type = SS_VAL_OBJECT, .n = n, .member = m};
    return SS_OUT_VALUE;
}

static enum ss_outcome top_level(struct ss_exprs *set, const struct ss_column *c, struct ss_val *out)
{
    const struct ss_record *rec = set->rec;
    if (c->slot >= SS_FIRST_MEMBER && c->slot < SS_FIXED_SLOTS) {
        struct ss_str text = ss_record_member(rec, (enum ss_slot)c->slot);
        *out = (struct ss_val){0};
        return text.p ? from_text(set, text.p, text.n, out) : SS_OUT_VALUE;
    }
    if (c->slot >= 0 && rec->field)
        return from_field(set, &rec->field[c->slot], out);
    /* No slot: through the whole record, whose value is kept like any node's. */
    struct ss_val whole;
    enum ss_outcome o = ss_eval(set, 0, &whole);
    if (o == SS_OUT_VALUE) {
        const struct ss_val *found = whole.type == SS_VAL_OBJECT ? ss_val_member(&whole, c->name) : NULL;
        *out = found ? *found : (struct ss_val){0};
    }
    return o;
}

/* A feature by its number in the vector; the numbers are looked up anew when another vector's names come. */
static bool from_vector(struct ss_exprs *set, const struct ss_column *c, struct ss_val *out)
{
    const struct ss_features *f = set->rec->features;
    if (!f)
        return false;
    if (SS_UNLIKELY(set->names != f->names)) {
        set->names = f->names;
        for (uint32_t i = 0; i < set->columns; i++) {
            struct ss_column *x = &set->column[i];
            x->feature = -1;
            for (uint32_t k = 0; x->parent >= 0 && k < f->names->n; k++)
                if (ss_str_eq(f->names->name[k], x->name))
                    x->feature = (int32_t)k;
        }
    }
    if (c->feature < 0)
        return false;
    *out = (struct ss_val){0};
    if (f->names->is_text && f->names->is_text[c->feature]) {
        if (f->text && f->text[c->feature].p)
            *out = ss_val_string(f->text[c->feature].p, f->text[c->feature].n);
    } else if (!isnan(f->num[c->feature])) {
        *out = ss_val_number(f->num[c->feature]);
    }
    return true;
}

static bool from_score(const struct ss_score *s, struct ss_str name, struct ss_val *out)
{
    if (!s)
        return false;
    if (ss_str_is(name, "value")) {
        *out = isfinite(s->value) ? ss_val_number(s->value) : (struct ss_val){0};
    } else if (ss_str_is(name, "raw")) {
        *out = isfinite(s->raw) ? ss_val_number(s->raw) : (struct ss_val){0};
    } else if (ss_str_is(name, "level")) {
        const char *level = ss_level_name(s->level);
        *out = ss_val_string(level, strlen(level));
    } else {
        return false;
    }
    return true;
}

enum ss_outcome ss_column_value(struct ss_exprs *set, uint32_t column, struct ss_val *out)
{
    struct ss_column *c = &set->column[column];
    if (c->parent < 0)
        return top_level(set, c, out);
    bool features = ss_str_is(set->column[c->parent].name, "features");
    if (features ? from_vector(set, c, out) : from_score(set->rec->score, c->name, out))
        return SS_OUT_VALUE;
    struct ss_val object, key = ss_val_string(c->name.p, c->name.n);
    enum ss_outcome o = ss_eval(set, c->parent_node, &object);
    if (o != SS_OUT_VALUE || object.type != SS_VAL_OBJECT)
        return o == SS_OUT_VALUE ? ss_builtin_index(set, &object, &key, out) : o;
    /* The members of one stream's objects stand in one order. */
    if (SS_UNLIKELY(c->hint >= object.n || !ss_val_equal(&object.member[c->hint].key, &key))) {
        const struct ss_val *found = ss_val_member(&object, c->name);
        if (!found) {
            *out = (struct ss_val){0};
            return o;
        }
        c->hint =
            (uint32_t)((const struct ss_member *)((const char *)found - offsetof(struct ss_member, val)) -
                       object.member);
    }
    *out = object.member[c->hint].val;
    return o;
}
