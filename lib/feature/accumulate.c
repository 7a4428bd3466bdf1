#include "feature/accumulate.h"

enum ss_side_kind ss_acc_side(const struct ss_acc *acc)
{
    switch ((enum ss_acc_kind)acc->kind) {
    case SS_ACC_EXTREME: return SS_SIDE_EXTREME;
    case SS_ACC_DISTINCT: return SS_SIDE_DISTINCT;
    case SS_ACC_ORDER: return SS_SIDE_ORDER;
    default: return SS_SIDE_SEEN;
    }
}

void ss_acc_add_slow(const struct ss_group *group, const struct ss_acc *acc, char *state,
                     struct ss_memory *memory, char *event, uint32_t seq)
{
    void *st = state + acc->off;
    if (!ss_acc_fits(group, acc, event))
        return;
    if (acc->kind == SS_ACC_COUNT) {
        ((struct ss_state_count *)st)->n++;
        return;
    }
    int64_t v = ss_acc_column(group, acc, event);
    if (acc->kind == SS_ACC_DISTINCT) {
        if (v)
            ss_distinct_add(st, memory, (uint64_t)v);
        return;
    }
    if (v == SS_VALUE_NULL)
        return;
    switch ((enum ss_acc_kind)acc->kind) {
    case SS_ACC_SUM: {
        struct ss_state_sum *s = st;
        s->sum += v;
        s->n++;
        break;
    }
    case SS_ACC_SQUARES: {
        struct ss_state_squares *s = st;
        s->sum += v;
        s->squares = (__int128)((unsigned __int128)s->squares + (unsigned __int128)((__int128)v * v));
        s->n++;
        break;
    }
    case SS_ACC_EXTREME: ss_extreme_add(st, memory, v, seq, acc->sign); break;
    case SS_ACC_ORDER: ss_order_add(st, memory, v); break;
    case SS_ACC_LAST: {
        struct ss_state_last *s = st;
        s->time_us = ss_event_time(event);
        s->value = v;
        break;
    }
    default: break;
    }
}

void ss_acc_remove_slow(const struct ss_group *group, const struct ss_acc *acc, char *state, char *event,
                        uint32_t seq)
{
    void *st = state + acc->off;
    if (!ss_acc_fits(group, acc, event))
        return;
    if (acc->kind == SS_ACC_COUNT) {
        ((struct ss_state_count *)st)->n--;
        return;
    }
    int64_t v = ss_acc_column(group, acc, event);
    if (acc->kind == SS_ACC_DISTINCT) {
        if (v)
            ss_distinct_remove(st, (uint64_t)v);
        return;
    }
    if (v == SS_VALUE_NULL)
        return;
    switch ((enum ss_acc_kind)acc->kind) {
    case SS_ACC_SUM: {
        struct ss_state_sum *s = st;
        s->sum -= v;
        s->n--;
        break;
    }
    case SS_ACC_SQUARES: {
        struct ss_state_squares *s = st;
        s->sum -= v;
        s->squares = (__int128)((unsigned __int128)s->squares - (unsigned __int128)((__int128)v * v));
        s->n--;
        break;
    }
    case SS_ACC_EXTREME: ss_extreme_remove(st, seq); break;
    case SS_ACC_ORDER: ss_order_remove(st, v); break;
    default: break; /* last values do not leave: their age is looked at when they are read */
    }
}
