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

static void put_ip(struct ss_buf *to, struct ss_str ip)
{
    int dots = 0;
    for (size_t i = 0; i < ip.n; i++) {
        if (ip.p[i] == '.' && ++dots == 2) {
            ss_buf_put(to, ip.p, i);
            return ss_buf_puts(to, ".x.x");
        }
        if (ip.p[i] == ':') {
            ss_buf_put(to, ip.p, i);
            return ss_buf_puts(to, ":x");
        }
    }
    ss_buf_putc(to, 'x');
}

/* The first letter where it is one byte, so that neither an escape nor UTF-8 is cut. */
static void put_email(struct ss_buf *to, struct ss_str email)
{
    const char *at = email.n ? memchr(email.p, '@', email.n) : NULL;
    if (at > email.p && (unsigned char)(email.p[0] - '!') < 0x5e && email.p[0] != '\\')
        ss_buf_putc(to, email.p[0]);
    ss_buf_puts(to, "***");
    if (at)
        ss_buf_put(to, at, (size_t)(email.p + email.n - at));
}

static struct ss_str masked(struct ss_call *call, struct ss_str text,
                            void (*put)(struct ss_buf *to, struct ss_str text))
{
    struct ss_buf to;
    if (!text.p)
        return text;
    ss_buf_init(&to, text.n + 64);
    put(&to, text);
    struct ss_str out = ss_call_copy(call, (struct ss_str){to.p, to.n});
    ss_buf_free(&to);
    return out;
}

struct ss_str ss_mask_ip(struct ss_call *call, struct ss_str ip)
{
    return masked(call, ip, put_ip);
}

struct ss_str ss_mask_email(struct ss_call *call, struct ss_str email)
{
    return masked(call, email, put_email);
}

static void put_member(struct ss_buf *to, struct ss_str key, struct ss_str value)
{
    bool ip = ss_str_is(key, "ip"), email = ss_str_is(key, "email");
    bool veiled = key.n && memchr(key.p, '\\', key.n); /* "\u0069p" is ip, too */
    struct ss_str inner = {value.p + 1, value.n - 2};
    if ((!ip && !email && !veiled) || value.n < 2 || value.p[0] != '"')
        return ss_buf_put(to, value.p, value.n);
    ss_buf_putc(to, '"');
    if (email)
        put_email(to, inner);
    else if (ip)
        put_ip(to, inner);
    else
        ss_buf_putc(to, 'x');
    ss_buf_putc(to, '"');
}

void ss_mask_put(struct ss_buf *to, struct ss_str line)
{
    struct ss_cursor c = {line.p, line.p + line.n};
    struct ss_str key, value;
    const char *comma = "\"";
    ss_buf_putc(to, '{');
    if (!ss_cursor_take(&c, '{'))
        return ss_buf_putc(to, '}');
    while (ss_cursor_peek(&c) == '"') {
        if (!ss_cursor_pair(&c, &key, &value))
            break;
        ss_buf_puts(to, comma);
        ss_buf_put(to, key.p, key.n);
        ss_buf_puts(to, "\":");
        put_member(to, key, value);
        ss_cursor_take(&c, ',');
        comma = ",\"";
    }
    ss_buf_putc(to, '}');
}

struct ss_str ss_mask_record(struct ss_call *call, struct ss_str line)
{
    struct ss_buf to;
    if (!ss_masks(call) || !line.p)
        return line;
    ss_buf_init(&to, (size_t)4 << 20);
    ss_mask_put(&to, line);
    struct ss_str out = to.failed ? SS_STR("{}") : ss_call_copy(call, (struct ss_str){to.p, to.n});
    ss_buf_free(&to);
    return out;
}
