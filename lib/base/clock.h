/* The machine's clocks. Only latency measurements, ss-ingest's date limits, ss-pace, a paced ss-gen and the
 * delivery of alerts may look at them, a reload that watches files, and the store and the server for what
 * people do (deadlines, sessions, the audit log). */
#ifndef SS_BASE_CLOCK_H
#define SS_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline int64_t ss_clock_mono_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static inline int64_t ss_clock_wall_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Waits until the monotonic clock shows `mono_ns`, the last stretch awake, since a timer comes some 50 us
 * late. False when a signal came first. */
static inline bool ss_clock_wait_until(int64_t mono_ns)
{
    const int64_t awake_ns = 60000;
    int64_t to = mono_ns - awake_ns;
    struct timespec ts = {.tv_sec = to / 1000000000, .tv_nsec = to % 1000000000};
    if (to > ss_clock_mono_ns() && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0)
        return false;
    while (ss_clock_mono_ns() < mono_ns)
        continue;
    return true;
}

#endif
