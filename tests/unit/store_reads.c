/* What is read back from the store, beside a plain model of it, on both databases. */
#include "base/err.h"
#include "base/rng.h"
#include "base/time.h"
#include "store/customers.h"
#include "store/entity.h"
#include "store/graph.h"
#include "store/ledger.h"
#include "store/migrate.h"
#include "store/payments.h"
#include "store/profile.h"
#include "tests/databases.h"
#include <math.h>
#include <stdlib.h>

#define T0    ((int64_t)1772323200000000) /* 2026-03-01 */
#define COUNT 1200

static struct ss_db *db;
static struct ss_arena arena;

/* A payment as the model has it. */
struct plain {
    int64_t seq, time_us, amount;
    int user, card, device, merchant, level, action, label, rule;
    double score;
    char id[16];
};
static struct plain plain[COUNT];

static const char *const categories[] = {"food", "travel", "games"};
static const char *const rules[] = {NULL, "burst", "night"};

static void make_one(int i, char *line, size_t room)
{
    struct ss_rng rng;
    struct plain *p = &plain[i];
    char time[SS_TIME_TEXT], decision[400] = "";
    ss_rng_seed(&rng, (uint64_t)i);
    uint64_t r = ss_rng_next(&rng);
    *p = (struct plain){.seq = i + 1,
                        .time_us =
                            T0 + (int64_t)(ss_rng_next(&rng) % 5000) * SS_MINUTE_US, /* some at one time */
                        .amount = (int64_t)(r % 40) * 25000,
                        .user = (int)((r >> 8) % 30),
                        .card = (int)((r >> 16) % 40),
                        .device = (int)((r >> 24) % 25),
                        .merchant = (int)((r >> 32) % 10),
                        .level = (r >> 40) % 16 < 11 ? 0 : (int)((r >> 45) % SS_LEVELS),
                        .label = (int)((r >> 50) % 3) - 1};
    p->score = p->level ? p->level * 2 / 10.0 : NAN;
    p->action = p->level;
    p->rule = p->level ? (int)((r >> 52) % 3) : 0;
    snprintf(p->id, sizeof p->id, "P%c%04d", 'a' + i % 3, i);
    time[ss_time_print(p->time_us, time)] = '\0';
    if (p->level)
        snprintf(decision, sizeof decision,
                 ",\"decision\":{\"action\":\"%s\",\"level\":\"%s\",\"score\":%g,\"rules\":[%s%s%s]}",
                 ss_action_name((enum ss_action)p->action), ss_level_name((enum ss_level)p->level), p->score,
                 p->rule ? "{\"id\":\"" : "", p->rule ? rules[p->rule] : "", p->rule ? "\"}" : "");
    char label[20] = "", user[40] = "";
    if (p->label >= 0)
        snprintf(label, sizeof label, ",\"label\":%d", p->label);
    if (p->user) /* nobody's payments: without a card, too */
        snprintf(user, sizeof user, ",\"user_id\":\"U%d\",\"card_id\":\"C%d\"", p->user, p->card);
    else
        p->card = -1;
    snprintf(line, room,
             "{\"txn_id\":\"%s\",\"timestamp\":\"%s\",\"amount\":%g,\"device_id\":\"D%d\",\"merchant_id\":"
             "\"M%d\",\"category\":\"%s\",\"country\":\"%s\"%s%s%s}",
             p->id, time, (double)p->amount / 1e4, p->device, p->merchant, categories[i % 3],
             i % 2 ? "DE" : "FR", user, label, decision);
}

static bool fill(void)
{
    struct ss_ledger *led;
    char line[2000];
    int err = ss_ledger_new(&led);
    for (int i = 0; i < COUNT && !err; i++) {
        make_one(i, line, sizeof line);
        err = ss_ledger_add_line(led, ss_str_of(line), i % 100);
    }
    err = err ? err : ss_db_begin(db, true);
    err = err ? err : ss_ledger_write(led, db, 1);
    err = err ? err : ss_ledger_settle(led, db);
    err = err ? err : ss_db_commit(db);
    ss_ledger_free(led);
    return ok(err == 0, "%d payments: %s", COUNT, err ? ss_err_text() : "");
}

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

/* ---- customers ---- */

static int count_customer(void *arg, const struct ss_customer_row *c)
{
    struct ss_customer_row *last = arg;
    static char id[64];
    bool ordered = !last->user_id.p || c->heat < last->heat || isnan(last->heat) || isnan(c->heat) ||
                   (c->heat == last->heat);
    *last = *c;
    snprintf(id, sizeof id, "%.*s", (int)c->user_id.n, c->user_id.p);
    last->user_id = ss_str_of(id);
    last->payments++; /* counted in `amount` */
    return ordered ? 0 : SS_EBUG;
}

static int keep_name(void *arg, const struct ss_customer_row *c)
{
    char *names = arg;
    size_t n = strlen(names);
    snprintf(names + n, 500 - n, "%.*s ", (int)c->user_id.n, c->user_id.p);
    return 0;
}

static void customers(void)
{
    struct ss_customer_row c;
    struct ss_customer_filter f = {
        .sort = SS_CUSTOMERS_BY_RISK, .down = true, .limit = 7, .as_of_us = T0 + 5 * SS_DAY_US};
    int64_t payments = 0, fraud = 0, first = INT64_MAX;
    double best = -1, risk = 0;
    for (int i = 0; i < COUNT; i++) {
        if (plain[i].user != 3)
            continue;
        payments++;
        fraud += plain[i].label == 1;
        first = plain[i].time_us < first ? plain[i].time_us : first;
        best = plain[i].score > best ? plain[i].score : best;
        double r =
            isnan(plain[i].score)
                ? 0
                : plain[i].score * exp2((double)(plain[i].time_us - f.as_of_us) / (double)SS_RISK_HALF_US);
        risk = r > risk ? r : risk;
    }
    ok(ss_customer_find(db, SS_STR("U3"), f.as_of_us, &arena, &c) == 1 && c.payments == payments &&
           c.fraud == fraud && c.first_us == first && c.max_score == best,
       "a customer's totals");
    ok(fabs(c.risk - risk) < 1e-5, "risk is the greatest score, decayed: %g, %g", c.risk, risk);
    ok(ss_db_begin(db, true) == 0 && ss_customer_note(db, SS_STR("U3"), SS_STR("calls often")) == 1 &&
           ss_customer_note(db, SS_STR("U999"), SS_STR("x")) == 0 && ss_db_commit(db) == 0 &&
           ss_customer_find(db, SS_STR("U3"), 0, &arena, &c) == 1 && ss_str_is(c.note, "calls often"),
       "a note");
    int pages = 0, err = 0;
    bool more = true;
    for (; more && !err; pages++) {
        struct ss_customer_row last = {.user_id = {NULL, 0}};
        err = ss_customers_list(db, &f, &arena, count_customer, &last, &more);
        f.has_key = true;
        f.heat = last.heat;
        char *id = ss_arena_copy(&arena, last.user_id.p, last.user_id.n);
        f.user_id = (struct ss_str){id, last.user_id.n};
    }
    ok(!err && pages == 5, "29 customers by risk on %d pages of 7: %s", pages, err ? ss_err_text() : "");
    f = (struct ss_customer_filter){.sort = SS_CUSTOMERS_BY_RISK,
                                    .down = true,
                                    .limit = 100,
                                    .as_of_us = T0 + 5 * SS_DAY_US,
                                    .min_risk = 0.5};
    struct ss_customer_row last = {.user_id = {NULL, 0}};
    ok(ss_customers_list(db, &f, &arena, count_customer, &last, &more) == 0 && last.risk >= 0.5 - 1e-6,
       "those above a risk only");
    char got[500] = "", want[500] = "";
    f = (struct ss_customer_filter){.limit = 100, .begins = SS_STR("C33")};
    for (int u = 1, i = 0; u < 30; u++) { /* U1, U10, U11, ..., U2, U20: as bytes */
        static const int by_bytes[] = {1,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 2, 20, 21, 22,
                                       23, 24, 25, 26, 27, 28, 29, 3,  4,  5,  6,  7, 8,  9};
        for (i = 0; i < COUNT; i++)
            if (plain[i].user == by_bytes[u - 1] && plain[i].card == 33)
                break;
        if (i < COUNT)
            snprintf(want + strlen(want), sizeof want - strlen(want), "U%d ", by_bytes[u - 1]);
    }
    ok(ss_customers_list(db, &f, &arena, keep_name, got, &more) == 0 && strcmp(got, want) == 0,
       "found by a card: %s", got);
}

static void profiles(void)
{
    struct ss_profile p;
    int64_t n = 0, sum = 0, hours = 0, days = 0, values = 0;
    double squares = 0;
    for (int i = 0; i < COUNT; i++) {
        n += plain[i].user == 4;
        sum += plain[i].user == 4 ? plain[i].amount : 0;
    }
    for (int i = 0; i < COUNT; i++)
        if (plain[i].user == 4)
            squares += pow((double)plain[i].amount - (double)sum / (double)n, 2);
    ok(ss_profile_make(db, SS_STR("U4"), 0, &arena, &p) == 0 && p.payments == n && p.whole,
       "a profile of %lld payments: %s", (long long)n, ss_err_text());
    ok(fabs(p.mean - (double)sum / (double)n) < 1e-6 && fabs(p.sd - sqrt(squares / (double)(n - 1))) < 1e-3,
       "mean and deviation: %g %g", p.mean, p.sd);
    for (int h = 0; h < 24; h++)
        hours += p.hour[h];
    for (size_t d = 0; d < p.days; d++)
        days += p.day[d].payments;
    for (size_t v = 0; v < p.values[SS_PROFILE_MERCHANT]; v++)
        values += p.value[SS_PROFILE_MERCHANT][v].payments;
    ok(hours == n && days == n && values == n && p.distinct[SS_PROFILE_MERCHANT] <= 10,
       "all are in its hours, days and merchants");
    ok(p.days > 1 && p.day[0].start_us < p.day[1].start_us &&
           p.value[SS_PROFILE_CATEGORY][0].payments >= p.value[SS_PROFILE_CATEGORY][1].payments,
       "oldest day first, most frequent first");
    int64_t until = T0 + 2 * SS_DAY_US, before = 0;
    for (int i = 0; i < COUNT; i++)
        before += plain[i].user == 4 && plain[i].time_us < until;
    ok(ss_profile_make(db, SS_STR("U4"), until, &arena, &p) == 0 && p.payments == before,
       "only what was before a time");
    ok(ss_profile_make(db, SS_STR("U999"), 0, &arena, &p) == 0 && p.payments == 0 && p.days == 0,
       "nobody's is empty");
}

static void graphs(void)
{
    struct ss_graph g;
    bool near[30] = {false}, card[40] = {false}, device[25] = {false}, all = true;
    near[5] = true;
    for (int i = 0; i < COUNT; i++)
        if (plain[i].user == 5)
            card[plain[i].card] = device[plain[i].device] = true;
    for (int i = 0; i < COUNT; i++)
        if (plain[i].user && (card[plain[i].card] || device[plain[i].device]))
            near[plain[i].user] = true;
    ok(ss_graph_make(db, SS_STR("U5"), 1, T0, &arena, &g) == 0 && g.nodes > 5 &&
           ss_str_is(g.node[0].id, "U5"),
       "a graph of %zu nodes: %s", g.nodes, ss_err_text());
    for (int u = 1; u < 30; u++) {
        char id[16];
        bool there = false;
        snprintf(id, sizeof id, "U%d", u);
        for (size_t i = 0; i < g.nodes; i++)
            there |= ss_str_is(g.node[i].kind, "customer") && ss_str_is(g.node[i].id, id);
        /* A device of more than 25 customers leads no further, so that not all that are near must be there.
         */
        all &= there ? near[u] : true;
    }
    ok(all, "who is in it shares a card or a device");
    bool sound = true;
    for (size_t i = 0; i < g.edges; i++) {
        const struct ss_graph_edge *e = &g.edge[i];
        sound &=
            ss_str_is(g.node[e->customer].kind, "customer") && !ss_str_is(g.node[e->thing].kind, "customer");
        for (size_t j = 0; j < i; j++)
            sound &= g.edge[j].customer != e->customer || g.edge[j].thing != e->thing;
    }
    ok(sound && g.edges >= g.nodes - 1, "its %zu edges go from customers to things, each once", g.edges);
    ok(ss_graph_make(db, SS_STR("nobody"), 2, T0, &arena, &g) == 0 && g.nodes == 1 && g.edges == 0,
       "a stranger stands alone");
}

int main(void)
{
    ss_arena_init(&arena, 0);
    for (enum ss_db_kind kind = SS_SQLITE; kind <= SS_POSTGRES; kind++) {
        char uri[URI_MAX];
        const struct ss_db_options opt = {.durability = SS_RELAXED};
        if (!fresh_database(kind, uri))
            continue;
        ok(ss_store_open(uri, &opt, &db) == 0, "a fresh store: %s", ss_err_text());
        if (!fill())
            return done();
        one();
        lists();
        replays();
        customers();
        profiles();
        graphs();
        ss_db_close(db);
    }
    ss_arena_free(&arena);
    return done();
}
