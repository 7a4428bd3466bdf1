#include "model/logexp.h"
#include <float.h>
#include <stdint.h>
#include <string.h>

/* ln 2 in two parts: the high one has 20 zero bits at its end, so that k * high is exact. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW  0x1.a39ef35793c76p-33
#define LN2      0x1.62e42fefa39efp-1
#define SQRT2    0x1.6a09e667f3bcdp+0

static double scale(double x, int64_t k)
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double two_k;
    memcpy(&two_k, &bits, sizeof two_k);
    return x * two_k;
}

/* e^t for |t| <= ln(2)/2: the Taylor series, whose 14th term is below 4e-18. */
static double exp_small(double t)
{
    double sum = 1;
    for (int i = 14; i > 0; i--)
        sum = 1 + t / i * sum;
    return sum;
}

double ss_log_natural(double x)
{
    int64_t e = 0;
    if (x < DBL_MIN) { /* subnormal */
        x *= 0x1p54;
        e = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    e += (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > SQRT2) {
        m /= 2;
        e++;
    }
    double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    for (int i = 25; i > 1; i -= 2) /* 2 artanh(s), |s| <= 0.172 */
        sum = s2 * (1.0 / i + sum);
    return (double)e * LN2_HIGH + ((double)e * LN2_LOW + 2 * s * sum + 2 * s);
}

static int64_t nearest(double x)
{
    return (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
}

double ss_exp_natural(double x)
{
    if (!(x > -708))
        return 0;
    if (x > 709)
        return DBL_MAX;
    int64_t k = nearest(x / LN2);
    return scale(exp_small(x - (double)k * LN2_HIGH - (double)k * LN2_LOW), k);
}

double ss_exp_two(double x)
{
    if (!(x > -1022))
        return 0;
    if (x > 1023)
        return DBL_MAX;
    int64_t k = nearest(x);
    return scale(exp_small((x - (double)k) * LN2), k);
}

double ss_logistic(double x)
{
    double e = ss_exp_natural(x < 0 ? x : -x);
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}
