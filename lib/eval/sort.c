#include "eval/sort.h"
#include "base/err.h"
#include <stdlib.h>
#include <string.h>

/* All histograms in one pass over the keys; it pays as soon as one of the passes can be skipped. */
static void count_bytes(const uint64_t *key, size_t n, size_t count[8][256])
{
    memset(count, 0, 8 * sizeof *count);
    for (size_t i = 0; i < n; i++)
        for (int b = 0; b < 8; b++)
            count[b][key[i] >> (8 * b) & 255]++;
}

int ss_sort_keys(uint64_t *key, size_t n, int low_byte)
{
    size_t count[8][256];
    if (n < 2)
        return 0;
    uint64_t *spare = malloc(n * sizeof *spare), *from = key, *to = spare;
    if (!spare)
        return ss_fail(SS_ENOMEM, "out of memory sorting %zu records", n);
    count_bytes(key, n, count);
    for (int b = low_byte; b < 8; b++) {
        if (count[b][from[0] >> (8 * b) & 255] == n)
            continue;
        size_t at[256], sum = 0;
        for (int v = 0; v < 256; v++) {
            at[v] = sum;
            sum += count[b][v];
        }
        for (size_t i = 0; i < n; i++)
            to[at[from[i] >> (8 * b) & 255]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != key)
        memcpy(key, from, n * sizeof *key);
    free(spare);
    return 0;
}

/* IEEE doubles compare as sign-magnitude integers. Ascending keys for descending values: the order of the
 * positive ones is turned round, and the negative ones keep their bits, which are above all of those. */
static uint64_t key_of(double value)
{
    uint64_t bits;
    value += 0.0; /* -0.0 + 0.0 = 0.0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? bits : ~bits & (UINT64_MAX >> 1);
}

static double value_of(uint64_t key)
{
    double value;
    uint64_t bits = key >> 63 ? key : ~key & (UINT64_MAX >> 1);
    memcpy(&value, &bits, sizeof value);
    return value;
}

int ss_sort_doubles(double *value, size_t n)
{
    /* The keys take the values' place, so that only one further array is needed. */
    uint64_t *key = (uint64_t *)(void *)value;
    for (size_t i = 0; i < n; i++) {
        uint64_t k = key_of(value[i]);
        memcpy(&value[i], &k, sizeof k);
    }
    int err = ss_sort_keys(key, n, 0);
    for (size_t i = 0; i < n; i++) {
        uint64_t k;
        memcpy(&k, &value[i], sizeof k);
        value[i] = value_of(k);
    }
    return err;
}
