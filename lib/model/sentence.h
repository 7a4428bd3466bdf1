/*
 * What a feature's value means, in words a person understands: "12 payments by this user in one minute".
 * Built from the feature's definition, so that it needs no text beside the feature file.
 */
#ifndef SS_MODEL_SENTENCE_H
#define SS_MODEL_SENTENCE_H

#include "base/buf.h"
#include "record/about.h"

/* A short code that groups like reasons, such as high_velocity, unusual_amount, new_device, risky_merchant.
 */
void ss_about_code(const struct ss_about *about, struct ss_buf *to);
/* The sentence for a number (NaN = missing) or, where text.p, for a text. */
void ss_about_sentence(const struct ss_about *about, double value, struct ss_str text, struct ss_buf *to);

#endif
