#include "gen/place.h"

const struct ss_place ss_places[] = {
    {"New York, NY", "US", "USD", 407128, -740060, -5, 90, 100},
    {"Los Angeles, CA", "US", "USD", 340522, -1182437, -8, 60, 100},
    {"Chicago, IL", "US", "USD", 418781, -876298, -6, 45, 100},
    {"Houston, TX", "US", "USD", 297604, -953698, -6, 40, 100},
    {"Phoenix, AZ", "US", "USD", 334484, -1120740, -7, 28, 100},
    {"Atlanta, GA", "US", "USD", 337490, -843880, -5, 28, 100},
    {"Miami, FL", "US", "USD", 257617, -801918, -5, 28, 100},
    {"Seattle, WA", "US", "USD", 476062, -1223321, -8, 28, 100},
    {"Denver, CO", "US", "USD", 397392, -1049903, -7, 24, 100},
    {"Boston, MA", "US", "USD", 423601, -710589, -5, 28, 100},
    {"Toronto", "CA", "CAD", 436532, -793832, -5, 24, 136},
    {"Vancouver", "CA", "CAD", 492827, -1231207, -8, 12, 136},
    {"London", "GB", "GBP", 515072, -1276, 0, 60, 79},
    {"Manchester", "GB", "GBP", 534808, -22426, 0, 24, 79},
    {"Glasgow", "GB", "GBP", 558642, -42518, 0, 14, 79},
    {"Berlin", "DE", "EUR", 525200, 134050, 1, 34, 92},
    {"Hamburg", "DE", "EUR", 535511, 99937, 1, 20, 92},
    {"Munich", "DE", "EUR", 481351, 115820, 1, 22, 92},
    {"Cologne", "DE", "EUR", 509375, 69603, 1, 16, 92},
    {"Paris", "FR", "EUR", 488566, 23522, 1, 40, 92},
    {"Lyon", "FR", "EUR", 457640, 48357, 1, 16, 92},
    {"Madrid", "ES", "EUR", 404168, -37038, 1, 26, 92},
    {"Barcelona", "ES", "EUR", 413874, 21686, 1, 20, 92},
    {"Rome", "IT", "EUR", 419028, 124964, 1, 22, 92},
    {"Milan", "IT", "EUR", 454642, 91900, 1, 18, 92},
    {"Amsterdam", "NL", "EUR", 523676, 49041, 1, 18, 92},
    {"Vienna", "AT", "EUR", 482082, 163738, 1, 14, 92},
    {"Zurich", "CH", "CHF", 473769, 85417, 1, 10, 88},
    {"Dublin", "IE", "EUR", 533498, -62603, 0, 10, 92},
    {"Lisbon", "PT", "EUR", 387223, -91393, 0, 12, 92},
    {"Sydney", "AU", "AUD", -338688, 1512093, 10, 22, 150},
    {"Melbourne", "AU", "AUD", -378136, 1449631, 10, 18, 150},
    {"Singapore", "SG", "SGD", 13521, 1038198, 8, 12, 134},
    {"Istanbul", "TR", "TRY", 410082, 289784, 3, 0, 3200},
    {"Dubai", "AE", "AED", 252048, 552708, 4, 0, 367},
    {"Bangkok", "TH", "THB", 137563, 1005018, 7, 0, 3500},
    {"Tokyo", "JP", "JPY", 356764, 1396500, 9, 0, 15000},
    {"Mexico City", "MX", "MXN", 194326, -991332, -6, 0, 1700},
    {"Sao Paulo", "BR", "BRL", -235558, -466396, -3, 0, 500},
    {"Cape Town", "ZA", "ZAR", -339249, 184241, 2, 0, 1800},
};
const uint32_t ss_n_places = sizeof ss_places / sizeof ss_places[0];

const char *const ss_risk_places[SS_RISK_PLACES] = {
    "Unknown VPN",   "Proxy Server",       "TOR Exit Node", "International - High Risk",
    "Suspicious IP", "Known Fraud Region",
};

static uint64_t root(uint64_t v)
{
    uint64_t r = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
        if ((r + bit) * (r + bit) <= v)
            r += bit;
    return r;
}

/* cos of whole degrees in 1/1000, every tenth degree. */
static const int64_t cosine[10] = {1000, 985, 940, 866, 766, 643, 500, 342, 174, 0};

uint32_t ss_place_km(uint32_t a, uint32_t b)
{
    const struct ss_place *p = &ss_places[a], *q = &ss_places[b];
    int64_t mid = (p->lat + q->lat) / 2, lon = p->lon - q->lon;
    int64_t tens = (mid < 0 ? -mid : mid) / 100000;
    if (lon > 1800000)
        lon = 3600000 - lon;
    if (lon < -1800000)
        lon = -3600000 - lon;
    int64_t y = (p->lat - q->lat) * 111 / 1000, x = lon * cosine[tens] / 1000 * 111 / 1000; /* 1/10 km */
    return (uint32_t)(root((uint64_t)(x * x + y * y)) / 10);
}
