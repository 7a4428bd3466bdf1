/* lib/record: the schema, reading into slots, and the rule that a stage appends one member and edits nothing.
 */
#include "base/rng.h"
#include "record/batch.h"
#include "record/score.h"
#include "tests/tap.h"
#include <math.h>

static struct ss_schema schema;
static struct ss_batch batch;

static struct ss_record *read_line(const char *text)
{
    ss_batch_reset(&batch);
    struct ss_record *rec = ss_batch_add(&batch);
    size_t n = strlen(text);
    char *copy = ss_batch_copy(&batch, text, n);
    if (!rec || !copy || ss_record_read(&batch, rec, copy, n) < 0)
        exit(1);
    return rec;
}

static void written(const struct ss_record *rec, const char *want, const char *what)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 1 << 20);
    ss_buf_puts(&buf, "before\n"); /* another record's line: it must stay what it is */
    ss_record_write(rec, &buf);
    if (buf.n < 8 || memcmp(buf.p, "before\n", 7) != 0)
        ok(false, "%s: the line before is damaged", what);
    else if (buf.p[buf.n - 1] != '\n')
        ok(false, "%s: no newline", what);
    else
        is_text(buf.p + 7, buf.n - 8, want, what);
    ss_buf_free(&buf);
}

/* Sets score = S (and features = F where `both`), and compares what leaves. */
static void set(const char *text, bool both, const char *want)
{
    struct ss_record *rec = read_line(text);
    if (rec->fate != SS_KEEP) {
        ok(false, "%s: %s", text, rec->reason);
        return;
    }
    if (both)
        ss_record_set(rec, SS_FEATURES, SS_STR("F"));
    ss_record_set(rec, SS_SCORE, SS_STR("S"));
    written(rec, want, text);
}

static void a_member_is_appended_and_nothing_else_changes(void)
{
    written(read_line("{\"a\" : 1.0000000000000000001 ,\"b\":1e5 }"),
            "{\"a\" : 1.0000000000000000001 ,\"b\":1e5 }", "a record that nothing was added to");
    set("{}", false, "{\"score\":S}");
    set("{ }", false, "{\"score\":S}");
    set("{\"a\":1}", false, "{\"a\":1,\"score\":S}");
    set("{\"a\":1}", true, "{\"a\":1,\"features\":F,\"score\":S}");
    set("{}", true, "{\"features\":F,\"score\":S}");
    set("{\"a\":123456789012345678901234567890.10}", false,
        "{\"a\":123456789012345678901234567890.10,\"score\":S}");
    set("{\"a\":\"}\"}  ", false, "{\"a\":\"}\",\"score\":S}");
    set("{\"a\":\"{\"}", false, "{\"a\":\"{\",\"score\":S}");
    set("{\"a\":{\"score\":1}}", false, "{\"a\":{\"score\":1},\"score\":S}");
}

static void a_member_that_is_there_is_replaced_wherever_it_stands(void)
{
    set("{\"score\":1}", false, "{\"score\":S}");
    set("{ \"score\" : 1 }", false, "{\"score\":S}");
    set("{\"score\":1,\"a\":2}", false, "{\"a\":2,\"score\":S}");
    set("{\"a\":2,\"score\":{\"x\":[1,\"}\"]},\"b\":3}", false, "{\"a\":2,\"b\":3,\"score\":S}");
    set("{\"a\":2,\"score\":\"x,y\"}", false, "{\"a\":2,\"score\":S}");
    set("{\"a\":2 , \"score\" : null }", false, "{\"a\":2  ,\"score\":S}");
    set("{\"a\":2,\"\\u0073core\":1}", false, "{\"a\":2,\"score\":S}");
    set("{\"features\":0,\"score\":1}", true, "{\"features\":F,\"score\":S}");
    set("{\"score\":1,\"features\":0}", true, "{\"features\":F,\"score\":S}");
    set("{\"score\":1,\"a\":2,\"features\":0}", true, "{\"a\":2,\"features\":F,\"score\":S}");
    set("{\"a\":2,\"features\":0,\"score\":1}", true, "{\"a\":2,\"features\":F,\"score\":S}");
    set("{\"a\":2 , \"features\":0 , \"score\":1 , \"b\":3}", true,
        "{\"a\":2 ,   \"b\":3,\"features\":F,\"score\":S}");
    set("{\"a\":2,\"score\":1,\"features\":0,\"b\":3}", true, "{\"a\":2,\"b\":3,\"features\":F,\"score\":S}");
    set("{\"features\":0,\"score\":1}", false, "{\"features\":0,\"score\":S}");
    set("{\"score\":1,\"features\":0}", false, "{\"features\":0,\"score\":S}");
}

static void members_leave_in_the_order_they_were_set(void)
{
    struct ss_record *rec = read_line("{\"a\":1}");
    ok(!ss_record_member(rec, SS_SCORE).p, "a member that is neither there nor set is none");
    ss_record_set(rec, SS_DECISION, SS_STR("1"));
    ss_record_set(rec, SS_FEATURES, SS_STR("2"));
    ss_record_set(rec, SS_ALERT, SS_STR("3"));
    written(rec, "{\"a\":1,\"decision\":1,\"features\":2,\"alert\":3}",
            "three members in the order of setting");
    ss_record_set(rec, SS_DECISION, SS_STR("4"));
    written(rec, "{\"a\":1,\"features\":2,\"alert\":3,\"decision\":4}", "one set again moves to the end");
    ok(ss_str_is(ss_record_member(rec, SS_DECISION), "4"), "what was set last is what it is");
    rec = read_line("{\"score\":{\"value\":1}}");
    ok(ss_str_is(ss_record_member(rec, SS_SCORE), "{\"value\":1}"), "what came with the record is there");
    for (int i = SS_FIRST_MEMBER; i < SS_FIXED_SLOTS; i++)
        for (int k = 0; k < 3; k++)
            ss_record_set(rec, (enum ss_slot)i, SS_STR("0"));
    ok(rec->n_set == SS_MEMBERS, "every member can be set, each once");
}

/* A second pass over the output must find the same values: piped equals fused. */
static void writing_is_stable_over_random_records(void)
{
    static const char *const keys[] = {"a", "features", "score", "decision", "z", "alert", "amount"};
    static const char *const blanks[] = {"", " ", "\t", "  "};
    struct ss_rng rng;
    ss_rng_seed(&rng, 11);
    int wrong = 0;
    for (int round = 0; round < 20000; round++) {
        struct ss_buf in, once, twice;
        ss_buf_init(&in, 4096), ss_buf_init(&once, 4096), ss_buf_init(&twice, 4096);
        unsigned used = 0, n = (unsigned)ss_rng_below(&rng, 8);
        ss_buf_printf(&in, "{%s", blanks[ss_rng_below(&rng, 4)]);
        for (unsigned i = 0, first = 1; i < n; i++) {
            unsigned k = (unsigned)ss_rng_below(&rng, SS_COUNT(keys));
            if (used & 1u << k)
                continue;
            used |= 1u << k;
            ss_buf_printf(&in, "%s\"%s\"%s:%s{\"v\":[%u]}%s", first ? "" : ",", keys[k],
                          blanks[ss_rng_below(&rng, 4)], blanks[ss_rng_below(&rng, 4)], i,
                          blanks[ss_rng_below(&rng, 4)]);
            first = 0;
        }
        ss_buf_puts(&in, "}");
        struct ss_record *rec = read_line(ss_buf_cstr(&in));
        ss_record_set(rec, SS_SCORE, SS_STR("7"));
        if (round % 2)
            ss_record_set(rec, SS_FEATURES, SS_STR("{}"));
        ss_record_write(rec, &once);
        once.n--;
        rec = read_line(ss_buf_cstr(&once));
        wrong += rec->fate != SS_KEEP || !ss_str_is(ss_record_member(rec, SS_SCORE), "7");
        wrong += (used & 1) != (unsigned)(memmem(once.p, once.n, "\"a\"", 3) != NULL);
        ss_record_set(rec, SS_SCORE, SS_STR("7"));
        if (round % 2)
            ss_record_set(rec, SS_FEATURES, SS_STR("{}"));
        ss_record_write(rec, &twice);
        twice.n--;
        wrong += once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0;
        ss_buf_free(&in), ss_buf_free(&once), ss_buf_free(&twice);
    }
    ok(wrong == 0, "setting the same members again changes no byte of 20,000 random records");
}

static void rejects(const char *text, const char *reason)
{
    struct ss_record *rec = read_line(text);
    if (!ok(rec->fate == SS_REJECT && strcmp(rec->reason, reason) == 0, "%s: %s", text, reason))
        printf("# got %s\n", rec->fate == SS_REJECT ? rec->reason : "accepted");
}

static void bad_records_are_rejected_with_a_reason(void)
{
    rejects("{\"amount\":1,\"amount\":2}", "field 'amount' twice");
    rejects("{\"amount\":1,\"x\":2,\"\\u0061mount\":2}", "field 'amount' twice");
    rejects("{\"score\":1,\"score\":2}", "field 'score' twice");
    rejects("{\"a\":", "malformed JSON");
    rejects("[]", "not an object");
    struct ss_record *rec = read_line("{\"a\":1,\"a\":2}");
    ok(rec->fate == SS_KEEP, "other duplicates are kept");
    written(rec, "{\"a\":1,\"a\":2}", "as they came");
    ss_record_reject(rec, "test", "why");
    ok(rec->fate == SS_REJECT && strcmp(rec->rejected_by, "test") == 0, "a stage can reject");
}

static void slots_are_found_whatever_the_order_of_keys(void)
{
    int mine = ss_schema_slot(&schema, SS_STR("mine"));
    ok(mine == SS_FIXED_SLOTS && ss_schema_slot(&schema, SS_STR("mine")) == mine,
       "a field asked for gets a slot");
    ok(ss_schema_slot(&schema, SS_STR("amount")) == SS_AMOUNT, "a canonical one has its own");
    ok(ss_slot_of(SS_STR("paced")) == SS_PACED && ss_slot_of(SS_STR("mine")) == -1, "slots by name");
    static const char *const names[] = {
        "txn_id", "mine", "a", "user_id", "averyveryveryveryverylongkeyindeed", "ip", ""};
    struct ss_rng rng;
    ss_rng_seed(&rng, 2);
    int wrong = 0;
    for (int round = 0; round < 20000; round++) {
        struct ss_buf in;
        ss_buf_init(&in, 4096);
        unsigned used = 0, at[8] = {0};
        size_t n = ss_rng_below(&rng, 8), k;
        for (size_t i = 0; i < n; i++) {
            k = ss_rng_below(&rng, SS_COUNT(names));
            if (used & 1u << k)
                continue;
            used |= 1u << k;
            at[k] = (unsigned)ss_rng_below(&rng, 100000);
            ss_buf_printf(&in, "%c\"%s\":%u", in.n ? ',' : '{', names[k], at[k]);
        }
        ss_buf_puts(&in, in.n ? "}" : "{}");
        struct ss_record *rec = read_line(ss_buf_cstr(&in));
        const int slot[] = {SS_TXN_ID, mine, -1, SS_USER_ID, -1, SS_IP, -1};
        for (k = 0; k < SS_COUNT(names); k++)
            if (slot[k] >= 0)
                wrong += ss_record_has(rec, slot[k]) != ((used >> k & 1) != 0) ||
                         ((used >> k & 1) && ss_record_number(rec, slot[k]) != at[k]);
        ss_buf_free(&in);
    }
    ok(wrong == 0, "20,000 records with keys in any order find their slots");
    struct ss_schema full;
    int last = 0;
    char name[16];
    ok(ss_schema_init(&full) == 0, "a schema");
    for (int i = 0; i < 300 && last >= 0; i++)
        last = ss_schema_slot(&full, (struct ss_str){name, (size_t)snprintf(name, sizeof name, "f%d", i)});
    ok(last < 0 && ss_schema_size(&full) == SS_SLOTS_MAX, "there are no more slots than stated");
    ss_schema_free(&full);
}

static void values_are_read_as_what_they_are(void)
{
    struct ss_record *rec = read_line(
        "{\"timestamp\":\"2026-01-02T03:04:05Z\",\"amount\":\"12.5\",\"user_id\":"
        "123456789012345678901234567890,"
        "\"card_id\":\"a\\u0062\",\"lat\":\"1.5\",\"lon\":true,\"ip\":null,\"email\":{},\"label\":\"1\"}");
    struct ss_arena *arena = &batch.arena[0];
    ok(rec->has_time && rec->time_us == 1767323045000000, "the time");
    ok(rec->has_amount && rec->amount == 125000, "the amount, also in quotes");
    ok(ss_str_is(ss_record_text(rec, SS_USER_ID, arena), "123456789012345678901234567890"),
       "an id of any size is its text");
    ok(ss_str_is(ss_record_text(rec, SS_CARD_ID, arena), "ab"), "a text is without escapes");
    ok(!ss_record_text(rec, SS_IP, arena).p && !ss_record_has(rec, SS_IP) &&
           !ss_record_text(rec, SS_TYPE, arena).p,
       "null and absent are nothing");
    ok(ss_record_number(rec, SS_LAT) == 1.5 && ss_record_number(rec, SS_LON) == 1,
       "numbers in quotes and booleans");
    ok(isnan(ss_record_number(rec, SS_EMAIL)) && isnan(ss_record_number(rec, SS_TYPE)),
       "what is no number is NaN");
    ok(ss_record_label(rec) == 1, "a label in quotes");
    static const struct {
        const char *text;
        int label;
    } labels[] = {{"{\"label\":0}", 0},        {"{\"label\":1.0}", 1},
                  {"{\"label\":true}", 1},     {"{\"label\":\"false\"}", 0},
                  {"{\"label\":\"true\"}", 1}, {"{\"label\":2}", -1},
                  {"{\"label\":null}", -1},    {"{}", -1},
                  {"{\"label\":\"\"}", -1},    {"{\"label\":[1]}", -1}};
    int wrong = 0;
    for (size_t i = 0; i < SS_COUNT(labels); i++)
        wrong += ss_record_label(read_line(labels[i].text)) != labels[i].label;
    ok(wrong == 0, "labels in all their forms");
    ok(ss_record_is_label(read_line("{\"type\":\"label\"}")) &&
           !ss_record_is_label(read_line("{\"type\":\"x\"}")) && !ss_record_is_label(read_line("{}")),
       "late labels are told by their type");
    rec = read_line("{\"timestamp\":1700000000,\"amount\":-1.00005}");
    ok(rec->has_time && rec->time_us == 1700000000000000 && rec->amount == -10000,
       "an epoch, a rounded amount");
    rec = read_line("{\"timestamp\":\"yesterday\",\"amount\":\"lots\"}");
    ok(rec->fate == SS_KEEP && !rec->has_time && !rec->has_amount, "what cannot be read is not there");
    rec = read_line("{\"timestamp\":9000000000000000000,\"amount\":1e15}");
    ok(!rec->has_time && !rec->has_amount, "nor is what is out of range");
    rec = read_line("{\"timestamp\":\"\",\"amount\":\"\"}");
    ok(!rec->has_time && !rec->has_amount, "nor what is empty");
    wrong = 0;
    for (int i = 0; i < SS_LEVELS; i++)
        wrong += ss_level_of(ss_str_of(ss_level_name((enum ss_level)i))) != i;
    ok(wrong == 0 && ss_level_of(SS_STR("critical")) == -1, "levels by name");
}

static void a_batch_grows_and_shrinks(void)
{
    ss_batch_reset(&batch);
    int wrong = 0;
    for (int i = 0; i < 5000; i++) {
        struct ss_record *rec = ss_batch_add(&batch);
        wrong += !rec || rec->text || rec->n_set || rec->fate != SS_KEEP;
        rec->line = (uint64_t)i;
        rec->text = "x";
    }
    for (size_t i = 0; i < batch.n; i++)
        wrong += batch.rec[i].line != i;
    ok(wrong == 0 && batch.n == 5000, "records added by stages find room beyond a batch's size");
    ss_batch_reset(&batch);
    struct ss_record *rec = ss_batch_add(&batch);
    ok(batch.n == 1 && !rec->text, "after a reset they are gone");
}

int main(void)
{
    if (ss_schema_init(&schema) < 0 || ss_batch_init(&batch, &schema, 1) < 0)
        return 1;
    a_member_is_appended_and_nothing_else_changes();
    a_member_that_is_there_is_replaced_wherever_it_stands();
    members_leave_in_the_order_they_were_set();
    writing_is_stable_over_random_records();
    bad_records_are_rejected_with_a_reason();
    slots_are_found_whatever_the_order_of_keys();
    values_are_read_as_what_they_are();
    a_batch_grows_and_shrinks();
    ss_batch_free(&batch);
    ss_schema_free(&schema);
    return done();
}
