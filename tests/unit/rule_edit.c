/* Edits of rule files: one thing changes, everything else stays to the byte. */
#include "rule/edit.h"
#include "base/err.h"
#include "tests/tap.h"

static const char file[] = "# Our rules.\n"
                           "\n"
                           "critical = 0.9   # the board's wish\n"
                           "list bad = bad.csv\n"
                           "\n"
                           "# Bursts. Tuned in March.\n"
                           "# Ask Ann.\n"
                           "[burst]\n"
                           "when   = .n >= 4\n"
                           "     # but not tiny ones\n"
                           "     and .amount > 1\n"
                           "score  = 0.9  # was 0.8\n"
                           "test   = {\"n\":4,\"amount\":2} => fires\n"
                           "test   = {\"n\":3} => silent\n"
                           "\n"
                           "# loose, of the next\n"
                           "[spike]\n"
                           "when = .amount > 100\n"
                           "\n"
                           "[last] # behind it\n"
                           "when = .x\n";

static struct ss_buf out;

static struct ss_str text_of(const struct ss_buf *buf)
{
    return (struct ss_str){buf->p ? buf->p : "", buf->n};
}

/* The file with one piece replaced by another. */
static bool is_edit(const char *what, const char *was, const char *now)
{
    static char want[sizeof file + 4096];
    const char *at = strstr(file, was);
    snprintf(want, sizeof want, "%.*s%s%s", (int)(at - file), file, now, at + strlen(was));
    return is_text(out.p ? out.p : "", out.n, want, what);
}

static void set(const char *rule, const char *key, const char *value)
{
    ss_buf_reset(&out);
    struct ss_str none = {NULL, 0};
    int err = ss_rule_edit_set(SS_STR(file), rule ? ss_str_of(rule) : none, key,
                               value ? ss_str_of(value) : none, &out);
    if (err)
        ok(false, "%s: %s", key, ss_err_text());
}

static void settings(void)
{
    set("burst", "score", "0.95");
    is_edit("a value is replaced, its comment stays", "0.9  # was", "0.95  # was");
    set("burst", "mode", "shadow");
    is_edit("a new setting comes behind the last, its sign below the others", "=> silent\n",
            "=> silent\nmode   = shadow\n");
    set("burst", "when", ".n >= 5\nand .amount > 1");
    is_edit("an expression of several lines", ".n >= 4\n     # but not tiny ones\n     and .amount > 1\n",
            ".n >= 5\n    and .amount > 1\n");
    set("burst", "score", NULL);
    is_edit("a setting is taken out", "score  = 0.9  # was 0.8\n", "");
    set("burst", "mode", NULL);
    is_edit("one that is not there is left out", "", "");
    set("last", "enabled", "false");
    is_edit("in the last rule", "when = .x\n", "when = .x\nenabled = false\n");
    set(NULL, "critical", "0.95");
    is_edit("a setting of the whole set", "0.9   # the", "0.95   # the");
    set(NULL, "action critical", "block");
    is_edit("a new one of the whole set", "bad.csv\n", "bad.csv\naction critical = block\n");
    ok(ss_rule_edit_set(SS_STR(file), SS_STR("nosuch"), "score", SS_STR("1"), &out) == SS_ENOINPUT,
       "no such rule");
    ss_buf_reset(&out);
    ok(ss_rule_edit_set(SS_STR("# about a\n[a]\nwhen = 1\n"), (struct ss_str){NULL, 0}, "high", SS_STR("0.7"),
                        &out) == 0 &&
           ss_str_is(text_of(&out), "high = 0.7\n\n# about a\n[a]\nwhen = 1\n"),
       "a set that has none yet");
    ss_buf_reset(&out);
    ok(ss_rule_edit_set(SS_STR("action  critical=block"), (struct ss_str){NULL, 0}, "action critical",
                        SS_STR("review"), &out) == 0 &&
           ss_str_is(text_of(&out), "action  critical=review\n"),
       "blanks and a missing newline at the end make no difference");
}

static void rules(void)
{
    ss_buf_reset(&out);
    ok(ss_rule_edit_put(SS_STR(file), SS_STR("burst"), SS_STR("\n[burst]\nwhen = .n > 7\n\n"), &out) == 0,
       "a rule is replaced");
    const char *was = strstr(file, "# Bursts"), *end = strstr(file, "\n# loose");
    char piece[1024];
    snprintf(piece, sizeof piece, "%.*s", (int)(end - was), was);
    is_edit("with its comments, not those of the next", piece, "[burst]\nwhen = .n > 7\n");
    ss_buf_reset(&out);
    ok(ss_rule_edit_put(SS_STR(file), SS_STR("new"), SS_STR("[new]\nwhen = .y"), &out) == 0, "one is added");
    is_edit("at the end", "when = .x\n", "when = .x\n\n[new]\nwhen = .y\n");
    ss_buf_reset(&out);
    ok(ss_rule_edit_remove(SS_STR(file), SS_STR("spike"), &out) == 1, "one is taken out");
    is_edit("with its comments", "# loose, of the next\n[spike]\nwhen = .amount > 100\n\n", "");
    ss_buf_reset(&out);
    ok(ss_rule_edit_remove(SS_STR(file), SS_STR("nosuch"), &out) == 0, "one that is not there is not");
    is_edit("and all stays", "", "");
    ss_buf_reset(&out);
    ok(ss_rule_edit_remove(SS_STR("[a]\nwhen = 1\n[b]\nwhen = 2\n\n [c]\nwhen = 3\n"), SS_STR("b"), &out) ==
               1 &&
           ss_str_is(text_of(&out), "[a]\nwhen = 1\n\n [c]\nwhen = 3\n"),
       "an indented rule behind it does not become part of a value");
    struct ss_rule_span span;
    ok(ss_rule_find(SS_STR(file), SS_STR("last"), &span) && span.line == 20 && span.to == sizeof file - 1 &&
           !ss_rule_find(SS_STR(file), SS_STR("LAST"), &span),
       "rules are found by their name");
}

static void places(void)
{
    uint32_t line = 0, column = 0;
    ok(ss_rule_place(SS_STR(file), 9, 1, &line, &column) && line == 9 && column == 10, "a value's begin");
    ok(ss_rule_place(SS_STR(file), 9, 8, &line, &column) && line == 9 && column == 17,
       "the end of its first line");
    ok(ss_rule_place(SS_STR(file), 9, 10, &line, &column) && line == 11 && column == 7,
       "its second line, behind a comment: %u:%u", line, column);
    ok(ss_rule_place(SS_STR(file), 9, 500, &line, &column) && line == 11 && column == 21,
       "what lies behind it is its end");
    ok(!ss_rule_place(SS_STR(file), 8, 1, &line, &column), "a line that begins no setting");
    ok(!ss_rule_place(SS_STR(file), 800, 1, &line, &column), "a line that is not there");
}

int main(void)
{
    ss_buf_init(&out, 1 << 20);
    settings();
    rules();
    places();
    ss_buf_free(&out);
    return done();
}
