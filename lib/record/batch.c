#include "record/batch.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include <stdio.h>
#include <stdlib.h>

/* Keys whose slots are remembered; longer ones are looked up: correct as well, only slower. */
#define HINT_BITS 10
#define HINTS     (1 << HINT_BITS)
#define HINT_KEY  28 /* the longest; same_key() reads up to 32 bytes */

struct ss_hint {
    char key[HINT_KEY];
    uint8_t len; /* 0: none */
    int16_t slot;
};

int ss_batch_init(struct ss_batch *batch, struct ss_schema *schema, int workers)
{
    *batch = (struct ss_batch){.schema = schema, .arenas = workers < 1 ? 1 : workers, .cap = SS_BATCH_MAX};
    batch->rec = calloc(batch->cap, sizeof *batch->rec);
    batch->arena = calloc((size_t)batch->arenas, sizeof *batch->arena);
    batch->parser = ss_json_parser_new();
    batch->hint = calloc(HINTS, sizeof *batch->hint);
    if (!batch->rec || !batch->arena || !batch->parser || !batch->hint)
        return ss_fail(SS_ENOMEM, "out of memory for a batch");
    for (int i = 0; i < batch->arenas; i++)
        ss_arena_init(&batch->arena[i], 0);
    return 0;
}

void ss_batch_free(struct ss_batch *batch)
{
    for (int i = 0; batch->arena && i < batch->arenas; i++)
        ss_arena_free(&batch->arena[i]);
    free(batch->rec);
    free(batch->arena);
    free(batch->hint);
    ss_json_parser_free(batch->parser);
    *batch = (struct ss_batch){0};
}

void ss_batch_reset(struct ss_batch *batch)
{
    batch->n = 0;
    for (int i = 0; i < batch->arenas; i++)
        ss_arena_reset(&batch->arena[i]);
}

struct ss_record *ss_batch_add(struct ss_batch *batch)
{
    if (batch->n == batch->cap) {
        struct ss_record *rec = realloc(batch->rec, batch->cap * 2 * sizeof *rec);
        if (!rec) {
            (void)ss_fail(SS_ENOMEM, "out of memory for %zu records", batch->cap * 2);
            return NULL;
        }
        batch->rec = rec;
        batch->cap *= 2;
    }
    struct ss_record *rec = &batch->rec[batch->n++];
    memset(rec, 0, sizeof *rec);
    return rec;
}

char *ss_batch_copy(struct ss_batch *batch, const char *text, size_t len)
{
    char *copy = ss_arena_alloc(&batch->arena[0], len + SS_JSON_PADDING);
    if (copy) {
        memcpy(copy, text, len);
        memset(copy + len, 0, SS_JSON_PADDING);
    }
    return copy;
}

/* Where a key is remembered: by its first eight bytes, its last and its length. Texts are padded behind. */
static size_t hint_of(struct ss_str key)
{
    uint64_t first;
    memcpy(&first, key.p, sizeof first);
    if (key.n < sizeof first)
        first &= ((uint64_t)1 << (8 * key.n)) - 1;
    first ^= ((uint64_t)key.n << 56) ^ ((uint64_t)(unsigned char)key.p[key.n - 1] << 48);
    return (size_t)((first * 0x9e3779b97f4a7c15u) >> (64 - HINT_BITS));
}

/* Of n >= 1 bytes, both padded behind as texts are: keys are short, and a call would cost more. */
static inline bool same_key(const char *a, const char *b, size_t n)
{
    uint64_t x, y;
    for (; n > sizeof x; a += sizeof x, b += sizeof x, n -= sizeof x) {
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        if (x != y)
            return false;
    }
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return ((x ^ y) << (8 * (sizeof x - n))) == 0;
}

/* By one comparison where the key, as it is written, was met before. */
static int find_slot(struct ss_batch *batch, struct ss_str raw_key)
{
    bool may = raw_key.n > 0 && raw_key.n <= HINT_KEY;
    struct ss_hint *hint = may ? &batch->hint[hint_of(raw_key)] : NULL;
    if (SS_LIKELY(hint && hint->len == raw_key.n && same_key(hint->key, raw_key.p, raw_key.n)))
        return hint->slot;
    struct ss_str key = ss_json_unescape(raw_key, &batch->arena[0]);
    int slot = key.p ? (int)ss_map_find(&batch->schema->names, key) : -1;
    if (hint) {
        memcpy(hint->key, raw_key.p, raw_key.n);
        hint->len = (uint8_t)raw_key.n;
        hint->slot = (int16_t)slot;
    }
    return slot;
}

static const char *duplicate_reason(struct ss_batch *batch, int slot)
{
    enum { ROOM = 64 };
    char *text = ss_arena_alloc(&batch->arena[0], ROOM);
    if (!text)
        return "a field twice";
    snprintf(text, ROOM, "field '%s' twice", ss_slot_name((enum ss_slot)slot));
    return text;
}

static void read_canonical(struct ss_record *rec)
{
    const struct ss_field *t = &rec->field[SS_TIMESTAMP], *a = &rec->field[SS_AMOUNT];
    if (t->type == SS_JSON_STRING)
        rec->has_time = ss_time_parse(t->val + 1, t->len - 2, &rec->time_us);
    else if (t->type == SS_JSON_NUMBER)
        rec->has_time = ss_time_parse_epoch(t->val, t->len, &rec->time_us);
    if (a->type == SS_JSON_NUMBER)
        rec->has_amount = ss_amount_parse(a->val, a->len, &rec->amount);
    else if (a->type == SS_JSON_STRING)
        rec->has_amount = ss_amount_parse(a->val + 1, a->len - 2, &rec->amount);
}

int ss_record_read(struct ss_batch *batch, struct ss_record *rec, const char *text, size_t len)
{
    const struct ss_json_member *m;
    size_t n;
    rec->text = text;
    rec->len = (uint32_t)len;
    rec->field = ss_arena_zalloc(&batch->arena[0], ss_schema_size(batch->schema) * sizeof *rec->field);
    if (!rec->field)
        return SS_ENOMEM;
    int err = ss_json_split(batch->parser, text, len, &m, &n);
    if (err == SS_EDATA) {
        const char *why = ss_err_text();
        const char *reason = ss_arena_copy(&batch->arena[0], why, strlen(why));
        ss_record_reject(rec, "json", reason ? reason : "malformed JSON");
        return 0;
    }
    if (err < 0)
        return err;
    for (size_t i = 0; i < n; i++) {
        int slot = find_slot(batch, (struct ss_str){text + m[i].key, m[i].key_len});
        if (slot < 0)
            continue;
        struct ss_field *f = &rec->field[slot];
        if (f->type != SS_JSON_ABSENT) {
            if (slot < SS_FIXED_SLOTS) {
                ss_record_reject(rec, "json", duplicate_reason(batch, slot));
                return 0;
            }
            continue; /* other duplicates are kept; the first is the one that is looked at */
        }
        *f = (struct ss_field){text + m[i].val, m[i].val_len, m[i].key - 1, m[i].type};
    }
    read_canonical(rec);
    return 0;
}
