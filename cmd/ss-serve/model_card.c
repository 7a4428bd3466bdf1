#include "cmd/ss-serve/model_card.h"
#include "base/arena.h"
#include "base/err.h"
#include "cli/pipeline.h"
#include "json/write.h"
#include "model/file.h"
#include "web/web.h"

#define STAGES_MAX 64
#define MODELS_MAX 8

static void put_inputs(struct ss_buf *to, const struct ss_model *model)
{
    ss_json_open(to, "inputs", '[');
    for (uint32_t i = 0; i < model->n_inputs; i++) {
        ss_json_item(to);
        ss_put_text_of(to, "name", model->input[i].name);
        ss_put_text_of(to, "type", model->input[i].is_text ? SS_STR("text") : SS_STR("number"));
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

/* The members, behind what is there. */
static int put_model(struct ss_buf *to, const char *path)
{
    struct ss_model *model;
    int err = ss_model_load(path, &model);
    if (err)
        return err;
    ss_put_text_of(to, "name", ss_str_of(model->name));
    ss_put_text_of(to, "kind", ss_str_of(ss_model_kind_name(model->kind)));
    ss_put_text_of(to, "file", ss_str_of(path));
    ss_put_text_of(to, "features", ss_str_of(model->set));
    put_inputs(to, model);
    ss_json_key(to, "levels");
    ss_levels_write_json(&model->levels, to);
    ss_put_raw_of(to, "parameters", model->parameters);
    ss_put_raw_of(to, "training", model->training);
    ss_put_raw_of(to, "metrics", model->metrics);
    ss_put_raw_of(to, "distribution", model->distribution);
    ss_model_free(model);
    return 0;
}

static void put_fallback(struct ss_buf *to)
{
    ss_put_text_of(to, "name", SS_STR("none"));
    ss_put_text_of(to, "kind", SS_STR("fallback"));
    ss_json_key(to, "levels");
    ss_levels_write_json(&ss_levels_default, to);
}

/* `-m FILE`, `-mFILE`, `--model FILE`, `--model=FILE`. */
static int models_of(const struct ss_words *words, const char **path)
{
    int n = 0;
    for (int i = 1; i < words->n && n < MODELS_MAX; i++) {
        const char *word = words->word[i];
        bool next = strcmp(word, "-m") == 0 || strcmp(word, "--model") == 0;
        if (next && i + 1 < words->n)
            path[n++] = words->word[++i];
        else if (strncmp(word, "--model=", 8) == 0)
            path[n++] = word + 8;
        else if (!next && strncmp(word, "-m", 2) == 0)
            path[n++] = word + 2;
    }
    return n;
}

static int put_card(const struct ss_words *words, struct ss_buf *to)
{
    const char *path[MODELS_MAX];
    int n = models_of(words, path), err = 0;
    ss_buf_putc(to, '{');
    if (n == 0)
        put_fallback(to);
    else
        err = put_model(to, path[0]);
    ss_json_open(to, "challengers", '[');
    for (int i = 1; i < n && !err; i++) {
        ss_buf_puts(to, i > 1 ? ",{" : "{");
        err = put_model(to, path[i]);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "]}");
    return err ? err : ss_buf_check(to);
}

int ss_model_card(const char *pipeline, struct ss_buf *to)
{
    struct ss_arena arena;
    ss_arena_init(&arena, (size_t)4 << 20);
    struct ss_words *stages = ss_arena_zalloc(&arena, STAGES_MAX * sizeof *stages);
    int n = stages ? ss_pipeline_split(pipeline, &arena, stages, STAGES_MAX) : SS_ENOMEM;
    int err = n < 0 ? n : 0;
    for (int s = 0; s < n && !err; s++)
        if (stages[s].n && strcmp(stages[s].word[0], "score") == 0) {
            err = put_card(&stages[s], to);
            break;
        }
    ss_arena_free(&arena);
    return err;
}
