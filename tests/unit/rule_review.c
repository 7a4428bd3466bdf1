/* What an author is told about a rule file. */
#include "rule/review.h"
#include "base/err.h"
#include "tests/tap.h"
#include <unistd.h>

static char said[16384];

static void note(void *ctx, const struct ss_review_note *n)
{
    static const char kinds[] = "EWT";
    size_t at = strlen(said);
    (void)ctx;
    snprintf(said + at, sizeof said - at, "%c %u:%u [%.*s] %.*s | %.*s\n", kinds[n->kind], n->line, n->column,
             (int)n->rule.n, n->rule.p ? n->rule.p : "", (int)n->text.n, n->text.p, (int)n->hint.n,
             n->hint.p ? n->hint.p : "");
}

static struct ss_review review(const char *text)
{
    struct ss_schema schema;
    struct ss_ruleset *set;
    struct ss_ruleset_options options = {.lists_dir = "/nonexistent"};
    struct ss_review r = {.note = note, .trusted = SS_STR("list other = /dev/null")};
    said[0] = '\0';
    if (ss_schema_init(&schema) || ss_rules_review(ss_str_of(text), &options, &schema, &r, &set)) {
        ok(false, "review: %s", ss_err_text());
        return r;
    }
    if ((set == NULL) != (r.errors > 0))
        ok(false, "a set when there is no error");
    ss_ruleset_free(set);
    ss_schema_free(&schema);
    return r;
}

static void is(const char *text, const char *want, const char *what)
{
    (void)review(text);
    is_text(said, strlen(said), want, what);
}

int main(void)
{
    is("[a]\nwhen = .x >= 3\nscore = 0.5\n", "", "a sound set has nothing to say about");
    is("critical = 2\n\n[a]\nwhen  = .x >= 3 and\n   .y ) \nscore = 0.5\n[b]\nwhn = 1\n[c]\nwhen = .x\nscore "
       "= 3\n"
       "[d]\nwhen = .z > 1\nscore = 1\n",
       "E 1:0 [] '2' is not a score from 0 to 1 | \n"
       "E 5:7 [a] expected an operator, not ')' | \n"
       "E 8:0 [b] unknown setting 'whn' | did you mean 'when'?\n"
       "E 11:0 [c] '3' is not a score from 0 to 1 | \n",
       "everything that is wrong is found, with its place");
    is("list bad = nosuch.csv\n[a]\nwhen = .x | IN($lists.bad[])\nscore = 1\n",
       "E 1:0 [] list 'bad': cannot open '/nonexistent/nosuch.csv': No such file or directory | \n",
       "a list that is not there is told once");
    is("list bad = /etc/passwd\nlist worse = ../x.csv\n[a]\nwhen = .x | IN($lists.bad[])\nscore = 1\n",
       "E 1:0 [] a list's file lies in the lists' directory | name the file alone, such as bad.csv\n"
       "E 2:0 [] a list's file lies in the lists' directory | name the file alone, such as bad.csv\n",
       "a text may not choose which file is read");
    is("list l = /dev/null\n[a]\nwhen = .x | IN($lists.l[])\nscore = 1\n",
       "W 1:0 [] list 'l' is empty: '/dev/null' has no entries | \n",
       "but one that was chosen already may stay");
    is("[a]\nwhen = .x > 5 and .x < 3\nscore = 0.5\n[b]\nwhen = .y >= 1\n",
       "W 2:0 [a] can never fire: .x would have to be above 5 and below 3 | \n"
       "W 4:0 [b] changes nothing: it has neither score nor weight nor action | \n",
       "mistakes that are no errors");
    struct ss_review r =
        review("[a]\nwhen = .x >= 5\nscore = 1\ntest = {\"x\":5} => fires\ntest = {\"x\":4} => fires\n");
    is_text(said, strlen(said), "T 5:0 [a] is silent, not fires: {\"x\":4} | \n", "tests that fail");
    ok(r.passed == 1 && r.failed == 1 && r.errors == 0, "and how many pass");
    char many[4096] = "";
    for (int i = 0; i < 40; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "[r%d]\nwhen = (\n", i);
    ok(review(many).errors == SS_REVIEW_ERRORS, "no more than %d errors are looked for", SS_REVIEW_ERRORS);
    is("[a]\nwhen = .x\nscore = 1\n[a]\nwhen = .y\nscore = 1\n",
       "E 4:0 [a] rule 'a' is already there, at rules:1 | \n", "a rule that is there twice");
    is("", "", "no text at all is a set without rules");
    return done();
}
