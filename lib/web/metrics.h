/*
 * How the server does: counted by its loop, told by GET /api/v1/health, /api/v1/metrics (JSON), /metrics
 * (Prometheus text) and the live topic "metrics". The loop's thread only; what other threads know is copied
 * into the facts about once a second.
 */
#ifndef SS_WEB_METRICS_H
#define SS_WEB_METRICS_H

#include "base/histogram.h"
#include "web/hub.h"
#include "web/web.h"

struct ss_facts {
    /* Sockets. */
    int connections, feeds, under_way;
    uint64_t accepted, refused;
    /* Queues, and how many may wait in them. */
    int writer_waiting, writer_limit, readers_waiting, readers_limit;
    /* The writer. */
    uint64_t payments, lines, rejected, writes, tries, commits, failed_commits;
    struct ss_histogram lines_us; /* how long the pipeline took over lines, each until it was durable */
    uint64_t lines_us_sum;
    bool store_fine;
    char store_fault[256];
    struct ss_histogram commit_ns, batch;
    uint64_t commit_ns_sum;
    int64_t store_bytes; /* -1: not known */
    /* The live input. */
    bool input_there, input_ended;
    char input_fault[256];
    /* The stream that payments are handed on to. */
    bool stream_there, stream_up;
    char stream_fault[256];
    uint64_t streamed;
    int stream_waiting;
    struct ss_hub_counts hub;
};

struct ss_metrics;

int ss_metrics_new(struct ss_metrics **metrics) SS_MUST_CHECK;
void ss_metrics_free(struct ss_metrics *metrics); /* accepts NULL */

/* An answer leaves, `us` after its request was whole. */
void ss_metrics_count(struct ss_metrics *metrics, const struct ss_call *call, int64_t us);
/* To be filled, and then */
struct ss_facts *ss_metrics_facts(struct ss_metrics *metrics);
/* to be looked at: rates are worked out from what changed. */
void ss_metrics_tick(struct ss_metrics *metrics, int64_t mono_ns);
/* What listeners are told: one JSON object. */
void ss_metrics_live(const struct ss_metrics *metrics, struct ss_buf *to);

extern const struct ss_route ss_routes_metrics[];

#endif
