/* Rows and objects to canonical records, in every chunking, each compared with what ss_record_read reads. */
#include "tests/ingest.h"
#include "tests/tap.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/time.h"

static struct ss_reader_options plain_options(void)
{
    struct ss_reader_options opt = {.window = 1000, .after_us = 0, .has_before = true};
    opt.before_us = (int64_t)2000000000 * SS_SECOND_US;
    return opt;
}

static void run_once(const struct ss_reader_options *opt, const char *map, const char *text, size_t n,
                     struct feeding *f)
{
    struct ss_schema schema;
    struct ss_reader reader;
    ss_buf_reset(f->out);
    f->kept = f->rejected = 0;
    f->differs = NULL;
    int err = ss_schema_init(&schema);
    int slot = ss_schema_slot(&schema, SS_STR("extra"));
    int last4 = ss_schema_slot(&schema, SS_STR("card_last4"));
    int aside = ss_schema_slot(&schema, SS_STR("in_lat"));
    if (err < 0 || slot < 0 || last4 < 0 || aside < 0 || ss_reader_open(&reader, opt, &schema) < 0) {
        f->differs = ss_err_text();
        return;
    }
    if (map) {
        if (ss_field_map_read(&reader.map, "test.map", ss_str_of(map)) < 0)
            f->differs = ss_err_text();
        reader.planner.map = &reader.map;
    }
    if (!f->differs && feed_text(&reader, &schema, text, n, f) < 0)
        f->differs = ss_err_text();
    ss_reader_close(&reader);
    ss_schema_free(&schema);
}

static void check_opt(const struct ss_reader_options *opt, const char *map, const char *text,
                      const char *want, const char *what)
{
    struct ss_buf out;
    ss_buf_init(&out, 1 << 24);
    struct feeding f = {.max_record = 400, .out = &out};
    size_t n = strlen(text);
    bool same = true;
    for (size_t step = 1; step <= n + 1 && same; step = step < 9 ? step + 1 : step * 2) {
        f.step = step > n ? n + 1 : step;
        f.per_batch = step % 3;
        run_once(opt, map, text, n, &f);
        same = !f.differs && out.n == strlen(want) && memcmp(out.p ? out.p : "", want, out.n) == 0;
        if (!same)
            printf("# in steps of %zu: %s\n# got:\n%.*s# want:\n%s", step, f.differs ? f.differs : "",
                   (int)out.n, out.p, want);
    }
    ok(same, "%s", what);
    ss_buf_free(&out);
}

static void check(const char *map, const char *text, const char *want, const char *what)
{
    struct ss_reader_options opt = plain_options();
    check_opt(&opt, map, text, want, what);
}

static void rows(void)
{
    check(NULL, "txn_id,timestamp,amount,extra\n1,2020-01-02 03:04:05,12.50,x\n",
          "{\"txn_id\":1,\"timestamp\":\"2020-01-02T03:04:05Z\",\"amount\":12.50,\"extra\":\"x\"}\n",
          "canonical names need no map");
    check(NULL, "extra,AMT,unix_time,Transaction ID\n7,1,1577934245,a\n",
          "{\"txn_id\":\"a\",\"timestamp\":\"2020-01-02T03:04:05Z\",\"amount\":1,\"extra\":7}\n",
          "well-known names neither; canonical fields come first");
    check(
        NULL,
        "timestamp,amount,user_id,zip,big,nan\n2020-01-01,1,007,01234,123456789012345678901234567890,NaN\n",
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"user_id\":\"007\",\"amount\":1,\"zip\":\"01234\",\"big\":"
        "123456789012345678901234567890,\"nan\":\"NaN\"}\n",
        "numbers stay as written, what is none becomes text");
    check(NULL, "timestamp,amount,a,b\n2020-01-01,1,,\"\"\n",
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1}\n", "empty cells are left out");
    check(NULL, "timestamp;amount;a\n2020-01-01T01:00:00+01:00;1;\"x;\"\"y\"\"\nz\"\n",
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"a\":\"x;\\\"y\\\"\\nz\"}\n",
          "semicolons, offsets, quotes and line ends inside cells");
    check(NULL, "\xef\xbb\xbf\"timestamp\"\tamount\r\n2020-01-01\t2\r\n",
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":2}\n", "byte order mark, tabs, CRLF");
    check(NULL, "timestamp,amount,score,features\n2020-01-01,1,0.5,x\n",
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"in_score\":0.5,\"in_features\":\"x\"}\n",
          "columns named as a stage's member are renamed");
    check(
        NULL, "timestamp,amount,lat,lon,label\n2020-01-01,1,95,-180,maybe\n2020-01-01,1,-90.0,180.5,TRUE\n",
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"in_lat\":95,\"lon\":-180,\"in_label\":"
        "\"maybe\"}\n"
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"lat\":-90.0,\"in_lon\":180.5,\"label\":1}\n",
        "coordinates and labels that cannot be are put aside");
    check(NULL, "timestamp,amount\n2020-01-01, +007.50 \n2020-01-01,.5\n2020-01-01,-3.\n2020-01-01,1e2\n",
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":7.50}\n"
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":0.5}\n"
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":-3}\n"
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1e2}\n",
          "amounts that JSON would not take are rewritten");
    check(NULL,
          "type,txn_id,timestamp,amount,label\nlabel,1,2020-01-01,,1\nPAYMENT,1,2020-01-01,5,\nx,2,2020-01-"
          "01,,\n",
          "{\"txn_id\":1,\"timestamp\":\"2020-01-01T00:00:00Z\",\"label\":1,\"type\":\"label\"}\n"
          "{\"txn_id\":1,\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":5,\"type\":\"PAYMENT\"}\n"
          "!4: amount missing (16)\n",
          "rows of type label need no amount and repeat the id of their payment");
    check(NULL, ",timestamp,amount\n0,2020-01-01,1\n",
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"column_1\":0}\n",
          "a column without a name is called by its number");
    check(NULL, "timestamp,amount,mcc,device_id\n2020-01-01,1,5411,12345678901234567890123\n",
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"device_id\":12345678901234567890123,"
          "\"category\":"
          "\"5411\"}\n",
          "ids keep their text, categories are text");
    check(
        NULL, "timestamp,amount,x\n2020-01-01,1,a\xff\x01\xc3\xa9\\\n",
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"x\":\"a\xef\xbf\xbd\\u0001\xc3\xa9\\\\\"}\n",
        "bytes that are no UTF-8 become U+FFFD");
}

static void rejects(void)
{
    check(
        NULL,
        "txn_id,timestamp,amount\n1,,5\n2,soon,5\n3,2020-01-01,\n4,2020-01-01,abc\n5,2020-01-01,1e30\n"
        "6,1969-01-01,1\n7,9999-01-01,1\n8,2020-01-01\n9,2020-01-01,1,2\n10,2020-01-01,NaN\n11,0000-01-01,1\n"
        "12,2020-02-30,1\n13,2020-01-01,1\n",
        "!2: timestamp missing (4)\n!3: timestamp is not a time as expected: 'soon' (8)\n!4: amount missing "
        "(13)\n"
        "!5: amount is not a number: 'abc' (16)\n!6: amount is out of range: '1e30' (17)\n"
        "!7: timestamp is before 1970-01-01T00:00:00Z: '1969-01-01T00:00:00Z' (14)\n"
        "!8: timestamp is after 2033-05-18T03:33:20Z: '9999-01-01T00:00:00Z' (14)\n"
        "!9: 2 cells where the header has 3 (12)\n!10: 4 cells where the header has 3 (16)\n"
        "!11: amount is not a number: 'NaN' (17)\n"
        "!12: timestamp is before 1970-01-01T00:00:00Z: '0000-01-01T00:00:00Z' (15)\n"
        "!13: timestamp is not a time as expected: '2020-02-30' (15)\n"
        "{\"txn_id\":13,\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1}\n",
        "each fault has its reason and line");
    check(NULL, "txn_id,timestamp,amount\n1,2020-01-01,1\n\"1\",2020-01-02,2\n2,2020-01-01,1\n",
          "{\"txn_id\":1,\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1}\n!3: duplicate txn_id (58)\n"
          "{\"txn_id\":2,\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1}\n",
          "a txn_id that came before");
    check(NULL, "timestamp,amount,a\n2020-01-01,1,\"open\n2020-01-02,2,b\n2020-01-03,3,\"c\"\n",
          "!2: quoted field left open, or text behind its closing quote (18)\n"
          "{\"timestamp\":\"2020-01-02T00:00:00Z\",\"amount\":2,\"a\":\"b\"}\n"
          "{\"timestamp\":\"2020-01-03T00:00:00Z\",\"amount\":3,\"a\":\"c\"}\n",
          "a quoted field left open costs its line only");
    check(NULL,
          "timestamp,amount,a\n2020-01-01,1,\"open\n2020-01-02,2,b\n2020-01-03,3\",c,d\n2020-01-04,4,e\n",
          "!2: 5 cells where the header has 3 (18)\n"
          "{\"timestamp\":\"2020-01-02T00:00:00Z\",\"amount\":2,\"a\":\"b\"}\n"
          "!4: 4 cells where the header has 3 (17)\n"
          "{\"timestamp\":\"2020-01-04T00:00:00Z\",\"amount\":4,\"a\":\"e\"}\n",
          "nor do two that match by chance");
    check(NULL, "a,b\n1,2\n3,4\n",
          "!1: no column for 'timestamp' (a map says which it is: timestamp = COLUMN) (3)\n",
          "a header without a timestamp is refused, once");
    check(NULL, "timestamp,amount,a,a\n1,2,3,4\n", "!1: column 'a' twice (20)\n", "so is a column twice");
    check(NULL, "", "", "nothing comes of nothing");
    check(NULL, "\n \n\t\r\n", "", "nor of blanks");
    check(NULL, "timestamp,amount\n", "", "nor of a header alone");
    check(NULL, "\xff\xfet\0i\0m", "!1: UTF-16 text (iconv -f UTF-16 -t UTF-8 makes it UTF-8) (2)\n",
          "UTF-16 is refused");
}

static void long_lines(void)
{
    char text[2000], want[1000];
    int n = snprintf(text, sizeof text,
                     "timestamp,amount,a\n2020-01-01,1,%0500d\n2020-01-02,2,%0380d\n2020-01-03,3,c\n", 0, 0);
    (void)n;
    struct ss_buf out;
    ss_buf_init(&out, 1 << 20);
    snprintf(want, sizeof want,
             "!2: line longer than --max-record (400)\n"
             "{\"timestamp\":\"2020-01-02T00:00:00Z\",\"amount\":2,\"a\":\"%0380d\"}\n"
             "{\"timestamp\":\"2020-01-03T00:00:00Z\",\"amount\":3,\"a\":\"c\"}\n",
             0);
    check(NULL, text, want, "a line longer than --max-record is skipped");
    ss_buf_free(&out);
}

static void objects(void)
{
    const char *canonical =
        "{ \"txn_id\": \"a\", \"timestamp\":\"2020-01-01T00:00:00.500Z\",\"amount\":1.50 ,\"extra\":[1]}\n";
    check(NULL, canonical, canonical, "a canonical object keeps its bytes");
    check(NULL,
          "{\"transaction_id\":\"t\",\"amount\":\"2.5\",\"timestamp\":1577934245,\"x\":{\"a\": "
          "1},\"card_id\":\"c\"}\n",
          "{\"txn_id\":\"t\",\"amount\":2.5,\"timestamp\":\"2020-01-02T03:04:05Z\",\"x\":{\"a\": "
          "1},\"card_id\":\"c\"}\n",
          "keys are renamed, times and amounts made canonical, the rest is kept");
    check(NULL,
          "[\n  {\"timestamp\": \"2020-01-01\",\n   \"amount\": "
          "1},\n{\"timestamp\":\"2020-01-02\",\"amount\":2}, 5\n]\n",
          "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1}\n{\"timestamp\":\"2020-01-02T00:00:00Z\","
          "\"amount\":2}\n"
          "!4: not an object (1)\n",
          "an array's elements, however they are printed");
    check(NULL,
          "[\n{\"timestamp\": \"2020-01-01,\n   \"amount\": "
          "1},\n{\"timestamp\":\"2020-01-02\",\"amount\":2}\n]\n",
          "!2: JSON value left open (26)\n{\"timestamp\":\"2020-01-02T00:00:00Z\",\"amount\":2}\n",
          "a broken element costs what lies before the next");
    check(
        NULL,
        "{\"timestamp\":\"2020-01-01\",\"amount\":1}\r\n\nhello\n{\"timestamp\":\"2020-01-01\",\"amount\":\n"
        "{\"timestamp\":\"2020-01-01\",\"amount\":null}\n{\"timestamp\":\"2020-01-01\",\"amount\":1,"
        "\"amount\":2}\n"
        "{\"timestamp\":\"2020-01-01\",\"amount\":[1]}\n",
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1}\n!3: malformed JSON (5)\n!4: malformed JSON "
        "(35)\n"
        "!5: amount missing (40)\n!6: field 'amount' twice (48)\n"
        "!7: nested value where a single one is needed: '[1]' (39)\n",
        "faults of NDJSON by line");
    check(
        NULL,
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"score\":0.5,\"lat\":\"91\"}\n"
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"score\":{\"value\":0.5,\"level\":\"LOW\"}}\n",
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"in_score\":0.5,\"in_lat\":91}\n"
        "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1,\"score\":{\"value\":0.5,\"level\":\"LOW\"}}\n",
        "a score that is not ours is renamed, one that is ours stays");
    check(NULL, "{\"type\":\"label\",\"txn_id\":1,\"label\":1,\"timestamp\":\"2020-01-01T00:00:00Z\"}\n",
          "{\"type\":\"label\",\"txn_id\":1,\"label\":1,\"timestamp\":\"2020-01-01T00:00:00Z\"}\n",
          "a label needs no amount");
}

static void maps(void)
{
    check(
        "timestamp = day + time \"%d/%m/%Y %H:%M\" Europe/Berlin\namount = cents / 100\ncurrency = \"EUR\"\n"
        "txn_id = row(\"r\")\nlabel = state is \"fraud\", \"stolen\"\nnote = column(\"a note\") text\n",
        "day,time,cents,state,a note\n01/07/2020,12:30,1250,ok,5\n1/1/2020,00:00,5,stolen,\n",
        "{\"txn_id\":\"r1\",\"timestamp\":\"2020-07-01T10:30:00Z\",\"amount\":12.5,\"currency\":\"EUR\","
        "\"label\":0,"
        "\"note\":\"5\"}\n{\"txn_id\":\"r2\",\"timestamp\":\"2019-12-31T23:00:00Z\",\"amount\":0.05,"
        "\"currency\":"
        "\"EUR\",\"label\":1}\n",
        "joined columns, zones, cents, constants, row(), is, renames");
    check("timestamp = t epoch_ms\namount = a money \",\"\nuser_id = u text\n",
          "t;a;u\n1577934245123;1.234,50 EUR;5\n0;(3,00);6\n1;- 12;7\n2;\xe2\x82\xac 1'000;8\n",
          "{\"timestamp\":\"2020-01-02T03:04:05.123Z\",\"user_id\":\"5\",\"amount\":1234.50}\n"
          "{\"timestamp\":\"1970-01-01T00:00:00Z\",\"user_id\":\"6\",\"amount\":-3.00}\n"
          "{\"timestamp\":\"1970-01-01T00:00:00.001Z\",\"user_id\":\"7\",\"amount\":-12}\n"
          "{\"timestamp\":\"1970-01-01T00:00:00.002Z\",\"user_id\":\"8\",\"amount\":1000}\n",
          "milliseconds and money");
    check("timestamp = step hours since 2016-01-01\namount = amount\nage = years optional\ntxn_id = "
          "hash(step, amount)\n",
          "step,amount,type\n25,1.0,PAYMENT\n",
          "{\"txn_id\":\"9b3570bfcd5878d780176664\",\"timestamp\":\"2016-01-02T01:00:00Z\",\"amount\":1.0,"
          "\"type\":"
          "\"PAYMENT\"}\n",
          "counts of hours, hash(), optional columns");
    check("timestamp = t\namount = a\n", "t,b\n1,2\n", "!1: no column 'a', which test.map:2 asks for (3)\n",
          "a column that lacks is refused with the map's line");
    check("timestamp = t\namount = a\n", "{\"a\":5,\"amount\":6,\"t\":1577934245,\"n\":null}\n",
          "{\"amount\":5,\"in_amount\":6,\"timestamp\":\"2020-01-02T03:04:05Z\",\"n\":null}\n",
          "a map renames the keys of objects, too");
    check("timestamp = d + t\namount = a\nuser_id = c\nkey = hash(c, a)\n",
          "{\"d\":\"2020-01-02\",\"c\":\"x\",\"t\":\"03:04:05\",\"a\":1}\n",
          "{\"user_id\":\"x\",\"amount\":1,\"timestamp\":\"2020-01-02T03:04:05Z\",\"key\":"
          "\"5f4c03d55ba8f40fac7b995f\"}\n",
          "and joins them");
}

/* Every byte of a column becomes six, in each of many fields: the room for a record must hold them. */
static void much_of_one_column(void)
{
    enum { FIELDS = 100, BYTES = 300 };
    struct ss_buf map, text, want, out;
    ss_buf_init(&map, 1 << 20);
    ss_buf_init(&text, 1 << 20);
    ss_buf_init(&want, 1 << 24);
    ss_buf_init(&out, 1 << 24);
    ss_buf_puts(&map, "timestamp = t\namount = a\n");
    for (int i = 0; i < FIELDS; i++)
        ss_buf_printf(&map, "f%d = c\n", i);
    ss_buf_puts(&text, "t,a,c\n");
    for (int row = 0; row < 40; row++) {
        ss_buf_puts(&text, "2020-01-01,1,");
        for (int i = 0; i < BYTES; i++)
            ss_buf_putc(&text, 1);
        ss_buf_putc(&text, '\n');
        ss_buf_puts(&want, "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"amount\":1");
        for (int i = 0; i < FIELDS; i++) {
            ss_buf_printf(&want, ",\"f%d\":\"", i);
            for (int k = 0; k < BYTES; k++)
                ss_buf_puts(&want, "\\u0001");
            ss_buf_putc(&want, '"');
        }
        ss_buf_puts(&want, "}\n");
    }
    struct ss_reader_options opt = plain_options();
    struct feeding f = {.max_record = 400, .out = &out, .step = text.n + 1};
    run_once(&opt, ss_buf_cstr(&map), text.p, text.n, &f);
    ok(!f.differs && out.n == want.n && memcmp(out.p, want.p, out.n) == 0,
       "one column in a hundred fields (%s)", f.differs ? f.differs : "same");
    ss_buf_free(&map);
    ss_buf_free(&text);
    ss_buf_free(&want);
    ss_buf_free(&out);
}

static void pans(void)
{
    struct ss_reader_options opt = plain_options();
    const char *map = "timestamp = t\namount = a\ncard_id = cc pan\n";
    const char *text = "t,a,cc\n1577934245,1,4111 1111-1111 1111\n1577934245,1,short\n";
    opt.pan_mode = SS_PAN_MASK;
    check_opt(&opt, map, text,
              "{\"timestamp\":\"2020-01-02T03:04:05Z\",\"amount\":1,\"card_id\":\"411111******1111\",\"card_"
              "last4\":"
              "\"1111\"}\n{\"timestamp\":\"2020-01-02T03:04:05Z\",\"amount\":1,\"card_id\":\"********\"}\n",
              "card numbers are masked");
    opt.pan_mode = SS_PAN_KEEP;
    check_opt(&opt, map, text,
              "{\"timestamp\":\"2020-01-02T03:04:05Z\",\"amount\":1,\"card_id\":\"4111 1111-1111 1111\"}\n"
              "{\"timestamp\":\"2020-01-02T03:04:05Z\",\"amount\":1,\"card_id\":\"short\"}\n",
              "or kept");
    static struct ss_pan pan = {.mode = SS_PAN_HASH, .key_len = 16, .key = "0123456789abcdef"};
    char hex[SS_DIGEST_HEX], out[SS_PAN_TEXT], last4[5];
    ss_hmac_sha256_hex(pan.key, 16, "4111111111111111", 16, hex);
    size_t n = ss_pan_hide(&pan, SS_STR("4111 1111 1111 1111"), out, last4);
    ok(n == 32 && memcmp(out, hex, 32) == 0 && strcmp(last4, "1111") == 0,
       "or hashed, however they are spaced");
    n = ss_pan_hide(&pan, SS_STR("4111111111111111"), out, last4);
    ok(n == 32 && memcmp(out, hex, 32) == 0, "the second time, too");
    ok(ss_pan_looks_like(SS_STR("4111111111111111")) && !ss_pan_looks_like(SS_STR("4111111111111112")) &&
           !ss_pan_looks_like(SS_STR("411111111111")) && !ss_pan_looks_like(SS_STR("0000000000000000")),
       "the check digit tells card numbers");
}

/* Repeats at random distances: none may be missed that is near, none found that was not there. */
static void dedupe(void)
{
    enum { WINDOW = 1000, IDS = 200000 };
    struct ss_dedupe d;
    struct ss_rng rng;
    ss_rng_seed(&rng, 7);
    uint64_t *id = malloc(IDS * sizeof *id), near = 0, missed = 0, false_alarms = 0, n = 0;
    bool good = ss_dedupe_init(&d, WINDOW) == 0 && id;
    for (int i = 0; good && i < IDS; i++) {
        if (n > WINDOW && ss_rng_below(&rng, 10) == 0) {
            near++;
            missed += !ss_dedupe_seen(&d, id[n - 1 - ss_rng_below(&rng, WINDOW / 2)]);
        } else {
            char text[24];
            snprintf(text, sizeof text, "t%d", i);
            id[n] = ss_dedupe_hash(ss_str_of(text));
            ss_dedupe_prefetch(&d, id[n]);
            false_alarms += ss_dedupe_seen(&d, id[n++]);
        }
    }
    ok(good && near > 10000 && missed <= 2, "repeats within half a window are found (%llu of %llu missed)",
       (unsigned long long)missed, (unsigned long long)near);
    ok(false_alarms == 0, "and nothing else");
    ss_dedupe_free(&d);
    free(id);
    good = ss_dedupe_init(&d, 0) == 0 && !ss_dedupe_seen(&d, 1) && !ss_dedupe_seen(&d, 1);
    ok(good, "a window of none finds none");
    ss_dedupe_free(&d);
}

int main(void)
{
    rows();
    rejects();
    long_lines();
    objects();
    maps();
    much_of_one_column();
    pans();
    dedupe();
    return done();
}
