/* Which features a model that is being made shall look at, and what is asked of each. */
#ifndef SS_MODEL_INPUTS_H
#define SS_MODEL_INPUTS_H

#include "model/file.h"
#include "record/features.h"

#define SS_NAMES_MAX 64

/* Names or patterns as they were given, each as for fnmatch(3). */
struct ss_names {
    const char *name[SS_NAMES_MAX];
    int n;
};

/* Copies the text into the model's memory. */
int ss_model_keep(struct ss_model *model, struct ss_str from, struct ss_str *to) SS_MUST_CHECK;

/*
 * Inputs out of the features of that file: `only` these, where any are named, without those of `exclude`.
 * SS_EUSAGE for a name that matches none, for it is a slip of the pen. *bind, the feature of each input, is
 * the caller's to free, whatever is returned.
 */
int ss_inputs_choose(struct ss_model *model, const struct ss_feature_names *names,
                     const struct ss_names *only, const struct ss_names *exclude,
                     uint32_t **bind) SS_MUST_CHECK;
/* The trees of another tool's model file, and its inputs: its features are named, or are all features of the
 * feature file in order. *bind as above. */
int ss_inputs_import(struct ss_model *model, const struct ss_feature_names *names, const char *path,
                     uint32_t **bind) SS_MUST_CHECK;
/* NAME=+1 and NAME=-1: *way, the direction of each input (0: any), is the caller's to free. */
int ss_inputs_ways(const struct ss_model *model, const struct ss_names *monotone, int8_t **way) SS_MUST_CHECK;

#endif
