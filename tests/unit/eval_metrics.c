/* Every metric against what scikit-learn says (testdata/eval/fixtures.txt), in three orders of the records.
 */
#include "base/buf.h"
#include "base/file.h"
#include "base/number.h"
#include "base/rng.h"
#include "base/str.h"
#include "eval/metrics.h"
#include "tests/tap.h"
#include <math.h>

#define ROWS_MAX 4096

struct set {
    char name[64];
    double score[ROWS_MAX];
    int8_t label[ROWS_MAX];
    size_t n;
    struct ss_ranking ranking;
    struct ss_bin bin[10];
    size_t next_bin, bad, checks;
    bool ready;
};

static struct ss_str word(struct ss_str *line)
{
    struct ss_str w = {line->p, 0};
    while (w.n < line->n && w.p[w.n] != ' ')
        w.n++;
    line->p += w.n;
    line->n -= w.n;
    *line = ss_str_trim(*line);
    return w;
}

static double next_number(struct ss_str *line)
{
    double d;
    struct ss_str w = word(line);
    return ss_double_parse(w.p, w.n, &d) ? d : NAN;
}

static bool close_to(double got, double want)
{
    return isnan(want) ? isnan(got) : fabs(got - want) <= 1e-9;
}

static void same(struct set *s, double got, double want, const char *what)
{
    s->checks++;
    if (close_to(got, want) || s->bad++)
        return;
    printf("# %s: %s is %.17g, scikit-learn says %.17g\n", s->name, what, got, want);
}

static void check_threshold(struct set *s, struct ss_str line)
{
    struct ss_confusion c = ss_confusion_at(&s->ranking, next_number(&line));
    same(s, (double)c.tp, next_number(&line), "tp");
    same(s, (double)c.fp, next_number(&line), "fp");
    same(s, (double)c.fn, next_number(&line), "fn");
    same(s, (double)c.tn, next_number(&line), "tn");
    same(s, ss_confusion_precision(&c), next_number(&line), "precision");
    same(s, ss_confusion_recall(&c), next_number(&line), "recall");
    same(s, ss_confusion_f1(&c), next_number(&line), "F1");
    same(s, ss_confusion_alert_rate(&c), (double)(c.tp + c.fp) / (double)s->n, "alert rate");
}

static void check_bin(struct set *s, struct ss_str line)
{
    while (s->next_bin < 10 && !s->bin[s->next_bin].n) /* calibration_curve leaves empty bins out */
        s->next_bin++;
    if (s->next_bin == 10) {
        same(s, 0, 1, "number of bins");
        return;
    }
    same(s, s->bin[s->next_bin].frequency, next_number(&line), "frequency");
    same(s, s->bin[s->next_bin].mean_score, next_number(&line), "mean score");
    s->next_bin++;
}

static void shuffle(struct set *s, uint64_t seed)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, seed);
    for (size_t i = s->n; i > 1; i--) {
        size_t k = (size_t)(ss_rng_next(&rng) % i);
        double score = s->score[i - 1];
        int8_t label = s->label[i - 1];
        s->score[i - 1] = s->score[k];
        s->label[i - 1] = s->label[k];
        s->score[k] = score;
        s->label[k] = label;
    }
}

static void rank(struct set *s, uint64_t seed)
{
    if (s->ready)
        return;
    if (seed)
        shuffle(s, seed);
    if (ss_ranking_init(&s->ranking, s->score, s->label, s->n) != 0)
        s->bad++;
    ss_eval_reliability(&s->ranking, s->bin, 10);
    s->ready = true;
}

static void check_line(struct set *s, struct ss_str key, struct ss_str line)
{
    const struct ss_ranking *r = &s->ranking;
    if (ss_str_is(key, "auc_roc"))
        same(s, ss_eval_auc(r), next_number(&line), "AUC");
    else if (ss_str_is(key, "average_precision"))
        same(s, ss_eval_average_precision(r), next_number(&line), "average precision");
    else if (ss_str_is(key, "brier"))
        same(s, ss_eval_brier(r), next_number(&line), "Brier score");
    else if (ss_str_is(key, "log_loss"))
        same(s, ss_eval_log_loss(r), next_number(&line), "log loss");
    else if (ss_str_is(key, "best_f1")) {
        struct ss_confusion c = ss_eval_best_f1(r);
        same(s, ss_confusion_f1(&c), next_number(&line), "best F1");
    } else if (ss_str_is(key, "recall_at_fpr")) {
        struct ss_confusion c = ss_eval_at_fpr(r, next_number(&line));
        same(s, ss_confusion_recall(&c), next_number(&line), "recall at FPR");
    } else if (ss_str_is(key, "at"))
        check_threshold(s, line);
    else if (ss_str_is(key, "bin"))
        check_bin(s, line);
    else
        same(s, 0, 1, "key of the fixture");
}

static void end_set(struct set *s, uint64_t seed)
{
    if (s->name[0])
        ok(s->bad == 0 && s->checks > 20, "%s equals scikit-learn, %s (%zu checks)", s->name,
           seed ? "shuffled" : "in order", s->checks);
    ss_ranking_free(&s->ranking);
    *s = (struct set){.n = 0};
}

static void check_fixtures(const struct ss_buf *buf, uint64_t seed)
{
    static struct set s;
    for (const char *p = buf->p, *end = buf->p + buf->n; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct ss_str line = {p, (size_t)((nl ? nl : end) - p)}, key = word(&line);
        p = (nl ? nl : end) + 1;
        if (ss_str_is(key, "#"))
            continue;
        if (ss_str_is(key, "set")) {
            end_set(&s, seed);
            snprintf(s.name, sizeof s.name, "%.*s", (int)line.n, line.p);
        } else if (ss_str_is(key, "r") && s.n < ROWS_MAX) {
            s.score[s.n] = next_number(&line);
            s.label[s.n++] = next_number(&line) > 0;
        } else {
            rank(&s, seed);
            check_line(&s, key, line);
        }
    }
    end_set(&s, seed);
}

static void check_edges(void)
{
    struct ss_ranking r;
    const double score[] = {0.5, NAN, 0.75, -0.0, 0.0};
    const int8_t unlabelled[] = {1, -1, 0, 0, 1}, labelled[] = {1, 0, 0, 0, 1};
    ok(ss_ranking_init(&r, score, labelled, 5) < 0, "a score that is not a number is refused");
    ss_ranking_free(&r);
    ok(ss_ranking_init(&r, score, unlabelled, 5) == 0 && r.n_pos == 2 && r.n_neg == 2,
       "a record without a label is left out, whatever its score");
    /* Pairs: 0.5 > 0, 0.5 < 0.75, 0 = -0 (half), 0 < 0.75: 1.5 of 4. */
    ok(ss_eval_auc(&r) == 0.375, "minus zero ties with zero");
    ss_ranking_free(&r);
    ok(ss_ranking_init(&r, NULL, NULL, 0) == 0 && isnan(ss_eval_auc(&r)) &&
           isnan(ss_eval_average_precision(&r)) && isnan(ss_eval_brier(&r)) && isnan(ss_eval_log_loss(&r)),
       "no records: nothing is defined");
    struct ss_confusion c = ss_eval_at_fpr(&r, 0.01);
    ok(c.tp == 0 && isinf(c.threshold) && isnan(ss_confusion_recall(&c)) && isnan(ss_confusion_precision(&c)),
       "no records: no threshold");
    struct ss_bin bin[10];
    ss_eval_reliability(&r, bin, 10);
    ok(isnan(ss_eval_ece(bin, 10)), "no records: no calibration error");
    ss_ranking_free(&r);
}

static void check_ece(void)
{
    struct ss_ranking r;
    const double score[] = {0.25, 0.25, 0.25, 0.25, 0.75, 0.75};
    const int8_t label[] = {1, 0, 0, 0, 1, 0};
    struct ss_bin bin[10];
    ok(ss_ranking_init(&r, score, label, 6) == 0, "ranked");
    ss_eval_reliability(&r, bin, 10);
    ok(fabs(ss_eval_ece(bin, 10) - (0 * 4 + 0.25 * 2) / 6) < 1e-15,
       "calibration error weighs bins by records");
    ss_ranking_free(&r);
}

int main(void)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 16 << 20);
    if (ok(ss_file_read("testdata/eval/fixtures.txt", &buf) == 0, "fixtures are there")) {
        check_fixtures(&buf, 0);
        check_fixtures(&buf, 1);
        check_fixtures(&buf, 2);
    }
    ss_buf_free(&buf);
    check_edges();
    check_ece();
    return done();
}
