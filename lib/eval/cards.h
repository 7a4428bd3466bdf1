/*
 * Card precision@k, as defined in the Fraud Detection Handbook (Le Borgne, Siblini, Lebichot, Bontempi, 2022,
 * chapter 4): what a team that looks into k cards a day would find. For each day (UTC) that has records, in
 * order: leave out the cards that an earlier day's k showed to be compromised; a card's score is the highest
 * of its day, and it is compromised when one of its payments of that day is a fraud; the day's precision is
 * the number of compromised cards among the k with the highest scores, divided by k (also where there are
 * fewer than k cards). The result is the mean over the days.
 *
 * Ties at the edge of the k are settled by the card's id, shorter first, then by its bytes (whole numbers by
 * value): never by the order of the records. Records without a time or a card do not take part.
 */
#ifndef SS_EVAL_CARDS_H
#define SS_EVAL_CARDS_H

#include "eval/table.h"

struct ss_card_day {
    int32_t day;          /* since 1970-01-01 */
    uint32_t cards;       /* that had a payment and were not found before */
    uint32_t compromised; /* of these */
    uint32_t found;       /* of these, among the k */
};

struct ss_card_precision {
    uint32_t k;
    double mean;             /* NaN when there is no day */
    struct ss_card_day *day; /* owned */
    size_t days;
};

/* SS_ENOMEM. Free is legal after a failure. */
int ss_card_precision_make(const struct ss_eval_table *table, uint32_t k,
                           struct ss_card_precision *result) SS_MUST_CHECK;
void ss_card_precision_free(struct ss_card_precision *result);

#endif
