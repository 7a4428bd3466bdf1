#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "base/time.h"
#include "flow/stage.h"
#include "ingest/reader.h"

#define WINDOW_DEFAULT 100000
#define AFTER_DEFAULT  ((int64_t)631152000 * SS_SECOND_US) /* 1990-01-01 */

struct ingest {
    struct ss_reader_options opt;
    struct ss_reader reader;
};

enum { OPT_AFTER = 0x200, OPT_BEFORE, OPT_PAN, OPT_PAN_KEY, OPT_DUPLICATES, OPT_WINDOW };

static const struct argp_option options[] = {
    {"map", 'm', "MAP", 0, "Field map: a file, or the name of a shipped map such as handbook", 0},
    {"format", 'f', "FORMAT", 0, "csv, tsv, json or ndjson, where it is not to be found out", 0},
    {"delimiter", 'd', "CHAR", 0, "Between the cells of CSV, where the header does not say (\\t for a tab)",
     0},
    {"after", OPT_AFTER, "TIME", 0, "Reject earlier timestamps (1990-01-01)", 0},
    {"before", OPT_BEFORE, "TIME", 0, "Reject later timestamps (one day from now)", 0},
    {"pan", OPT_PAN, "MODE", 0, "Card numbers that the map declares: hash (needs --pan-key), mask or keep",
     0},
    {"pan-key", OPT_PAN_KEY, "FILE", 0, "Key of the hash: a file of 16 to 256 bytes", 0},
    {"duplicates", OPT_DUPLICATES, "MODE", 0, "A txn_id that came before: reject it, or keep it", 0},
    {"duplicate-window", OPT_WINDOW, "N", 0, "How many ids are remembered for that (100000); 0 = none", 0},
    {0},
};

static int64_t time_of(const char *arg, const char *name, struct argp_state *state)
{
    int64_t time_us = 0;
    if (!ss_time_parse(arg, strlen(arg), &time_us))
        argp_error(state, "--%s takes a time such as 2026-01-01 or 2026-01-01T00:00:00Z, not '%s'", name,
                   arg);
    return time_us;
}

static void parse_format(struct ss_reader_options *opt, const char *arg, struct argp_state *state)
{
    bool json = strcmp(arg, "json") == 0 || strcmp(arg, "ndjson") == 0, tsv = strcmp(arg, "tsv") == 0;
    if (!json && !tsv && strcmp(arg, "csv") != 0)
        argp_error(state, "--format takes csv, tsv, json or ndjson, not '%s'", arg);
    opt->format = json ? SS_FORMAT_JSON : SS_FORMAT_CSV;
    if (tsv && !opt->delim)
        opt->delim = '\t';
}

static void parse_delimiter(struct ss_reader_options *opt, const char *arg, struct argp_state *state)
{
    bool tab = strcmp(arg, "\\t") == 0 || strcmp(arg, "tab") == 0;
    if (!tab && (strlen(arg) != 1 || strchr("\"\r\n", *arg)))
        argp_error(state, "--delimiter takes one character, no quote and no line end, not '%s'", arg);
    opt->delim = tab ? '\t' : *arg;
}

static void parse_pan(struct ss_reader_options *opt, const char *arg, struct argp_state *state)
{
    opt->pan_asked = ss_pan_mode_of(arg, &opt->pan_mode);
    if (!opt->pan_asked)
        argp_error(state, "--pan takes hash, mask or keep, not '%s'", arg);
}

static void parse_window(struct ss_reader_options *opt, const char *arg, struct argp_state *state)
{
    int64_t v;
    if (!ss_int_parse(arg, strlen(arg), &v) || v < 0 || v > SS_DEDUPE_MAX)
        argp_error(state, "--duplicate-window takes a whole number up to %u, not '%s'", SS_DEDUPE_MAX, arg);
    opt->window = (uint32_t)v;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct ingest *st = state->input;
    struct ss_reader_options *opt = &st->opt;
    switch (key) {
    case ARGP_KEY_INIT:
        opt->window = WINDOW_DEFAULT;
        opt->after_us = AFTER_DEFAULT;
        break;
    case 'm': opt->map = arg; break;
    case 'f': parse_format(opt, arg, state); break;
    case 'd': parse_delimiter(opt, arg, state); break;
    case OPT_AFTER: opt->after_us = time_of(arg, "after", state); break;
    case OPT_BEFORE:
        opt->before_us = time_of(arg, "before", state);
        opt->has_before = true;
        break;
    case OPT_PAN: parse_pan(opt, arg, state); break;
    case OPT_PAN_KEY: opt->pan_key = arg; break;
    case OPT_DUPLICATES:
        opt->keep_duplicates = strcmp(arg, "keep") == 0;
        if (!opt->keep_duplicates && strcmp(arg, "reject") != 0)
            argp_error(state, "--duplicates takes reject or keep, not '%s'", arg);
        break;
    case OPT_WINDOW: parse_window(opt, arg, state); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

static int open_ingest(void *state, struct ss_env *env)
{
    struct ingest *st = state;
    st->opt.alone = env->alone;
    return ss_reader_open(&st->reader, &st->opt, env->schema);
}

static int fill(void *state, struct ss_feed *feed, struct ss_batch *batch, size_t *consumed)
{
    struct ingest *st = state;
    const struct ss_window window = {
        .p = feed->p,
        .n = feed->n,
        .max_record = feed->max_record,
        .last = feed->end_of_input,
        .full = feed->full,
        .new_input = feed->new_input,
        .source = feed->source,
        .name = feed->name,
        .arrived_ns = feed->arrived_ns,
    };
    return ss_reader_fill(&st->reader, &window, batch, SS_BATCH_MAX, consumed);
}

static int finish(void *state, struct ss_batch *batch)
{
    struct ingest *st = state;
    const struct ss_reader *reader = &st->reader;
    (void)batch;
    if (reader->duplicates)
        ss_warn("%llu duplicate%s of txn_id %s", (unsigned long long)reader->duplicates,
                reader->duplicates == 1 ? "" : "s", st->opt.keep_duplicates ? "kept" : "rejected");
    if (reader->canon.aside)
        ss_warn("%llu value%s unfit for the field put aside, the last for '%s' as 'in_%s'",
                (unsigned long long)reader->canon.aside, reader->canon.aside == 1 ? "" : "s",
                reader->canon.aside_field, reader->canon.aside_field);
    return reader->refusal[0] ? ss_fail(SS_EDATA, "%s", reader->refusal) : 0;
}

static void close_ingest(void *state)
{
    struct ingest *st = state;
    ss_reader_close(&st->reader);
}

const struct ss_stage ss_stage_ingest = {
    .name = "ingest",
    .about = "Turns CSV, TSV, JSON or NDJSON exports into canonical, validated records.",
    .argp = &argp,
    .state_size = sizeof(struct ingest),
    .open = open_ingest,
    .fill = fill,
    .needs_input = true,
    .finish = finish,
    .close = close_ingest,
};
