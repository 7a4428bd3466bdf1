#include "cli/options.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "io/property.h"
#include <string.h>

enum {
    OPT_REJECTS = 0x100,
    OPT_STATE,
    OPT_STATS,
    OPT_METRICS,
    OPT_PROGRESS,
    OPT_STRICT,
    OPT_MAX_RECORD,
    OPT_LOG,
    OPT_REBUILD,
    OPT_SNAPSHOT
};

static const struct argp_option options[] = {
    {"input", 'i', "URI", 0,
     "Read from URI: -, a path, or kafka://HOST:PORT/TOPIC (may be repeated; as FILE)", 0},
    {"output", 'o', "URI", 0, "Write to URI instead of standard output", 0},
    {"rejects", OPT_REJECTS, "URI", 0, "Write each rejected record there, with reason and position", 0},
    {"state", OPT_STATE, "PATH", 0,
     "Go on from the state in PATH, and keep it there at the end; with a topic a directory, kept all along",
     0},
    {"snapshot-every", OPT_SNAPSHOT, "D", 0, "With a topic: how often the state is written (1m)", 0},
    {"rebuild", OPT_REBUILD, "D", 0,
     "With a topic: read so much again where there is no state (as far back as it reaches)", 0},
    {"stats", OPT_STATS, "FILE", OPTION_ARG_OPTIONAL,
     "Print counts, rate and latency as one JSON line at the end", 0},
    {"metrics", OPT_METRICS, "FILE", 0, "Keep figures in FILE while running, as Prometheus text", 0},
    {"progress", OPT_PROGRESS, 0, 0, "Show progress on standard error when that is a terminal", 0},
    {"strict", OPT_STRICT, 0, 0, "Exit with 1 when a record was rejected", 0},
    {"max-record", OPT_MAX_RECORD, "SIZE", 0, "Reject longer records (1M)", 0},
    {0, 'X', "NAME=VALUE", 0, "Set a property of Kafka's client; VALUE may be @FILE or $VARIABLE", 0},
    {"verbose", 'v', 0, 0, "Say more (twice: much more)", 0},
    {"quiet", 'q', 0, 0, "Say errors only", 0},
    {"log", OPT_LOG, "FORMAT", 0, "Messages as text or json", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct ss_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: o->rebuild_us = -1; break;
    case 'i':
    case ARGP_KEY_ARG:
        if (o->n_inputs == SS_INPUTS_MAX)
            argp_error(state, "more than %d inputs", SS_INPUTS_MAX);
        o->inputs[o->n_inputs++] = arg;
        break;
    case 'o': o->output = arg; break;
    case OPT_REJECTS: o->rejects = arg; break;
    case OPT_STATE: o->state = arg; break;
    case OPT_SNAPSHOT:
        if (!ss_duration_parse(arg, strlen(arg), &o->snapshot_us))
            argp_error(state, "--snapshot-every takes a duration such as 30s, not '%s'", arg);
        break;
    case OPT_REBUILD:
        if (strcmp(arg, "0") == 0)
            o->rebuild_us = 0;
        else if (!ss_duration_parse(arg, strlen(arg), &o->rebuild_us))
            argp_error(state, "--rebuild takes a duration such as 7d, or 0, not '%s'", arg);
        break;
    case OPT_STATS:
        o->want_stats = true;
        o->stats = arg ? arg : "";
        break;
    case OPT_METRICS: o->metrics = arg; break;
    case OPT_PROGRESS: o->progress = true; break;
    case OPT_STRICT: o->strict = true; break;
    case 'X':
        if (ss_property_set(arg) < 0)
            argp_error(state, "%s", ss_err_text());
        break;
    case OPT_MAX_RECORD:
        if (!ss_size_parse(arg, &o->max_record) || o->max_record > (size_t)1 << 30)
            argp_error(state, "--max-record takes a size up to 1G, such as 64K or 1M, not '%s'", arg);
        break;
    case 'v': o->verbose++; break;
    case 'q': o->quiet = true; break;
    case OPT_LOG:
        if (strcmp(arg, "json") != 0 && strcmp(arg, "text") != 0)
            argp_error(state, "--log takes text or json, not '%s'", arg);
        o->log_json = strcmp(arg, "json") == 0;
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp ss_options_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};
