/*
 * Drift: do scores and features of a period lie as they did in the data that the model was trained on, or,
 * where that is not told, in the period before?
 */
#include "web/drift_training.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "json/cursor.h"
#include "json/json.h"
#include "json/write.h"
#include "store/payments.h"
#include "web/period.h"
#include <math.h>
#include <stdlib.h>

#define SAMPLE    2000 /* payments of each period */
#define SLICES    20   /* of a period: a sample from all of it, not of its last hour */
#define TOO_FEW   100
#define FEATURES  1024
#define SOME      SS_DRIFT_SOME
#define MUCH      SS_DRIFT_MUCH
#define NAME_ROOM 64

enum { BEFORE, NOW };

struct feature {
    char name[NAME_ROOM];
    struct ss_drift_sample sample[2];
    bool number; /* a value of it was one; other texts than training's are not compared */
    const struct ss_trained_feature *trained; /* what it is held against; NULL: the period before */
    double psi, ks;
};

struct drift {
    struct ss_call *call;
    struct feature *feature;
    size_t features;
    struct feature score;
    size_t payments[2];
    int which;
    bool to_training, wanted_training;
    struct ss_trained trained;
};

static double *room_of(struct drift *d, struct feature *f)
{
    if (!f->sample[d->which].value)
        f->sample[d->which].value = ss_arena_alloc(&d->call->arena, SAMPLE * sizeof(double));
    return f->sample[d->which].value;
}

/* Features come in the same order in each record: `at` is where this one should be. */
static struct feature *find(struct drift *d, struct ss_str name, size_t at)
{
    for (size_t i = 0; i < d->features; i++) {
        struct feature *f = &d->feature[(at + i) % d->features];
        if (ss_str_is(name, f->name))
            return f;
    }
    if (d->to_training || d->features == FEATURES || name.n >= NAME_ROOM)
        return NULL;
    struct feature *f = &d->feature[d->features++];
    memset(f, 0, sizeof *f);
    memcpy(f->name, name.p, name.n);
    return f;
}

static int add_value(struct drift *d, struct feature *f, double value)
{
    struct ss_drift_sample *s = &f->sample[d->which];
    double *room = room_of(d, f);
    if (!room)
        return SS_ENOMEM;
    if (s->n < SAMPLE)
        room[s->n++] = value;
    f->number = true;
    return 0;
}

static int add_feature(struct drift *d, struct ss_str name, struct ss_str json, size_t at)
{
    double value;
    struct feature *f = find(d, name, at);
    if (f && f->trained && f->trained->is_text) {
        struct ss_str text = json.n >= 2 && json.p[0] == '"'
                                 ? ss_json_unescape((struct ss_str){json.p + 1, json.n - 2}, &d->call->arena)
                                 : (struct ss_str){NULL, 0};
        return text.p ? add_value(d, f, ss_trained_text(f->trained, text)) : 0;
    }
    if (!f || json.n == 0 || json.p[0] == '"' || json.p[0] == '{' || json.p[0] == '[' || json.p[0] == 'n')
        return 0;
    if (json.p[0] == 't' || json.p[0] == 'f')
        value = json.p[0] == 't';
    else if (!ss_double_parse(json.p, json.n, &value))
        return 0;
    return add_value(d, f, value);
}

static int add_payment(void *arg, const struct ss_payment *p)
{
    struct drift *d = arg;
    struct ss_str all = p->record.p ? ss_cursor_member(p->record, "features") : p->record, key, value;
    struct ss_cursor c = {all.p, all.p + all.n};
    int err = 0;
    d->payments[d->which]++;
    if (!isnan(p->score))
        err = add_value(d, &d->score, p->score);
    if (!all.p || !ss_cursor_take(&c, '{'))
        return err;
    for (size_t at = 0; !err && ss_cursor_peek(&c) == '"'; at++) {
        if (!ss_cursor_pair(&c, &key, &value))
            break;
        if (!ss_str_is(key, "set")) /* which features, not one of them */
            err = add_feature(d, key, value, at ? at - 1 : 0);
        ss_cursor_take(&c, ',');
    }
    return err;
}

/* The newest payments of each slice; what one slice lacks the next ones may have. */
static int sample(struct drift *d, int which, int64_t from_us, int64_t until_us)
{
    struct ss_arena arena;
    int err = 0;
    bool more;
    d->which = which;
    ss_arena_init(&arena, (size_t)1 << 20);
    for (int i = 0; i < SLICES && !err; i++) {
        struct ss_payment_filter filter = {
            .since_us = from_us + (until_us - from_us) / SLICES * i,
            .until_us = i == SLICES - 1 ? until_us : from_us + (until_us - from_us) / SLICES * (i + 1),
            .down = true,
            .limit = (int64_t)(SAMPLE - d->payments[which]) / (SLICES - i)};
        err = ss_payments_list(d->call->db, &filter, &arena, add_payment, d, &more);
        ss_arena_reset(&arena);
    }
    ss_arena_free(&arena);
    return err;
}

static void compare(struct drift *d, struct feature *f)
{
    for (int i = BEFORE; i <= NOW; i++)
        f->sample[i].missing = d->payments[i] - f->sample[i].n;
    f->ks = NAN;
    if (d->to_training) {
        f->psi = NAN;
        if (d->payments[NOW] >= TOO_FEW && f->trained)
            ss_trained_compare(&d->trained, f->trained, &f->sample[NOW], &f->psi, &f->ks);
        f->number = f->trained != NULL;
        return;
    }
    bool enough = d->payments[BEFORE] >= TOO_FEW && d->payments[NOW] >= TOO_FEW;
    f->psi = enough && f->number ? ss_drift_psi(&f->sample[BEFORE], &f->sample[NOW]) : NAN;
}

/* A day is another weekday than the one before: that says nothing of payments. */
static bool is_calendar(const struct feature *f)
{
    static const char *const names[] = {"hour", "weekday", "weekend", "night"};
    for (size_t i = 0; i < SS_COUNT(names); i++)
        if (strcmp(f->name, names[i]) == 0)
            return true;
    return false;
}

/* The most changed first; what is not known behind them, and the calendar's last. */
static int by_psi(const void *a, const void *b)
{
    const struct feature *x = a, *y = b;
    double p = is_calendar(x) ? -2 : isnan(x->psi) ? -1 : x->psi;
    double q = is_calendar(y) ? -2 : isnan(y->psi) ? -1 : y->psi;
    if (p != q)
        return p < q ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* How scores lie, and which features changed most. */
static struct ss_str compared(struct drift *d, const struct feature *top, int moved, const char *scores)
{
    struct ss_call *call = d->call;
    if (moved)
        return ss_call_format(call, "%s; %d feature%s changed much, most of all %s (%.2f).", scores, moved,
                              moved == 1 ? " has" : "s have", top->name, top->psi);
    if (top && top->psi > SOME)
        return ss_call_format(call, "%s; of the features %s has changed most (%.2f).", scores, top->name,
                              top->psi);
    return ss_call_format(call, d->to_training || d->features ? "%s, and so do the features." : "%s.",
                          scores);
}

static struct ss_str against_training(struct drift *d, const struct feature *top, int moved)
{
    return compared(d, top, moved,
                    isnan(d->score.psi)   ? "Of scores nothing is known"
                    : d->score.psi > MUCH ? "Scores lie far from those in training"
                    : d->score.psi > SOME ? "Scores have moved a little since training"
                                          : "Scores lie as they did in training");
}

static struct ss_str verdict(struct drift *d)
{
    struct ss_call *call = d->call;
    const struct feature *top = NULL;
    int moved = 0;
    for (size_t i = 0; i < d->features; i++) {
        if (is_calendar(&d->feature[i]))
            continue;
        top = top ? top : &d->feature[i];
        moved += d->feature[i].psi > MUCH;
    }
    if (!d->payments[NOW])
        return SS_STR("There are no payments in this period.");
    if (d->to_training && d->payments[NOW] < TOO_FEW)
        return ss_call_format(call, "Too few payments to tell: %zu in this period.", d->payments[NOW]);
    if (d->to_training)
        return against_training(d, top, moved);
    if (d->payments[BEFORE] < TOO_FEW || d->payments[NOW] < TOO_FEW)
        return ss_call_format(call, "Too few payments to tell: %zu in this period, %zu in the one before.",
                              d->payments[NOW], d->payments[BEFORE]);
    return compared(d, top, moved,
                    isnan(d->score.psi)   ? "Payments have no scores"
                    : d->score.psi > MUCH ? "Scores lie far from those of the period before"
                    : d->score.psi > SOME ? "Scores have moved a little since the period before"
                                          : "Scores lie as they did in the period before");
}

static const char *word_of(double psi)
{
    return psi > MUCH ? "much" : psi > SOME ? "some" : "none";
}

/* What the numbers are measured against, and from where on they mean something. */
static void put_reference(struct drift *d)
{
    struct ss_buf *to = &d->call->res.body;
    ss_put_text_of(to, "reference", d->to_training ? SS_STR("training") : SS_STR("before"));
    if (d->to_training)
        ss_put_text_of(to, "model", d->trained.model);
    else if (d->wanted_training)
        ss_put_text_of(to, "note", SS_STR("no training distribution, compared with the period before"));
    ss_json_open(to, "thresholds", '{');
    ss_put_real_of(to, "some", SOME);
    ss_put_real_of(to, "much", MUCH);
    ss_put_text_of(to, "source", SS_STR(SS_DRIFT_SOURCE));
    ss_buf_putc(to, '}');
}

static void put_share(struct ss_buf *to, const char *key, size_t part, size_t all)
{
    ss_put_real_of(to, key, all ? round((double)part / (double)all * 1e6) / 1e6 : NAN);
}

static void put_drift(struct drift *d)
{
    struct ss_call *call = d->call;
    struct ss_buf *to = &call->res.body;
    ss_buf_putc(to, '{');
    ss_put_real_of(to, "score_psi", d->score.psi);
    ss_put_real_of(to, "score_ks", d->score.ks);
    ss_put_text_of(to, "verdict", verdict(d));
    ss_put_int_of(to, "payments", (int64_t)d->payments[NOW]);
    ss_put_int_of(to, "payments_before",
                  d->to_training ? (int64_t)d->trained.payments : (int64_t)d->payments[BEFORE]);
    put_reference(d);
    ss_json_open(to, "items", '[');
    for (size_t i = 0; i < d->features; i++) {
        const struct feature *f = &d->feature[i];
        if (!f->number)
            continue;
        ss_page_item(call);
        ss_buf_putc(to, '{');
        ss_put_text_of(to, "feature", ss_str_of(f->name));
        ss_put_real_of(to, "psi", f->psi);
        ss_put_real_of(to, "ks", f->ks);
        if (!isnan(f->psi))
            ss_put_text_of(to, "change", ss_str_of(word_of(f->psi)));
        put_share(to, "missing", f->sample[NOW].missing, d->payments[NOW]);
        if (f->trained)
            ss_put_real_of(to, "missing_before", f->trained->missing);
        else
            put_share(to, "missing_before", f->sample[BEFORE].missing, d->payments[BEFORE]);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "]}");
}

/* Training's features in training's order, which is mostly that of the records. */
static void hold_to_training(struct drift *d)
{
    for (size_t i = 0; i < d->trained.features && d->features < FEATURES; i++) {
        const struct ss_trained_feature *trained = &d->trained.feature[i];
        struct feature *f = &d->feature[d->features];
        if (trained->name.n >= NAME_ROOM)
            continue;
        memset(f, 0, sizeof *f);
        memcpy(f->name, trained->name.p, trained->name.n);
        f->trained = trained;
        d->features++;
    }
    d->score.trained = d->trained.score.bins ? &d->trained.score : NULL;
    d->to_training = true;
}

static int drift(struct ss_call *call)
{
    static const char *const words[] = {"training", "before", NULL};
    int against;
    struct drift d = {.call = call};
    struct ss_period period;
    int err;
    if (!ss_query_word(call, "against", words, 0, &against))
        return (void)ss_call_check(call), 0;
    if (!ss_period_read(call, "24h", SS_HOUR_US, &period, &err))
        return err;
    d.feature = ss_arena_alloc(&call->arena, FEATURES * sizeof *d.feature);
    if (!d.feature)
        return SS_ENOMEM;
    d.wanted_training = against == 0;
    err = d.wanted_training ? ss_trained_read(call, &d.trained) : 0;
    if (err < 0)
        return err;
    if (err > 0)
        hold_to_training(&d);
    err = 0;
    if (period.as_of_us && period.until_us > period.from_us) {
        int64_t before_us = period.from_us - (period.until_us - period.from_us);
        err = d.to_training ? 0 : sample(&d, BEFORE, before_us, period.from_us);
        err = err ? err : sample(&d, NOW, period.from_us, period.until_us);
    }
    if (err)
        return err;
    compare(&d, &d.score);
    for (size_t i = 0; i < d.features; i++)
        compare(&d, &d.feature[i]);
    qsort(d.feature, d.features, sizeof *d.feature, by_psi);
    put_drift(&d);
    return 0;
}

const struct ss_route ss_routes_drift[] = {
    {SS_GET, "/api/v1/analytics/drift", drift, SS_READERS, "analytics:read", SS_RUN_SLOW, 0},
    {0},
};
