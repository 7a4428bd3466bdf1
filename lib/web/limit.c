#include "web/limit.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/hash.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>

#define SETS 1024
#define WAYS 4

struct bucket {
    uint64_t key; /* 0: nobody's */
    double level; /* tries left, at */
    int64_t at_us;
};

struct ss_limit {
    double burst;
    int64_t refill_us;
    uint64_t seed; /* so that nobody can choose addresses that share a set */
    pthread_mutex_t lock;
    struct bucket bucket[SETS][WAYS];
};

int ss_limit_new(double burst, int64_t refill_us, struct ss_limit **out)
{
    struct ss_limit *limit = calloc(1, sizeof *limit);
    if (!limit)
        return ss_fail(SS_ENOMEM, "out of memory");
    limit->burst = burst;
    limit->refill_us = refill_us;
    ss_random_bytes(&limit->seed, sizeof limit->seed);
    pthread_mutex_init(&limit->lock, NULL);
    *out = limit;
    return 0;
}

void ss_limit_free(struct ss_limit *limit)
{
    if (!limit)
        return;
    pthread_mutex_destroy(&limit->lock);
    free(limit);
}

static uint64_t key_of(const struct ss_limit *limit, const char *address)
{
    struct in6_addr six;
    uint64_t key;
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (inet_pton(AF_INET6, address, &six) == 1 && memcmp(&six, mapped, sizeof mapped) != 0)
        key = ss_hash64_seed(&six, 8, limit->seed);
    else
        key = ss_hash64_seed(address, strlen(address), limit->seed);
    return key ? key : 1;
}

static double level_now(const struct ss_limit *limit, const struct bucket *b, int64_t now_us)
{
    if (b->key == 0)
        return limit->burst;
    double gained = now_us > b->at_us ? (double)(now_us - b->at_us) / (double)limit->refill_us : 0;
    return b->level + gained < limit->burst ? b->level + gained : limit->burst;
}

static struct bucket *bucket_of(struct ss_limit *limit, uint64_t key, int64_t now_us)
{
    struct bucket *set = limit->bucket[key % SETS], *fullest = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (level_now(limit, &set[i], now_us) > level_now(limit, fullest, now_us))
            fullest = &set[i];
    }
    *fullest = (struct bucket){key, limit->burst, now_us};
    return fullest;
}

static int use(struct ss_limit *limit, const char *address, int64_t now_us, double cost)
{
    int wait_s = 0;
    pthread_mutex_lock(&limit->lock);
    struct bucket *b = bucket_of(limit, key_of(limit, address), now_us);
    b->level = level_now(limit, b, now_us);
    b->at_us = now_us;
    if (b->level >= 1)
        b->level -= cost;
    else
        wait_s = (int)((1 - b->level) * (double)limit->refill_us / 1e6) + 1;
    pthread_mutex_unlock(&limit->lock);
    return wait_s;
}

int ss_limit_take(struct ss_limit *limit, const char *address, int64_t now_us)
{
    return use(limit, address, now_us, 1);
}

void ss_limit_give(struct ss_limit *limit, const char *address, int64_t now_us)
{
    pthread_mutex_lock(&limit->lock);
    struct bucket *b = bucket_of(limit, key_of(limit, address), now_us);
    b->level = level_now(limit, b, now_us) + 1;
    b->level = b->level < limit->burst ? b->level : limit->burst;
    b->at_us = now_us;
    pthread_mutex_unlock(&limit->lock);
}

int ss_limit_look(struct ss_limit *limit, const char *address, int64_t now_us)
{
    return use(limit, address, now_us, 0);
}
