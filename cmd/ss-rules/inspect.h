/* ss-rules --check and --test: look at the rules, read no records. */
#ifndef SS_RULES_INSPECT_H
#define SS_RULES_INSPECT_H

#include <stdbool.h>

bool ss_rules_wants_inspection(int argc, char *const *argv);
/* Returns the exit status: 0, 1 when something was found, or that of an error. */
int ss_rules_inspect(int argc, char **argv);

#endif
