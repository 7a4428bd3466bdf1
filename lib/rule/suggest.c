#include "rule/suggest.h"
#include <stdio.h>

#define LEN_MAX 64

/* Insertions, deletions and replacements between two texts (Levenshtein 1966), by rows. */
static unsigned distance_of(struct ss_str a, struct ss_str b)
{
    unsigned row[LEN_MAX + 1];
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned corner = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned replace = corner + (a.p[i - 1] != b.p[j - 1]),
                     shift = row[j] < row[j - 1] ? row[j] : row[j - 1];
            corner = row[j];
            row[j] = replace <= shift ? replace : shift + 1;
        }
    }
    return row[b.n];
}

void ss_suggest_init(struct ss_suggest *s, struct ss_str wanted)
{
    *s = (struct ss_suggest){.wanted = wanted};
    s->distance = wanted.n > LEN_MAX ? 0 : (unsigned)wanted.n / 3 + 1; /* what is farther is no help */
}

void ss_suggest_name(struct ss_suggest *s, struct ss_str name)
{
    if (name.n > LEN_MAX || s->wanted.n > LEN_MAX)
        return;
    unsigned distance = distance_of(s->wanted, name);
    if (distance > s->distance || (distance == s->distance && s->best.p))
        return;
    s->best = name;
    s->distance = distance;
}

const char *ss_suggest_text(const struct ss_suggest *s, char out[SS_SUGGEST_TEXT])
{
    out[0] = '\0';
    if (s->best.p)
        snprintf(out, SS_SUGGEST_TEXT, "; did you mean '%.*s'?", (int)s->best.n, s->best.p);
    return out;
}
