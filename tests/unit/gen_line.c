#include "base/err.h"
#include "gen/damage.h"
#include "gen/line.h"
#include "record/batch.h"
#include "tests/tap.h"

static struct ss_gen gen;
static struct ss_gen_liner liner;

static void begin(const struct ss_gen_options *wish)
{
    struct ss_gen_options opt = *wish;
    if (ss_gen_settle(&opt) < 0 || ss_gen_init(&gen, &opt) < 0) {
        ok(false, "a stream begins: %s", ss_err_text());
        exit(done());
    }
    ss_gen_liner_init(&liner, &gen);
}

/* A stream with everything in it. */
static struct ss_gen_options mixed(void)
{
    struct ss_gen_options opt;
    ss_gen_defaults(&opt);
    ss_gen_set_fraud(&opt, 0.3);
    opt.count = 20000;
    return opt;
}

static void ndjson(void)
{
    struct ss_gen_options opt = mixed();
    struct ss_schema schema;
    struct ss_batch batch;
    struct ss_gen_event e;
    size_t rejected = 0, incomplete = 0, mislabelled = 0, long_ones = 0;
    opt.label_delay_us = 3600000000;
    begin(&opt);
    if (ss_schema_init(&schema) < 0 || ss_batch_init(&batch, &schema, 1) < 0)
        exit(1);
    while (ss_gen_next(&gen, &e) == 1) {
        char text[SS_GEN_LINE_MAX + SS_JSON_PADDING] = {0};
        size_t len = ss_gen_line(&liner, &e, text);
        long_ones += len > 512;
        struct ss_record *rec = ss_batch_add(&batch);
        if (!rec || ss_record_read(&batch, rec, text, len) < 0)
            exit(1);
        rejected += rec->fate != SS_KEEP;
        bool label = e.kind == SS_GEN_LABEL;
        incomplete += !rec->has_time || (!label && (!rec->has_amount || !ss_record_has(rec, SS_LOCATION)));
        incomplete += ss_record_is_label(rec) != label;
        mislabelled += ss_record_label(rec) != (e.pay.scenario != SS_GENUINE);
        incomplete += rec->has_time && rec->time_us != (label ? e.at_us : e.pay.time_us);
        incomplete += !label && rec->amount != e.pay.cents * 100;
        ss_batch_reset(&batch);
    }
    ok(rejected == 0, "every line is a record");
    ok(incomplete == 0, "with the time and the amount that were meant");
    ok(mislabelled == 0, "and the right label");
    ok(long_ones == 0, "no line is longer than 512 bytes");
    ss_batch_free(&batch);
    ss_schema_free(&schema);
    ss_gen_free(&gen);
}

static int cells(const char *text, size_t len)
{
    int n = 1;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        quoted ^= text[i] == '"';
        n += text[i] == ',' && !quoted;
    }
    return quoted ? -1 : n;
}

static void csv(void)
{
    struct ss_gen_options opt = mixed();
    struct ss_gen_event e;
    opt.format = SS_GEN_CSV;
    for (int labels = 0; labels < 2; labels++) {
        opt.labels = labels;
        begin(&opt);
        const char *header = ss_gen_csv_header(&gen);
        int columns = cells(header, strlen(header)), wrong = 0;
        while (ss_gen_next(&gen, &e) == 1) {
            char text[SS_GEN_LINE_MAX];
            wrong += cells(text, ss_gen_line(&liner, &e, text)) != columns;
        }
        ok(columns == (labels ? 19 : 17) && wrong == 0, "every CSV row has the header's %d cells", columns);
        ss_gen_free(&gen);
    }
}

static void damage(enum ss_gen_format format)
{
    struct ss_gen_options opt = mixed();
    struct ss_gen_event e;
    struct ss_rng rng;
    size_t newlines = 0, same = 0, kinds = 0, too_long = 0;
    bool seen[12] = {false};
    opt.format = format;
    ss_rng_seed(&rng, 5);
    begin(&opt);
    while (ss_gen_next(&gen, &e) == 1) {
        char text[SS_GEN_LINE_MAX], before[SS_GEN_LINE_MAX];
        uint64_t bits = ss_rng_next(&rng);
        size_t was = ss_gen_line(&liner, &e, text);
        memcpy(before, text, was);
        size_t len = ss_gen_damage(text, was, sizeof text, bits);
        newlines += memchr(text, '\n', len) != NULL;
        same += len == was && memcmp(text, before, len) == 0;
        too_long += len > sizeof text;
        seen[bits % 12] = true;
    }
    for (int i = 0; i < 12; i++)
        kinds += seen[i];
    ok(kinds == 12 && same == 0, "%s: damage changes the line, in each of its ways",
       format == SS_GEN_CSV ? "csv" : "ndjson");
    ok(newlines == 0 && too_long == 0, "but it stays one line within bounds");
    ss_gen_free(&gen);
}

int main(void)
{
    ndjson();
    csv();
    damage(SS_GEN_NDJSON);
    damage(SS_GEN_CSV);
    return done();
}
