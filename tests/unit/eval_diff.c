/* Pairing two streams, and gates. */
#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "eval/align.h"
#include "eval/gate.h"
#include "tests/tap.h"
#include <math.h>

#define N 3000

struct seen {
    int paired[N], only[SS_SIDES][N];
    int displaced, wrong;
};

static int number(const struct ss_diff_row *row)
{
    return (int)row->amount;
}

static int on_pair(void *ctx, const struct ss_diff_row *old, const struct ss_diff_row *new_, bool displaced)
{
    struct seen *s = ctx;
    s->wrong += !ss_str_eq(old->txn, new_->txn) || number(old) != number(new_) || old->rules != 1 ||
                old->rule[0] != (uint32_t)number(old);
    s->paired[number(old)]++;
    s->displaced += displaced;
    return 0;
}

static int on_only(void *ctx, enum ss_side side, const struct ss_diff_row *row)
{
    struct seen *s = ctx;
    s->only[side][number(row)]++;
    return 0;
}

struct stream {
    int id[N];
    size_t n, at;
};

static bool next(struct stream *s, struct ss_diff_row *row, char text[16], uint32_t *rule)
{
    if (s->at == s->n)
        return false;
    int id = s->id[s->at++];
    snprintf(text, 16, "t%d", id);
    *rule = (uint32_t)id;
    *row = (struct ss_diff_row){.txn = ss_str_of(text), .amount = id, .rule = rule, .rules = 1};
    return true;
}

/* As the stage does: NEW is pushed, OLD is read as far as wanted. */
static void run(struct stream *old, struct stream *new_, uint32_t window, struct seen *seen)
{
    const struct ss_align_to to = {on_pair, on_only, seen};
    struct ss_align *a = ss_align_new(window, &to);
    struct ss_diff_row o, n;
    char ot[16], nt[16];
    uint32_t orule, nrule;
    int err = 0;
    bool ended = false;
    memset(seen, 0, sizeof *seen);
    while (!err && next(new_, &n, nt, &nrule)) {
        for (bool placed = false; !placed && !err;) {
            enum ss_side wants = ss_align_wants(a);
            placed = true;
            if (wants == SS_NEW || ended) {
                err = ss_align_put(a, SS_NEW, &n);
            } else if (!next(old, &o, ot, &orule)) {
                err = ss_align_end(a, SS_OLD);
                ended = true;
                placed = false;
            } else if (wants == SS_SIDES) {
                err = ss_align_both(a, &o, &n);
            } else {
                err = ss_align_put(a, SS_OLD, &o);
                placed = false;
            }
        }
    }
    if (!err)
        err = ss_align_end(a, SS_NEW);
    while (!err && next(old, &o, ot, &orule))
        err = ss_align_put(a, SS_OLD, &o);
    if (!err && !ended)
        err = ss_align_end(a, SS_OLD);
    seen->wrong += err != 0;
    ss_align_free(a);
}

static void fill(struct stream *s, struct ss_rng *rng, int drop_in, int shuffle, bool dropped[N])
{
    s->n = s->at = 0;
    for (int i = 0; i < N; i++) {
        dropped[i] = drop_in && ss_rng_below(rng, (uint64_t)drop_in) == 0;
        if (!dropped[i])
            s->id[s->n++] = i;
    }
    for (size_t i = 0; shuffle && i + (size_t)shuffle < s->n; i += (size_t)shuffle) {
        size_t j = i + ss_rng_below(rng, (uint64_t)shuffle);
        int id = s->id[i];
        s->id[i] = s->id[j];
        s->id[j] = id;
    }
}

static void test_random(void)
{
    static struct stream old, new_;
    static struct seen seen;
    static bool no_old[N], no_new[N];
    int bad = 0, pairs = 0, displaced = 0;
    for (unsigned seed = 1; seed <= 60; seed++) {
        struct ss_rng rng;
        ss_rng_seed(&rng, seed);
        fill(&old, &rng, seed % 3 ? 40 : 0, seed % 4 ? 0 : 9, no_old);
        fill(&new_, &rng, seed % 2 ? 25 : 0, seed % 5 ? 0 : 17, no_new);
        run(&old, &new_, 200, &seen);
        bad += seen.wrong;
        displaced += seen.displaced;
        for (int i = 0; i < N; i++) {
            bad += seen.paired[i] != (!no_old[i] && !no_new[i]);
            bad += seen.only[SS_OLD][i] != (!no_old[i] && no_new[i]);
            bad += seen.only[SS_NEW][i] != (no_old[i] && !no_new[i]);
            pairs += seen.paired[i];
        }
    }
    ok(bad == 0, "every record finds its partner, and none but those without one are alone (%d)", bad);
    ok(pairs > 100000 && displaced > 1000, "which was tried: %d pairs, %d out of order", pairs, displaced);
}

static void test_streams(void)
{
    static struct seen seen;
    struct stream same = {{1, 2, 3, 4, 5}, 5, 0}, again = same;
    run(&same, &again, 10, &seen);
    ok(seen.displaced == 0 && seen.paired[1] + seen.paired[5] == 2, "equal streams pair in order");
    struct stream full = {{1, 2, 3, 4, 5}, 5, 0}, gap = {{1, 3, 4, 5}, 4, 0};
    run(&full, &gap, 10, &seen);
    ok(seen.displaced == 0 && seen.only[SS_OLD][2] == 1, "a missing record puts nothing out of order");
    struct stream far = {{5, 1, 2, 3, 4}, 5, 0}, straight = {{1, 2, 3, 4, 5}, 5, 0};
    run(&far, &straight, 3, &seen);
    ok(seen.only[SS_OLD][5] == 1 && seen.only[SS_NEW][5] == 1 && seen.paired[4] == 1,
       "a record beyond the window is alone on both sides, and the others are not");
    struct stream far2 = {{5, 1, 2, 3, 4}, 5, 0}, straight2 = {{1, 2, 3, 4, 5}, 5, 0};
    run(&far2, &straight2, 6, &seen);
    ok(seen.paired[5] == 1 && seen.displaced == 1, "within it, it is one that is out of order");
    struct stream twice = {{1, 1, 2}, 3, 0}, twice2 = {{1, 1, 2}, 3, 0};
    run(&twice, &twice2, 3, &seen);
    ok(seen.paired[1] == 2, "a txn_id that comes twice pairs twice");
    struct stream none = {{0}, 0, 0}, some = {{1, 2}, 2, 0};
    run(&none, &some, 3, &seen);
    ok(seen.only[SS_NEW][1] + seen.only[SS_NEW][2] == 2, "against nothing all are alone");
}

/* OLD alerts 100 genuine and 40 of 50 frauds, NEW `fp` and `tp`; 1000 genuine in all. */
static struct ss_diff compared(uint64_t fp, uint64_t tp)
{
    struct ss_diff d = {.pairs = 1050, .first_us = 0, .last_us = 1};
    struct ss_diff_sum(*g)[2] = d.alerts.of[SS_GENUINE], (*f)[2] = d.alerts.of[SS_FRAUD];
    uint64_t both = fp < 100 ? fp : 100, caught = tp < 40 ? tp : 40;
    g[1][1].n = both;
    g[1][0].n = 100 - both;
    g[0][1].n = fp - both;
    g[0][0].n = 900 - g[0][1].n;
    f[1][1] = (struct ss_diff_sum){caught, (__int128)caught * 10000};
    f[1][0].n = 40 - caught;
    f[0][1] = (struct ss_diff_sum){tp - caught, (__int128)(tp - caught) * 10000};
    f[0][0].n = 10 - f[0][1].n;
    return d;
}

static void test_gates(void)
{
    static const struct {
        const char *gate;
        uint64_t fp, tp;
        bool fails;
    } cases[] = {
        {"false_positives > +5%", 105, 40, false},
        {"false_positives > +5%", 106, 40, true},
        {"false_positives >= +5%", 105, 40, true},
        {"false_positives>+5%", 0, 40, false},
        {"false_positives > +0", 100, 40, false},
        {"false_positives > +0", 101, 40, true},
        {"false_positives < -10%", 90, 40, false},
        {"false_positives < -10%", 89, 40, true},
        {"false_positives > 104", 105, 40, true},
        {"recall < -0.02", 100, 39, false},
        {"recall < -0.02", 100, 38, true},
        {"recall < 80%", 100, 40, false},
        {"recall < 80%", 100, 39, true},
        {"recall < 0.8", 100, 39, true},
        {"newly_caught < 3", 100, 43, false},
        {"newly_caught<3", 100, 42, true},
        {"amount_caught < +2.5", 100, 42, true},
        {"amount_caught < +2.5", 100, 43, false},
        {"newly_disturbed = 7", 107, 40, true},
        {"newly_disturbed == 7", 108, 40, false},
        {"newly_disturbed != 7", 108, 40, true},
        {"alerts_per_day > 140", 101, 40, true},
        {"users_disturbed > +50%", 100, 40, false},
        {"precision < -0", 100, 41, false},
        {"amount_missed > +1%", 100, 40, false},
    };
    for (size_t i = 0; i < SS_COUNT(cases); i++) {
        struct ss_gate g;
        struct ss_diff d = compared(cases[i].fp, cases[i].tp);
        int err = ss_gate_parse(ss_str_of(cases[i].gate), &g);
        ok(err == 0 && ss_gate_judge(&g, &d).fails == cases[i].fails, "'%s' %s at %d and %d", cases[i].gate,
           cases[i].fails ? "fails" : "passes", (int)cases[i].fp, (int)cases[i].tp);
    }
    struct ss_gate g;
    struct ss_diff d = compared(100, 40);
    memset(d.alerts.of[SS_GENUINE], 0, sizeof d.alerts.of[SS_GENUINE]);
    memset(d.alerts.of[SS_FRAUD], 0, sizeof d.alerts.of[SS_FRAUD]);
    d.alerts.of[SS_UNKNOWN][0][0].n = 1050;
    ok(ss_gate_parse(SS_STR("false_positives > +5%"), &g) == 0 && ss_gate_judge(&g, &d).unjudged &&
           ss_gate_judge(&g, &d).fails,
       "without a label a gate about frauds is not judged, and fails");
    ok(ss_gate_parse(SS_STR("alerts > +5%"), &g) == 0 && !ss_gate_judge(&g, &d).fails,
       "one about alerts is judged");
    d.alerts.of[SS_UNKNOWN][0][1].n = 1;
    ok(ss_gate_judge(&g, &d).fails, "from nothing any rise is more than 5 %%");
}

static void test_refused(void)
{
    static const struct {
        const char *gate, *why;
    } cases[] = {{"false_positive > 5", "unknown figure 'false_positive' (known: alerts, "},
                 {"alerts", "no comparison"},
                 {"alerts 5", "no comparison"},
                 {"alerts > ", "'' is not a number"},
                 {"alerts > +", "'+' is not a number"},
                 {"alerts > 5 %", "'5 %' is not a number"},
                 {"alerts > +-5", "'+-5' is not a number"},
                 {"alerts > 5%", "'alerts' is no share"},
                 {"newly_caught > +5", "compares OLD and NEW by itself"},
                 {"amount_caught > 1e308", "too large"},
                 {"", "unknown figure ''"}};
    for (size_t i = 0; i < SS_COUNT(cases); i++) {
        struct ss_gate g;
        int err = ss_gate_parse(ss_str_of(cases[i].gate), &g);
        if (!ok(err == SS_EUSAGE && strstr(ss_err_text(), cases[i].why), "'%s' is refused", cases[i].gate))
            printf("# %d: %s\n", err, ss_err_text());
    }
}

int main(void)
{
    test_random();
    test_streams();
    test_gates();
    test_refused();
    return done();
}
