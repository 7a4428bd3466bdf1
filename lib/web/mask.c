#include "web/mask.h"
#include "json/cursor.h"
#include "json/write.h"
#include "web/settings.h"

bool ss_masks(const struct ss_call *call)
{
    switch (call->who.role) {
    case SS_VIEWER: return ss_setting_bool(call->web->settings, "mask.viewer");
    case SS_ANALYST: return ss_setting_bool(call->web->settings, "mask.analyst");
    default: return false;
    }
}

struct ss_str ss_mask_ip(struct ss_call *call, struct ss_str ip)
{
    int dots = 0;
    for (size_t i = 0; i < ip.n; i++) {
        if (ip.p[i] == '.' && ++dots == 2)
            return ss_call_format(call, "%.*s.x.x", (int)i, ip.p);
        if (ip.p[i] == ':')
            return ss_call_format(call, "%.*s:x", (int)i, ip.p);
    }
    return ip.p ? SS_STR("x") : ip;
}

struct ss_str ss_mask_email(struct ss_call *call, struct ss_str email)
{
    const char *at = email.p ? memchr(email.p, '@', email.n) : NULL;
    if (!at)
        return email.p ? SS_STR("***") : email;
    return ss_call_format(call, "%.1s***%.*s", email.p, (int)(email.p + email.n - at), at);
}

static struct ss_str masked(struct ss_call *call, struct ss_str key, struct ss_str value)
{
    bool ip = ss_str_is(key, "ip"), email = ss_str_is(key, "email");
    if ((!ip && !email) || value.n < 2 || value.p[0] != '"')
        return value;
    struct ss_str inner = {value.p + 1, value.n - 2};
    inner = ip ? ss_mask_ip(call, inner) : ss_mask_email(call, inner);
    return ss_call_format(call, "\"%.*s\"", (int)inner.n, inner.p);
}

struct ss_str ss_mask_record(struct ss_call *call, struct ss_str line)
{
    struct ss_cursor c = {line.p, line.p + line.n};
    struct ss_str key, value;
    if (!ss_masks(call) || !ss_cursor_take(&c, '{'))
        return line;
    struct ss_buf to;
    ss_buf_init(&to, (size_t)4 << 20);
    ss_buf_putc(&to, '{');
    while (ss_cursor_peek(&c) == '"') {
        if (!ss_cursor_string(&c, &key) || !ss_cursor_take(&c, ':') || !ss_cursor_value(&c, &value))
            break;
        value = masked(call, key, value);
        ss_buf_puts(&to, to.n > 1 ? ",\"" : "\"");
        ss_buf_put(&to, key.p, key.n);
        ss_buf_puts(&to, "\":");
        ss_buf_put(&to, value.p, value.n);
        ss_cursor_take(&c, ',');
    }
    ss_buf_putc(&to, '}');
    struct ss_str out = to.failed ? SS_STR("{}") : ss_call_copy(call, (struct ss_str){to.p, to.n});
    ss_buf_free(&to);
    return out;
}
