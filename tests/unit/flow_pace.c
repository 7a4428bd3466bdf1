#include "flow/pace.h"
#include "base/err.h"
#include "record/batch.h"
#include "tests/tap.h"

static struct ss_record at(int64_t us)
{
    return (struct ss_record){.time_us = us, .has_time = true};
}

static void by_rate(void)
{
    struct ss_pace pace = {.speed = 1, .rate = 400};
    struct ss_record rec = at(5), timeless = {0};
    bool right = true;
    for (int64_t k = 0; k < 1000; k++)
        right &= ss_pace_due_ns(&pace, k % 2 ? &rec : &timeless) == k * 2500000;
    ok(right, "at a rate record k leaves k/rate after the first, whatever its time");
    pace = (struct ss_pace){.rate = 3};
    pace.n = 3000000000u;
    ok(ss_pace_due_ns(&pace, &rec) == 1000000000000000000,
       "without drift after three thousand million records");
}

static void by_time(void)
{
    struct ss_pace pace = {.speed = 10};
    struct ss_record first = at(1000000), later = at(3500000), before = at(2000000), timeless = {0};
    ok(ss_pace_due_ns(&pace, &first) == 0, "the first record leaves at once");
    ok(ss_pace_due_ns(&pace, &later) == 250000000,
       "the next when a tenth of the time between them has passed");
    ok(ss_pace_due_ns(&pace, &before) == 250000000, "a late one with the one ahead of it");
    ok(ss_pace_due_ns(&pace, &timeless) == 250000000, "and so does one without a time");
    struct ss_pace early = {.speed = 1};
    ok(ss_pace_due_ns(&early, &timeless) == 0 && ss_pace_due_ns(&early, &later) == 0 &&
           ss_pace_due_ns(&early, &before) == 0,
       "time begins with the first record that has one");
    struct ss_pace slow = {.speed = 1e-9};
    struct ss_record far = at(253402300799000000);
    ok(ss_pace_due_ns(&slow, &first) == 0 && ss_pace_due_ns(&slow, &far) == 3200000000000000000 &&
           ss_pace_due_ns(&slow, &far) == 3200000000000000000,
       "what is due in more than a hundred years is due then");
}

static void stamps(void)
{
    struct ss_schema schema;
    struct ss_batch batch;
    static const char *const texts[] = {
        "{\"amount\":1,\"paced\":{\"at\":1764000000123456789}}",
        "{\"amount\":1}",
        "{\"paced\":{\"at\":\"soon\"}}",
        "{\"paced\":7}",
        "{\"paced\":{\"at\":}}",
        "{\"paced\":{\"at\":1}}",
    };
    static const int64_t want[] = {1764000000123456789, -1, -1, -1, -1, 1};
    if (ss_schema_init(&schema) < 0 || ss_batch_init(&batch, &schema, 1) < 0)
        exit(1);
    for (size_t i = 0; i < SS_COUNT(texts); i++) {
        int64_t got = -1;
        char *text = ss_batch_copy(&batch, texts[i], strlen(texts[i]));
        struct ss_record *rec = ss_batch_add(&batch);
        if (!text || !rec || ss_record_read(&batch, rec, text, strlen(texts[i])) < 0)
            exit(1);
        bool has = ss_paced_at(rec, &got);
        ok(has == (want[i] >= 0) && got == want[i], "the stamp of %s", texts[i]);
    }
    char text[SS_PACED_TEXT];
    struct ss_record *rec = &batch.rec[1];
    int64_t got = 0;
    ss_record_set(rec, SS_PACED, (struct ss_str){text, ss_paced_print(1764000000123456789, text)});
    ok(ss_paced_at(rec, &got) && got == 1764000000123456789, "a stamp set in this process reads back");
    ss_batch_free(&batch);
    ss_schema_free(&schema);
}

static void reports(void)
{
    static struct ss_pace_report report;
    struct ss_record rec = {0};
    struct ss_field field[SS_FIXED_SLOTS] = {0};
    struct ss_buf buf;
    rec.field = field;
    ss_buf_init(&buf, 4096);
    /* One record each 10 ms; the reader stops for a second after the 50th: those meant to leave meanwhile
     * have waited for the rest of that second, and must say so. */
    for (int64_t k = 0; k < 200; k++) {
        char text[SS_PACED_TEXT];
        int64_t meant = 1000000000000 + k * 10000000, seen = k < 50 ? meant : 1000000000000 + 1500000000;
        ss_record_set(&rec, SS_PACED, (struct ss_str){text, ss_paced_print(meant, text)});
        ss_pace_arrived(&report, &rec, seen > meant ? seen : meant);
    }
    rec.n_set = 0;
    rec.member[SS_PACED - SS_FIRST_MEMBER] = (struct ss_str){NULL, 0};
    ss_pace_arrived(&report, &rec, 1000000000000 + 2000000000);
    ss_pace_print(&report, true, &buf);
    ok(report.records == 201 && report.stamped == 200, "records without a stamp are counted apart");
    ok(report.latency_ns.max == 1000000000, "the record that waited longest waited a second");
    uint64_t p75 = ss_histogram_quantile(&report.latency_ns, 0.75);
    ok(p75 > 480000000 && p75 < 520000000, "and half of those after it half a second and more");
    ok(strstr(ss_buf_cstr(&buf), "\"records\":201,\"stamped\":200,\"seconds\":2,\"records_per_s\":100.5,") !=
           NULL,
       "the report counts from the first meant leaving to the last arrival: %s", ss_buf_cstr(&buf));
    ss_buf_reset(&buf);
    ss_pace_print(&report, false, &buf);
    ok(strstr(ss_buf_cstr(&buf), "p99.9") != NULL, "the table names its quantiles");
    ss_buf_free(&buf);
}

int main(void)
{
    by_rate();
    by_time();
    stamps();
    reports();
    return done();
}
