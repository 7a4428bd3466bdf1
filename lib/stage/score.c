#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/time.h"
#include "feature/about.h"
#include "feature/file.h"
#include "feature/supply.h"
#include "flow/snapshot.h"
#include "json/write.h"
#include "model/explain.h"
#include "model/fallback.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define MODELS_MAX 8
#define CHUNK      64
#define MEMBER_MAX ((size_t)1 << 20)

/* A model in use, with what scoring needs beside it; replaced as a whole on reload. */
struct scored {
    struct ss_model *model;
    uint32_t *bind;
    struct ss_about *about;
};

struct worker {
    struct ss_explainer *explainer; /* of the champion */
    double *rows[MODELS_MAX];       /* CHUNK rows of each model */
    double *raw[MODELS_MAX];
    float *scratch;
    struct ss_buf text;
};

struct score {
    const char *path[MODELS_MAX];
    int models; /* 0: the fallback */
    const char *feature_name;
    int explain; /* the lowest level that is explained; SS_LEVELS for none */
    bool explain_given;
    /* From here on set by open. */
    struct ss_env *env;
    struct ss_supply *supply, *first; /* of the partition at hand; the one that has the plan */
    struct scored scored[MODELS_MAX];
    struct worker worker[SS_WORKERS_MAX];
    int workers;
    int reloads;                      /* SIGHUPs seen so far */
    int count_feature, ratio_feature; /* of the fallback; -1: not in the feature file */
};

static const struct argp_option options[] = {
    {"model", 'm', "FILE", 0, "Score with this model; given again, a challenger that is reported beside it",
     0},
    {"features", 'f', "FILE", 0, "Without a model: feature file, or the name of a shipped one (default)", 0},
    {"explain", 'e', "LEVEL", 0, "Give reasons from this level up; or all, or none (MEDIUM)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct score *st = state->input;
    switch (key) {
    case 'm':
        if (st->models == MODELS_MAX) {
            argp_error(state, "more than %d models", MODELS_MAX);
            return EINVAL; /* where a server parses, argp_error comes back */
        }
        st->path[st->models++] = arg;
        return 0;
    case 'f': st->feature_name = arg; return 0;
    case 'e':
        st->explain_given = true;
        st->explain = strcmp(arg, "all") == 0    ? SS_NONE
                      : strcmp(arg, "none") == 0 ? SS_LEVELS
                                                 : ss_level_of(ss_str_of(arg));
        if (st->explain < 0)
            argp_error(state, "--explain takes LOW, MEDIUM, HIGH, CRITICAL, all or none, not '%s'", arg);
        return 0;
    case ARGP_KEY_END:
        if (st->models && st->feature_name)
            argp_error(state, "a model brings its own feature file: leave out -f");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp score_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

/* --- opening and reloading --- */

static void free_scored(struct scored *s)
{
    free(s->bind);
    free(s->about);
    ss_model_free(s->model);
    *s = (struct scored){0};
}

/* Everything of a loaded model that depends on the feature file. */
static int fit_in(struct score *st, struct scored *s, const char *path)
{
    const struct ss_feature_spec *spec = ss_supply_spec(st->supply);
    const struct ss_feature_names *names = ss_supply_names(st->supply);
    uint32_t width = ss_model_width(s->model);
    if (strcmp(names->set, s->model->set) != 0)
        return ss_fail(SS_EDATA, "model '%s' was trained with feature set %s, not %s", path, s->model->set,
                       names->set);
    s->bind = malloc(width * sizeof *s->bind);
    s->about = calloc(width, sizeof *s->about);
    int err = s->bind && s->about ? 0 : ss_fail(SS_ENOMEM, "out of memory for model '%s'", path);
    err = err ? err : ss_model_bind(s->model, names, s->bind);
    for (uint32_t j = 0; !err && j < s->model->n_inputs; j++)
        err = ss_feature_about(spec, s->model->input[j].name, &s->about[j], &s->model->arena);
    if (!err && width > s->model->n_inputs)
        s->about[s->model->n_inputs] =
            (struct ss_about){.kind = SS_ABOUT_ISOLATION, .name = SS_STR(SS_MODEL_ISOLATION)};
    return err;
}

static void free_worker(struct worker *w)
{
    ss_explainer_free(w->explainer);
    for (int m = 0; m < MODELS_MAX; m++) {
        free(w->rows[m]);
        free(w->raw[m]);
    }
    free(w->scratch);
    ss_buf_free(&w->text);
    *w = (struct worker){0};
}

static int make_worker(const struct score *st, const struct scored *scored, struct worker *w)
{
    uint32_t widest = 1;
    *w = (struct worker){0};
    ss_buf_init(&w->text, MEMBER_MAX);
    for (int m = 0; m < st->models; m++) {
        uint32_t width = ss_model_width(scored[m].model);
        widest = width > widest ? width : widest;
        w->rows[m] = malloc(CHUNK * width * sizeof *w->rows[m]);
        w->raw[m] = malloc(CHUNK * sizeof *w->raw[m]);
        if (!w->rows[m] || !w->raw[m])
            return ss_fail(SS_ENOMEM, "out of memory to score");
    }
    w->scratch = malloc(CHUNK * widest * sizeof *w->scratch);
    if (!w->scratch)
        return ss_fail(SS_ENOMEM, "out of memory to score");
    if (st->models && st->explain < SS_LEVELS)
        return ss_explainer_new(scored[0].model, scored[0].about, &w->explainer);
    return 0;
}

/* Loads all models and all workers' memory aside, then puts them in place of the old ones. */
static int load_models(struct score *st)
{
    struct scored scored[MODELS_MAX] = {{0}};
    struct worker *worker = calloc(SS_WORKERS_MAX, sizeof *worker);
    int err = worker ? 0 : ss_fail(SS_ENOMEM, "out of memory to score");
    for (int m = 0; !err && m < st->models; m++) {
        err = ss_model_load(st->path[m], &scored[m].model);
        if (!err && !st->supply) /* the champion's feature file is the one */
            err = ss_supply_new(scored[0].model->feature_file, st->path[0], st->env->schema, st->workers,
                                st->env->program, &st->supply);
        err = err ? err : fit_in(st, &scored[m], st->path[m]);
    }
    for (int w = 0; !err && w < st->workers; w++)
        err = make_worker(st, scored, &worker[w]);
    for (int i = 0; i < MODELS_MAX; i++) {
        struct scored old = st->scored[i];
        if (!err) {
            st->scored[i] = scored[i];
            free_scored(&old);
        } else {
            free_scored(&scored[i]);
        }
    }
    for (int w = 0; worker && w < SS_WORKERS_MAX; w++) {
        struct worker old = st->worker[w];
        if (!err) {
            st->worker[w] = worker[w];
            free_worker(&old);
        } else {
            free_worker(&worker[w]);
        }
    }
    free(worker);
    return err;
}

static int open_fallback(struct score *st)
{
    const char *name = st->feature_name ? st->feature_name : SS_FEATURE_FILE_DEFAULT;
    struct ss_buf buf;
    ss_buf_init(&buf, SS_FEATURE_FILE_MAX + 1);
    int err = ss_feature_file_read(name, &buf);
    err = err ? err
              : ss_supply_new((struct ss_str){buf.p ? buf.p : "", buf.n}, name, st->env->schema, st->workers,
                              st->env->program, &st->supply);
    ss_buf_free(&buf);
    if (err)
        return err;
    const struct ss_feature_spec *spec = ss_supply_spec(st->supply);
    const struct ss_feature_names *names = ss_supply_names(st->supply);
    st->count_feature = st->ratio_feature = -1;
    for (uint32_t i = names->n; i-- > 0;) { /* the first of each kind counts */
        const struct ss_feature_def *def = ss_feature_spec_find(spec, names->name[i]);
        struct ss_about about;
        struct ss_arena arena;
        ss_arena_init(&arena, 1 << 20);
        err = ss_feature_about(spec, names->name[i], &about, &arena);
        ss_arena_free(&arena);
        if (err)
            return err;
        if (def && about.kind == SS_ABOUT_COUNT && def->conds == 0 && about.window_us == SS_MINUTE_US)
            st->count_feature = (int)i;
        if (about.kind == SS_ABOUT_RATIO && ss_str_is(about.argument, "amount"))
            st->ratio_feature = (int)i;
    }
    ss_warn("no model given: scores come from the fallback, a sum of simple signs (see ss-score(1))");
    return 0;
}

static int score_part_open(void *state)
{
    struct score *st = state;
    if (st->supply) {
        st->first = st->supply;
        return 0;
    }
    return ss_supply_another(st->first, &st->supply);
}

static void score_part_close(void *state)
{
    struct score *st = state;
    if (st->supply == st->first)
        return;
    ss_supply_free(st->supply);
    st->supply = NULL;
}

static int score_open(void *state, struct ss_env *env)
{
    struct score *st = state;
    st->env = env;
    st->workers = env->workers > 0 ? env->workers : 1;
    st->reloads = env->reload ? *env->reload : 0;
    if (!st->explain_given)
        st->explain = SS_MEDIUM;
    int err = st->models ? 0 : open_fallback(st);
    return err ? err : load_models(st);
}

static void score_close(void *state)
{
    struct score *st = state;
    for (int w = 0; w < SS_WORKERS_MAX; w++)
        free_worker(&st->worker[w]);
    for (int m = 0; m < MODELS_MAX; m++)
        free_scored(&st->scored[m]);
    ss_supply_free(st->first ? st->first : st->supply);
}

/* At a batch boundary, while no worker is at work. */
static int score_reload(void *state)
{
    struct score *st = state;
    int err = st->models ? load_models(st) : 0;
    if (!err && st->models)
        ss_info("model '%s' reloaded: %s", st->path[0], st->scored[0].model->name);
    return err;
}

static void reload_where_asked(struct score *st)
{
    if (!st->env->reload || *st->env->reload == st->reloads)
        return;
    st->reloads = *st->env->reload;
    if (score_reload(st) < 0)
        ss_warn("%s: the model in use stays", ss_err_text());
}

/* --- scoring --- */

static int set_member(struct ss_record *rec, struct worker *w, const struct ss_score *score,
                      struct ss_arena *arena)
{
    struct ss_score *kept = ss_arena_alloc(arena, sizeof *kept);
    char *text = ss_arena_copy(arena, w->text.p, w->text.n);
    int err = ss_buf_check(&w->text);
    if (err || !kept || !text)
        return SS_ENOMEM;
    *kept = *score;
    rec->score = kept;
    ss_record_set(rec, SS_SCORE, (struct ss_str){text, w->text.n});
    return 0;
}

static void put_head(struct ss_buf *to, const struct ss_score *score, const char *model)
{
    ss_buf_reset(to);
    ss_buf_puts(to, "{\"value\":");
    ss_json_put_double(to, score->value);
    ss_buf_puts(to, ",\"raw\":");
    ss_json_put_double(to, score->raw);
    ss_buf_puts(to, ",\"level\":\"");
    ss_buf_puts(to, ss_level_name(score->level));
    ss_buf_puts(to, "\",\"model\":\"");
    ss_buf_puts(to, model);
    ss_buf_putc(to, '"');
}

static void rate(const struct ss_model *model, double raw, struct ss_score *score)
{
    score->raw = raw;
    score->value = ss_calibration_apply(&model->calibration, raw);
    score->level = ss_levels_of(&model->levels, score->value);
}

static void put_challengers(const struct score *st, const struct worker *w, size_t row, struct ss_buf *to)
{
    for (int m = 1; m < st->models; m++) {
        const struct ss_model *model = st->scored[m].model;
        struct ss_score score;
        rate(model, w->raw[m][row], &score);
        ss_buf_puts(to, m == 1 ? ",\"challengers\":[{\"model\":\"" : ",{\"model\":\"");
        ss_buf_puts(to, model->name);
        ss_buf_puts(to, "\",\"value\":");
        ss_json_put_double(to, score.value);
        ss_buf_printf(to, ",\"level\":\"%s\"}", ss_level_name(score.level));
    }
    if (st->models > 1)
        ss_buf_putc(to, ']');
}

static int score_chunk(const struct score *st, struct worker *w, struct ss_record *const *rec, size_t n,
                       struct ss_arena *arena)
{
    int err = 0;
    for (int m = 0; m < st->models; m++) {
        const struct scored *s = &st->scored[m];
        uint32_t width = ss_model_width(s->model);
        for (size_t i = 0; i < n; i++)
            ss_model_row(s->model, s->bind, rec[i]->features, w->rows[m] + i * width);
        ss_model_predict(s->model, w->rows[m], width, n, w->scratch, w->raw[m]);
    }
    const struct ss_model *champion = st->scored[0].model;
    for (size_t i = 0; i < n && !err; i++) {
        struct ss_score score;
        rate(champion, w->raw[0][i], &score);
        put_head(&w->text, &score, champion->name);
        if ((int)score.level >= st->explain) {
            ss_buf_puts(&w->text, ",\"reasons\":");
            ss_explain(w->explainer, w->rows[0] + i * ss_model_width(champion), &w->text);
        }
        put_challengers(st, w, i, &w->text);
        ss_buf_putc(&w->text, '}');
        err = set_member(rec[i], w, &score, arena);
    }
    return err;
}

static int score_fallback(const struct score *st, struct worker *w, struct ss_record *rec,
                          struct ss_arena *arena)
{
    const double *num = rec->features->num;
    struct ss_fallback in = {.count_1m = st->count_feature < 0 ? NAN : num[st->count_feature],
                             .amount_ratio = st->ratio_feature < 0 ? NAN : num[st->ratio_feature],
                             .amount = rec->has_amount ? (double)rec->amount / SS_AMOUNT_SCALE : NAN,
                             .time_us = rec->has_time ? rec->time_us : 0,
                             .place = ss_record_text(rec, SS_LOCATION, arena)};
    struct ss_score score;
    score.value = score.raw = ss_fallback_score(&in);
    score.level = ss_levels_of(&ss_levels_default, score.value);
    put_head(&w->text, &score, "none");
    if ((int)score.level >= st->explain) {
        ss_buf_puts(&w->text, ",\"reasons\":");
        ss_fallback_explain(&in, &w->text);
    }
    ss_buf_putc(&w->text, '}');
    return set_member(rec, w, &score, arena);
}

static int score_rows(struct score *st, int worker, int workers, struct ss_batch *batch)
{
    struct worker *w = &st->worker[worker];
    struct ss_arena *arena = &batch->arena[worker];
    struct ss_record *chunk[CHUNK];
    size_t from, to, n = 0;
    int err = 0;
    ss_rows_of(batch, worker, workers, &from, &to);
    for (size_t i = from; i < to && !err; i++) {
        struct ss_record *rec = &batch->rec[i];
        if (rec->fate != SS_KEEP || !rec->features || ss_record_is_label(rec))
            continue;
        if (st->models == 0)
            err = score_fallback(st, w, rec, arena);
        else
            chunk[n++] = rec;
        if (n == CHUNK) {
            err = score_chunk(st, w, chunk, n, arena);
            n = 0;
        }
    }
    return err || n == 0 ? err : score_chunk(st, w, chunk, n, arena);
}

static int score_step(void *state, struct ss_batch *batch)
{
    struct score *st = state;
    reload_where_asked(st);
    return ss_supply_prepare(st->supply, batch);
}

static int score_work(void *state, int phase, int worker, int workers, struct ss_batch *batch)
{
    struct score *st = state;
    if (phase < SS_SUPPLY_PHASES)
        return ss_supply_work(st->supply, phase, worker, workers, batch);
    return score_rows(st, worker, workers, batch);
}

static int score_trial(void *state, struct ss_batch *batch)
{
    struct score *st = state;
    int err = ss_supply_trial(st->supply, batch);
    return err ? err : score_rows(st, 0, 1, batch);
}

static void score_status(const void *state, struct ss_stage_status *status)
{
    const struct score *st = state;
    snprintf(status->version, sizeof status->version, "%s", st->models ? st->scored[0].model->name : "none");
    ss_status_add(status, "models", (uint64_t)st->models);
}

static void score_part_status(const void *state, struct ss_stage_status *status)
{
    const struct score *st = state;
    const struct ss_feature_engine *engine = st->supply ? ss_supply_engine(st->supply) : NULL;
    struct ss_feature_stats s;
    if (!engine)
        return;
    ss_feature_engine_stats(engine, &s);
    ss_status_add(status, "entities", s.entities);
    ss_status_add(status, "bytes", s.bytes);
    ss_status_add(status, "evicted", s.evicted);
}

/* --- state of the features it computes itself --- */

static int score_save(const void *state, struct ss_sink *to)
{
    const struct score *st = state;
    return ss_supply_save(st->supply, ss_state_write, to);
}

static int score_load(void *state, struct ss_source *from)
{
    struct score *st = state;
    return ss_supply_load(st->supply, ss_state_read, from);
}

const struct ss_stage ss_stage_score = {
    .name = "score",
    .about = "Add a model's score, risk level and reasons to each payment.",
    .argp = &score_argp,
    .state_size = sizeof(struct score),
    .open = score_open,
    .step = score_step,
    .phases = SS_SUPPLY_PHASES + 1,
    .work = score_work,
    .hosted = true,
    .trial = score_trial,
    .reload = score_reload,
    .status = score_status,
    .part_status = score_part_status,
    .close = score_close,
    .part_at = offsetof(struct score, supply),
    .part_bytes = sizeof(struct ss_supply *),
    .part_open = score_part_open,
    .part_close = score_part_close,
    .save = score_save,
    .load = score_load,
};
