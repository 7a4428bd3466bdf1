#include "feature/log.h"
#include <string.h>

#define CAP_LOG2_MIN 1
#define CAP_LOG2_MAX 30

bool ss_log_resize(struct ss_entity *ent, struct ss_memory *memory, uint32_t stride, unsigned cap_log2)
{
    if (cap_log2 > CAP_LOG2_MAX)
        return false;
    char *log = ss_memory_take(memory, (size_t)stride << cap_log2);
    if (!log)
        return false;
    struct ss_entity to = *ent;
    to.log = log;
    to.cap_log2 = (uint8_t)cap_log2;
    for (uint32_t i = 0; i < ent->n; i++)
        memcpy(ss_log_event(&to, stride, ent->first + i), ss_log_event(ent, stride, ent->first + i), stride);
    if (ent->log)
        ss_memory_give(memory, ent->log, (size_t)stride << ent->cap_log2);
    *ent = to;
    return true;
}

char *ss_log_insert(struct ss_entity *ent, struct ss_memory *memory, uint32_t stride, uint32_t seq)
{
    if (!ent->log) {
        if (!ss_log_resize(ent, memory, stride, CAP_LOG2_MIN))
            return NULL;
    } else if (ent->n == (uint32_t)1 << ent->cap_log2) {
        if (!ss_log_resize(ent, memory, stride, ent->cap_log2 + 1u))
            return NULL;
    } else if (ent->cap_log2 > 4 && ent->n < (uint32_t)1 << (ent->cap_log2 - 2)) {
        /* Quarter full: half the ring is given back. A refusal costs memory, not correctness. */
        (void)ss_log_resize(ent, memory, stride, ent->cap_log2 - 1u);
    }
    for (uint32_t at = ss_log_end(ent); at != seq; at--)
        memcpy(ss_log_event(ent, stride, at), ss_log_event(ent, stride, at - 1), stride);
    ent->n++;
    return ss_log_event(ent, stride, seq);
}

void ss_log_free(struct ss_entity *ent, struct ss_memory *memory, uint32_t stride)
{
    if (ent->log)
        ss_memory_give(memory, ent->log, (size_t)stride << ent->cap_log2);
    ent->log = NULL;
    ent->first += ent->n;
    ent->n = 0;
}
