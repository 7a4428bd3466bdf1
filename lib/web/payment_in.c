#include "web/payment_in.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/time.h"
#include "json/cursor.h"
#include "json/json.h"
#include "record/pan.h"
#include "store/ledger.h"
#include <stdio.h>

/* The text with what is missing in front: an id of our own, and the time it came. */
static struct ss_str completed(struct ss_arena *arena, struct ss_str text, bool has_id, bool has_time,
                               int64_t now_us)
{
    char id[33], time[SS_TIME_TEXT];
    ss_random_text(id, 24);
    size_t time_n = ss_time_print(now_us, time);
    const char *brace = memchr(text.p, '{', text.n);
    size_t skip = (size_t)(brace - text.p) + 1;
    char *out = ss_arena_alloc(arena, text.n + 128);
    if (!out)
        return (struct ss_str){NULL, 0};
    struct ss_cursor rest = {text.p + skip, text.p + text.n};
    bool empty = ss_cursor_peek(&rest) == '}';
    int n = snprintf(out, 128, "{%s%.*s%s%s%s%.*s%s%s", has_id ? "" : "\"txn_id\":\"", has_id ? 0 : 24, id,
                     has_id ? "" : "\"", !has_id && !has_time ? "," : "", has_time ? "" : "\"timestamp\":\"",
                     has_time ? 0 : (int)time_n, time, has_time ? "" : "\"", empty ? "" : ",");
    memcpy(out + n, text.p + skip, text.n - skip);
    return (struct ss_str){out, (size_t)n + text.n - skip};
}

/* The id as it is stored. p == NULL when it is none. */
static struct ss_str id_of(struct ss_str value, struct ss_arena *arena)
{
    if (value.n >= 2 && value.p[0] == '"')
        return ss_json_unescape((struct ss_str){value.p + 1, value.n - 2}, arena);
    bool number = value.n && (value.p[0] == '-' || (value.p[0] >= '0' && value.p[0] <= '9'));
    return number ? value : (struct ss_str){NULL, 0};
}

int ss_payment_in_refuse(struct ss_call *call, const char *name, const char *why)
{
    ss_fault(call, name, "%s", why);
    (void)ss_call_check(call);
    return SS_EDATA;
}

static int fault(struct ss_call *call, const char *name, const char *why)
{
    return call ? ss_payment_in_refuse(call, name, why) : ss_fail(SS_EDATA, "%s", why);
}

int ss_payment_in_read(struct ss_call *call, const struct ss_pan *pan, struct ss_arena *arena,
                       struct ss_str *given, struct ss_str *out)
{
    struct ss_str text = ss_str_trim(*given);
    int err = ss_pan_scrub(pan, arena, &text);
    if (err)
        return err;
    struct ss_cursor c = {text.p, text.p + text.n};
    if (!ss_cursor_take(&c, '{'))
        return call ? (ss_problem(call, 400, "bad_json", "the body is no JSON object"), SS_EDATA)
                    : ss_fail(SS_EDATA, "not an object");
    struct ss_str id = ss_cursor_member(text, "txn_id"), type = ss_cursor_member(text, "type");
    struct ss_str time = ss_cursor_member(text, "timestamp");
    if (type.p && ss_str_is(type, "\"label\"") && call)
        return fault(call, "type", "a label is set with PUT /api/v1/payments/{txn_id}/label");
    if (!ss_cursor_member(text, "amount").p && !(type.p && ss_str_is(type, "\"label\"")))
        return fault(call, "amount", "missing");
    if ((!id.p || !time.p) && call) {
        text = completed(arena, text, id.p != NULL, time.p != NULL, call->now_us);
        if (!text.p)
            return SS_ENOMEM;
        id = ss_cursor_member(text, "txn_id");
    }
    *out = id.p ? id_of(id, arena) : id;
    if (!out->p || out->n == 0 || out->n > SS_LEDGER_ID)
        return fault(call, "txn_id", "a text or a whole number of 1 to 256 bytes");
    *given = text;
    return 0;
}
