/*
 * How well scores order and match labels. Pure: arrays in, numbers out.
 *
 * A ranking holds the scores of frauds and of genuine payments apart, each sorted from high to low. Every
 * metric is a walk over the two, so none depends on the order of the records, and equal scores are one
 * threshold, as in scikit-learn: a record is alerted when score >= threshold, and the curves have one point
 * for each distinct score. Counts are exact, sums are made in sorted order.
 *
 * A metric that is not defined (one class only, no record, probabilities outside 0..1) is NaN.
 */
#ifndef SS_EVAL_METRICS_H
#define SS_EVAL_METRICS_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ss_ranking {
    double *pos, *neg; /* scores of frauds and of genuine payments, high to low; owned */
    size_t n_pos, n_neg;
};

/*
 * Copies and sorts: 8 bytes a record stay, 8 more are needed meanwhile. label[i] is 1 (fraud), 0 (genuine) or
 * -1 (not known: left out). No score may be NaN (SS_EDATA). SS_ENOMEM. A failed ranking is empty, free is
 * legal.
 */
int ss_ranking_init(struct ss_ranking *ranking, const double *score, const int8_t *label,
                    size_t n) SS_MUST_CHECK;
void ss_ranking_free(struct ss_ranking *ranking);

/* For those who fill the arrays themselves (n_pos and n_neg are what there is room for). */
int ss_ranking_room(struct ss_ranking *ranking, size_t n_pos, size_t n_neg) SS_MUST_CHECK;
int ss_ranking_sort(struct ss_ranking *ranking) SS_MUST_CHECK;

/* What follows from a threshold: a record with score >= threshold is an alert. */
struct ss_confusion {
    double threshold;
    size_t tp, fp, fn, tn;
};

struct ss_confusion ss_confusion_at(const struct ss_ranking *ranking, double threshold);
/* As precision_score, recall_score, f1_score; NaN where the denominator is 0 (no alerts, no frauds). */
double ss_confusion_precision(const struct ss_confusion *c);
double ss_confusion_recall(const struct ss_confusion *c);
double ss_confusion_f1(const struct ss_confusion *c);
double ss_confusion_fpr(const struct ss_confusion *c);        /* fp / genuine */
double ss_confusion_alert_rate(const struct ss_confusion *c); /* alerts / records */

/* Mann-Whitney: the share of (fraud, genuine) pairs in the right order, ties count half. roc_auc_score. */
double ss_eval_auc(const struct ss_ranking *ranking);
/* Sum over the distinct scores, high to low, of (R_n - R_(n-1)) P_n. average_precision_score. */
double ss_eval_average_precision(const struct ss_ranking *ranking);
/* The confusion with the highest recall whose false-positive rate is at most `fpr`; threshold +inf if none.
 */
struct ss_confusion ss_eval_at_fpr(const struct ss_ranking *ranking, double fpr);
/* The confusion with the highest F1; of equal ones that with the highest threshold. */
struct ss_confusion ss_eval_best_f1(const struct ss_ranking *ranking);

/*
 * The curves' points, from the highest threshold down: calls `point` once for each distinct score with what
 * that threshold gives. Stops when it returns non-zero, and returns that.
 */
int ss_eval_walk(const struct ss_ranking *ranking, int (*point)(void *ctx, const struct ss_confusion *c),
                 void *ctx);

/* Whether all scores lie in 0..1, so that they can be read as probabilities. */
bool ss_eval_is_probability(const struct ss_ranking *ranking);
/* Mean squared difference of score and label. brier_score_loss. */
double ss_eval_brier(const struct ss_ranking *ranking);
/* Mean of -ln(p of the true class), p kept within [2^-52, 1 - 2^-52] as log_loss does. Rounded to 9 decimals,
 * since the logarithm is libm's. */
double ss_eval_log_loss(const struct ss_ranking *ranking);

/* One bin of a reliability diagram: scores in (from, to], the first bin with its lower end. */
struct ss_bin {
    double from, to;
    size_t n, positives;
    double mean_score; /* NaN when empty */
    double frequency;  /* share of frauds; NaN when empty */
};

/* `n` bins of equal width over 0..1, with the edges of calibration_curve (strategy='uniform'). */
void ss_eval_reliability(const struct ss_ranking *ranking, struct ss_bin *bin, size_t n);
/* Expected calibration error: sum of n/records * |frequency - mean_score|. */
double ss_eval_ece(const struct ss_bin *bin, size_t n);

#endif
