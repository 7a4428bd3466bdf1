#include "rule/auto_list.h"
#include "base/err.h"
#include "base/log.h"
#include "json/cursor.h"
#include "json/write.h"
#include "base/number.h"
#include "rule/field_ref.h"
#include <stdlib.h>

#define SWEEP_MIN 1024

struct kept {
    char *name;
    struct ss_list *list;
    uint32_t sweep_at;
    bool full_said;
};

struct learner {
    struct ss_field_ref field;
    int64_t ttl_us, delay_us;
    uint32_t kept; /* which list */
};

struct ss_auto_lists {
    struct kept kept[SS_RULE_LISTS];
    struct learner learner[SS_RULE_AUTOS];
    uint32_t n_kept, learners;
    struct ss_arena names; /* of the fields */
    int64_t newest_us;
};

struct ss_auto_lists *ss_auto_lists_new(void)
{
    struct ss_auto_lists *autos = calloc(1, sizeof *autos);
    if (!autos) {
        (void)ss_fail(SS_ENOMEM, "out of memory for lists");
        return NULL;
    }
    ss_arena_init(&autos->names, 1 << 20);
    autos->newest_us = INT64_MIN;
    return autos;
}

void ss_auto_lists_free(struct ss_auto_lists *autos)
{
    if (!autos)
        return;
    for (uint32_t i = 0; i < autos->n_kept; i++) {
        ss_list_free(autos->kept[i].list);
        free(autos->kept[i].name);
    }
    ss_arena_free(&autos->names);
    free(autos);
}

static int keep(struct ss_auto_lists *autos, struct ss_str name, uint32_t *at)
{
    for (uint32_t i = 0; i < autos->n_kept; i++)
        if (ss_str_is(name, autos->kept[i].name)) {
            *at = i;
            return 0;
        }
    if (autos->n_kept == SS_RULE_LISTS)
        return ss_fail(SS_ECONFIG, "more than %d lists", SS_RULE_LISTS);
    struct kept *kept = &autos->kept[autos->n_kept];
    kept->name = strndup(name.p, name.n);
    kept->sweep_at = SWEEP_MIN;
    kept->full_said = false;
    int err =
        kept->name ? ss_list_new(SS_LIST_EXACT, &kept->list) : ss_fail(SS_ENOMEM, "out of memory for lists");
    if (err) {
        free(kept->name);
        return err;
    }
    *at = autos->n_kept++;
    return 0;
}

int ss_auto_lists_define(struct ss_auto_lists *autos, const struct ss_auto_def *def, uint32_t n,
                         struct ss_schema *schema, bool may_add_slots)
{
    struct learner learner[SS_RULE_AUTOS];
    struct ss_arena names;
    int err = 0;
    ss_arena_init(&names, 1 << 20);
    for (uint32_t i = 0; i < n && !err; i++) {
        char *name = ss_arena_copy(&names, def[i].field.p, def[i].field.n);
        learner[i] = (struct learner){.ttl_us = def[i].ttl_us, .delay_us = def[i].delay_us};
        learner[i].field.name = (struct ss_str){name, def[i].field.n};
        err = name ? ss_field_ref_bind(&learner[i].field, schema, may_add_slots) : SS_ENOMEM;
        err = err ? err : keep(autos, def[i].list, &learner[i].kept);
    }
    if (err) {
        ss_arena_free(&names);
        return err;
    }
    ss_arena_free(&autos->names);
    autos->names = names;
    memcpy(autos->learner, learner, n * sizeof *learner);
    autos->learners = n;
    return 0;
}

const struct ss_list *ss_auto_lists_find(const struct ss_auto_lists *autos, struct ss_str name)
{
    for (uint32_t i = 0; i < autos->learners; i++)
        if (ss_str_is(name, autos->kept[autos->learner[i].kept].name))
            return autos->kept[autos->learner[i].kept].list;
    return NULL;
}

bool ss_auto_lists_concern(const struct ss_auto_lists *autos, const struct ss_record *rec)
{
    return autos->learners && rec->fate == SS_KEEP && rec->has_time && ss_record_label(rec) == 1;
}

/* What is over is swept out whenever the list has doubled, which costs nothing on the whole. */
static int sweep(struct ss_auto_lists *autos, struct kept *kept)
{
    int err = ss_list_expire(kept->list, autos->newest_us);
    uint32_t n = ss_list_count(kept->list);
    kept->sweep_at = n < SWEEP_MIN / 2 ? SWEEP_MIN : n * 2;
    return err;
}

static int learn_one(struct ss_auto_lists *autos, const struct learner *learner, struct ss_str value,
                     int64_t time_us)
{
    struct kept *kept = &autos->kept[learner->kept];
    struct ss_list_entry entry = {.value = value, .from_us = time_us + learner->delay_us};
    entry.until_us = entry.from_us + learner->ttl_us;
    if (value.n == 0 || value.n > SS_LIST_VALUE_MAX)
        return 0;
    int err = ss_list_count(kept->list) >= kept->sweep_at ? sweep(autos, kept) : 0;
    if (err)
        return err;
    if (ss_list_count(kept->list) < SS_AUTO_ENTRIES_MAX || ss_list_contains(kept->list, value))
        return ss_list_extend(kept->list, &entry);
    if (!kept->full_said)
        ss_warn("list '%s' is full (%u entries): no more are learnt", kept->name, SS_AUTO_ENTRIES_MAX);
    kept->full_said = true;
    return 0;
}

int ss_auto_lists_learn(struct ss_auto_lists *autos, const struct ss_record *rec, struct ss_arena *arena)
{
    int err = 0;
    if (rec->time_us > autos->newest_us)
        autos->newest_us = rec->time_us;
    for (uint32_t i = 0; i < autos->learners && !err; i++) {
        struct ss_str value = ss_field_ref_text(&autos->learner[i].field, rec, arena);
        if (value.p)
            err = learn_one(autos, &autos->learner[i], value, rec->time_us);
    }
    return err;
}

static void put_head(const struct kept *kept, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_json_key(to, "list");
    ss_json_put_string(to, ss_str_of(kept->name));
}

void ss_auto_lists_save(const struct ss_auto_lists *autos, struct ss_buf *to)
{
    for (uint32_t k = 0; k < autos->n_kept; k++) {
        const struct kept *kept = &autos->kept[k];
        put_head(kept, to);
        ss_json_key(to, "sweep_at");
        ss_json_put_int(to, kept->sweep_at);
        ss_json_key(to, "newest");
        ss_json_put_int(to, autos->newest_us);
        ss_buf_put(to, "}\n", 2);
        for (uint32_t i = 0; i < ss_list_count(kept->list); i++) {
            struct ss_list_entry entry = ss_list_at(kept->list, i);
            put_head(kept, to);
            ss_json_key(to, "value");
            ss_json_put_string(to, entry.value);
            ss_json_key(to, "from");
            ss_json_put_int(to, entry.from_us);
            ss_json_key(to, "until");
            ss_json_put_int(to, entry.until_us);
            ss_buf_put(to, "}\n", 2);
        }
    }
}

static bool int_of(struct ss_str line, const char *key, int64_t *out)
{
    struct ss_str text = ss_cursor_member(line, key);
    return text.p && ss_int_parse(text.p, text.n, out);
}

static bool text_of(struct ss_str line, const char *key, struct ss_arena *arena, struct ss_str *out)
{
    struct ss_str raw = ss_cursor_member(line, key);
    if (raw.n < 2 || raw.p[0] != '"')
        return false;
    *out = ss_json_unescape((struct ss_str){raw.p + 1, raw.n - 2}, arena);
    return out->p != NULL;
}

static int load_line(struct ss_auto_lists *autos, struct ss_str line, struct ss_arena *arena)
{
    struct ss_list_entry entry = {{NULL, 0}, {NULL, 0}, 0, 0};
    struct ss_str name;
    int64_t sweep_at;
    uint32_t at;
    if (!text_of(line, "list", arena, &name))
        return ss_fail(SS_EDATA, "a list's state is malformed");
    int err = keep(autos, name, &at);
    if (err)
        return err;
    if (int_of(line, "sweep_at", &sweep_at) && int_of(line, "newest", &autos->newest_us)) {
        autos->kept[at].sweep_at = sweep_at < SWEEP_MIN ? SWEEP_MIN : (uint32_t)sweep_at;
        return 0;
    }
    if (!text_of(line, "value", arena, &entry.value) || !int_of(line, "from", &entry.from_us) ||
        !int_of(line, "until", &entry.until_us))
        return ss_fail(SS_EDATA, "a list's state is malformed");
    return ss_list_add(autos->kept[at].list, &entry);
}

int ss_auto_lists_load(struct ss_auto_lists *autos, struct ss_str text)
{
    struct ss_arena arena;
    int err = 0;
    ss_arena_init(&arena, 0);
    while (!err && text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        err = load_line(autos, (struct ss_str){text.p, n}, &arena);
        ss_arena_reset(&arena);
        text.p += n + (end != NULL);
        text.n -= n + (end != NULL);
    }
    ss_arena_free(&arena);
    return err;
}
