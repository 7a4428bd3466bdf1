#include "feature/window.h"
#include "base/time.h"
#include "feature/accumulate.h"
#include <string.h>

static void span_add(const struct ss_scope *sc, const struct ss_wset *set, const struct ss_span *span,
                     char *state, struct ss_memory *memory, char *event, uint32_t seq)
{
    for (uint16_t a = span->acc; a < span->acc + span->accs; a++)
        ss_acc_add(sc->group, &set->acc[a], state, memory, event, seq);
}

static void span_remove(const struct ss_scope *sc, const struct ss_wset *set, const struct ss_span *span,
                        char *state, char *event, uint32_t seq)
{
    for (uint16_t a = span->acc; a < span->acc + span->accs; a++)
        ss_acc_remove(sc->group, &set->acc[a], state, event, seq);
}

void ss_window_prefetch(const struct ss_group *group, const struct ss_wset *set, const struct ss_entity *ent,
                        const char *state, int64_t time_us)
{
    for (uint16_t h = 0; h < set->heads; h++) {
        const struct ss_state_head *hs = (const struct ss_state_head *)(state + set->head[h].off);
        if (hs->next_us <= time_us - set->head[h].delay_us)
            __builtin_prefetch(ss_log_event(ent, group->stride, hs->pos));
    }
    for (uint16_t s = 0; s < set->spans; s++) {
        const struct ss_state_span *ss = (const struct ss_state_span *)(state + set->span[s].off);
        if (ss->tail_us <= time_us - set->head[set->span[s].head].delay_us - set->span[s].window_us) {
            __builtin_prefetch(ss_log_event(ent, group->stride, ss->tail));
            __builtin_prefetch(ss_log_event(ent, group->stride, ss->tail + 1));
        }
    }
}

void ss_window_prefetch_sides(const struct ss_wset *set, const char *state)
{
    for (uint16_t a = 0; a < set->accs && set->sides; a++) {
        if (!ss_acc_has_side(&set->acc[a]))
            continue;
        const struct ss_side *side = (const struct ss_side *)(state + set->acc[a].off);
        __builtin_prefetch(side->mem);
        for (uint32_t at = 64; set->acc[a].kind == SS_ACC_SEEN && at < side->n * 8; at += 64)
            __builtin_prefetch((const char *)side->mem + at);
    }
}

int64_t ss_window_low(uint8_t over, int64_t window_us, int64_t delay_us, int64_t time_us)
{
    int64_t hi = time_us - delay_us, day;
    if (over == SS_OVER_SLIDING)
        return hi - window_us;
    if (over == SS_OVER_EVER)
        return INT64_MIN;
    day = ss_floor_div(hi, SS_DAY_US);
    if (over == SS_OVER_WEEK)
        day -= ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; weeks start on Monday */
    if (over == SS_OVER_MONTH) {
        struct ss_civil c;
        ss_time_to_civil(hi, &c);
        day -= c.day - 1;
    }
    return day * SS_DAY_US - 1;
}

static inline int64_t low_of(const struct ss_wset *set, const struct ss_span *span, int64_t time_us)
{
    if (SS_LIKELY(span->over == SS_OVER_SLIDING))
        return time_us - set->head[span->head].delay_us - span->window_us;
    return ss_window_low(span->over, span->window_us, set->head[span->head].delay_us, time_us);
}

void ss_window_init(const struct ss_scope *sc, const struct ss_wset *set, char *state)
{
    for (uint16_t h = 0; h < set->heads; h++)
        *(struct ss_state_head *)(state + set->head[h].off) =
            (struct ss_state_head){.next_us = INT64_MAX, .pos = ss_log_end(sc->ent)};
    for (uint16_t s = 0; s < set->spans; s++)
        *(struct ss_state_span *)(state + set->span[s].off) =
            (struct ss_state_span){.tail_us = INT64_MAX, .tail = ss_log_end(sc->ent)};
    for (uint16_t a = 0; a < set->accs; a++) {
        void *st = state + set->acc[a].off;
        switch ((enum ss_acc_kind)set->acc[a].kind) {
        case SS_ACC_COUNT: *(struct ss_state_count *)st = (struct ss_state_count){0}; break;
        case SS_ACC_SUM: *(struct ss_state_sum *)st = (struct ss_state_sum){0}; break;
        case SS_ACC_SQUARES: *(struct ss_state_squares *)st = (struct ss_state_squares){0}; break;
        case SS_ACC_LAST:
            *(struct ss_state_last *)st = (struct ss_state_last){INT64_MIN, 0, INT64_MIN, 0};
            break;
        default: ss_side_clear(st, ss_acc_side(&set->acc[a])); break;
        }
    }
}

static int64_t time_at(const struct ss_scope *sc, uint32_t seq, uint32_t end)
{
    return seq == end ? INT64_MAX : ss_event_time(ss_log_event(sc->ent, sc->group->stride, seq));
}

void ss_window_fill(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                    struct ss_memory *memory, int64_t time_us)
{
    uint32_t stride = sc->group->stride;
    ss_window_init(sc, set, state);
    for (uint16_t h = 0; h < set->heads; h++) {
        const struct ss_head *head = &set->head[h];
        struct ss_state_head *hs = (struct ss_state_head *)(state + head->off);
        hs->pos = ss_log_after(sc->ent, stride, time_us - head->delay_us);
        hs->next_us = time_at(sc, hs->pos, ss_log_end(sc->ent));
        for (uint16_t s = head->span; s < head->span + head->spans; s++) {
            struct ss_state_span *ss = (struct ss_state_span *)(state + set->span[s].off);
            ss->tail = ss_log_after(sc->ent, stride, low_of(set, &set->span[s], time_us));
            ss->tail_us = time_at(sc, ss->tail, hs->pos);
            for (uint32_t seq = ss->tail; seq != hs->pos; seq++)
                span_add(sc, set, &set->span[s], state, memory, ss_log_event(sc->ent, stride, seq), seq);
        }
    }
}

/* Finds extremes and last values anew, after events left at the wrong end or changed their label. */
static void settle(const struct ss_scope *sc, const struct ss_wset *set, const struct ss_span *span,
                   char *state, struct ss_memory *memory)
{
    struct ss_state_span *ss = (struct ss_state_span *)(state + span->off);
    uint32_t stride = sc->group->stride,
             pos = ((struct ss_state_head *)(state + set->head[span->head].off))->pos;
    ss->dirty = 0;
    for (uint16_t a = span->acc; a < span->acc + span->accs; a++) {
        const struct ss_acc *acc = &set->acc[a];
        if (acc->kind == SS_ACC_EXTREME) {
            ss_side_clear((struct ss_side *)(state + acc->off), SS_SIDE_EXTREME);
            for (uint32_t seq = ss->tail; seq != pos; seq++)
                ss_acc_add(sc->group, acc, state, memory, ss_log_event(sc->ent, stride, seq), seq);
        } else if (acc->kind == SS_ACC_LAST) {
            struct ss_state_last *last = (struct ss_state_last *)(state + acc->off);
            last->time_us = last->base_us;
            last->value = last->base_value;
            for (uint32_t seq = pos; seq != sc->ent->first; seq--) {
                char *event = ss_log_event(sc->ent, stride, seq - 1);
                if (ss_acc_fits(sc->group, acc, event) &&
                    ss_acc_column(sc->group, acc, event) != SS_VALUE_NULL) {
                    ss_acc_add(sc->group, acc, state, memory, event, seq - 1);
                    break;
                }
            }
        }
    }
}

static void seek_forward(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                         struct ss_memory *memory, int64_t time_us)
{
    uint32_t stride = sc->group->stride, end = ss_log_end(sc->ent);
    for (uint16_t h = 0; h < set->heads; h++) {
        const struct ss_head *head = &set->head[h];
        struct ss_state_head *hs = (struct ss_state_head *)(state + head->off);
        while (hs->next_us <= time_us - head->delay_us && hs->pos != end) {
            char *event = ss_log_event(sc->ent, stride, hs->pos);
            for (uint16_t s = head->span; s < head->span + head->spans; s++) {
                struct ss_state_span *ss = (struct ss_state_span *)(state + set->span[s].off);
                if (ss->tail == hs->pos)
                    ss->tail_us = hs->next_us;
                span_add(sc, set, &set->span[s], state, memory, event, hs->pos);
            }
            hs->pos++;
            hs->next_us = time_at(sc, hs->pos, end);
        }
        for (uint16_t s = head->span; s < head->span + head->spans; s++) {
            struct ss_state_span *ss = (struct ss_state_span *)(state + set->span[s].off);
            if (set->span[s].over == SS_OVER_EVER || ss->tail == hs->pos)
                continue;
            int64_t low = low_of(set, &set->span[s], time_us);
            while (ss->tail_us <= low) {
                span_remove(sc, set, &set->span[s], state, ss_log_event(sc->ent, stride, ss->tail), ss->tail);
                ss->tail++;
                ss->tail_us = time_at(sc, ss->tail, hs->pos);
            }
        }
    }
}

/* Tails go first: then all that a head gives up lies in its windows. */
static void seek_backward(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                          struct ss_memory *memory, int64_t time_us)
{
    uint32_t stride = sc->group->stride, first = sc->ent->first;
    for (uint16_t s = 0; s < set->spans; s++) {
        const struct ss_span *span = &set->span[s];
        struct ss_state_span *ss = (struct ss_state_span *)(state + span->off);
        ss->dirty = 1;
        if (span->over == SS_OVER_EVER)
            continue;
        int64_t low = low_of(set, span, time_us);
        while (ss->tail != first) {
            char *event = ss_log_event(sc->ent, stride, ss->tail - 1);
            if (ss_event_time(event) <= low)
                break;
            ss->tail--;
            ss->tail_us = ss_event_time(event);
            span_add(sc, set, span, state, memory, event, ss->tail);
        }
    }
    for (uint16_t h = 0; h < set->heads; h++) {
        const struct ss_head *head = &set->head[h];
        struct ss_state_head *hs = (struct ss_state_head *)(state + head->off);
        while (hs->pos != first) {
            char *event = ss_log_event(sc->ent, stride, hs->pos - 1);
            if (ss_event_time(event) <= time_us - head->delay_us)
                break;
            hs->pos--;
            hs->next_us = ss_event_time(event);
            for (uint16_t s = head->span; s < head->span + head->spans; s++) {
                struct ss_state_span *ss = (struct ss_state_span *)(state + set->span[s].off);
                span_remove(sc, set, &set->span[s], state, event, hs->pos);
                if (ss->tail == hs->pos)
                    ss->tail_us = INT64_MAX;
            }
        }
    }
}

void ss_window_seek(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                    struct ss_memory *memory, int64_t time_us)
{
    if (SS_LIKELY(time_us >= sc->ent->at_us))
        seek_forward(sc, set, state, memory, time_us);
    else
        seek_backward(sc, set, state, memory, time_us);
    if (!set->label && SS_LIKELY(time_us >= sc->ent->at_us))
        return;
    for (uint16_t s = 0; s < set->spans; s++)
        if (((struct ss_state_span *)(state + set->span[s].off))->dirty)
            settle(sc, set, &set->span[s], state, memory);
}

void ss_window_enter(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                     struct ss_memory *memory, uint32_t seq)
{
    char *event = ss_log_event(sc->ent, sc->group->stride, seq);
    for (uint16_t h = 0; h < set->heads; h++) {
        const struct ss_head *head = &set->head[h];
        struct ss_state_head *hs = (struct ss_state_head *)(state + head->off);
        if (hs->pos != seq)
            continue;
        if (head->delay_us) {
            hs->next_us = ss_event_time(event);
            continue;
        }
        for (uint16_t s = head->span; s < head->span + head->spans; s++) {
            struct ss_state_span *ss = (struct ss_state_span *)(state + set->span[s].off);
            if (ss->tail == seq)
                ss->tail_us = ss_event_time(event);
            span_add(sc, set, &set->span[s], state, memory, event, seq);
        }
        hs->pos++; /* next_us stays: the event that was next has moved on by one as well */
    }
}

void ss_window_leave(const struct ss_scope *sc, const struct ss_wset *set, char *state)
{
    if (!set->lasts)
        return;
    char *event = ss_log_event(sc->ent, sc->group->stride, sc->ent->first);
    for (uint16_t a = 0; a < set->accs; a++) {
        const struct ss_acc *acc = &set->acc[a];
        if (acc->kind != SS_ACC_LAST || !ss_acc_fits(sc->group, acc, event))
            continue;
        int64_t v = ss_acc_column(sc->group, acc, event);
        struct ss_state_last *last = (struct ss_state_last *)(state + acc->off);
        if (v != SS_VALUE_NULL) {
            last->base_us = ss_event_time(event);
            last->base_value = v;
        }
    }
}

void ss_window_expel(const struct ss_scope *sc, const struct ss_wset *set, char *state)
{
    uint32_t seq = sc->ent->first, end = ss_log_end(sc->ent);
    char *event = ss_log_event(sc->ent, sc->group->stride, seq);
    for (uint16_t h = 0; h < set->heads; h++) {
        const struct ss_head *head = &set->head[h];
        struct ss_state_head *hs = (struct ss_state_head *)(state + head->off);
        bool entered = hs->pos != seq;
        if (!entered) { /* before its time */
            hs->pos++;
            hs->next_us = time_at(sc, hs->pos, end);
        }
        for (uint16_t s = head->span; s < head->span + head->spans; s++) {
            const struct ss_span *span = &set->span[s];
            struct ss_state_span *ss = (struct ss_state_span *)(state + span->off);
            if (span->over == SS_OVER_EVER || ss->tail != seq)
                continue;
            if (entered)
                span_remove(sc, set, span, state, event, seq);
            ss->tail++;
            ss->tail_us = time_at(sc, ss->tail, hs->pos);
        }
    }
    ss_window_leave(sc, set, state);
}

/* What a loan keeps; 0: the event is taken out again instead. */
static size_t lent_bytes(const struct ss_acc *acc)
{
    switch ((enum ss_acc_kind)acc->kind) {
    case SS_ACC_COUNT: return sizeof(struct ss_state_count);
    case SS_ACC_SUM: return sizeof(struct ss_state_sum);
    case SS_ACC_SQUARES: return sizeof(struct ss_state_squares);
    case SS_ACC_LAST: return sizeof(struct ss_state_last);
    case SS_ACC_EXTREME: return sizeof(struct ss_side);
    default: return 0;
    }
}

_Static_assert(sizeof(struct ss_state_squares) <= sizeof((struct ss_window_loan){0}.state), "fits a loan");

void ss_window_lend(const struct ss_group *group, const struct ss_acc *acc, char *state,
                    struct ss_memory *memory, char *event, struct ss_window_loan *loan)
{
    memcpy(loan->state, state + acc->off, lent_bytes(acc));
    if (acc->kind != SS_ACC_EXTREME)
        ss_acc_add(group, acc, state, memory, event, 0);
    else if (ss_acc_fits(group, acc, event) && ss_acc_column(group, acc, event) != SS_VALUE_NULL)
        ss_extreme_stand_in((struct ss_side *)(state + acc->off), loan->place,
                            ss_acc_column(group, acc, event), acc->sign);
}

void ss_window_take_back(const struct ss_group *group, const struct ss_acc *acc, char *state, char *event,
                         const struct ss_window_loan *loan)
{
    if (lent_bytes(acc))
        memcpy(state + acc->off, loan->state, lent_bytes(acc));
    else
        ss_acc_remove(group, acc, state, event, 0);
}

static void relabel_set(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                        struct ss_memory *memory, uint32_t seq, bool remove)
{
    char *event = ss_log_event(sc->ent, sc->group->stride, seq);
    for (uint16_t s = 0; s < set->spans; s++) {
        const struct ss_span *span = &set->span[s];
        struct ss_state_span *ss = (struct ss_state_span *)(state + span->off);
        uint32_t pos = ((struct ss_state_head *)(state + set->head[span->head].off))->pos;
        uint32_t tail = span->over == SS_OVER_EVER ? sc->ent->first : ss->tail;
        if (seq - tail >= pos - tail)
            continue;
        for (uint16_t a = span->acc; a < span->acc + span->accs; a++) {
            const struct ss_acc *acc = &set->acc[a];
            if (acc->col != SS_COL_LABEL && acc->labels == 7)
                continue;
            if (acc->kind == SS_ACC_EXTREME || acc->kind == SS_ACC_LAST)
                ss->dirty = 1;
            else if (remove)
                ss_acc_remove(sc->group, acc, state, event, seq);
            else
                ss_acc_add(sc->group, acc, state, memory, event, seq);
        }
    }
}

void ss_window_relabel(const struct ss_scope *sc, uint32_t seq, int8_t label)
{
    struct ss_event_meta *meta = ss_event_meta(sc->group, ss_log_event(sc->ent, sc->group->stride, seq));
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            meta->label = label;
        if (sc->life)
            relabel_set(sc, &sc->group->life, sc->life, sc->memory, seq, pass == 0);
        if (sc->win)
            relabel_set(sc, &sc->group->win, sc->win, sc->win_memory, seq, pass == 0);
    }
}

void ss_window_free(const struct ss_wset *set, char *state, struct ss_memory *memory)
{
    for (uint16_t a = 0; a < set->accs; a++)
        if (ss_acc_has_side(&set->acc[a]))
            ss_side_free((struct ss_side *)(state + set->acc[a].off), memory, ss_acc_side(&set->acc[a]));
}
