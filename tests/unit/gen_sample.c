#include "gen/sample.h"
#include "tests/tap.h"
#include <math.h>

static void alias(void)
{
    static const uint32_t weight[5] = {10, 0, 30, 60, 1};
    double seen[5] = {0};
    struct ss_alias a;
    struct ss_rng rng;
    ss_rng_seed(&rng, 1);
    if (!ok(ss_alias_init(&a, weight, 5) == 0, "weights make a table"))
        return;
    for (int i = 0; i < 200000; i++)
        seen[ss_alias_pick(&a, &rng)]++;
    ss_alias_free(&a);
    bool near = true;
    for (int i = 0; i < 5; i++)
        near &= fabs(seen[i] / 200000 - weight[i] / 101.0) < 0.005;
    ok(near, "picks come as often as their weights say");
    ok(seen[1] == 0, "weight 0 is never picked");
}

static void distributions(void)
{
    struct ss_rng rng;
    double sum = 0, squares = 0, exponential = 0, beyond = 0;
    int n = 200000;
    ss_rng_seed(&rng, 2);
    for (int i = 0; i < n; i++) {
        double z = ss_sample_normal(&rng) / 1024.0;
        int64_t e = ss_sample_exponential(&rng, 1000000);
        sum += z;
        squares += z * z;
        exponential += (double)e;
        beyond += e > 2000000;
    }
    ok(fabs(sum / n) < 0.01 && fabs(squares / n - 1) < 0.02,
       "the normal has mean 0 and deviation 1 (%.4f %.4f)", sum / n, squares / n);
    ok(fabs(exponential / n - 1e6) < 1e4, "the exponential has its mean (%.0f)", exponential / n);
    ok(fabs(beyond / n - exp(-2)) < 0.005, "and its tail (%.4f)", beyond / n);
}

static void logarithms(void)
{
    double worst = 0;
    for (uint32_t v = 1; v < 5000000; v = v * 5 / 4 + 1) {
        double back = (double)ss_sample_exp2(ss_sample_log2(v)) / 65536;
        worst = fmax(worst, fabs(back / v - 1));
    }
    ok(worst < 0.0005, "exp2 undoes log2 (worst relative error %.6f)", worst);
    ok(ss_sample_exp2(0) == 65536 && ss_sample_exp2(10240) == 65536u << 10 && ss_sample_exp2(-1024) == 32768,
       "powers of two are exact");
}

int main(void)
{
    ss_sample_init();
    alias();
    distributions();
    logarithms();
    return done();
}
