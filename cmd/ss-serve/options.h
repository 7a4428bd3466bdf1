/* The command line of ss-serve. */
#ifndef SS_SERVE_OPTIONS_H
#define SS_SERVE_OPTIONS_H

#include "store/db.h"
#include "web/proxy.h"
#include <stddef.h>

struct ss_serve_options {
    const char *store, *listen, *cert, *key, *allow_origin, *ui;
    const char *pipeline, *state, *input, *stream, *secret, *oidc, *pan, *pan_key;
    struct ss_proxies proxies;
    enum ss_durability durability;
    int64_t warm_us, save_every_us, prune_every_us, timeout_us;
    size_t max_record;
    int readers, grace_ms;
    bool log_requests, http2, poll, quiet, log_json;
    int verbose;
};

/* Parses, or exits with 64. */
void ss_serve_parse(int argc, char **argv, struct ss_serve_options *options);

#endif
