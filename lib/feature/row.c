#include "feature/row.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/time.h"
#include <math.h>

#define EARTH_KM  6371.0088                  /* mean radius, IUGG */
#define KEY_SEED  0x5353                     /* the second half of a key's hash */
#define STACK_MAX (SS_FEATURE_DEPTH * 6 + 8) /* two operators and four arguments wait a level */

bool ss_place_of(double lat, double lon, int32_t *lat7, int32_t *lon7)
{
    if (!(fabs(lat) <= 90 && fabs(lon) <= 180))
        return false;
    *lat7 = (int32_t)nearbyint(lat * 1e7);
    *lon7 = (int32_t)nearbyint(lon * 1e7);
    return true;
}

double ss_place_distance(int32_t lat1, int32_t lon1, int32_t lat2, int32_t lon2)
{
    const double radian = 3.14159265358979323846 / 180e7;
    double a = lat1 * radian, b = lat2 * radian;
    double sa = sin((b - a) / 2), sb = sin(((double)lon2 - lon1) * radian / 2);
    double h = sa * sa + cos(a) * cos(b) * sb * sb;
    return nearbyint(2 * EARTH_KM * asin(sqrt(h < 1 ? h : 1)) * 1e3) / 1e3;
}

/* Fixed point with SS_NUMBER_SCALE units. */
static int64_t fixed(double x)
{
    if (isnan(x))
        return SS_VALUE_NULL;
    double y = nearbyint(x * SS_NUMBER_SCALE);
    return y >= (double)SS_VALUE_MAX ? SS_VALUE_MAX : y <= -(double)SS_VALUE_MAX ? -SS_VALUE_MAX : (int64_t)y;
}

static double number_of(const struct ss_record *rec, const struct ss_row *row, enum ss_input from,
                        uint32_t id)
{
    switch (from) {
    case SS_INPUT_AMOUNT: return (double)rec->amount / SS_AMOUNT_SCALE;
    case SS_INPUT_FEATURE: return row->num[id];
    case SS_INPUT_FIELD: return ss_record_number(rec, (int)id);
    case SS_INPUT_CARRIED: return row->carried[id].num;
    default: return NAN;
    }
}

static struct ss_str text_of(const struct ss_record *rec, const struct ss_row *row, int slot,
                             struct ss_arena *arena)
{
    return SS_UNLIKELY(slot < 0) ? row->carried[-1 - slot].text : ss_record_text(rec, slot, arena);
}

static bool compare(enum ss_feature_cmp cmp, double a, double b)
{
    switch (cmp) {
    case SS_CMP_EQ: return a == b;
    case SS_CMP_NE: return a != b;
    case SS_CMP_LT: return a < b;
    case SS_CMP_LE: return a <= b;
    case SS_CMP_GT: return a > b;
    default: return a >= b;
    }
}

/* A missing value fits no condition, not even `!=`. */
static bool holds(const struct ss_plan_cond *cond, const struct ss_record *rec, const struct ss_row *row,
                  struct ss_arena *arena)
{
    const struct ss_feature_cond *c = cond->cond;
    if (!c->is_text) {
        double v = number_of(rec, row, cond->from, cond->id);
        return !isnan(v) && compare(c->cmp, v, c->num);
    }
    int slot = cond->from == SS_INPUT_CARRIED ? -1 - (int)cond->id : (int)cond->id;
    struct ss_str text = text_of(rec, row, slot, arena);
    bool any = false;
    for (uint32_t i = 0; i < c->n && text.p && !any; i++)
        any = ss_str_eq(text, c->text[i]);
    return text.p && (c->cmp == SS_CMP_NE ? !any : any);
}

/* What windows of `level` take in: numbers and conditions whose last feature is known by now. */
static void take_inputs(const struct ss_feature_plan *plan, const struct ss_record *rec, struct ss_row *row,
                        struct ss_arena *arena, uint32_t level)
{
    int64_t *nums = ss_row_nums(plan, row);
    for (uint32_t i = 0; i < plan->nums; i++) {
        const struct ss_plan_num *num = &plan->num[i];
        if (num->level != level)
            continue;
        if (num->from == SS_INPUT_AMOUNT)
            nums[i] = rec->amount > SS_VALUE_MAX    ? SS_VALUE_MAX
                      : rec->amount < -SS_VALUE_MAX ? -SS_VALUE_MAX
                                                    : rec->amount;
        else
            nums[i] = fixed(number_of(rec, row, num->from, num->id));
    }
    for (uint32_t i = 0; i < plan->preds; i++) {
        const struct ss_plan_pred *pred = &plan->pred[i];
        bool all = pred->level == level;
        for (uint32_t c = 0; c < pred->conds && all; c++)
            all = holds(&pred->cond[c], rec, row, arena);
        row->preds |= (uint32_t)all << i;
    }
}

static struct ss_key hash_text(struct ss_str text)
{
    struct ss_key key = {0, 0};
    if (text.p) {
        key.a = ss_hash64(text.p, text.n);
        key.b = ss_hash64_seed(text.p, text.n, KEY_SEED);
        key.a += key.a == 0; /* 0 means absent */
    }
    return key;
}

static void hash_keys(const struct ss_feature_plan *plan, const struct ss_record *rec, struct ss_row *row,
                      struct ss_arena *arena)
{
    struct ss_key *text = ss_row_texts(plan, row), *key = ss_row_keys(plan, row);
    for (uint32_t i = 0; i < plan->texts; i++)
        text[i] = hash_text(text_of(rec, row, plan->text[i], arena));
    for (uint32_t k = 0; k < plan->keysets; k++) {
        const struct ss_plan_keys *keys = &plan->keys[k];
        struct ss_key parts[SS_FEATURE_KEYS];
        bool whole = true;
        for (uint32_t i = 0; i < keys->n; i++) {
            parts[i] = text[keys->text[i]];
            whole &= parts[i].a != 0;
        }
        key[k] = keys->n == 1 ? parts[0]
                              : hash_text((struct ss_str){(const char *)parts, keys->n * sizeof *parts});
        if (!whole)
            key[k] = (struct ss_key){0, 0};
    }
}

/* Monday is 0; 1970-01-01 was a Thursday. */
static int64_t weekday_of(int64_t days)
{
    return ((days + 3) % 7 + 7) % 7;
}

/* What an earlier stage computed. A record whose features cannot be read is rejected. */
static int read_carried(const struct ss_feature_plan *plan, struct ss_record *rec, struct ss_row *row,
                        struct ss_arena *arena)
{
    const struct ss_plan_carried *carried = &plan->carried;
    row->carried = ss_arena_alloc(arena, carried->n * sizeof *row->carried);
    if (!row->carried)
        return SS_ENOMEM;
    int err = ss_features_pick(rec, carried->name, carried->as_text, carried->n, row->carried, arena);
    if (err != SS_EDATA)
        return err;
    row->kind = SS_ROW_NONE;
    ss_record_reject(rec, "features", "features is malformed");
    return 0;
}

int ss_row_read(const struct ss_feature_plan *plan, struct ss_record *rec, struct ss_row *row,
                struct ss_arena *arena)
{
    memset(row, 0, plan->row_bytes);
    row->lat = row->lon = SS_PLACE_NULL;
    if (rec->fate != SS_KEEP)
        return 0;
    bool label = ss_record_is_label(rec);
    /* Years 0 to 9999: also keeps window bounds inside 64 bits. */
    if (!rec->has_time || rec->time_us < -62167219200 * SS_SECOND_US ||
        rec->time_us >= 253402300800 * SS_SECOND_US) {
        ss_record_reject(rec, "features", "timestamp missing or malformed");
        return 0;
    }
    if (!label && !rec->has_amount) {
        ss_record_reject(rec, "features", "amount missing or malformed");
        return 0;
    }
    row->time_us = rec->time_us;
    row->kind = label ? SS_ROW_LABEL : SS_ROW_PAYMENT;
    int64_t hours = ss_floor_div(row->time_us, SS_HOUR_US), days = ss_floor_div(hours, 24);
    row->hour = (uint8_t)(hours - days * 24);
    row->weekday = (uint8_t)weekday_of(days);
    row->label = (int8_t)(plan->label ? ss_record_label(rec) : -1);
    if (plan->label)
        row->txn = hash_text(ss_record_text(rec, SS_TXN_ID, arena)).a;
    if (label)
        return 0;
    if (plan->place)
        (void)ss_place_of(ss_record_number(rec, SS_LAT), ss_record_number(rec, SS_LON), &row->lat, &row->lon);
    row->num = ss_arena_alloc(arena, plan->names.n * sizeof *row->num);
    if (!row->num)
        return SS_ENOMEM;
    memcpy(row->num, plan->nulls, plan->names.n * sizeof *row->num);
    if (plan->carried.n) {
        int err = read_carried(plan, rec, row, arena);
        if (err || rec->fate != SS_KEEP)
            return err;
    }
    if (plan->codes) {
        row->text = ss_arena_zalloc(arena, plan->names.n * sizeof *row->text);
        if (!row->text)
            return SS_ENOMEM;
        for (uint32_t i = 0; i < plan->codes; i++) {
            const struct ss_plan_text_feature *code = &plan->code[i];
            if (code->slot < 0 || rec->field[code->slot].type < SS_JSON_OBJECT)
                row->text[code->feature] = text_of(rec, row, code->slot, arena);
        }
    }
    hash_keys(plan, rec, row, arena);
    take_inputs(plan, rec, row, arena, 0);
    return 0;
}

/* The date in a field. */
static bool date_of(const struct ss_record *rec, uint32_t slot, int64_t *time_us)
{
    const struct ss_field *f = &rec->field[slot];
    if (f->type == SS_JSON_STRING)
        return ss_time_parse(f->val + 1, f->len - 2, time_us);
    return f->type == SS_JSON_NUMBER && ss_time_parse_epoch(f->val, f->len, time_us);
}

static double date_part(const struct ss_plan_op *op, const struct ss_record *rec, const struct ss_row *row)
{
    int64_t time_us = row->time_us, hour = row->hour, weekday = row->weekday;
    if (op->id != SS_TIMESTAMP) {
        if (!date_of(rec, op->id, &time_us))
            return NAN;
        int64_t hours = ss_floor_div(time_us, SS_HOUR_US), days = ss_floor_div(hours, 24);
        hour = hours - days * 24;
        weekday = weekday_of(days);
    }
    struct ss_civil c;
    double h = (double)hour;
    switch (op->op) {
    case SS_OP_HOUR: return h;
    case SS_OP_WEEKDAY: return (double)weekday;
    case SS_OP_WEEKEND: return weekday >= 5;
    case SS_OP_NIGHT:
        return op->num <= op->num2 ? h >= op->num && h <= op->num2 : h >= op->num || h <= op->num2;
    case SS_OP_AGE: return ((double)row->time_us - (double)time_us) / (double)SS_DAY_US * op->num;
    default: ss_time_to_civil(time_us, &c); return op->op == SS_OP_MONTH ? c.month : c.day;
    }
}

static double distance(const double *degrees)
{
    int32_t a[2], b[2];
    if (!ss_place_of(degrees[0], degrees[1], &a[0], &a[1]) ||
        !ss_place_of(degrees[2], degrees[3], &b[0], &b[1]))
        return NAN;
    return ss_place_distance(a[0], a[1], b[0], b[1]);
}

static double two(enum ss_feature_op op, double a, double b)
{
    switch (op) {
    case SS_OP_ADD: return a + b;
    case SS_OP_SUB: return a - b;
    case SS_OP_MUL: return a * b;
    case SS_OP_DIV: return b == 0 ? NAN : a / b;
    default:
        if (isnan(a) || isnan(b))
            return NAN;
        return op == SS_OP_MIN ? (a < b ? a : b) : (a > b ? a : b);
    }
}

static double one(enum ss_feature_op op, double a)
{
    switch (op) {
    case SS_OP_NEG: return -a;
    case SS_OP_ABS: return fabs(a);
    case SS_OP_SQRT: return a < 0 ? NAN : sqrt(a);
    default: return a <= -1 ? NAN : log1p(a);
    }
}

static double run(const struct ss_feature_plan *plan, const struct ss_plan_row *r,
                  const struct ss_record *rec, const struct ss_row *row)
{
    double stack[STACK_MAX];
    uint32_t top = 0;
    for (uint32_t i = r->op; i < r->op + r->ops; i++) {
        const struct ss_plan_op *op = &plan->op[i];
        switch (op->op) {
        case SS_OP_CONST: stack[top++] = op->num; break;
        case SS_OP_NAME: stack[top++] = number_of(rec, row, op->from, op->id); break;
        case SS_OP_ADD:
        case SS_OP_SUB:
        case SS_OP_MUL:
        case SS_OP_DIV:
        case SS_OP_MIN:
        case SS_OP_MAX:
            top--;
            stack[top - 1] = two(op->op, stack[top - 1], stack[top]);
            break;
        case SS_OP_DISTANCE:
            top -= 3;
            stack[top - 1] = distance(&stack[top - 1]);
            break;
        case SS_OP_NEG:
        case SS_OP_ABS:
        case SS_OP_SQRT:
        case SS_OP_LOG: stack[top - 1] = one(op->op, stack[top - 1]); break;
        default: stack[top++] = date_part(op, rec, row); break;
        }
    }
    return stack[0];
}

void ss_row_derive(const struct ss_feature_plan *plan, const struct ss_record *rec, struct ss_row *row,
                   struct ss_arena *arena, uint32_t level)
{
    for (uint32_t i = 0; i < plan->rows; i++) {
        const struct ss_plan_row *r = &plan->row[i];
        if (r->level != level)
            continue;
        double v = run(plan, r, rec, row);
        v = !isfinite(v) ? NAN : r->exact ? v : ss_round6(v);
        row->num[r->feature] = isnan(v) && r->has_default ? r->fallback : v;
    }
    if (level + 1 < plan->levels)
        take_inputs(plan, rec, row, arena, level + 1);
}
