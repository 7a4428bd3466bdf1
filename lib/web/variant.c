#include "web/variant.h"
#include "base/time.h"
#include "json/cursor.h"
#include "record/pan.h"
#include "store/analytics.h"

#define VARIANT_MAX ((size_t)2 << 20)

struct ss_str ss_variant(struct ss_call *call, struct ss_str text, const char *name, struct ss_str json)
{
    struct ss_cursor c = {text.p, text.p + text.n};
    struct ss_str key, value;
    struct ss_buf to;
    if (!ss_cursor_take(&c, '{'))
        return text;
    ss_buf_init(&to, VARIANT_MAX);
    ss_buf_putc(&to, '{');
    while (ss_cursor_peek(&c) == '"') {
        if (!ss_cursor_pair(&c, &key, &value))
            break;
        ss_cursor_take(&c, ',');
        if (ss_str_is(key, name))
            continue;
        ss_buf_puts(&to, to.n > 1 ? ",\"" : "\"");
        ss_buf_put(&to, key.p, key.n);
        ss_buf_puts(&to, "\":");
        ss_buf_put(&to, value.p, value.n);
    }
    ss_buf_puts(&to, to.n > 1 ? ",\"" : "\"");
    ss_buf_puts(&to, name);
    ss_buf_puts(&to, "\":");
    ss_buf_put(&to, json.p, json.n);
    ss_buf_putc(&to, '}');
    struct ss_str out = to.failed ? text : ss_call_copy(call, (struct ss_str){to.p, to.n});
    ss_buf_free(&to);
    return out;
}

struct ss_str ss_variant_completed(struct ss_call *call, struct ss_str text, int *err)
{
    char time[SS_TIME_TEXT];
    int64_t now = call->now_us, newest;
    *err = ss_pan_scrub(call->web->pan, &call->arena, &text);
    if (!*err && !ss_cursor_member(text, "timestamp").p) {
        *err = ss_newest_us(call->db, &newest);
        if (newest && (newest < now - SS_HOUR_US || newest > now))
            now = newest + 1;
        size_t n = ss_time_print(now, time);
        text = ss_variant(call, text, "timestamp", ss_call_format(call, "\"%.*s\"", (int)n, time));
    }
    if (!ss_cursor_member(text, "txn_id").p)
        text = ss_variant(call, text, "txn_id", SS_STR("\"what-if\""));
    return text;
}
