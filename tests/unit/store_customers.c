/* Customers, their profiles and what links them, beside a plain model, on both databases. */
#include "store/customers.h"
#include "store/graph.h"
#include "store/profile.h"
#include "tests/plain.h"
#include <math.h>

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

static void all(void)
{
    customers();
    profiles();
    graphs();
}

int main(void)
{
    return on_both(all);
}
