/* What the model of a pipeline says of itself (`score -m FILE`), as JSON for the API. */
#ifndef SS_SERVE_MODEL_CARD_H
#define SS_SERVE_MODEL_CARD_H

#include "base/attr.h"
#include "base/buf.h"

/* Reads the model files that the pipeline names. Nothing is appended where it does not score. */
int ss_model_card(const char *pipeline, struct ss_buf *to) SS_MUST_CHECK;

#endif
