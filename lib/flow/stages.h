/* All stages by name. The table is generated from the files in lib/stage; it ends with NULL. */
#ifndef SS_FLOW_STAGES_H
#define SS_FLOW_STAGES_H

#include "flow/stage.h"

extern const struct ss_stage *const ss_stages[];

#endif
