#include "gen/sample.h"
#include "base/err.h"
#include <math.h>
#include <stdlib.h>

static uint32_t exp2_table[SS_LOG2_ONE];     /* 2^(i/1024) in 1/65536 */
static uint32_t log2_table[SS_LOG2_ONE + 1]; /* log2(1 + i/1024) in 2^-20 */

void ss_sample_init(void)
{
    if (exp2_table[0])
        return;
    for (int i = 0; i <= SS_LOG2_ONE; i++)
        log2_table[i] = (uint32_t)lround(log2(1 + i / 1024.0) * 0x1p20);
    for (int i = SS_LOG2_ONE - 1; i >= 0; i--)
        exp2_table[i] = (uint32_t)lround(exp2(i / 1024.0) * 0x1p16);
}

uint64_t ss_sample_exp2(int32_t x)
{
    uint64_t m = exp2_table[x & (SS_LOG2_ONE - 1)];
    int32_t e = x >> 10;
    return e >= 0 ? m << e : m >> -e;
}

/* log2(v) in 2^-20, v > 0, linear between the table's points (error below 2^-21). */
static int64_t log2_fine(uint64_t v)
{
    int e = 63 - __builtin_clzll(v);
    uint64_t m = v << (63 - e) << 1; /* the fraction, 64 bits */
    uint64_t i = m >> 54, rest = m << 10 >> 44;
    int64_t a = log2_table[i], b = log2_table[i + 1];
    return ((int64_t)e << 20) + a + ((b - a) * (int64_t)rest >> 20);
}

int32_t ss_sample_log2(uint32_t v)
{
    return (int32_t)((log2_fine(v) + 512) >> 10);
}

int64_t ss_sample_exponential(struct ss_rng *rng, int64_t mean)
{
    uint64_t u = ss_rng_next(rng) >> 11 | 1;
    int64_t minus_log2 = ((int64_t)53 << 20) - log2_fine(u);
    /* ln 2 in 2^-20: 726817 */
    return (int64_t)((__int128)mean * minus_log2 * 726817 >> 40);
}

int ss_alias_init(struct ss_alias *alias, const uint32_t *weight, uint32_t n)
{
    uint64_t sum = 0;
    uint32_t *stack = malloc(n * sizeof *stack), small = 0, large = n;
    uint64_t *part = malloc(n * sizeof *part); /* weight * n, in units of sum */
    *alias = (struct ss_alias){n, malloc(n * sizeof *alias->slot)};
    if (!stack || !part || !alias->slot) {
        free(stack);
        free(part);
        ss_alias_free(alias);
        return ss_fail(SS_ENOMEM, "out of memory for %u weights", n);
    }
    for (uint32_t i = 0; i < n; i++)
        sum += weight[i];
    for (uint32_t i = 0; i < n; i++) {
        part[i] = (uint64_t)weight[i] * n;
        if (part[i] < sum)
            stack[small++] = i;
        else
            stack[--large] = i;
    }
    while (small && large < n) {
        uint32_t s = stack[--small], l = stack[large];
        alias->slot[s].limit = (uint32_t)((double)part[s] / (double)sum * 4294967295.0);
        alias->slot[s].other = l;
        part[l] -= sum - part[s];
        if (part[l] < sum) {
            large++;
            stack[small++] = l;
        }
    }
    for (; small; small--) {
        alias->slot[stack[small - 1]].limit = UINT32_MAX;
        alias->slot[stack[small - 1]].other = stack[small - 1];
    }
    for (; large < n; large++) {
        alias->slot[stack[large]].limit = UINT32_MAX;
        alias->slot[stack[large]].other = stack[large];
    }
    free(stack);
    free(part);
    return 0;
}

void ss_alias_free(struct ss_alias *alias)
{
    free(alias->slot);
    *alias = (struct ss_alias){0};
}
