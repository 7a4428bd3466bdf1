#include "feature/supply.h"
#include "base/err.h"
#include "feature/trial.h"
#include "record/features.h"
#include <stdlib.h>

#define HINT ": give ss-features the same feature file, or leave ss-features out"

enum way { WAY_OPEN, WAY_GIVEN, WAY_COMPUTED };

struct ss_supply {
    struct ss_feature_plan *plan;
    struct ss_feature_engine *engine;
    struct ss_feature_trial *trial; /* once something has been tried */
    const char *program;
    int workers;
    bool borrowed; /* the plan is another's */
    enum way way;  /* WAY_OPEN until the first payment; labels before it go to the engine */
};

static int make_engine(struct ss_supply *s)
{
    static const struct ss_feature_config config = {0};
    return ss_feature_engine_new(s->plan, s->workers, &config, &s->engine);
}

int ss_supply_another(const struct ss_supply *first, struct ss_supply **supply)
{
    struct ss_supply *s = calloc(1, sizeof *s);
    *supply = NULL;
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory for features");
    *s = (struct ss_supply){
        .plan = first->plan, .program = first->program, .workers = first->workers, .borrowed = true};
    int err = make_engine(s);
    if (err)
        ss_supply_free(s);
    else
        *supply = s;
    return err;
}

int ss_supply_new(struct ss_str text, const char *name, struct ss_schema *schema, int workers,
                  const char *program, struct ss_supply **supply)
{
    struct ss_supply *s = calloc(1, sizeof *s);
    *supply = NULL;
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory for features");
    s->program = program;
    s->workers = workers;
    int err = ss_feature_plan_parse(text.p, text.n, name, schema, &s->plan);
    err = err ? err : make_engine(s);
    if (err)
        ss_supply_free(s);
    else
        *supply = s;
    return err;
}

void ss_supply_free(struct ss_supply *supply)
{
    if (!supply)
        return;
    ss_feature_trial_free(supply->trial);
    ss_feature_engine_free(supply->engine);
    if (!supply->borrowed)
        ss_feature_plan_free(supply->plan);
    free(supply);
}

const struct ss_feature_names *ss_supply_names(const struct ss_supply *supply)
{
    return &supply->plan->names;
}

const struct ss_feature_spec *ss_supply_spec(const struct ss_supply *supply)
{
    return supply->plan->spec;
}

/* Features of another set are no fault where this one carries some of them: they are what it reads. */
static bool brings_features(const struct ss_supply *s, const struct ss_record *rec)
{
    if (!rec->features && rec->field[SS_FEATURES].type != SS_JSON_OBJECT)
        return false;
    return s->plan->carried.n == 0 || ss_features_are_of(rec, s->plan->names.set);
}

/* What the first payment says, where none has said it before. */
static enum way way_of(const struct ss_supply *s, const struct ss_batch *batch)
{
    enum way way = s->way;
    for (size_t i = 0; way == WAY_OPEN && i < batch->n; i++) {
        const struct ss_record *rec = &batch->rec[i];
        if (rec->fate == SS_KEEP && !ss_record_is_label(rec))
            way = brings_features(s, rec) ? WAY_GIVEN : WAY_COMPUTED;
    }
    return way;
}

/* Not a matter of one record: the whole stream was made with another file. */
static int check_set(const struct ss_supply *s, const char *set)
{
    const struct ss_feature_names *names = &s->plan->names;
    if (strcmp(set, names->set) == 0)
        return 0;
    return ss_fail(
        SS_EDATA,
        "the records' features were made with feature set '%s', not '%s': run ss-features with the "
        "same feature file, or leave it out",
        set, names->set);
}

static int take_given(const struct ss_supply *s, struct ss_record *rec, struct ss_arena *arena)
{
    if (rec->features)
        return check_set(s, rec->features->names->set);
    if (rec->field[SS_FEATURES].type != SS_JSON_OBJECT) {
        ss_record_reject(rec, s->program, "no features, though the records before had some");
        return 0;
    }
    const struct ss_field *f = &rec->field[SS_FEATURES];
    int err = ss_features_parse((struct ss_str){f->val, f->len}, &s->plan->names, arena, &rec->features);
    if (err == SS_EDATA) {
        const char *why = ss_err_text(), *copy = ss_arena_copy(arena, why, strlen(why));
        ss_record_reject(rec, s->program, copy ? copy : "malformed features");
        return 0;
    }
    if (err == SS_ECONFIG) {
        char why[256];
        snprintf(why, sizeof why, "%s", ss_err_text());
        return ss_fail(SS_EDATA, "%s" HINT, why);
    }
    return err;
}

static int take_rows(const struct ss_supply *s, int worker, int workers, struct ss_batch *batch)
{
    int err = 0;
    for (size_t i = batch->n * (size_t)worker / (size_t)workers;
         i < batch->n * ((size_t)worker + 1) / (size_t)workers && !err; i++)
        if (batch->rec[i].fate == SS_KEEP && !ss_record_is_label(&batch->rec[i]))
            err = take_given(s, &batch->rec[i], &batch->arena[worker]);
    return err;
}

int ss_supply_prepare(struct ss_supply *s, const struct ss_batch *batch)
{
    s->way = way_of(s, batch);
    return s->way == WAY_GIVEN ? 0 : ss_feature_engine_prepare(s->engine, batch);
}

int ss_supply_work(struct ss_supply *s, int phase, int worker, int workers, struct ss_batch *batch)
{
    if (s->way != WAY_GIVEN)
        return ss_feature_engine_work(s->engine, phase, worker, workers, batch);
    return phase > 0 ? 0 : take_rows(s, worker, workers, batch);
}

int ss_supply_trial(struct ss_supply *s, struct ss_batch *batch)
{
    if (way_of(s, batch) == WAY_GIVEN)
        return take_rows(s, 0, 1, batch);
    int err = s->trial ? 0 : ss_feature_trial_new(s->engine, &s->trial);
    return err ? err : ss_feature_trial_run(s->trial, batch);
}

const struct ss_feature_engine *ss_supply_engine(const struct ss_supply *s)
{
    return s->way == WAY_GIVEN ? NULL : s->engine;
}

int ss_supply_save(const struct ss_supply *s, ss_feature_write *write, void *to)
{
    char way = (char)s->way;
    int err = write(to, &way, 1);
    return err || s->way == WAY_GIVEN ? err : ss_feature_engine_save(s->engine, write, to);
}

int ss_supply_load(struct ss_supply *s, ss_feature_read *read, void *from)
{
    char way;
    int err = read(from, &way, 1);
    if (err)
        return err;
    if (way < WAY_OPEN || way > WAY_COMPUTED)
        return ss_fail(SS_EDATA, "state is of no known kind");
    s->way = (enum way)way;
    return s->way == WAY_GIVEN ? 0 : ss_feature_engine_load(s->engine, read, from);
}
