#include "web/items.h"
#include "json/cursor.h"
#include "json/write.h"

/* A member as it stands; ids stay numbers where they are. */
static void put_member(struct ss_buf *to, struct ss_str line, const char *key)
{
    struct ss_str value = ss_cursor_member(line, key);
    if (!value.p)
        return;
    ss_json_key(to, key);
    ss_buf_put(to, value.p, value.n);
}

/* The first reason that a rule or the score gives, as a JSON string. */
static struct ss_str reason_of(struct ss_str line)
{
    static const struct {
        const char *member, *list, *key;
    } places[] = {{"decision", "rules", "reason"}, {"score", "reasons", "text"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct ss_str member = ss_cursor_member(line, places[i].member), first, reason;
        struct ss_str list = member.p ? ss_cursor_member(member, places[i].list) : member;
        struct ss_cursor c = {list.p, list.p + list.n};
        if (!list.p || !ss_cursor_take(&c, '[') || ss_cursor_peek(&c) != '{' || !ss_cursor_value(&c, &first))
            continue;
        reason = ss_cursor_member(first, places[i].key);
        if (reason.p)
            return reason;
    }
    return (struct ss_str){NULL, 0};
}

void ss_payment_item(struct ss_str line, struct ss_buf *to)
{
    static const char *const fields[] = {"txn_id",      "timestamp", "user_id", "card_id",
                                         "merchant_id", "category",  "country", "location",
                                         "channel",     "amount",    "currency"};
    struct ss_str decision = ss_cursor_member(line, "decision"), score = ss_cursor_member(line, "score");
    ss_buf_putc(to, '{');
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        put_member(to, line, fields[i]);
    struct ss_str final = decision.p ? ss_cursor_member(decision, "score") : (struct ss_str){NULL, 0};
    struct ss_str level = ss_cursor_member(decision.p ? decision : score, "level");
    struct ss_str action = decision.p ? ss_cursor_member(decision, "action") : (struct ss_str){NULL, 0};
    if (!final.p && score.p)
        final = ss_cursor_member(score, "value");
    ss_json_key(to, "score");
    ss_buf_put(to, final.p ? final.p : "null", final.p ? final.n : 4);
    ss_json_key(to, "level");
    ss_buf_put(to, level.p ? level.p : "\"NONE\"", level.p ? level.n : 6);
    ss_json_key(to, "action");
    ss_buf_put(to, action.p ? action.p : "\"allow\"", action.p ? action.n : 7);
    struct ss_str reason = reason_of(line);
    if (reason.p) {
        ss_json_key(to, "reason");
        ss_buf_put(to, reason.p, reason.n);
    }
    ss_buf_putc(to, '}');
}

bool ss_alert_item(struct ss_str line, struct ss_buf *to)
{
    struct ss_str alert = ss_cursor_member(line, "alert");
    struct ss_str id = alert.p ? ss_cursor_member(alert, "id") : alert;
    if (!id.p)
        return false;
    ss_payment_item(line, to);
    to->n--; /* its brace */
    ss_json_key(to, "alert_id");
    ss_buf_put(to, id.p, id.n);
    put_member(to, alert, "key");
    put_member(to, alert, "count");
    ss_buf_putc(to, '}');
    return true;
}
