/* Finding a feature file: a path, or the name of a shipped one. */
#ifndef SS_FEATURE_FILE_H
#define SS_FEATURE_FILE_H

#include "feature/plan.h"

#define SS_FEATURE_FILE_DEFAULT "default"

/*
 * A plan from the file `name` (see ss_feature_file_read).
 */
int ss_feature_file_plan(const char *name, struct ss_schema *schema,
                         struct ss_feature_plan **plan) SS_MUST_CHECK;
/*
 * The file's text, appended to `text`: that of the shipped file NAME.features when `name` is a bare name such
 * as "handbook", else of the file at that path. SS_ENOINPUT when there is neither.
 *
 * A line `carry FILE` (a name with a dot or a slash, or in double quotes; a path is from the directory of the
 * file that says it) comes out as `carry` with the names of all features of that file, and its set in a
 * comment: so the text stands for itself, and its own set says which other one it was written for.
 */
int ss_feature_file_read(const char *name, struct ss_buf *text) SS_MUST_CHECK;

#endif
