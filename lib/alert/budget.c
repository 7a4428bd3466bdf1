#include "alert/budget.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include <stdlib.h>

bool ss_budget_parse(struct ss_str text, struct ss_budget *budget)
{
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    int64_t max;
    if (!slash || !ss_int_parse(text.p, (size_t)(slash - text.p), &max) || max < 1 || max > SS_BUDGET_MAX)
        return false;
    const char *unit = slash + 1;
    size_t n = text.n - (size_t)(unit - text.p);
    char one[8] = "1";
    if (n == 1) { /* h is 1h */
        one[1] = *unit;
        unit = one;
        n = 2;
    }
    *budget = (struct ss_budget){.max = (uint32_t)max};
    return ss_duration_parse(unit, n, &budget->window_us);
}

int ss_budget_open(struct ss_budget *budget)
{
    budget->taken = budget->max ? malloc(budget->max * sizeof *budget->taken) : NULL;
    return budget->max && !budget->taken ? ss_fail(SS_ENOMEM, "out of memory for the budget") : 0;
}

void ss_budget_free(struct ss_budget *budget)
{
    free(budget->taken);
    *budget = (struct ss_budget){0};
}

void ss_budget_note(struct ss_budget *budget, int64_t time_us)
{
    if (!budget->max)
        return;
    budget->taken[budget->next] = time_us;
    budget->next = (budget->next + 1) % budget->max;
    budget->n += budget->n < budget->max;
}

bool ss_budget_take(struct ss_budget *budget, int64_t time_us)
{
    /* With the ring full its next place holds the oldest of the last `max`. */
    if (budget->max && budget->n == budget->max && time_us - budget->taken[budget->next] < budget->window_us)
        return false;
    ss_budget_note(budget, time_us);
    return true;
}
