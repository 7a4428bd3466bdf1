/* lib/cli: the text that ss-run takes, cut into stages and words. */
#include "base/buf.h"
#include "base/err.h"
#include "base/number.h"
#include "cli/pipeline.h"
#include "tests/tap.h"

static struct ss_words stages[4];

/* The words as <a><b>|<c>, or the message. */
static void splits(const char *text, const char *want)
{
    struct ss_arena arena;
    struct ss_buf got;
    ss_arena_init(&arena, 1 << 24);
    ss_buf_init(&got, 1 << 20);
    int n = ss_pipeline_split(text, &arena, stages, 4);
    for (int i = 0; i < n; i++) {
        ss_buf_puts(&got, i ? "|" : "");
        for (int k = 0; k < stages[i].n; k++)
            ss_buf_printf(&got, "<%s>", stages[i].word[k]);
        if (stages[i].word[stages[i].n])
            ss_buf_puts(&got, " without its NULL");
    }
    if (n < 0)
        ss_buf_puts(&got, n == SS_EUSAGE ? ss_err_text() : "another error");
    is_text(got.p ? got.p : "", got.n, want, strchr(text, '\n') ? "a pipeline over lines" : text);
    ss_buf_free(&got);
    ss_arena_free(&arena);
}

static void size_is(const char *text, size_t want)
{
    size_t got = 0;
    bool good = ss_size_parse(text, &got);
    ok(want ? good && got == want : !good, "size '%s'", text);
}

int main(void)
{
    splits("features", "<features>");
    splits("ingest -m bank.map | features|score -m 'a b.ssm'",
           "<ingest><-m><bank.map>|<features>|<score><-m><a b.ssm>");
    splits(" \t\n a \n b \t", "<a><b>");
    splits("a '' \"\" b", "<a><><><b>");
    splits("a 'x|y' \"x|y\" x\\|y", "<a><x|y><x|y><x|y>");
    splits("a 'it''s' \"say \\\"hi\\\" \\\\ \\n\"", "<a><its><say \"hi\" \\ \\n>");
    splits("a 'no \\escape' x\\ y \\'z", "<a><no \\escape><x y><'z>");
    splits("a pre'mid'\"post\"", "<a><premidpost>");
    splits("a\\", "<a\\>");
    splits("a|b|c|d", "<a>|<b>|<c>|<d>");
    splits("a|b|c|d|e", "more than 4 stages in one pipeline");
    splits("", "an empty stage in the pipeline ''");
    splits("a|", "an empty stage in the pipeline 'a|'");
    splits("|a", "an empty stage in the pipeline '|a'");
    splits("a || b", "an empty stage in the pipeline 'a || b'");
    splits("a 'b", "a quote (') is not closed in the pipeline");
    splits("a \"b\\\"", "a quote (\") is not closed in the pipeline");
    char many[2 * 300 + 1];
    for (int i = 0; i < 300; i++)
        memcpy(many + (size_t)i * 2, "x ", 3);
    splits(many, "more than 256 words in one stage");
    size_is("1", 1);
    size_is("64K", 65536);
    size_is("1M", 1 << 20);
    size_is("2G", (size_t)2 << 30);
    static const char *const bad[] = {"",    "0",  "-1",           "K",   "1k", "1.5M",
                                      "1MB", " 1", "99999999999T", "1M ", "x"};
    for (size_t i = 0; i < SS_COUNT(bad); i++)
        size_is(bad[i], 0);
    return done();
}
