/* What a password must be, after NIST SP 800-63B: long, and not one that everybody tries; no rules about what
 * it is made of, no expiry. And changing one's own. */
#include "base/err.h"
#include "web/after.h"
#include "web/auth_parts.h"
#include <strings.h>

/* The most common ones of at least SS_PASSWORD_MIN characters, in lower case, out of lists of leaked ones;
 * shorter ones are refused anyway. */
static const char *const common[] = {
    "123123123123",     "123412341234",   "12345678901",      "123456789012",
    "1234567890123",    "12345678910",    "123456789123",     "123456789abc",
    "123456789qwe",     "123654789123",   "1q2w3e4r5t6y",     "1q2w3e4r5t6y7u",
    "1qaz2wsx3edc",     "1qazxsw23edc",   "abc123abc123",     "abcd12345678",
    "abcdefghijkl",     "administrator",  "adminadminadmin",  "asdfghjkl123",
    "baseball1234",     "changeme1234",   "changemechangeme", "correcthorsebatterystaple",
    "dragon123456",     "football1234",   "iloveyou1234",     "iloveyouforever",
    "letmein12345",     "letmeinletmein", "liverpool123",     "manchester123",
    "monkey123456",     "mynameis1234",   "p@ssw0rd1234",     "p@ssw0rd12345",
    "password0000",     "password1234",   "password12345",    "password123456",
    "password2023",     "password2024",   "password2025",     "password2026",
    "passwordpassword", "princess1234",   "q1w2e3r4t5y6",     "qazwsxedcrfv",
    "qwer1234qwer",     "qwerty123456",   "qwerty1234567",    "qwertyqwerty",
    "qwertyuiop12",     "qwertyuiop123",  "qwertyuiopasdf",   "sentinelstream",
    "sentinel-stream",  "sunshine1234",   "superman1234",     "trustno1trustno1",
    "unknown12345",     "welcome12345",   "welcome123456",    "zxcvbnm12345",
    "zxcvbnmasdfghjkl",
};

static bool is(struct ss_str password, struct ss_str text)
{
    return password.n == text.n && strncasecmp(password.p, text.p, text.n) == 0;
}

/* "aaaaaaaaaaaa", "abcabcabcabc", "123456789012", "lkjihgfedcba" */
static bool is_pattern(struct ss_str p)
{
    for (size_t period = 1; period <= 4; period++) {
        size_t i = period;
        while (i < p.n && p.p[i] == p.p[i - period])
            i++;
        if (i == p.n)
            return true;
    }
    size_t up = 1, down = 1;
    while (up < p.n && (p.p[up] == p.p[up - 1] + 1 || (p.p[up - 1] == '9' && p.p[up] == '0')))
        up++;
    while (down < p.n && (p.p[down] == p.p[down - 1] - 1 || (p.p[down - 1] == '0' && p.p[down] == '9')))
        down++;
    return up == p.n || down == p.n;
}

static size_t characters(struct ss_str p)
{
    size_t n = 0;
    for (size_t i = 0; i < p.n; i++)
        n += (p.p[i] & 0xc0) != 0x80;
    return n;
}

void ss_password_judge(struct ss_call *call, const char *name, struct ss_str password, struct ss_str email)
{
    if (characters(password) < SS_PASSWORD_MIN) {
        ss_fault(call, name, "has fewer than %d characters", SS_PASSWORD_MIN);
        return;
    }
    if (is_pattern(password)) {
        ss_fault(call, name, "is a pattern that is tried first");
        return;
    }
    const char *at = email.n ? memchr(email.p, '@', email.n) : NULL;
    if (email.n && (is(password, email) || is(password, (struct ss_str){email.p, (size_t)(at - email.p)}))) {
        ss_fault(call, name, "is the email address");
        return;
    }
    for (size_t i = 0; i < SS_COUNT(common); i++) {
        if (is(password, ss_str_of(common[i]))) {
            ss_fault(call, name, "is one of the most common passwords");
            return;
        }
    }
}

/* ---- POST auth/password ---- */

struct change {
    struct ss_str current, fresh, hash;
    bool good;
    char made[SS_PASSWORD_HASH];
};

static int change_write(struct ss_call *call)
{
    struct change *c = call->state;
    struct ss_user user;
    int found = ss_user_get(call->db, call->who.user_id, &call->arena, &user);
    if (found <= 0)
        return found < 0 ? found : ss_problem(call, 401, "expired", "there is no such user any more");
    if (!c->good || !user.active || !ss_str_eq(user.password, c->hash)) {
        int err = ss_call_audit(call, "auth.failed", ss_auth_subject(call, user.id), (struct ss_str){NULL, 0},
                                (struct ss_str){NULL, 0});
        call->keep = true;
        ss_fault(call, "current", "is wrong");
        ss_call_check(call);
        return err;
    }
    int err = ss_user_set_password(call->db, user.id, ss_str_of(c->made), false, call->now_us);
    if (err)
        return err;
    int64_t n = ss_sessions_revoke(call->db, user.id, ss_str_of(call->who.session), call->now_us);
    if (n < 0)
        return (int)n;
    call->after |= SS_AFTER_AUTH;
    err = ss_call_audit(call, "auth.password", ss_auth_subject(call, user.id), (struct ss_str){NULL, 0},
                        ss_call_format(call, "{\"sessions_ended\":%lld}", (long long)n));
    return err ? err : ss_answer_none(call);
}

static int change_check(struct ss_call *call)
{
    struct change *c = call->state;
    c->good = ss_password_check(c->hash.p, c->current);
    int err = c->good ? ss_password_hash(c->fresh, c->made) : 0;
    return err ? err : ss_call_then(call, SS_RUN_WRITE, change_write);
}

static int change_password(struct ss_call *call)
{
    static const char *const known[] = {"current", "new", NULL};
    struct change *c = ss_arena_zalloc(&call->arena, sizeof *c);
    struct ss_user user;
    if (!c)
        return SS_ENOMEM;
    if (!ss_auth_try(call) || !ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    ss_body_text(call, "current", true, 1000, &c->current);
    if (ss_body_text(call, "new", true, SS_PASSWORD_MAX, &c->fresh))
        ss_password_judge(call, "new", c->fresh, ss_str_of(call->who.name));
    if (c->current.n && ss_str_eq(c->current, c->fresh))
        ss_fault(call, "new", "is the current one");
    if (!ss_call_check(call))
        return 0;
    int found = ss_user_get(call->db, call->who.user_id, &call->arena, &user);
    if (found <= 0)
        return found < 0 ? found : ss_problem(call, 401, "expired", "there is no such user any more");
    if (!user.password.p)
        return ss_problem(call, 409, "no_password", "this account signs in elsewhere");
    c->hash = user.password;
    call->state = c;
    return ss_call_then(call, SS_RUN_SLOW, change_check);
}

const struct ss_route ss_routes_password[] = {
    {SS_POST, "/api/v1/auth/password", change_password, SS_PEOPLE | SS_SECRET, NULL, SS_RUN_QUICK, 0},
    {0},
};
