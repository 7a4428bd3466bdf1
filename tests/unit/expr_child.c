/* What --full-jq allows runs in a child that may run away, grow and die: the stream goes on without it. */
#include "tests/expr.h"
#include "base/clock.h"
#include "tests/tap.h"
#include <dirent.h>
#include <sys/wait.h>
#include <signal.h>

static char blamed[256];
static int quarantines;

static void note(void *ctx, int id, const char *where, const char *why)
{
    (void)ctx;
    (void)id;
    quarantines++;
    snprintf(blamed, sizeof blamed, "%s: %s", where, why);
}

static int open_files(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

/* Two records, a good expression beside the one in question: its answers, and those of the good one. */
static void run(const char *expr, const char *want, bool runs_away)
{
    struct ss_exprs_options opt = {.full_jq = true, .timeout_ms = 300, .memory_mib = 96, .quarantined = note};
    struct ss_exprs *set = ss_exprs_new(&opt);
    struct one_record one;
    struct ss_buf got, good;
    int id, other, files = open_files();
    ss_buf_init(&got, 1 << 16);
    ss_buf_init(&good, 1 << 16);
    quarantines = 0;
    if (!one_record_init(&one) || ss_exprs_add(set, ss_str_of(expr), "hostile.rules:3", &id) < 0 ||
        ss_exprs_add(set, SS_STR("[.a | range(3)] | add"), "hostile.rules:9", &other) < 0 ||
        ss_exprs_bind(set, &one.schema, true) < 0) {
        ok(false, "%s: %s", expr, ss_err_text());
        return;
    }
    for (int batch = 0; batch < 2; batch++) {
        one_record_read(&one, "{\"a\":5,\"s\":\"x\"}");
        if (ss_exprs_batch(set, &one.batch) < 0)
            ok(false, "%s: %s", expr, ss_err_text());
        ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
        ss_buf_reset(&got);
        if (ss_expr_json(set, id, &got) == SS_EXPR_ERROR)
            ss_buf_puts(&got, "error");
        ss_expr_json(set, other, &good);
    }
    ok(ss_expr_kind(set, id) == SS_EXPR_CHILD && is_text(got.p, got.n, want, expr), "%s runs in the child",
       expr);
    ok(is_text(good.p, good.n, "33", "beside it"), "the expression beside it is answered");
    ok(quarantines == runs_away, "%s", runs_away ? "it is quarantined once" : "nothing is quarantined");
    ok(!runs_away || strncmp(blamed, "hostile.rules:3: ", 17) == 0, "by name (%s)", runs_away ? blamed : "");
    ss_buf_free(&got);
    ss_buf_free(&good);
    one_record_free(&one);
    ss_exprs_free(set);
    ok(open_files() <= files && waitpid(-1, NULL, WNOHANG) < 0, "no file and no child is left");
}

static void killed_from_outside(void)
{
    struct ss_exprs_options opt = {.full_jq = true, .timeout_ms = 2000, .quarantined = note};
    struct ss_exprs *set = ss_exprs_new(&opt);
    struct one_record one;
    int id, answered = 0;
    quarantines = 0;
    if (!one_record_init(&one) ||
        ss_exprs_add(set, SS_STR("reduce .l[] as $x (0; . + $x) == 6"), "r:1", &id) < 0 ||
        ss_exprs_bind(set, &one.schema, true) < 0)
        exit(1);
    for (int i = 0; i < 5; i++) {
        one_record_read(&one, "{\"l\":[1,2,3]}");
        if (ss_exprs_batch(set, &one.batch) < 0)
            break;
        ss_exprs_begin(set, one.rec, &one.batch.arena[0]);
        answered += ss_expr_test(set, id) == SS_EXPR_TRUE;
        char path[64];
        snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
        char text[32] = "";
        FILE *f = fopen(path, "r");
        long child = f && fgets(text, sizeof text, f) ? strtol(text, NULL, 10) : 0;
        if (child > 1)
            kill((pid_t)child, SIGKILL);
        if (f)
            fclose(f);
    }
    ok(answered == 5 && quarantines == 0, "a child killed from outside is replaced and nobody is blamed");
    one_record_free(&one);
    ss_exprs_free(set);
}

static void refused(const struct ss_exprs_options *opt, const char *expr, const char *part)
{
    enum ss_expr_kind kind;
    const char *got = expr_result(opt, expr, "{\"s\":\"x\"}", &kind);
    ok(strncmp(got, "refused: test:1: ", 17) == 0 && strstr(got, part), "%s is refused: %s", expr, got);
}

int main(void)
{
    static const struct ss_exprs_options plain = {0}, full = {.full_jq = true};
    signal(SIGPIPE, SIG_IGN);
    run("[limit(3; repeat(1))] | length", "3", false);
    run("def f: . + 1; .a | f", "6", false);
    run("[.. | numbers] == [5]", "true", false);
    run("error(\"x\")", "error", false);
    run(".a |= . + 1 | .a", "6", false);
    run("def f: f; f", "error", true);
    run("[range(1e12)]", "error", true);
    run("last(range(infinite))", "error", true);
    run("def f: [f]; f", "error", true);
    run("until(false; .)", "error", true);
    run("1e300 | todate", "error", true);
    run("[limit(100000000; repeat(\"xxxxxxxxxxxxxxxx\"))] | length", "error", true);
    killed_from_outside();

    refused(&plain, "def f: f; f", "'def' is not known to end (--full-jq");
    refused(&plain, "[range(1e12)]", "'range/1' is not among the functions known to end");
    refused(&plain, "..", "recurses");
    refused(&plain, ".a = 1", "assignment");
    refused(&plain, "1e300 | todate", "todate");
    refused(&plain, "[.a[] + .b[] + .c[] + .d[]] | sort", "too much work");
    refused(&plain, ".s | test(\"(\\\\d+)+b\")", "exponential");
    refused(&plain,
            ".s|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|.+.|@json",
            "work");
    static const char *const never[] = {"env.HOME",
                                        "$ENV.HOME",
                                        "input",
                                        "include \"f\"; .",
                                        "now",
                                        "import \"a\" as $d; .",
                                        "\"\\(env)\"",
                                        "\"#\" | env",
                                        "$__loc__",
                                        "halt",
                                        "def f: input_filename; f",
                                        "[limit(1; repeat(env))]",
                                        "reduce 1 as $x (0; \"\\(\"#\" | env)\")"};
    for (size_t i = 0; i < SS_COUNT(never); i++) {
        refused(&plain, never[i], "");
        refused(&full, never[i], "");
    }
    return done();
}
