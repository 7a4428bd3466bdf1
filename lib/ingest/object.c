#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "ingest/canon.h"
#include "ingest/emit.h"
#include "ingest/number.h"

/* An object under way: its text, its members, and what is to become of each. */
struct object {
    struct ss_canon *canon;
    struct ss_plan *plan;
    struct ss_record *rec;
    struct ss_str text;
    const struct ss_json_member *member;
};

static struct ss_str raw_value(const struct object *o, uint32_t i)
{
    return (struct ss_str){o->text.p + o->member[i].val, o->member[i].val_len};
}

/* A value's text: a string without quotes and escapes, padded; empty for null, nested values as they stand.
 */
static struct ss_str value_text(const struct object *o, uint32_t i)
{
    struct ss_str raw = raw_value(o, i);
    if (o->member[i].type == SS_JSON_NULL)
        return (struct ss_str){"", 0};
    if (o->member[i].type != SS_JSON_STRING)
        return raw;
    struct ss_str inside = {raw.p + 1, raw.n - 2};
    struct ss_arena *arena = &o->canon->batch->arena[0];
    struct ss_str text = ss_json_unescape(inside, arena);
    if (text.p == inside.p || !text.p)
        return text;
    char *padded = ss_arena_alloc(arena, text.n + SS_JSON_PADDING);
    if (padded)
        memcpy(padded, text.p, text.n);
    return (struct ss_str){padded, text.n};
}

/* RFC 3339 in UTC with up to six decimals, T and Z in capitals, no 61st second: such a timestamp is left
 * alone. */
static bool is_canonical_time(struct ss_canon *canon, struct ss_str raw, struct ss_record *rec)
{
    const char *s = raw.p + 1;
    size_t n = raw.n - 2;
    if (n < 20 || n > 27 || s[10] != 'T' || s[n - 1] != 'Z' || (n > 20 && s[19] != '.') ||
        memcmp(s + 17, "60", 2) == 0 || !ss_time_parse(s, n, &rec->time_us))
        return false;
    rec->has_time = ss_emit_check_time(canon, rec->time_us);
    return true;
}

/* Is the object one that our stage of that name makes? Each has a key that tells. */
static bool is_ours(int slot, struct ss_str raw)
{
    static const char *const tells[SS_MEMBERS] = {
        [SS_FEATURES - SS_FIRST_MEMBER] = "\"set\"",       [SS_SCORE - SS_FIRST_MEMBER] = "\"value\"",
        [SS_DECISION - SS_FIRST_MEMBER] = "\"action\"",    [SS_ALERT - SS_FIRST_MEMBER] = "\"key\"",
        [SS_ASSESSMENT - SS_FIRST_MEMBER] = "\"verdict\"", [SS_PACED - SS_FIRST_MEMBER] = "\"at\"",
    };
    const char *tell = tells[slot - SS_FIRST_MEMBER];
    return raw.p[0] == '{' && tell && memmem(raw.p, raw.n, tell, strlen(tell));
}

/*
 * Whether the value may stay as it is. Reads timestamp and amount where it may. A null stays null; it is then
 * missing. False with canon->reason set when the record is to be rejected.
 */
static bool stays(const struct object *o, const struct ss_op *op, uint32_t i)
{
    enum ss_json_type type = o->member[i].type;
    struct ss_str raw = raw_value(o, i);
    double d;
    if (type == SS_JSON_NULL)
        return true;
    switch (op->kind) {
    case SS_OP_VALUE:
    case SS_OP_ID: return true;
    case SS_OP_TEXT: return !op->rule || op->rule->type != SS_TYPE_TEXT || type == SS_JSON_STRING;
    case SS_OP_MEMBER: return is_ours(op->slot, raw);
    case SS_OP_AMOUNT:
        if (type != SS_JSON_NUMBER || (op->rule && op->rule->shift))
            return false;
        o->rec->has_amount = ss_amount_parse(raw.p, raw.n, &o->rec->amount);
        return o->rec->has_amount;
    case SS_OP_TIME:
        return type == SS_JSON_STRING && op->slot == SS_TIMESTAMP && is_canonical_time(o->canon, raw, o->rec);
    case SS_OP_LABEL: return type == SS_JSON_NUMBER && raw.n == 1 && (*raw.p == '0' || *raw.p == '1');
    case SS_OP_DEGREES:
        return type == SS_JSON_NUMBER && ss_double_parse(raw.p, raw.n, &d) && d >= -op->limit &&
               d <= op->limit;
    case SS_OP_NUMBER: return type == SS_JSON_NUMBER && !op->rule->shift;
    default: return false;
    }
}

static void sniff(const struct object *o)
{
    o->plan->sniffed++;
    for (uint32_t i = 0; i < o->plan->columns; i++) {
        struct ss_str raw = raw_value(o, i);
        if (o->member[i].type == SS_JSON_STRING && raw.n >= 15)
            raw = (struct ss_str){raw.p + 1, raw.n - 2};
        o->plan->pan_like[i] += raw.n >= 13 && ss_pan_looks_like(raw);
    }
}

/* The text as it came, with its fields where they stand in it. */
static void keep_text(const struct object *o)
{
    o->rec->text = o->text.p;
    o->rec->len = (uint32_t)o->text.n;
    for (uint32_t i = 0; i < o->plan->columns; i++) {
        const struct ss_json_member *m = &o->member[i];
        const struct ss_op *op = &o->plan->op[o->plan->op_of[i]];
        if (op->slot >= 0)
            o->rec->field[op->slot] = (struct ss_field){o->text.p + m->val, m->val_len, m->key - 1, m->type};
    }
}

/* `"key":value` as it stands, or with a new key. */
static char *put_member(const struct object *o, const struct ss_op *op, struct ss_str key, int slot,
                        uint32_t i, char *p, char *base)
{
    const struct ss_json_member *m = &o->member[i];
    char *start = p;
    *p++ = ',';
    if (op->renamed || key.p != op->key.p) {
        memcpy(p, key.p + 1, key.n - 1);
        p += key.n - 1;
    } else {
        memcpy(p, o->text.p + m->key - 1, m->key_len + 2);
        p += m->key_len + 2;
        *p++ = ':';
    }
    memcpy(p, o->text.p + m->val, m->val_len);
    ss_emit_field(o->rec, slot, base, start + 1, p, p + m->val_len, m->type);
    return p + m->val_len;
}

static char *put_in_place(const struct object *o, const struct ss_op *op, uint32_t i, char *p, char *base)
{
    enum ss_json_type type = o->member[i].type;
    o->canon->reason = NULL;
    if (stays(o, op, i))
        return o->canon->reason ? NULL : put_member(o, op, op->key, op->slot, i, p, base);
    if (o->canon->reason)
        return NULL;
    if (type == SS_JSON_OBJECT || type == SS_JSON_ARRAY || op->kind == SS_OP_MEMBER) {
        if (op->aside.p)
            return put_member(o, op, op->aside, op->aside_slot, i, p, base);
        if (op->slot != SS_TIMESTAMP && op->slot != SS_AMOUNT && op->kind != SS_OP_PAN)
            return put_member(o, op, op->key, op->slot, i, p, base);
        return ss_emit_fault(o->canon, "nested value where a single one is needed", raw_value(o, i));
    }
    struct ss_str text = value_text(o, i);
    if (!text.p)
        return NULL;
    if (text.n == 0) /* as an empty cell */
        return p;
    return ss_emit(o->canon, op, o->rec, text, p, base);
}

/* Texts of several members, joined. An empty result stands for: nothing to join. */
static struct ss_str gather(const struct object *o, const struct ss_op *op, char between)
{
    size_t room = op->columns, n = 0;
    for (uint32_t k = 0; k < op->columns; k++)
        room += o->member[op->column[k]].val_len;
    char *to = ss_arena_alloc(&o->canon->batch->arena[0], room + SS_JSON_PADDING);
    bool some = false;
    for (uint32_t k = 0; to && k < op->columns; k++) {
        struct ss_str text = value_text(o, op->column[k]);
        if (!text.p)
            return text;
        if (k)
            to[n++] = between;
        memcpy(to + n, text.p, text.n);
        n += text.n;
        some |= text.n > 0;
    }
    return (struct ss_str){to, some ? n : 0};
}

static char *put_at_end(const struct object *o, const struct ss_op *op, char *p, char *base)
{
    if (op->kind == SS_OP_CONSTANT || op->kind == SS_OP_ROW)
        return ss_emit_made(o->canon, op, o->rec, p, base);
    if (op->kind == SS_OP_HASH && op->columns == 0)
        return ss_emit(o->canon, op, o->rec, o->text, p, base);
    struct ss_str text = gather(o, op, op->kind == SS_OP_HASH ? '\x1f' : ' ');
    if (!text.p)
        return NULL;
    return text.n ? ss_emit(o->canon, op, o->rec, text, p, base) : p;
}

/* The text made anew: members in their order, without blanks between, then what the map adds. */
static int rewrite(const struct object *o)
{
    struct ss_canon *canon = o->canon;
    char *base = ss_emit_room(canon, o->plan->fixed_bytes + o->plan->copies * 6 * o->text.n + 2), *p = base;
    if (!base)
        return SS_ENOMEM;
    canon->reason = NULL;
    for (uint32_t i = 0; p && i < o->plan->columns; i++)
        if (o->plan->op_of[i] >= 0)
            p = put_in_place(o, &o->plan->op[o->plan->op_of[i]], i, p, base);
    for (uint32_t i = 0; p && i < o->plan->n; i++)
        if (!o->plan->op[i].in_place)
            p = put_at_end(o, &o->plan->op[i], p, base);
    if (!p)
        return canon->reason ? SS_EDATA : SS_ENOMEM;
    p += p == base;
    *base = '{';
    *p++ = '}';
    o->rec->text = base;
    o->rec->len = (uint32_t)(p - base);
    canon->out = p;
    return 0;
}

/* Can all of it stay? Only a plan without edits asks. */
static bool all_stays(const struct object *o)
{
    o->canon->reason = NULL;
    for (uint32_t i = 0; i < o->plan->columns; i++)
        if (!stays(o, &o->plan->op[o->plan->op_of[i]], i))
            return false;
    return true;
}

static int reject(const struct object *o, const char *reason)
{
    memset(o->rec->field, 0, ss_schema_size(o->canon->batch->schema) * sizeof *o->rec->field);
    o->rec->has_time = o->rec->has_amount = false;
    o->rec->text = o->text.p;
    o->rec->len = (uint32_t)o->text.n;
    ss_record_reject(o->rec, "ingest", reason);
    return 0;
}

int ss_canon_object(struct ss_canon *canon, struct ss_plan *plan, struct ss_record *rec, struct ss_str text,
                    const struct ss_json_member *member)
{
    const struct object o = {canon, plan, rec, text, member};
    rec->field = ss_canon_fields(canon);
    if (!rec->field)
        return SS_ENOMEM;
    canon->row++;
    if (plan->fault)
        return reject(&o, plan->fault);
    if (plan->sniffed < SS_PLAN_SNIFF_ROWS)
        sniff(&o);
    if (!plan->edits && all_stays(&o)) {
        if (canon->reason)
            return reject(&o, canon->reason);
        keep_text(&o);
    } else {
        rec->has_time = rec->has_amount = false;
        int err = rewrite(&o);
        if (err == SS_EDATA)
            return reject(&o, canon->reason);
        if (err < 0)
            return err;
    }
    return ss_emit_complete(canon, rec) ? 0 : reject(&o, canon->reason);
}
