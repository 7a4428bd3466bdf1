/* The evaluation's table: its ceiling, and cards and drops against a brute force over the same records. */
#include "base/err.h"
#include "base/rng.h"
#include "base/time.h"
#include "eval/cards.h"
#include "tests/tap.h"
#include <math.h>

#define N    4000
#define IDS  400
#define DAYS 30

struct rec {
    int64_t time_us;
    int id, label;
    double score;
    bool dropped;
};

static struct rec recs[N];
static char names[IDS][8];

static void make(uint64_t seed)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, seed);
    for (int i = 0; i < IDS; i++)
        snprintf(names[i], sizeof names[i], "%d", i * 7);
    for (int i = 0; i < N; i++) {
        /* Whole quarters of a day, so that frauds stand exactly on the limit of what is known. */
        recs[i].time_us = (int64_t)ss_rng_below(&rng, DAYS * 4) * (SS_DAY_US / 4);
        recs[i].id = (int)ss_rng_below(&rng, IDS);
        recs[i].label = ss_rng_below(&rng, 60) == 0;
        recs[i].score = (double)(ss_rng_below(&rng, 20) + (recs[i].label ? 12 : 0)) / 32;
    }
}

static bool fill(struct ss_eval_table *t, bool late_labels)
{
    for (int i = 0; i < N; i++) {
        char txn[16];
        snprintf(txn, sizeof txn, "t%d", i);
        struct ss_str id = ss_str_of(names[recs[i].id]);
        struct ss_eval_row row = {.score = recs[i].score,
                                  .label = late_labels ? -1 : recs[i].label,
                                  .has_time = true,
                                  .time_us = recs[i].time_us,
                                  .amount = 10000,
                                  .txn = ss_str_of(txn),
                                  .card = id,
                                  .entity = id};
        if (ss_eval_table_add(t, &row) != 0)
            return false;
        if (late_labels)
            ss_eval_table_label(t, ss_str_of(txn), recs[i].label);
    }
    return ss_eval_table_settle(t) == 0;
}

static bool known(const struct rec *r, int64_t delay_us, int64_t since_us)
{
    int64_t day = ss_floor_div(r->time_us, SS_DAY_US) * SS_DAY_US;
    for (int i = 0; i < N; i++)
        if (recs[i].label && recs[i].id == r->id && recs[i].time_us >= since_us &&
            recs[i].time_us + delay_us < day)
            return true;
    return false;
}

static void check_drops(bool late_labels)
{
    struct ss_eval_table t;
    int64_t since = 2 * SS_DAY_US, delay = 7 * SS_DAY_US;
    size_t wrong = 0, dropped = 0;
    ss_eval_table_init(&t, true, since);
    bool filled = fill(&t, late_labels);
    ss_eval_table_drop_known(&t, delay);
    for (size_t i = 0; i < N && filled; i++) {
        recs[i].dropped = known(&recs[i], delay, since);
        dropped += recs[i].dropped;
        wrong += recs[i].dropped == ss_eval_counts(&t, i) || (bool)recs[i].label != ss_eval_is_fraud(&t, i);
    }
    ok(filled && wrong == 0 && dropped > 100 && dropped < N - 100,
       "the known are dropped as a brute force says, labels %s (%zu of %d)",
       late_labels ? "late" : "in place", dropped, N);
    ss_eval_table_free(&t);
}

/* Card precision by its definition, a day at a time over all records; uses what check_drops left. */
static double by_definition(uint32_t k)
{
    bool found[IDS] = {false};
    double sum = 0;
    int days = 0;
    for (int day = 0; day < DAYS; day++) {
        double best[IDS];
        bool fraud[IDS] = {false}, taken[IDS] = {false}, any = false;
        int hits = 0;
        for (int i = 0; i < IDS; i++)
            best[i] = -1;
        for (int i = 0; i < N; i++) {
            const struct rec *r = &recs[i];
            if (r->dropped || r->time_us / SS_DAY_US != day)
                continue;
            any = true;
            best[r->id] = fmax(best[r->id], r->score);
            fraud[r->id] |= r->label;
        }
        for (uint32_t place = 0; place < k; place++) {
            int top = -1;
            for (int i = 0; i < IDS; i++) /* ids grow with i, so the first of equals is the smallest */
                if (!found[i] && !taken[i] && best[i] >= 0 && (top < 0 || best[i] > best[top]))
                    top = i;
            if (top < 0)
                break;
            taken[top] = true;
            hits += fraud[top];
        }
        for (int i = 0; i < IDS; i++)
            found[i] |= taken[i] && fraud[i];
        sum += (double)hits / k;
        days += any;
    }
    return sum / days;
}

static void check_cards(uint32_t k)
{
    struct ss_eval_table t;
    struct ss_card_precision c;
    ss_eval_table_init(&t, true, 2 * SS_DAY_US);
    bool made = fill(&t, false);
    ss_eval_table_drop_known(&t, 7 * SS_DAY_US);
    made = ss_card_precision_make(&t, k, &c) == 0 && made;
    double want = by_definition(k);
    ok(made && fabs(c.mean - want) < 1e-12, "card precision@%u is %.6f, by definition %.6f", (unsigned)k,
       c.mean, want);
    ss_card_precision_free(&c);
    ss_eval_table_free(&t);
}

static void check_ceiling(void)
{
    struct ss_eval_table t;
    struct ss_eval_row row = {.score = 0.5, .label = 0};
    size_t n = 0;
    ss_eval_table_init(&t, true, INT64_MIN);
    t.ceiling = SS_EVAL_BLOCK;
    while (n <= SS_EVAL_BLOCK && ss_eval_table_add(&t, &row) == 0)
        n++;
    ok(n == SS_EVAL_BLOCK && strstr(ss_err_text(), "more than 65536 records"), "the ceiling holds: %s",
       ss_err_text());
    ss_eval_table_free(&t);
    ss_eval_table_free(&t);
    ok(true, "free twice is legal");
}

int main(void)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        make(seed);
        check_drops(true);
        check_drops(false);
        check_cards(1);
        check_cards(5);
        check_cards(100);
    }
    check_ceiling();
    return done();
}
