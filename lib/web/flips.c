#include "web/flips.h"
#include "base/number.h"
#include "json/cursor.h"
#include "json/write.h"
#include "record/decision.h"
#include "web/variant.h"

#define STEPS  40 /* of the amount, both ways */
#define HALVES 12

static int action_in(struct ss_str line)
{
    struct ss_str decision = line.p ? ss_cursor_member(line, "decision") : line;
    struct ss_str action = decision.p ? ss_cursor_member(decision, "action") : decision;
    return action.n > 2 ? ss_action_of((struct ss_str){action.p + 1, action.n - 2}) : -1;
}

struct search {
    struct ss_call *call;
    struct ss_engine *engine;
    struct ss_str payment;
    int action; /* as it is decided */
};

static struct ss_str with_amount(struct search *s, int64_t amount)
{
    char text[SS_NUMBER_MAX];
    return ss_variant(s->call, s->payment, "amount", (struct ss_str){text, ss_amount_print(amount, text)});
}

/* To whole units below 1,000 hundredths are noise to a person; to 0.01 below 10. */
static int64_t rounded(double amount)
{
    int64_t unit = amount >= 1000 * SS_AMOUNT_SCALE ? 10 * SS_AMOUNT_SCALE
                   : amount >= 10 * SS_AMOUNT_SCALE ? SS_AMOUNT_SCALE
                                                    : SS_AMOUNT_SCALE / 100;
    return (int64_t)(amount / (double)unit + 0.5) * unit;
}

static void put_flip(struct search *s, const char *field, struct ss_str from, struct ss_str to_json,
                     int action, struct ss_str text)
{
    struct ss_buf *to = &s->call->res.body;
    ss_page_item(s->call);
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "field", ss_str_of(field));
    ss_json_key(to, "from");
    ss_buf_put(to, from.p ? from.p : "null", from.p ? from.n : 4);
    ss_json_key(to, "to");
    ss_buf_put(to, to_json.p, to_json.n);
    ss_put_text_of(to, "action", ss_str_of(ss_action_name((enum ss_action)action)));
    ss_put_text_of(to, "text", text);
    ss_buf_putc(to, '}');
}

/* Actions of n amounts at once. */
static int try_amounts(struct search *s, const int64_t *amount, size_t n, int *action)
{
    struct ss_str text[STEPS] = {{NULL, 0}};
    struct ss_verdict verdict[STEPS];
    for (size_t i = 0; i < n; i++)
        text[i] = with_amount(s, amount[i]);
    int err = s->engine->ops->attempt(s->engine, text, n, verdict);
    for (size_t i = 0; i < n && !err; i++)
        action[i] = action_in(verdict[i].line);
    return err;
}

static int flip_amount(struct search *s, int64_t amount, bool down)
{
    int64_t step[STEPS], near = amount, far = 0;
    int action[STEPS], found = -1;
    double at = (double)amount;
    for (int i = 0; i < STEPS; i++) {
        at = down ? at * 0.87 : at * 1.15;
        step[i] = rounded(at) > 0 ? rounded(at) : 1;
    }
    int err = try_amounts(s, step, STEPS, action);
    for (int i = 0; i < STEPS && found < 0 && !err; i++) {
        if (action[i] >= 0 && action[i] != s->action) {
            found = action[i];
            far = step[i];
        } else {
            near = step[i];
        }
    }
    for (int i = 0; i < HALVES && found >= 0 && !err; i++) {
        int64_t middle = rounded(((double)near + (double)far) / 2);
        int there;
        if (middle == near || middle == far)
            break;
        err = try_amounts(s, &middle, 1, &there);
        if (there >= 0 && there != s->action) {
            far = middle;
            found = there;
        } else {
            near = middle;
        }
    }
    if (found < 0 || err)
        return err;
    char text[SS_NUMBER_MAX];
    struct ss_str json = ss_call_copy(s->call, (struct ss_str){text, ss_amount_print(far, text)});
    put_flip(s, "amount", ss_cursor_member(s->payment, "amount"), json, found,
             ss_call_format(s->call, "at an amount of %.*s it would be: %s", (int)json.n, json.p,
                            ss_action_name((enum ss_action)found)));
    return 0;
}

static int flip_field(struct search *s, const char *field, struct ss_str value, const char *words)
{
    struct ss_verdict verdict;
    struct ss_buf json;
    if (!value.n)
        return 0;
    ss_buf_init(&json, 4096);
    ss_json_put_string(&json, value);
    struct ss_str to = ss_call_copy(s->call, (struct ss_str){json.p ? json.p : "\"\"", json.n});
    ss_buf_free(&json);
    struct ss_str text = ss_variant(s->call, s->payment, field, to);
    int err = s->engine->ops->attempt(s->engine, &text, 1, &verdict);
    int action = err ? -1 : action_in(verdict.line);
    if (!err && action >= 0 && action != s->action)
        put_flip(s, field, ss_cursor_member(s->payment, field), to, action,
                 ss_call_format(s->call, "%s (%.*s) it would be: %s", words, (int)value.n, value.p,
                                ss_action_name((enum ss_action)action)));
    return err;
}

int ss_flips_put(struct ss_call *call, struct ss_engine *engine, struct ss_str payment, struct ss_str line,
                 const struct ss_signs *signs)
{
    struct search s = {call, engine, payment, action_in(line)};
    struct ss_str text = ss_cursor_member(payment, "amount");
    int64_t amount;
    if (s.action < 0 || !text.p || !ss_amount_parse(text.p, text.n, &amount) || amount <= 0)
        return 0;
    int err = flip_amount(&s, amount, s.action > SS_NOTIFY);
    err = err ? err : flip_field(&s, "device_id", signs->last_device, "from the device last used");
    err = err ? err : flip_field(&s, "country", signs->last_country, "in the country last paid in");
    return err ? err : flip_field(&s, "merchant_id", signs->usual_merchant, "at the merchant last paid at");
}
