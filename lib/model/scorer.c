#include "model/scorer.h"
#include "base/err.h"

struct ss_scorer {
    const struct ss_trees *trees;
};

int ss_scorer_new(const struct ss_trees *trees, struct ss_scorer **scorer)
{
    struct ss_scorer *s = calloc(1, sizeof *s);
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory");
    s->trees = trees;
    *scorer = s;
    return 0;
}

void ss_scorer_free(struct ss_scorer *scorer)
{
    free(scorer);
}

bool ss_scorer_choose(struct ss_scorer *scorer, enum ss_scorer_path path)
{
    (void)scorer;
    return path == SS_SCORER_BEST;
}

const char *ss_scorer_name(const struct ss_scorer *scorer)
{
    (void)scorer;
    return "plain";
}

double ss_scorer_margin(const struct ss_scorer *scorer, const double *row)
{
    return ss_trees_margin(scorer->trees, row);
}

void ss_scorer_margins(const struct ss_scorer *scorer, const double *rows, size_t stride, size_t n,
                       double *margin)
{
    for (size_t i = 0; i < n; i++)
        margin[i] = ss_trees_margin(scorer->trees, rows + i * stride);
}

double ss_scorer_predict(const struct ss_scorer *scorer, double margin)
{
    return ss_trees_predict(scorer->trees, margin);
}
