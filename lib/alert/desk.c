#include "alert/desk.h"
#include "alert/desk_state.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include <stdlib.h>

#define WINDOW_MAX_US (3660 * SS_DAY_US)
#define KEY_MAX       ((size_t)64 << 20) /* a record without txn_id is hashed whole */

int ss_desk_dedupe(struct ss_str text, struct ss_desk_options *opt)
{
    opt->fields = 0;
    for (;;) {
        const char *comma = memchr(text.p, ',', text.n);
        if (!comma)
            break;
        struct ss_str field = ss_str_trim((struct ss_str){text.p, (size_t)(comma - text.p)});
        if (!field.n || opt->fields == SS_DEDUPE_FIELDS)
            return ss_fail(SS_EUSAGE, "--dedupe takes one to %d fields and a duration, such as user_id,10m",
                           SS_DEDUPE_FIELDS);
        opt->field[opt->fields++] = field;
        text.n -= (size_t)(comma + 1 - text.p);
        text.p = comma + 1;
    }
    text = ss_str_trim(text);
    if (!opt->fields || !ss_duration_parse(text.p, text.n, &opt->window_us) || opt->window_us > WINDOW_MAX_US)
        return ss_fail(SS_EUSAGE, "--dedupe takes fields and a duration, such as user_id,10m");
    return 0;
}

/* A group leaves the table: told when there is something new to say of it. */
static int group_ended(void *arg, const struct ss_group *group)
{
    struct ss_desk *desk = arg;
    bool news = group->count > group->told || group->suppressed;
    if (!news || group->closed || desk->opt.updates == SS_UPDATES_NONE || !desk->opt.ended)
        return 0;
    struct ss_group last = *group;
    last.messages++;
    return desk->opt.ended(desk->opt.arg, &last);
}

int ss_desk_new(const struct ss_desk_options *opt, struct ss_schema *schema, struct ss_desk **out)
{
    struct ss_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return ss_fail(SS_ENOMEM, "out of memory for alerts");
    desk->opt = *opt;
    desk->now_us = INT64_MIN;
    if (ss_choice_is_empty(&desk->opt.choice) && !opt->by_expression) {
        desk->opt.choice.has_level = true;
        desk->opt.choice.level = SS_HIGH;
    }
    ss_buf_init(&desk->key, KEY_MAX);
    int err = ss_budget_open(&desk->opt.budget);
    for (uint32_t i = 0; i < opt->fields && !err; i++) {
        desk->slot[i] = ss_schema_slot(schema, opt->field[i]);
        err = desk->slot[i] < 0 ? desk->slot[i] : 0;
    }
    static const char *const names[] = {"id", "key", "end_suppression"};
    for (int i = 0; i < 3 && !err; i++) {
        desk->control[i] = ss_schema_slot(schema, ss_str_of(names[i]));
        err = desk->control[i] < 0 ? desk->control[i] : 0;
    }
    struct ss_groups_options groups = {.window_us = opt->window_us,
                                       .cooldown_us = opt->cooldown_us,
                                       .extend = opt->extend,
                                       .ended = group_ended,
                                       .arg = desk};
    err = err ? err : ss_groups_new(&groups, &desk->groups);
    if (err) {
        ss_desk_free(desk);
        return err;
    }
    *out = desk;
    return 0;
}

void ss_desk_free(struct ss_desk *desk)
{
    if (!desk)
        return;
    ss_groups_free(desk->groups);
    ss_budget_free(&desk->opt.budget);
    ss_buf_free(&desk->key);
    free(desk);
}

void ss_desk_snooze(struct ss_desk *desk, const struct ss_snooze *snooze)
{
    desk->snooze = snooze;
}

/* --- ids and keys --- */

/* "user_id:42"; false when the record lacks one of the fields. */
static bool make_key(struct ss_desk *desk, const struct ss_record *rec, struct ss_arena *arena)
{
    ss_buf_reset(&desk->key);
    for (uint32_t i = 0; i < desk->opt.fields; i++) {
        struct ss_str text = ss_record_text(rec, desk->slot[i], arena);
        if (!text.p)
            return false;
        if (i)
            ss_buf_putc(&desk->key, ',');
        ss_buf_put(&desk->key, desk->opt.field[i].p, desk->opt.field[i].n);
        ss_buf_putc(&desk->key, ':');
        ss_buf_put(&desk->key, text.p, text.n);
    }
    return desk->opt.fields > 0 && !desk->key.failed;
}

static void make_own_key(struct ss_desk *desk, struct ss_str txn_id)
{
    ss_buf_reset(&desk->key);
    ss_buf_puts(&desk->key, "txn_id:");
    ss_buf_put(&desk->key, txn_id.p, txn_id.n);
}

/*
 * The first 64 bits of SHA-256(key, newline, txn_id of the first payment, newline, its time): the same again
 * in every replay. A record without a txn_id stands for itself with its whole text.
 */
static uint64_t make_id(struct ss_desk *desk, const struct ss_record *rec, struct ss_str txn_id,
                        int64_t time_us)
{
    unsigned char digest[SS_DIGEST_BYTES];
    char time[SS_NUMBER_MAX];
    struct ss_buf *text = &desk->key;
    size_t key_n = text->n;
    ss_buf_putc(text, '\n');
    if (txn_id.p)
        ss_buf_put(text, txn_id.p, txn_id.n);
    else
        ss_buf_put(text, rec->text, rec->len);
    ss_buf_putc(text, '\n');
    ss_buf_put(text, time, ss_int_print(time_us, time));
    ss_sha256(text->p, text->n, digest);
    text->n = key_n;
    text->failed = false;
    uint64_t id = 0;
    for (int i = 0; i < 8; i++)
        id = id << 8 | digest[i];
    return id;
}

/* --- judging --- */

static bool is_chosen(struct ss_desk *desk, const struct ss_record *rec, int64_t time_us,
                      const struct ss_facts *facts, struct ss_arena *arena)
{
    const struct ss_choice *choice = &desk->opt.choice;
    if (!ss_choice_matches(choice, facts))
        return false;
    if (ss_facts_in_allow_lane(facts) && !(choice->actions >> SS_ALLOW & 1))
        return false;
    if (!desk->snooze || !ss_snooze_covers(desk->snooze, rec, time_us, facts, arena))
        return true;
    desk->counts.snoozed++;
    return false;
}

static bool within_budget(struct ss_desk *desk, const struct ss_facts *facts, int64_t time_us)
{
    if (ss_budget_take(&desk->opt.budget, time_us))
        return true;
    if (facts->level < SS_CRITICAL) {
        desk->counts.over_budget++;
        return false;
    }
    desk->counts.above_budget++;
    ss_budget_note(&desk->opt.budget, time_us);
    return true;
}

/* A payment more: is there something to tell? */
static int event_of_join(const struct ss_desk *desk, struct ss_group *group, enum ss_level level)
{
    bool rose = level > group->level;
    if (rose)
        group->level = (uint8_t)level;
    if (desk->opt.updates == SS_UPDATES_NONE || (group->closed && !rose))
        return -1;
    if (!rose && desk->opt.updates == SS_UPDATES_DOUBLING && group->count / 2 < group->told)
        return -1;
    return SS_UPDATED;
}

static void tell(struct ss_ruling *ruling, int event)
{
    ruling->event = event;
    if (event < 0)
        return;
    ruling->group->told = ruling->group->count;
    ruling->group->messages++;
}

static int open_alert(struct ss_desk *desk, const struct ss_record *rec, int64_t time_us, bool grouped,
                      struct ss_arena *arena, struct ss_ruling *ruling)
{
    if (!within_budget(desk, &ruling->facts, time_us))
        return 0;
    struct ss_str txn_id = ss_record_text(rec, SS_TXN_ID, arena);
    if (!grouped)
        make_own_key(desk, txn_id);
    struct ss_str key = {desk->key.p, desk->key.n};
    uint64_t id = make_id(desk, rec, txn_id, time_us);
    key.p = desk->key.p; /* make_id may have moved it */
    ruling->group = &desk->single;
    if (grouped) {
        int err = ss_groups_open(desk->groups, key, time_us, &ruling->group);
        if (err)
            return err;
    } else {
        desk->single = (struct ss_group){.first_us = time_us, .last_us = time_us, .count = 1};
        ss_group_key(&desk->single, key);
    }
    ruling->group->id = id;
    ruling->group->level = (uint8_t)ruling->facts.level;
    ruling->alerts = true;
    desk->counts.alerts++;
    tell(ruling, SS_OPENED);
    return 0;
}

int ss_desk_judge(struct ss_desk *desk, const struct ss_record *rec, bool wanted, struct ss_arena *arena,
                  struct ss_ruling *ruling)
{
    *ruling = (struct ss_ruling){.event = -1};
    if (rec->has_time && rec->time_us > desk->now_us)
        desk->now_us = rec->time_us;
    int64_t time_us = rec->has_time ? rec->time_us : desk->now_us == INT64_MIN ? 0 : desk->now_us;
    int err = ss_groups_expire(desk->groups, desk->now_us == INT64_MIN ? 0 : desk->now_us);
    if (err || !wanted)
        return err;
    ruling->facts = ss_facts_of(rec, arena);
    if (!is_chosen(desk, rec, time_us, &ruling->facts, arena))
        return 0;
    enum ss_join join = SS_JOIN_APART;
    struct ss_group *group = NULL;
    if (make_key(desk, rec, arena))
        err = ss_groups_find(desk->groups, (struct ss_str){desk->key.p, desk->key.n}, time_us, &join, &group);
    if (err)
        return err;
    switch (join) {
    case SS_JOIN_NEW: return open_alert(desk, rec, time_us, true, arena, ruling);
    case SS_JOIN_APART: return open_alert(desk, rec, time_us, false, arena, ruling);
    case SS_JOIN_QUIET:
        group->suppressed++;
        desk->counts.cooled++;
        return 0;
    case SS_JOIN_OPEN: break;
    }
    ss_groups_join(desk->groups, group, time_us);
    desk->counts.joined++;
    ruling->alerts = true;
    ruling->group = group;
    tell(ruling, event_of_join(desk, group, ruling->facts.level));
    return 0;
}

/* --- control records --- */

bool ss_desk_is_closing(const struct ss_record *rec)
{
    const struct ss_field *f = &rec->field[SS_TYPE];
    return f->type == SS_JSON_STRING && ss_str_is((struct ss_str){f->val, f->len}, "\"alert_closed\"");
}

void ss_desk_close(struct ss_desk *desk, const struct ss_record *rec, struct ss_arena *arena)
{
    char want[SS_MESSAGE_ID];
    struct ss_str id = ss_record_text(rec, desk->control[0], arena);
    struct ss_str key = ss_record_text(rec, desk->control[1], arena);
    struct ss_group *group = id.p && key.p ? ss_groups_of_key(desk->groups, key) : NULL;
    if (!group)
        return;
    ss_message_id(group->id, 0, want);
    if (id.n != 16 || memcmp(id.p, want, 16) != 0)
        return;
    group->closed = 1;
    if (rec->field[desk->control[2]].type == SS_JSON_TRUE)
        ss_groups_drop(desk->groups, group);
}

int ss_desk_end(struct ss_desk *desk)
{
    return ss_groups_end_all(desk->groups);
}

struct ss_desk_counts ss_desk_counts(const struct ss_desk *desk)
{
    struct ss_desk_counts counts = desk->counts;
    counts.pushed_out = ss_groups_pushed_out(desk->groups);
    return counts;
}

void ss_desk_put_member(const struct ss_group *group, struct ss_buf *to)
{
    char id[SS_MESSAGE_ID], time[SS_TIME_TEXT];
    ss_message_id(group->id, 0, id);
    ss_buf_puts(to, "{\"id\":");
    ss_json_put_string(to, (struct ss_str){id, 16});
    ss_buf_puts(to, ",\"key\":");
    ss_json_put_string(to, (struct ss_str){group->key, group->key_n});
    ss_buf_puts(to, ",\"count\":");
    ss_json_put_int(to, group->count);
    ss_buf_puts(to, ",\"first\":");
    ss_json_put_string(to, (struct ss_str){time, ss_time_print(group->first_us, time)});
    ss_buf_puts(to, ",\"last\":");
    ss_json_put_string(to, (struct ss_str){time, ss_time_print(group->last_us, time)});
    ss_buf_putc(to, '}');
}
