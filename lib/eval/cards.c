#include "eval/cards.h"
#include "base/err.h"
#include "eval/sort.h"
#include <math.h>
#include <stdlib.h>

struct card {
    double best;
    bool seen, fraud; /* today */
    bool found;       /* on an earlier day */
};

struct count {
    const struct ss_eval_table *table;
    struct ss_card_precision *result;
    uint64_t *row; /* day in the high half (made unsigned), row number in the low one; sorted by day */
    size_t rows;
    struct card *card;
    uint32_t *today; /* the cards seen on this day */
    size_t n_today;
};

static uint64_t day_key(int32_t day)
{
    return (uint64_t)((uint32_t)day ^ 0x80000000u) << 32;
}

static int32_t day_of(uint64_t key)
{
    return (int32_t)((uint32_t)(key >> 32) ^ 0x80000000u);
}

static int list_rows(struct count *c)
{
    const struct ss_eval_table *t = c->table;
    for (size_t i = 0; i < t->n; i++) {
        int32_t day = SS_EVAL_AT(t, day, i);
        if (ss_eval_counts(t, i) && day != SS_EVAL_NO_DAY && SS_EVAL_AT(t, card, i) != SS_EVAL_NO_ID)
            c->row[c->rows++] = day_key(day) | i;
    }
    return ss_sort_keys(c->row, c->rows, 4);
}

static void see(struct count *c, size_t i)
{
    const struct ss_eval_table *t = c->table;
    uint32_t id = SS_EVAL_AT(t, card, i);
    struct card *card = &c->card[id];
    double score = SS_EVAL_AT(t, score, i);
    if (card->found)
        return;
    if (!card->seen) {
        card->seen = true;
        card->fraud = false;
        card->best = score;
        c->today[c->n_today++] = id;
    }
    card->best = score > card->best ? score : card->best;
    card->fraud |= ss_eval_is_fraud(t, i);
}

static int by_suspicion(const void *a, const void *b, void *ctx)
{
    const struct count *c = ctx;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    double p = c->card[x].best, q = c->card[y].best;
    if (p != q)
        return p > q ? -1 : 1;
    struct ss_str s = c->table->cards.key[x], t = c->table->cards.key[y];
    if (s.n != t.n)
        return s.n < t.n ? -1 : 1;
    return memcmp(s.p, t.p, s.n);
}

static void end_day(struct count *c, int32_t day)
{
    struct ss_card_day *d = &c->result->day[c->result->days++];
    *d = (struct ss_card_day){.day = day, .cards = (uint32_t)c->n_today};
    qsort_r(c->today, c->n_today, sizeof *c->today, by_suspicion, c);
    for (size_t i = 0; i < c->n_today; i++) {
        struct card *card = &c->card[c->today[i]];
        d->compromised += card->fraud;
        card->found = card->fraud && i < c->result->k;
        d->found += card->found;
        card->seen = false;
    }
    c->n_today = 0;
}

static int count_days(struct count *c)
{
    size_t days = 0;
    for (size_t i = 0; i < c->rows; i++)
        days += i == 0 || c->row[i] >> 32 != c->row[i - 1] >> 32;
    c->result->day = calloc(days + 1, sizeof *c->result->day);
    if (!c->result->day)
        return ss_fail(SS_ENOMEM, "out of memory counting %zu days", days);
    for (size_t i = 0; i < c->rows; i++) {
        see(c, (uint32_t)c->row[i]);
        if (i + 1 == c->rows || c->row[i] >> 32 != c->row[i + 1] >> 32)
            end_day(c, day_of(c->row[i]));
    }
    return 0;
}

int ss_card_precision_make(const struct ss_eval_table *t, uint32_t k, struct ss_card_precision *result)
{
    struct count c = {.table = t, .result = result};
    *result = (struct ss_card_precision){.k = k, .mean = NAN};
    c.row = malloc((t->n + 1) * sizeof *c.row);
    c.card = calloc(t->cards.n + 1, sizeof *c.card);
    c.today = malloc((t->cards.n + 1) * sizeof *c.today);
    int err = c.row && c.card && c.today
                  ? list_rows(&c)
                  : ss_fail(SS_ENOMEM, "out of memory counting %u cards", (unsigned)t->cards.n);
    if (err == 0)
        err = count_days(&c);
    if (err == 0 && result->days) {
        double sum = 0;
        for (size_t i = 0; i < result->days; i++)
            sum += (double)result->day[i].found / k;
        result->mean = sum / (double)result->days;
    }
    free(c.row);
    free(c.card);
    free(c.today);
    return err;
}

void ss_card_precision_free(struct ss_card_precision *result)
{
    free(result->day);
    *result = (struct ss_card_precision){0};
}
