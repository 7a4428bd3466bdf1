#include "record/pan.h"
#include "base/digest.h"
#include "tests/tap.h"

static struct ss_arena arena;

static bool becomes(const struct ss_pan *pan, const char *from, const char *want)
{
    struct ss_str text = ss_str_of(from);
    bool is = ss_pan_scrub(pan, &arena, &text) == 0 && ss_str_is(text, want);
    if (!is)
        printf("# %s\n# became %.*s\n# not    %s\n", from, (int)text.n, text.p, want);
    return is && (strcmp(from, want) != 0 || text.p == from);
}

static bool stays(const char *text)
{
    return becomes(NULL, text, text);
}

static void masked(void)
{
    ok(becomes(NULL, "{\"txn_id\":\"1\",\"card_id\":\"4111111111111111\",\"amount\":5}",
               "{\"txn_id\":\"1\",\"card_id\":\"411111******1111\",\"card_last4\":\"1111\",\"amount\":5}"),
       "a card_id is masked, and its last four digits told");
    ok(becomes(NULL, "{\"card_last4\":\"9\",\"card_id\" : 4111111111111111}",
               "{\"card_last4\":\"9\",\"card_id\" : \"411111******1111\"}"),
       "a number becomes a text, and last digits that are there stay");
    ok(becomes(NULL,
               "{\"card\":{\"PAN\":\"4111 1111-1111 1111\"},\"x\":[{\"card_number\":\"0000000000000018\"}]}",
               "{\"card\":{\"PAN\":\"411111******1111\"},\"x\":[{\"card_number\":\"000000******0018\"}]}"),
       "what the name says is hidden at any depth, of any scheme, written as people do");
    ok(becomes(NULL, "{\"note\":\"took 4111 1111 1111 1111, not\\n5500000000000004\"}",
               "{\"note\":\"took 411111******1111, not\\n550000******0004\"}"),
       "any text is looked through");
    ok(becomes(NULL, "{\"note\":\"\\\"378282246310005\\\"\",\"pan\":\"378282246310005\"}",
               "{\"note\":\"\\\"378282*****0005\\\"\",\"pan\":\"378282*****0005\"}"),
       "quotes within do not end a text");
}

static void left(void)
{
    ok(stays("{\"card_id\":\"4111111111111112\",\"note\":\"4111111111111112\"}"), "wrong check digits stay");
    ok(stays("{\"txn_id\":\"4111111111111111\",\"user_id\":\"4111111111111111\",\"device_id\":"
             "\"4111111111111111\"}"),
       "ids of payments, customers and devices stay");
    ok(stays("{\"timestamp\":1700000000006,\"amount\":4111111111111111,\"ref\":\"1111111111111117\"}"),
       "numbers, and references of no scheme, stay");
    ok(stays("{\"note\":\"id-4111111111111111x a4111111111111111 0.4111111111111111\"}"),
       "parts of words stay");
    ok(stays("{\"card_id\":\"CARD-1345adc7\",\"lat\":40.7519}") && stays("") && stays("{") && stays("4111"),
       "a payment without any stays as it is");
    static const struct ss_pan keep = {.mode = SS_PAN_KEEP};
    ok(becomes(&keep, "{\"card_id\":\"4111111111111111\"}", "{\"card_id\":\"4111111111111111\"}"),
       "and all where it is asked for");
}

static void hashed(void)
{
    static const struct ss_pan pan = {.mode = SS_PAN_HASH, .key_len = 16, .key = "0123456789abcdef"};
    char hex[SS_DIGEST_HEX], want[128];
    ss_hmac_sha256_hex(pan.key, 16, "4111111111111111", 16, hex);
    snprintf(want, sizeof want, "{\"card_id\":\"%.32s\",\"card_last4\":\"1111\"}", hex);
    ok(becomes(&pan, "{\"card_id\":\"4111-1111-1111-1111\"}", want), "the hash is that of ss-ingest");
}

/* Wherever the number stands, the look at every thirteenth byte meets it; broken JSON does no harm. */
static void anywhere(void)
{
    char text[128];
    bool found = true, safe = true;
    for (int pad = 0; pad < 40; pad++) {
        int n = snprintf(text, sizeof text, "{\"a\":\"%.*s\",\"b\":\"4111111111111111\"}", pad,
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        struct ss_str all = {text, (size_t)n};
        found &= ss_pan_scrub(NULL, &arena, &all) == 0 && all.p != text;
        for (int cut = 0; cut < n; cut++) {
            char *part = ss_arena_copy(&arena, text, (size_t)cut);
            struct ss_str json = {part, (size_t)cut};
            safe &= part && ss_pan_scrub(NULL, &arena, &json) == 0;
        }
    }
    ok(found, "a number is found wherever it stands");
    ok(safe, "a text may end anywhere");
}

static void options(void)
{
    struct ss_pan *pan;
    ok(ss_pan_of_options(NULL, NULL, &pan) == 0 && !pan, "nothing said is NULL, which masks");
    ok(ss_pan_of_options("hash", NULL, &pan) < 0 && ss_pan_of_options("mask", "key", &pan) < 0 &&
           ss_pan_of_options("hide", NULL, &pan) < 0,
       "a hash needs a key, a key a hash, and a mode is one of three");
}

int main(void)
{
    ss_arena_init(&arena, 16 << 20);
    masked();
    left();
    hashed();
    anywhere();
    options();
    ss_arena_free(&arena);
    return done();
}
