/*
 * The pipeline that a server hosts, as the API sees it. Implemented in cmd/ss-serve over cli/host.h, and by
 * tests. The desk's thread only.
 */
#ifndef SS_WEB_ENGINE_H
#define SS_WEB_ENGINE_H

#include "base/buf.h"
#include "record/record.h"

struct ss_verdict {
    const struct ss_record *rec; /* valid until the next call; NULL where rejected or dropped */
    const char *reason;          /* why it was rejected */
    struct ss_str line;          /* the record as it leaves, without the newline */
};

struct ss_engine;

struct ss_engine_ops {
    /* Payments that happen: state moves on. n is at most SS_BATCH_MAX. */
    int (*run)(struct ss_engine *engine, const struct ss_str *text, size_t n, struct ss_verdict *out);
    /* Payments that might: each against the same live state, which stays as it is. */
    int (*attempt)(struct ss_engine *engine, const struct ss_str *text, size_t n, struct ss_verdict *out);
    /* {"pipeline":..,"features":..,"model":..,"rules":..,"healthy":bool,..} appended: any thread. */
    void (*describe)(struct ss_engine *engine, struct ss_buf *to);
    /* What is known of the model that scores, one object appended (models.c says its members): any thread.
     * NULL, or nothing appended: there is no scoring. */
    void (*model)(struct ss_engine *engine, struct ss_buf *to);
    /* Reads model, rules and lists again. */
    int (*reload)(struct ss_engine *engine);
};

struct ss_engine {
    const struct ss_engine_ops *ops;
    const struct ss_schema *schema; /* for slots */
};

#endif
