#include "alert/desks.h"
#include "base/err.h"

int ss_desks_open(struct ss_desks *desks, const struct ss_desk_options *opt, struct ss_schema *schema,
                  struct ss_desk **desk)
{
    if (desks->n == SS_DESKS_MAX)
        return ss_fail(SS_EUSAGE, "alerts over more than %d partitions", SS_DESKS_MAX);
    int err = ss_desk_new(opt, schema, desk);
    if (!err)
        desks->at[desks->n++] = *desk;
    return err;
}

static void add_counts(struct ss_desk_counts *sum, const struct ss_desk *desk)
{
    struct ss_desk_counts n = ss_desk_counts(desk);
    sum->alerts += n.alerts;
    sum->joined += n.joined;
    sum->snoozed += n.snoozed;
    sum->cooled += n.cooled;
    sum->over_budget += n.over_budget;
    sum->above_budget += n.above_budget;
    sum->pushed_out += n.pushed_out;
}

void ss_desks_close(struct ss_desks *desks, struct ss_desk *desk)
{
    if (!desk)
        return;
    for (int i = 0; i < desks->n; i++)
        if (desks->at[i] == desk)
            desks->at[i] = desks->at[--desks->n];
    add_counts(&desks->gone, desk);
    ss_desk_free(desk);
}

struct ss_desk_counts ss_desks_counts(const struct ss_desks *desks)
{
    struct ss_desk_counts sum = desks->gone;
    for (int i = 0; i < desks->n; i++)
        add_counts(&sum, desks->at[i]);
    return sum;
}
