#include "model/data.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void ss_data_init(struct ss_data *data, uint32_t width, size_t ceiling_bytes)
{
    *data = (struct ss_data){.width = width, .ceiling_bytes = ceiling_bytes};
}

void ss_data_free(struct ss_data *data)
{
    free(data->row);
    free(data->time_us);
    free(data->label);
    free(data->id);
    *data = (struct ss_data){0};
}

static size_t row_bytes(const struct ss_data *data)
{
    return data->width * sizeof(float) + sizeof(int64_t) + sizeof(int8_t) + sizeof(uint64_t);
}

static int grow(struct ss_data *data)
{
    size_t most = data->ceiling_bytes / row_bytes(data), cap = data->cap ? data->cap + data->cap / 2 : 4096;
    if (cap > most)
        cap = most;
    if (cap <= data->cap)
        return ss_fail(SS_ENOMEM, "more than %zu training records of %u inputs: raise --max-memory or --from",
                       data->cap, data->width);
    float *row = realloc(data->row, cap * data->width * sizeof *row);
    if (row)
        data->row = row;
    int64_t *time_us = realloc(data->time_us, cap * sizeof *time_us);
    if (time_us)
        data->time_us = time_us;
    int8_t *label = realloc(data->label, cap * sizeof *label);
    if (label)
        data->label = label;
    uint64_t *id = realloc(data->id, cap * sizeof *id);
    if (id)
        data->id = id;
    if (!row || !time_us || !label || !id)
        return ss_fail(SS_ENOMEM, "out of memory for %zu training records", cap);
    data->cap = cap;
    return 0;
}

float *ss_data_add(struct ss_data *data, int64_t time_us, int8_t label, uint64_t id)
{
    if (data->n == data->cap && grow(data) < 0)
        return NULL;
    data->time_us[data->n] = time_us;
    data->label[data->n] = label;
    data->id[data->n] = id;
    return data->row + data->n++ * data->width;
}

struct known {
    uint64_t id;
    size_t order;
    int8_t label;
};

static int by_id(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

int64_t ss_data_relabel(struct ss_data *data, const uint64_t *id, const int8_t *label, size_t n)
{
    struct known *known = malloc((n ? n : 1) * sizeof *known);
    int64_t taken = 0;
    if (!known)
        return ss_fail(SS_ENOMEM, "out of memory for %zu labels", n);
    for (size_t i = 0; i < n; i++)
        known[i] = (struct known){id[i], i, label[i]};
    qsort(known, n, sizeof *known, by_id);
    for (size_t r = 0; n && r < data->n; r++) {
        size_t low = 0, high = n; /* the first entry behind those of this id */
        while (low < high) {
            size_t mid = (low + high) / 2;
            if (known[mid].id <= data->id[r])
                low = mid + 1;
            else
                high = mid;
        }
        if (low && known[low - 1].id == data->id[r] && data->id[r]) {
            data->label[r] = known[low - 1].label;
            taken++;
        }
    }
    free(known);
    return taken;
}

struct timed {
    int64_t time_us;
    size_t at;
};

static int by_time(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;
    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Row i becomes the old row order[i].at, cycle by cycle, so that no second copy of the data is needed. */
static void permute(struct ss_data *data, struct timed *order, float *spare)
{
    size_t bytes = data->width * sizeof(float);
    for (size_t start = 0; start < data->n; start++) {
        if (order[start].at == start)
            continue;
        memcpy(spare, data->row + start * data->width, bytes);
        int8_t label = data->label[start];
        uint64_t id = data->id[start];
        size_t to = start;
        while (order[to].at != start) {
            size_t from = order[to].at;
            memcpy(data->row + to * data->width, data->row + from * data->width, bytes);
            data->label[to] = data->label[from];
            data->id[to] = data->id[from];
            order[to].at = to;
            to = from;
        }
        memcpy(data->row + to * data->width, spare, bytes);
        data->label[to] = label;
        data->id[to] = id;
        order[to].at = to;
    }
    for (size_t i = 0; i < data->n; i++)
        data->time_us[i] = order[i].time_us;
}

int ss_data_sort(struct ss_data *data)
{
    bool sorted = true;
    for (size_t i = 1; i < data->n && sorted; i++)
        sorted = data->time_us[i - 1] <= data->time_us[i];
    if (sorted)
        return 0;
    struct timed *order = malloc(data->n * sizeof *order);
    float *spare = malloc(data->width * sizeof *spare);
    int err = order && spare ? 0 : ss_fail(SS_ENOMEM, "out of memory to sort %zu records", data->n);
    if (!err) {
        for (size_t i = 0; i < data->n; i++)
            order[i] = (struct timed){data->time_us[i], i};
        qsort(order, data->n, sizeof *order, by_time);
        permute(data, order, spare);
    }
    free(order);
    free(spare);
    return err;
}

size_t ss_data_keep_labelled(struct ss_data *data, size_t from)
{
    size_t kept = 0, border = 0;
    for (size_t i = 0; i < data->n; i++) {
        if (i == from)
            border = kept;
        if (data->label[i] < 0)
            continue;
        if (kept != i) {
            memcpy(data->row + kept * data->width, data->row + i * data->width, data->width * sizeof(float));
            data->time_us[kept] = data->time_us[i];
            data->label[kept] = data->label[i];
            data->id[kept] = data->id[i];
        }
        kept++;
    }
    if (from >= data->n)
        border = kept;
    data->n = kept;
    return border;
}

size_t ss_data_border(const struct ss_data *data, double share)
{
    if (!(share > 0) || data->n == 0)
        return data->n;
    size_t at = (size_t)((1 - share) * (double)data->n);
    while (at > 0 && data->time_us[at - 1] == data->time_us[at])
        at--;
    return at ? at : data->n;
}

size_t ss_data_positives(const struct ss_data *data, size_t from, size_t to)
{
    size_t positives = 0;
    for (size_t i = from; i < to; i++)
        positives += data->label[i] == 1;
    return positives;
}

uint64_t ss_data_hash(const struct ss_data *data)
{
    uint64_t h = ss_hash64_seed(data->time_us, data->n * sizeof *data->time_us, data->width);
    h = ss_hash64_seed(data->label, data->n, h);
    /* NaNs may differ in bits that nobody sees: hash them as one. */
    for (size_t i = 0; i < data->n; i++) {
        float *row = data->row + i * data->width;
        for (uint32_t j = 0; j < data->width; j++)
            if (row[j] != row[j])
                row[j] = __builtin_nanf("");
        h = ss_hash64_seed(row, data->width * sizeof *row, h);
    }
    return h;
}
