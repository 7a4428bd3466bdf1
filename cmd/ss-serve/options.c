#include "cmd/ss-serve/options.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "io/property.h"
#include <argp.h>
#include <string.h>

enum {
    OPT_CERT = 0x100,
    OPT_KEY,
    OPT_PIPELINE,
    OPT_STATE,
    OPT_STATE_EVERY,
    OPT_WARM,
    OPT_DURABILITY,
    OPT_READERS,
    OPT_ALLOW_ORIGIN,
    OPT_LOG_REQUESTS,
    OPT_SECRET,
    OPT_OIDC,
    OPT_MAX_RECORD,
    OPT_STREAM,
    OPT_PROXY,
    OPT_PRUNE,
    OPT_POLL,
    OPT_HTTP2,
    OPT_GRACE,
    OPT_TIMEOUT,
    OPT_LOG,
    OPT_PAN,
    OPT_PAN_KEY,
    OPT_UI
};

static const struct argp_option options[] = {
    {"listen", 'l', "ADDRESS", 0, "HOST:PORT or unix:PATH (127.0.0.1:8080)", 0},
    {"cert", OPT_CERT, "FILE", 0, "TLS with this certificate chain (PEM)", 0},
    {"key", OPT_KEY, "FILE", 0, "and its key", 0},
    {"http2", OPT_HTTP2, 0, 0, "Offer HTTP/2 beside HTTP/1.1 over TLS", 0},
    {"pipeline", OPT_PIPELINE, "STAGES", 0,
     "Run payments through 'features | score -m fraud.ssm | rules -r payments.rules | alert ...'", 0},
    {"input", 'i', "URI", 0, "The live stream (standard input, where that is a pipe or a file)", 0},
    {"stream", OPT_STREAM, "URI", 0,
     "Hand payments of POST /api/v1/payments/stream on to kafka://HOST:PORT/TOPIC", 0},
    {NULL, 'X', "NAME=VALUE", 0, "A setting of Kafka's client", 0},
    {"state", OPT_STATE, "FILE", 0, "Keep the pipeline's memory there", 0},
    {"state-every", OPT_STATE_EVERY, "TIME", 0, "and write it as often as this (1m)", 0},
    {"warm", OPT_WARM, "TIME", 0, "Without a state, pass this much of the store's newest history again (30d)",
     0},
    {"durability", OPT_DURABILITY, "WORD", 0,
     "full: what is answered survives a power cut; normal: a crash of the program (full)", 0},
    {"ui", OPT_UI, "DIR", 0, "The dashboard from these files instead of its own: for those who design", 0},
    {"prune-every", OPT_PRUNE, "TIME", 0, "Delete what the settings keep no longer, this often (1h)", 0},
    {"readers", OPT_READERS, "N", 0, "Threads for long queries (2)", 0},
    {"secret", OPT_SECRET, "FILE", 0, "The secret that signs sessions (STORE.secret; made when missing)", 0},
    {"oidc", OPT_OIDC, "FILE", 0, "Sign in with a provider of OpenID Connect", 0},
    {"allow-origin", OPT_ALLOW_ORIGIN, "ORIGIN", 0, "Let that site's pages read answers (CORS)", 0},
    {"trusted-proxy", OPT_PROXY, "CIDR", 0,
     "Believe the X-Forwarded-For of peers in this network (10.0.0.0/8, an address, unix); may be repeated",
     0},
    {"log-requests", OPT_LOG_REQUESTS, 0, 0, "A line on standard error for each request", 0},
    {"max-record", OPT_MAX_RECORD, "SIZE", 0, "Reject longer lines of the input (1M)", 0},
    {"pan", OPT_PAN, "MODE", 0, "Card numbers that come in: mask, hash (needs --pan-key) or keep (mask)", 0},
    {"pan-key", OPT_PAN_KEY, "FILE", 0, "Hash them with this key: a file of 16 to 256 bytes", 0},
    {"timeout", OPT_TIMEOUT, "TIME", 0, "Wait this long for a request to come whole (30s)", 0},
    {"grace", OPT_GRACE, "TIME", 0, "At the end, wait this long for what is under way (10s)", 0},
    {"poll", OPT_POLL, 0, OPTION_HIDDEN, "", 0},
    {"verbose", 'v', 0, 0, "Say more (twice: much more)", 0},
    {"quiet", 'q', 0, 0, "Say errors only", 0},
    {"log", OPT_LOG, "FORMAT", 0, "Messages as text or json", 0},
    {0},
};

static int64_t duration(struct argp_state *state, const char *option, const char *text)
{
    int64_t us;
    if (!ss_duration_parse(text, strlen(text), &us))
        argp_error(state, "%s takes a time such as 30s, 5m or 30d, not '%s'", option, text);
    return us;
}

static bool is_word(struct argp_state *state, const char *option, const char *text, const char *yes,
                    const char *no)
{
    bool is = strcmp(text, yes) == 0;
    if (!is && strcmp(text, no) != 0)
        argp_error(state, "%s takes %s or %s, not '%s'", option, no, yes, text);
    return is;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct ss_serve_options *o = state->input;
    int64_t n;
    switch (key) {
    case 'l': o->listen = arg; return 0;
    case OPT_CERT: o->cert = arg; return 0;
    case OPT_KEY: o->key = arg; return 0;
    case OPT_PIPELINE: o->pipeline = arg; return 0;
    case 'i': o->input = arg; return 0;
    case OPT_STREAM:
        if (strncmp(arg, "kafka:", 6) != 0)
            argp_error(state, "--stream takes kafka://HOST:PORT/TOPIC, not '%s'", arg);
        o->stream = arg;
        return 0;
    case 'X':
        if (ss_property_set(arg) < 0)
            argp_error(state, "-X: %s", ss_err_text());
        return 0;
    case OPT_STATE: o->state = arg; return 0;
    case OPT_STATE_EVERY: o->save_every_us = duration(state, "--state-every", arg); return 0;
    case OPT_PRUNE: o->prune_every_us = duration(state, "--prune-every", arg); return 0;
    case OPT_WARM: o->warm_us = duration(state, "--warm", arg); return 0;
    case OPT_TIMEOUT: o->timeout_us = duration(state, "--timeout", arg); return 0;
    case OPT_GRACE: o->grace_ms = (int)(duration(state, "--grace", arg) / 1000); return 0;
    case OPT_DURABILITY:
        o->durability = is_word(state, "--durability", arg, "normal", "full") ? SS_RELAXED : SS_DURABLE;
        return 0;
    case OPT_READERS:
        if (!ss_int_parse(arg, strlen(arg), &n) || n < 1 || n > 64)
            argp_error(state, "--readers takes 1 to 64, not '%s'", arg);
        o->readers = (int)n;
        return 0;
    case OPT_SECRET: o->secret = arg; return 0;
    case OPT_OIDC: o->oidc = arg; return 0;
    case OPT_ALLOW_ORIGIN: o->allow_origin = arg; return 0;
    case OPT_PROXY:
        if (ss_proxies_add(&o->proxies, arg))
            argp_error(state, "--trusted-proxy: %s", ss_err_text());
        return 0;
    case OPT_LOG_REQUESTS: o->log_requests = true; return 0;
    case OPT_POLL: o->poll = true; return 0;
    case OPT_HTTP2: o->http2 = true; return 0;
    case OPT_MAX_RECORD:
        if (!ss_size_parse(arg, &o->max_record) || o->max_record > (size_t)1 << 30)
            argp_error(state, "--max-record takes a size up to 1G, such as 64K or 1M, not '%s'", arg);
        return 0;
    case OPT_PAN: o->pan = arg; return 0;
    case OPT_PAN_KEY: o->pan_key = arg; return 0;
    case 'v': o->verbose++; return 0;
    case OPT_UI: o->ui = arg; return 0;
    case 'q': o->quiet = true; return 0;
    case OPT_LOG: o->log_json = is_word(state, "--log", arg, "json", "text"); return 0;
    case ARGP_KEY_ARG:
        if (o->store)
            argp_error(state, "one STORE is served, not '%s' as well", arg);
        o->store = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->store)
            argp_error(state, "a STORE is needed: a file, or postgresql://...");
        if (!o->cert != !o->key)
            argp_error(state, "--cert and --key belong together");
        if (o->state && !o->pipeline)
            argp_error(state, "--state is of a --pipeline");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

void ss_serve_parse(int argc, char **argv, struct ss_serve_options *o)
{
    static const struct argp argp = {
        options,
        parse,
        "STORE",
        "Serve payments, alerts, cases and a live feed over HTTP, from the STORE.\v"
        "Example:\n"
        "  ss-serve --pipeline 'features | score -m fraud.ssm | rules' fraud.db",
        NULL,
        NULL,
        NULL};
    *o = (struct ss_serve_options){
        .listen = "127.0.0.1:8080",
        .durability = SS_DURABLE,
        .warm_us = 30 * SS_DAY_US,
        .save_every_us = SS_MINUTE_US,
        .prune_every_us = SS_HOUR_US,
        .max_record = (size_t)1 << 20,
        .readers = 2,
        .grace_ms = 10000,
        .timeout_us = 30 * SS_SECOND_US,
    };
    argp_program_version = "ss-serve " SS_VERSION;
    argp_err_exit_status = 64;
    argp_parse(&argp, argc, argv, 0, NULL, o);
}
