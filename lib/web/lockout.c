#include "web/lockout.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include <pthread.h>
#include <stdlib.h>

#define SETS 1024
#define WAYS 4

int64_t ss_lockout_until(int64_t failures, int64_t after, int64_t minutes, int64_t now_us)
{
    if (failures < after)
        return 0;
    int64_t times = failures - after, span = minutes * SS_MINUTE_US;
    for (; times > 0 && span < SS_DAY_US; times--)
        span *= 2;
    return now_us + (span < SS_DAY_US ? span : SS_DAY_US);
}

struct stranger {
    uint64_t key; /* 0: nobody */
    int64_t failures, until_us, at_us;
};

struct ss_strangers {
    uint64_t seed;
    pthread_mutex_t lock;
    struct stranger at[SETS][WAYS];
};

int ss_strangers_new(struct ss_strangers **out)
{
    struct ss_strangers *s = calloc(1, sizeof *s);
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory");
    ss_random_bytes(&s->seed, sizeof s->seed);
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return 0;
}

void ss_strangers_free(struct ss_strangers *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* The name's place, or the one of who failed longest ago. */
static struct stranger *place_of(struct ss_strangers *s, uint64_t key)
{
    struct stranger *set = s->at[key % SETS], *oldest = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].at_us < oldest->at_us)
            oldest = &set[i];
    }
    return oldest;
}

static uint64_t key_of(const struct ss_strangers *s, struct ss_str name)
{
    uint64_t key = ss_hash64_seed(name.p, name.n, s->seed);
    return key ? key : 1;
}

int64_t ss_strangers_look(struct ss_strangers *s, struct ss_str name, int64_t now_us)
{
    uint64_t key = key_of(s, name);
    pthread_mutex_lock(&s->lock);
    const struct stranger *p = place_of(s, key);
    int64_t until = p->key == key && p->until_us > now_us ? p->until_us : 0;
    pthread_mutex_unlock(&s->lock);
    return until;
}

int64_t ss_strangers_fail(struct ss_strangers *s, struct ss_str name, int64_t after, int64_t minutes,
                          int64_t now_us)
{
    uint64_t key = key_of(s, name);
    pthread_mutex_lock(&s->lock);
    struct stranger *p = place_of(s, key);
    if (p->key != key)
        *p = (struct stranger){.key = key};
    p->failures++;
    p->at_us = now_us;
    int64_t until = p->until_us = ss_lockout_until(p->failures, after, minutes, now_us);
    pthread_mutex_unlock(&s->lock);
    return until;
}
