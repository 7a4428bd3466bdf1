#include "alert/message.h"
#include "base/err.h"
#include "base/time.h"
#include "json/doc.h"
#include "json/write.h"
#include <stdio.h>

#define REASONS_SHOWN 10

static const char *const events[] = {[SS_OPENED] = "opened", [SS_UPDATED] = "updated", [SS_ENDED] = "ended"};

void ss_message_id(uint64_t alert_id, uint32_t n, char out[SS_MESSAGE_ID])
{
    snprintf(out, SS_MESSAGE_ID, "%016llx-%u", (unsigned long long)alert_id, n);
}

static void put_time(struct ss_buf *to, const char *key, int64_t time_us)
{
    char text[SS_TIME_TEXT];
    ss_put_text_of(to, key, (struct ss_str){text, ss_time_print(time_us, text)});
}

static void put_decision(struct ss_buf *to, const struct ss_decision *d)
{
    ss_put_text_of(to, "action", ss_str_of(ss_action_name(d->action)));
    ss_json_key(to, "score");
    ss_json_put_double(to, d->score);
    ss_json_open(to, "rules", '[');
    for (uint32_t i = 0; i < d->rules; i++) {
        ss_json_item(to);
        ss_put_text_of(to, "id", d->rule[i].id);
        if (d->rule[i].reason.p)
            ss_put_text_of(to, "reason", d->rule[i].reason);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

static void put_record(struct ss_buf *to, const struct ss_record *rec)
{
    size_t key_at = to->n;
    ss_json_key(to, "record");
    size_t from = to->n;
    ss_record_write(rec, to);
    if (to->n > from && to->p[to->n - 1] == '\n')
        to->n--;
    if (to->n - from > SS_MESSAGE_RECORD)
        to->n = key_at;
}

void ss_message_put(enum ss_event event, const struct ss_group *group, const struct ss_facts *facts,
                    const struct ss_record *rec, struct ss_buf *to)
{
    char id[SS_MESSAGE_ID];
    ss_message_id(group->id, group->messages, id);
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "event", ss_str_of(events[event]));
    ss_put_text_of(to, "id", (struct ss_str){id, 16});
    ss_put_text_of(to, "message", ss_str_of(id));
    ss_put_text_of(to, "key", (struct ss_str){group->key, group->key_n});
    ss_json_key(to, "count");
    ss_json_put_int(to, group->count);
    put_time(to, "first", group->first_us);
    put_time(to, "last", group->last_us);
    if (group->suppressed) {
        ss_json_key(to, "suppressed");
        ss_json_put_int(to, group->suppressed);
    }
    ss_put_text_of(to, "level", ss_str_of(ss_level_name((enum ss_level)group->level)));
    if (facts && facts->decision)
        put_decision(to, facts->decision);
    if (rec)
        put_record(to, rec);
    ss_buf_putc(to, '}');
}

/* --- for people --- */

struct said {
    struct ss_arena arena;
    const struct ss_json_value *root;
};

static int open_said(struct said *said, struct ss_str message)
{
    ss_arena_init(&said->arena, 64 * SS_MESSAGE_MAX);
    int err = ss_json_parse(message.p, message.n, &said->arena, &said->root);
    if (!err && said->root->type != SS_JSON_OBJECT)
        err = ss_fail(SS_EDATA, "a message is no object");
    if (err)
        ss_arena_free(&said->arena);
    return err;
}

static void put_clean(struct ss_buf *to, struct ss_str text)
{
    for (size_t i = 0; i < text.n; i++)
        ss_buf_putc(to, (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? ' ' : text.p[i]);
}

static struct ss_str text_of(const struct ss_json_value *object, const char *key)
{
    const struct ss_json_value *v = ss_json_get(object, key);
    return v && (v->type == SS_JSON_STRING || v->type == SS_JSON_NUMBER) ? v->text : SS_STR("");
}

static void put_subject(const struct ss_json_value *root, struct ss_buf *to)
{
    struct ss_str count = text_of(root, "count"), action = text_of(root, "action");
    put_clean(to, text_of(root, "level"));
    ss_buf_puts(to, " alert ");
    put_clean(to, text_of(root, "event"));
    ss_buf_puts(to, ": ");
    put_clean(to, text_of(root, "key"));
    ss_buf_puts(to, ", ");
    put_clean(to, count);
    ss_buf_puts(to, ss_str_is(count, "1") ? " payment" : " payments");
    if (action.n) {
        ss_buf_puts(to, ", ");
        put_clean(to, action);
    }
}

static void put_line(const struct ss_json_value *object, const char *label, const char *key,
                     struct ss_buf *to)
{
    struct ss_str text = text_of(object, key);
    if (!text.n)
        return;
    ss_buf_puts(to, label);
    put_clean(to, text);
    ss_buf_putc(to, '\n');
}

static void put_body(const struct ss_json_value *root, struct ss_buf *to)
{
    const struct ss_json_value *rules = ss_json_get(root, "rules"), *rec = ss_json_get(root, "record");
    for (uint32_t i = 0; rules && rules->type == SS_JSON_ARRAY && i < rules->n && i < REASONS_SHOWN; i++) {
        struct ss_str reason = text_of(&rules->at[i], "reason");
        ss_buf_puts(to, "- ");
        put_clean(to, text_of(&rules->at[i], "id"));
        if (reason.n) {
            ss_buf_puts(to, ": ");
            put_clean(to, reason);
        }
        ss_buf_putc(to, '\n');
    }
    put_line(rec, "payment:  ", "txn_id", to);
    put_line(rec, "amount:   ", "amount", to);
    put_line(rec, "currency: ", "currency", to);
    put_line(root, "score:    ", "score", to);
    put_line(root, "first:    ", "first", to);
    put_line(root, "last:     ", "last", to);
    put_line(root, "held back: ", "suppressed", to);
    put_line(root, "alert:    ", "id", to);
}

int ss_message_subject(struct ss_str message, struct ss_buf *to)
{
    struct said said;
    int err = open_said(&said, message);
    if (err)
        return err;
    put_subject(said.root, to);
    ss_arena_free(&said.arena);
    return ss_buf_check(to);
}

int ss_message_text(struct ss_str message, struct ss_buf *to)
{
    struct said said;
    int err = open_said(&said, message);
    if (err)
        return err;
    put_subject(said.root, to);
    ss_buf_puts(to, "\n\n");
    put_body(said.root, to);
    ss_arena_free(&said.arena);
    return ss_buf_check(to);
}

int ss_message_slack(struct ss_str message, struct ss_buf *to)
{
    struct ss_buf text, safe;
    ss_buf_init(&text, SS_MESSAGE_MAX);
    ss_buf_init(&safe, 6 * SS_MESSAGE_MAX);
    int err = ss_message_text(message, &text);
    for (size_t i = 0; i < text.n; i++) /* so that no text of a record addresses <!channel> */
        switch (text.p[i]) {
        case '&': ss_buf_puts(&safe, "&amp;"); break;
        case '<': ss_buf_puts(&safe, "&lt;"); break;
        case '>': ss_buf_puts(&safe, "&gt;"); break;
        default: ss_buf_putc(&safe, text.p[i]);
        }
    ss_buf_puts(to, "{\"text\":");
    ss_json_put_string(to, (struct ss_str){safe.p, safe.n});
    ss_buf_putc(to, '}');
    err = err ? err : ss_buf_check(&safe);
    ss_buf_free(&text);
    ss_buf_free(&safe);
    return err ? err : ss_buf_check(to);
}
