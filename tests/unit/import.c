/* Models of other tools: the bits that their own library printed, and hostile files refused with a reason. */
#include "tests/tap.h"
#include "tests/model.h"
#include "base/file.h"
#include "base/number.h"
#include "model/shap.h"

static struct ss_str word_of(struct ss_str *line)
{
    const char *blank = memchr(line->p, ' ', line->n);
    struct ss_str word = {line->p, blank ? (size_t)(blank - line->p) : line->n};
    *line = (struct ss_str){line->p + word.n + (blank != NULL), line->n - word.n - (blank != NULL)};
    return word;
}

static double number_of(struct ss_str *line)
{
    struct ss_str word = word_of(line);
    double x = NAN;
    if (ss_str_is(word, "inf") || ss_str_is(word, "-inf"))
        return word.p[0] == '-' ? -INFINITY : INFINITY;
    if (!ss_str_is(word, "nan") && !ss_double_parse(word.p, word.n, &x))
        printf("# no number: '%.*s'\n", (int)word.n, word.p);
    return x;
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* A line is the row, the margin, the prediction and, in some lines, the contributions and the bias. */
static void check_rows(const char *name, const struct ss_trees *trees, double tolerance, struct ss_str text)
{
    struct ss_scorer *scorer;
    struct ss_shap *shap;
    size_t rows = 0, margins = 0, predictions = 0, scored = 0, explained = 0, wrong = 0;
    double row[32], contribution[32], all[64 * 32], batch[64], margin[64];
    if (ss_scorer_new(trees, &scorer) < 0 || ss_shap_new(trees, &shap) < 0) {
        ok(false, "%s: %s", name, ss_err_text());
        return;
    }
    while (text.n && rows < 64) {
        const char *end = memchr(text.p, '\n', text.n);
        struct ss_str line = {text.p, (size_t)(end - text.p)};
        text = (struct ss_str){end + 1, text.n - line.n - 1};
        for (uint32_t f = 0; f < trees->n_features; f++)
            row[f] = number_of(&line);
        memcpy(all + rows * trees->n_features, row, trees->n_features * sizeof *row);
        margin[rows] = number_of(&line);
        double prediction = number_of(&line);
        margins += same(ss_trees_margin(trees, row), margin[rows]);
        predictions += same(ss_trees_predict(trees, margin[rows]), prediction);
        scored += same(ss_scorer_margin(scorer, row), margin[rows]);
        if (line.n) {
            explained++;
            ss_shap_explain(shap, row, contribution);
            for (uint32_t f = 0; f < trees->n_features; f++)
                wrong += !(fabs(contribution[f] - number_of(&line)) <= tolerance);
            wrong += !(fabs(ss_shap_bias(shap) - number_of(&line)) <= tolerance);
        }
        rows++;
    }
    ss_scorer_margins(scorer, all, trees->n_features, rows, batch);
    ok(rows > 30 && margins == rows, "%s: %zu margins are its library's, bit for bit", name, rows);
    ok(predictions == rows, "%s: so are the predictions", name);
    ok(scored == rows && memcmp(batch, margin, rows * sizeof *batch) == 0,
       "%s: so are the compiled scorer's (%s), alone and in a batch", name, ss_scorer_name(scorer));
    ok(explained > 10 && wrong == 0, "%s: contributions within %g", name, tolerance);
    ss_shap_free(shap);
    ss_scorer_free(scorer);
}

static void read_file(const char *name, const char *ending, struct ss_buf *buf)
{
    char path[200];
    snprintf(path, sizeof path, "testdata/model/%s.%s", name, ending);
    ss_buf_init(buf, 1 << 20);
    if (ss_file_read(path, buf) < 0) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

static void check_round_trip(const char *name, const struct ss_trees *trees)
{
    struct ss_buf first, second;
    struct ss_arena arena;
    const struct ss_json_value *root;
    struct ss_trees again;
    ss_buf_init(&first, 1 << 20);
    ss_buf_init(&second, 1 << 20);
    ss_arena_init(&arena, 64 << 20);
    ss_trees_write_json(trees, &first);
    if (ok(ss_buf_check(&first) == 0 && ss_json_parse(first.p, first.n, &arena, &root) == 0 &&
               ss_trees_read_json(root, &again) == 0,
           "%s: its own JSON is read back", name)) {
        ss_trees_write_json(&again, &second);
        size_t bytes = trees->n_nodes * sizeof(double);
        ok(again.n_nodes == trees->n_nodes && memcmp(again.threshold, trees->threshold, bytes) == 0 &&
               memcmp(again.value, trees->value, bytes) == 0 &&
               memcmp(again.cover, trees->cover, bytes) == 0 &&
               memcmp(again.flags, trees->flags, trees->n_nodes) == 0 && again.base == trees->base &&
               again.slope == trees->slope && again.link == trees->link,
           "%s: to the bit", name);
        ok(first.n == second.n && memcmp(first.p, second.p, first.n) == 0, "%s: and written the same", name);
        ss_trees_free(&again);
    } else {
        printf("# %s\n", ss_err_text());
    }
    ss_arena_free(&arena);
    ss_buf_free(&first);
    ss_buf_free(&second);
}

static void check_model(const char *name, const char *ending, double tolerance)
{
    struct ss_buf model, expected;
    struct ss_trees trees;
    read_file(name, ending, &model);
    read_file(name, "expected", &expected);
    if (ok(ss_import_model(model.p, model.n, &trees) == 0, "%s is imported", name)) {
        check_rows(name, &trees, tolerance, (struct ss_str){expected.p, expected.n});
        check_round_trip(name, &trees);
    } else {
        printf("# %s\n", ss_err_text());
    }
    ss_trees_free(&trees);
    ss_buf_free(&model);
    ss_buf_free(&expected);
}

/* Imports the model with the first `old` replaced, and expects the reason. */
static void refuse(const char *name, const char *ending, const char *old, const char *new, const char *reason)
{
    struct ss_buf model, changed;
    struct ss_trees trees;
    read_file(name, ending, &model);
    ss_buf_init(&changed, 1 << 20);
    const char *at = strstr(ss_buf_cstr(&model), old);
    if (!at) {
        ok(false, "'%s' is not in %s", old, name);
        ss_buf_free(&model);
        return;
    }
    ss_buf_put(&changed, model.p, (size_t)(at - model.p));
    ss_buf_puts(&changed, new);
    ss_buf_puts(&changed, at + strlen(old));
    int err = ss_import_model(changed.p, changed.n, &trees);
    const char *text = err < 0 ? ss_err_text() : "accepted";
    if (!ok(err < 0 && strstr(text, reason), "%s with '%s': %s", name, new, reason))
        printf("# %s\n", text);
    ss_trees_free(&trees);
    ss_buf_free(&model);
    ss_buf_free(&changed);
}

static void check_refusals(void)
{
    const char *x = "xgboost", *l = "lightgbm";
    refuse(x, "json", "binary:logistic", "multi:softprob", "objective 'multi:softprob' cannot be imported");
    refuse(x, "json", "\"gbtree\"", "\"dart\"", "booster 'dart' cannot be imported");
    refuse(x, "json", "\"num_class\":\"0\"", "\"num_class\":\"3\"", "several outputs");
    refuse(x, "json", "\"num_class\":\"0\",\"num_feature\":\"6\"", "\"num_feature\":\"2\"",
           "feature names for 2 features");
    refuse(x, "json", "\"left_children\":[1,", "\"left_children\":[0,",
           "tree 0: node 0 is reached in two ways");
    refuse(x, "json", "\"left_children\":[1,", "\"left_children\":[99999,", "does not exist");
    refuse(x, "json", "\"left_children\":[1,", "\"left_children\":[1.5,", "is no index");
    refuse(x, "json", "\"left_children\":[1,", "\"left_children\":[1,1,", "items where");
    refuse(x, "json", "\"split_type\":[0", "\"split_type\":[1", "categorical split");
    refuse(x, "json", "\"base_score\":\"3E-1\"", "\"base_score\":\"3\"", "no probability");
    refuse(x, "json", "\"trees\":", "\"wood\":", "the model has no trees");
    refuse(x, "json", "}", "", "");
    refuse(l, "txt", "objective=binary", "objective=multiclass num_class:3", "cannot be imported");
    refuse(l, "txt", "num_class=1", "num_class=3", "several outputs");
    refuse(l, "txt", "num_cat=0", "num_cat=2", "tree 0: it has categorical splits");
    refuse(l, "txt", "is_linear=0", "is_linear=1", "linear leaves");
    refuse(l, "txt", "num_leaves=31", "num_leaves=30", "has more than 30 items");
    refuse(l, "txt", "num_leaves=31", "num_leaves=32", "is no number");
    refuse(l, "txt", "num_leaves=31", "num_leaves=2000000", "has fewer than 2000000 items");
    refuse(l, "txt", "left_child=1", "left_child=0", "reached in two ways");
    refuse(l, "txt", "left_child=1", "left_child=-99", "child that does not exist");
    refuse(l, "txt", "threshold=", "threshold_=", "'threshold' item 0 is no number");
    refuse(l, "txt", "end of trees", "", "ends within tree 11");
    refuse(l, "txt", "version=v4", "average_output", "averages");
    refuse(l, "txt", "tree\n", "forest\n", "not a LightGBM model");
}

/* The ensemble's own JSON form in a file of the fuzz corpus. */
static void check_own(const char *file, const char *reason)
{
    char path[200];
    struct ss_buf text;
    struct ss_arena arena;
    const struct ss_json_value *root;
    struct ss_trees trees;
    snprintf(path, sizeof path, "testdata/fuzz/model/%s", file);
    ss_buf_init(&text, 1 << 20);
    ss_arena_init(&arena, 1 << 20);
    int err = ss_file_read(path, &text);
    if (err == 0)
        err = ss_json_parse(text.p, text.n, &arena, &root);
    if (err == 0)
        err = ss_trees_read_json(root, &trees);
    if (err == 0)
        ss_trees_free(&trees);
    const char *got = err == 0 ? "" : ss_err_text();
    if (!ok(strcmp(got, reason) == 0, "%s: %s", file, *reason ? reason : "accepted"))
        printf("# %s\n", got);
    ss_arena_free(&arena);
    ss_buf_free(&text);
}

int main(void)
{
    check_own("ours.json", "");
    check_own("double.json", "");
    check_own("cycle.json", "tree 0: node 1 is reached in two ways");
    check_own("range.json", "tree 0: node 0 has an impossible cover");
    check_model("xgboost", "json", 1e-6);
    check_model("lightgbm", "txt", 1e-12);
    check_model("lightgbm_zero", "txt", 1e-12);
    check_model("lightgbm_none", "txt", 1e-12);
    check_refusals();
    return done();
}
