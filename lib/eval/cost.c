#include "eval/cost.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/number.h"
#include "base/str.h"

#define COST_FILE_MAX 65536

static int set_money(int64_t *to, struct ss_str name, struct ss_str value)
{
    if (!ss_amount_parse(value.p, value.n, to) || *to < 0)
        return ss_fail(SS_ECONFIG, "'%.*s' of '%.*s' is not an amount of 0 or more", (int)value.n, value.p,
                       (int)name.n, name.p);
    return 0;
}

static int set(struct ss_cost *cost, struct ss_str name, struct ss_str value)
{
    if (ss_str_is(name, "review_cost"))
        return set_money(&cost->review, name, value);
    if (ss_str_is(name, "friction_cost"))
        return set_money(&cost->friction, name, value);
    if (ss_str_is(name, "fraud_fee"))
        return set_money(&cost->fee, name, value);
    if (ss_str_is(name, "fraud_loss")) {
        cost->loss_is_amount = ss_str_is(value, "amount");
        return cost->loss_is_amount ? 0 : set_money(&cost->loss, name, value);
    }
    if (ss_str_is(name, "recovered_share")) {
        int err = set_money(&cost->recovered, name, value);
        if (!err && cost->recovered > SS_AMOUNT_SCALE)
            err = ss_fail(SS_ECONFIG, "'recovered_share' is a share of at most 1");
        return err;
    }
    if (ss_str_is(name, "currency") && value.n == 3) {
        memcpy(cost->currency, value.p, 3);
        return 0;
    }
    if (ss_str_is(name, "currency"))
        return ss_fail(SS_ECONFIG, "'%.*s' is not a currency of three letters", (int)value.n, value.p);
    return ss_fail(SS_ECONFIG,
                   "unknown name '%.*s' (known: review_cost, friction_cost, fraud_loss, fraud_fee, "
                   "recovered_share, currency)",
                   (int)name.n, name.p);
}

static int set_line(struct ss_cost *cost, struct ss_str line)
{
    const char *hash = line.n ? memchr(line.p, '#', line.n) : NULL;
    if (hash)
        line.n = (size_t)(hash - line.p);
    line = ss_str_trim(line);
    if (!line.n)
        return 0;
    const char *eq = memchr(line.p, '=', line.n);
    if (!eq)
        return ss_fail(SS_ECONFIG, "no '=' in '%.*s'", (int)line.n, line.p);
    struct ss_str name = {line.p, (size_t)(eq - line.p)};
    struct ss_str value = {eq + 1, line.n - name.n - 1};
    return set(cost, ss_str_trim(name), ss_str_trim(value));
}

int ss_cost_parse(const char *name, const char *text, size_t len, struct ss_cost *cost)
{
    *cost = (struct ss_cost){.loss_is_amount = true, .recovered = SS_AMOUNT_SCALE};
    unsigned number = 0;
    for (const char *p = text, *end = text + len; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct ss_str line = {p, (size_t)((nl ? nl : end) - p)};
        number++;
        int err = set_line(cost, line);
        if (err)
            return ss_fail_in(err, "%s:%u: ", name, number);
        p = nl ? nl + 1 : end;
    }
    return 0;
}

int ss_cost_read(const char *path, struct ss_cost *cost)
{
    struct ss_buf buf;
    ss_buf_init(&buf, COST_FILE_MAX);
    int err = ss_file_read(path, &buf);
    if (err == 0)
        err = ss_cost_parse(path, buf.p, buf.n, cost);
    ss_buf_free(&buf);
    return err;
}

double ss_cost_of(const struct ss_cost *cost, const struct ss_confusion *c, __int128 caught_amount,
                  __int128 missed_amount)
{
    __int128 tp = (__int128)c->tp, fp = (__int128)c->fp, fn = (__int128)c->fn;
    __int128 caught = tp * cost->fee + (cost->loss_is_amount ? caught_amount : tp * cost->loss);
    __int128 missed = fn * cost->fee + (cost->loss_is_amount ? missed_amount : fn * cost->loss);
    __int128 sure = (tp + fp) * cost->review + fp * cost->friction + missed;
    /* In 1/10^8 units, because of the share. */
    return (double)(sure * SS_AMOUNT_SCALE + caught * (SS_AMOUNT_SCALE - cost->recovered)) / 1e8;
}
