#include "feature/label.h"
#include "base/err.h"
#include <stdlib.h>

void ss_label_index_free(struct ss_label_index *index)
{
    free(index->entry);
    *index = (struct ss_label_index){0};
}

static void put(struct ss_label_entry *to, size_t cap, const struct ss_label_entry *entry)
{
    size_t i = entry->txn & (cap - 1);
    while (to[i].entity)
        i = (i + 1) & (cap - 1);
    to[i] = *entry;
}

static int resize(struct ss_label_index *index, size_t cap)
{
    struct ss_label_entry *to = calloc(cap, sizeof *to);
    if (!to)
        return ss_fail(SS_ENOMEM, "out of memory for %zu labels", cap);
    for (size_t i = 0; i < index->cap; i++)
        if (index->entry[i].entity)
            put(to, cap, &index->entry[i]);
    free(index->entry);
    index->entry = to;
    index->cap = cap;
    return 0;
}

int ss_label_index_reserve(struct ss_label_index *index, size_t n)
{
    size_t cap = index->cap ? index->cap : 1024;
    while (n * 4 > cap * 3)
        cap *= 2;
    return cap == index->cap ? 0 : resize(index, cap);
}

int ss_label_index_add(struct ss_label_index *index, const struct ss_label_entry *entry)
{
    int err = ss_label_index_reserve(index, index->n + 1);
    if (err < 0)
        return err;
    put(index->entry, index->cap, entry);
    index->n++;
    return 0;
}
