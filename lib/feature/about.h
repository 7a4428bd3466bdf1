/* What a feature is, read off its definition: what explanations of scores say of it. */
#ifndef SS_FEATURE_ABOUT_H
#define SS_FEATURE_ABOUT_H

#include "base/arena.h"
#include "base/attr.h"
#include "feature/spec.h"
#include "record/about.h"

/* The definition called `name`, or NULL. */
const struct ss_feature_def *ss_feature_spec_find(const struct ss_feature_spec *spec, struct ss_str name);
/* A name that the file does not define is SS_ABOUT_OTHER. Texts belong to the spec or the arena. SS_ENOMEM.
 */
int ss_feature_about(const struct ss_feature_spec *spec, struct ss_str name, struct ss_about *about,
                     struct ss_arena *arena) SS_MUST_CHECK;

#endif
