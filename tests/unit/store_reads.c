/* Payments read back from the store, beside a plain model of them, on both databases. */
#include "base/rng.h"
#include "store/entity.h"
#include "store/payments.h"
#include "tests/plain.h"
#include <math.h>
#include <stdlib.h>

/* ---- lists ---- */

static bool starts(const char *text, struct ss_str with)
{
    return strlen(text) >= with.n && memcmp(text, with.p, with.n) == 0;
}

static bool wanted(const struct plain *p, const struct ss_payment_filter *f)
{
    char text[32];
#define IS(field, letter, number) \
    (!f->field.p || (snprintf(text, sizeof text, letter "%d", number), ss_str_is(f->field, text)))
    int i = (int)p->seq - 1;
    bool ok_ = IS(device_id, "D", p->device) && IS(merchant_id, "M", p->merchant);
    ok_ = ok_ && (!f->user_id.p || (p->user && IS(user_id, "U", p->user)));
    ok_ = ok_ && (!f->card_id.p || (p->user && IS(card_id, "C", p->card)));
    ok_ = ok_ && (!f->category.p || ss_str_is(f->category, categories[i % 3]));
    ok_ = ok_ && (!f->country.p || ss_str_is(f->country, i % 2 ? "DE" : "FR"));
    ok_ = ok_ && (!f->since_us || p->time_us >= f->since_us) && (!f->until_us || p->time_us < f->until_us);
    ok_ = ok_ && (!f->level || f->level >> p->level & 1) && (!f->action || f->action >> p->action & 1);
    ok_ = ok_ && (f->label == SS_LABELLED_ANY || (f->label == SS_LABELLED_FRAUD && p->label == 1) ||
                  (f->label == SS_LABELLED_GENUINE && p->label == 0) ||
                  (f->label == SS_LABELLED_NOT && p->label < 0));
    ok_ = ok_ && (!f->has_min_amount || p->amount >= f->min_amount) &&
          (!f->has_max_amount || p->amount <= f->max_amount);
    ok_ = ok_ && (!f->has_min_score || p->score >= f->min_score) &&
          (!f->has_max_score || p->score <= f->max_score);
    ok_ = ok_ && (!f->rule.p || (p->rule && ss_str_is(f->rule, rules[p->rule])));
    if (ok_ && f->begins.p) {
        char user[32] = "", card[32] = "", device[32];
        if (p->user) {
            snprintf(user, sizeof user, "U%d", p->user);
            snprintf(card, sizeof card, "C%d", p->card);
        }
        snprintf(device, sizeof device, "D%d", p->device);
        ok_ = starts(p->id, f->begins) || starts(user, f->begins) || starts(card, f->begins) ||
              (p->user && starts(device, f->begins));
    }
    return ok_;
}

static enum ss_payment_sort sorted_by;

static double sort_key(const struct plain *p)
{
    return sorted_by == SS_PAYMENTS_BY_TIME     ? (double)p->time_us
           : sorted_by == SS_PAYMENTS_BY_AMOUNT ? (double)p->amount
           : sorted_by == SS_PAYMENTS_BY_SCORE  ? (isnan(p->score) ? -1 : p->score)
                                                : 0;
}

static int in_order(const void *a, const void *b)
{
    const struct plain *x = *(const struct plain *const *)a, *y = *(const struct plain *const *)b;
    double i = sort_key(x), j = sort_key(y);
    return i != j ? (i > j) - (i < j) : (x->seq > y->seq) - (x->seq < y->seq);
}

struct page {
    struct ss_payment row[COUNT];
    size_t n;
};

static int keep(void *arg, const struct ss_payment *payment)
{
    struct page *page = arg;
    page->row[page->n++] = *payment;
    return 0;
}

static void key_of(struct ss_payment_filter *f, const struct ss_payment *p)
{
    f->has_key = true;
    f->key = f->sort == SS_PAYMENTS_BY_AMOUNT ? p->amount : p->time_us;
    f->score = p->score;
    f->seq = p->seq;
}

/* Goes through all pages, and back to the first; says where they differ from the model. */
static bool pages_agree(struct ss_payment_filter *f)
{
    static const struct plain *want[COUNT];
    static struct page page;
    size_t n = 0, at = 0;
    for (int i = 0; i < COUNT; i++)
        if (wanted(&plain[i], f))
            want[n++] = &plain[i];
    sorted_by = f->sort;
    qsort(want, n, sizeof *want, in_order);
    bool more = true;
    while (more) {
        page.n = 0;
        ss_arena_reset(&arena);
        if (ss_payments_list(db, f, &arena, keep, &page, &more) < 0) {
            printf("# %s\n", ss_err_text());
            return false;
        }
        for (size_t i = 0; i < page.n; i++, at++)
            if (at >= n || page.row[i].seq != want[f->down ? n - 1 - at : at]->seq) {
                printf("# row %zu of %zu: got seq %lld, want %lld\n", at, n, (long long)page.row[i].seq,
                       at < n ? (long long)want[f->down ? n - 1 - at : at]->seq : -1);
                return false;
            }
        if (page.n)
            key_of(f, &page.row[page.n - 1]);
        if (more && page.n != (size_t)f->limit)
            return false;
    }
    if (at != n) {
        printf("# %zu rows, not %zu\n", at, n);
        return false;
    }
    f->back = true;
    for (more = n > 0; more; at -= page.n) {
        if (at < n)
            key_of(f, &page.row[0]);
        page.n = 0;
        ss_arena_reset(&arena);
        if (ss_payments_list(db, f, &arena, keep, &page, &more) < 0)
            return false;
        size_t from = at == n ? n - 1 - page.n : at - page.n; /* the last row itself is not before its key */
        if (at == n)
            at--;
        for (size_t i = 0; i < page.n; i++)
            if (page.row[i].seq != want[f->down ? n - 1 - (from + i) : from + i]->seq) {
                printf("# back: row %zu of %zu differs\n", from + i, n);
                return false;
            }
    }
    return n == 0 || at == 0;
}

static void random_filter(struct ss_rng *rng, struct ss_payment_filter *f, char text[3][16])
{
    static const char *const prefixes[] = {"Pa", "U1", "C2", "D", "U25", "zz", "Pb0", ""};
#define ONE_IN(n) (ss_rng_next(rng) % (n) == 0)
    memset(f, 0, sizeof *f);
    f->sort = (enum ss_payment_sort)(ss_rng_next(rng) % 4);
    f->down = ss_rng_next(rng) % 2;
    f->limit = 1 + (int64_t)(ss_rng_next(rng) % 60);
    f->brief = ss_rng_next(rng) % 2;
    if (ONE_IN(4))
        f->since_us = T0 + (int64_t)(ss_rng_next(rng) % 5000) * SS_MINUTE_US;
    if (ONE_IN(4))
        f->until_us = T0 + (int64_t)(ss_rng_next(rng) % 5000) * SS_MINUTE_US;
    for (int i = 0; i < 3; i++)
        snprintf(text[i], 16, "%c%d", "UCD"[i], (int)(ss_rng_next(rng) % 30));
    if (ONE_IN(5))
        f->user_id = ss_str_of(text[0]);
    if (ONE_IN(6))
        f->card_id = ss_str_of(text[1]);
    if (ONE_IN(6))
        f->device_id = ss_str_of(text[2]);
    if (ONE_IN(6))
        f->category = SS_STR("food");
    if (ONE_IN(6))
        f->country = SS_STR("DE");
    if (ONE_IN(6))
        f->merchant_id = SS_STR("M3");
    if (ONE_IN(4))
        f->level = (unsigned)(ss_rng_next(rng) % 32);
    if (ONE_IN(6))
        f->action = (unsigned)(ss_rng_next(rng) % 32);
    if (ONE_IN(5))
        f->label = (enum ss_labelled)(ss_rng_next(rng) % 4);
    if (ONE_IN(6)) {
        f->has_min_amount = true;
        f->min_amount = 250000;
    }
    if (ONE_IN(6)) {
        f->has_max_score = true;
        f->max_score = 0.6;
    }
    if (ONE_IN(6))
        f->rule = ss_str_of(rules[1 + ss_rng_next(rng) % 2]);
    if (ONE_IN(5))
        f->begins = ss_str_of(prefixes[ss_rng_next(rng) % 8]);
}

static void lists(void)
{
    struct ss_rng rng;
    struct ss_payment_filter f;
    char text[3][16];
    int bad = 0, rounds = ss_db_kind(db) == SS_SQLITE ? 300 : 80;
    ss_rng_seed(&rng, 5);
    for (int i = 0; i < rounds && !bad; i++) {
        random_filter(&rng, &f, text);
        bad += !pages_agree(&f);
        if (bad)
            printf("# round %d: sort %d%s limit %lld level %x action %x label %d begins '%.*s' rule '%.*s' "
                   "user '%.*s' device '%.*s' card '%.*s'\n",
                   i, (int)f.sort, f.down ? " down" : "", (long long)f.limit, f.level, f.action, (int)f.label,
                   (int)f.begins.n, f.begins.p ? f.begins.p : "", (int)f.rule.n, f.rule.p ? f.rule.p : "",
                   (int)f.user_id.n, f.user_id.p ? f.user_id.p : "", (int)f.device_id.n,
                   f.device_id.p ? f.device_id.p : "", (int)f.card_id.n, f.card_id.p ? f.card_id.p : "");
    }
    ok(!bad, "%d random filters and sorts give the pages that they should, there and back", rounds);
}

static void one(void)
{
    struct ss_payment p;
    ok(ss_payment_find(db, SS_STR("Pa0000"), &arena, &p) == 1 && p.seq == 1 &&
           p.time_us == plain[0].time_us && p.amount == plain[0].amount &&
           p.level == (enum ss_level)plain[0].level && p.label == plain[0].label && p.latency_us == 0 &&
           p.record.n > 50 && p.record.p[p.record.n - 1] == '}',
       "one payment is found whole");
    ok(ss_payment_find(db, SS_STR("nobody"), &arena, &p) == 0, "one that is not there is not");
    struct ss_payment_totals totals;
    ok(ss_payments_totals(db, &totals) == 0 && totals.payments == COUNT && totals.newest_seq == COUNT &&
           totals.first_us >= T0,
       "totals");
}

struct replay {
    int64_t last;
    int n, stop_at;
};

static int next(void *arg, const struct ss_payment *payment)
{
    struct replay *r = arg;
    if (payment->seq <= r->last || !payment->record.n)
        return SS_EBUG;
    r->last = payment->seq;
    return ++r->n == r->stop_at ? 1 : 0;
}

static void replays(void)
{
    struct replay r = {.stop_at = -1};
    ok(ss_payments_replay(db, 0, next, &r) == 0 && r.n == COUNT, "all are replayed in order: %d", r.n);
    r = (struct replay){.last = 700, .stop_at = -1};
    ok(ss_payments_replay(db, 700, next, &r) == 0 && r.n == COUNT - 700, "from a position");
    r = (struct replay){.stop_at = 5};
    ok(ss_payments_replay(db, 0, next, &r) == 1 && r.n == 5, "until the reader has enough");
}

static void all(void)
{
    one();
    lists();
    replays();
}

int main(void)
{
    return on_both(all);
}
