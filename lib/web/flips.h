/*
 * The smallest change that would decide a payment another way: one field at a time, tried against the live
 * state. For the amount, steps of a tenth up or down of it and beyond, then halving between the last that
 * decides alike and the first that does not; for device, country and merchant, the customer's own last one.
 */
#ifndef SS_WEB_FLIPS_H
#define SS_WEB_FLIPS_H

#include "web/engine.h"
#include "web/signs.h"

/* Appends the flips as items; `line` is the payment as it was decided. */
int ss_flips_put(struct ss_call *call, struct ss_engine *engine, struct ss_str payment, struct ss_str line,
                 const struct ss_signs *signs) SS_MUST_CHECK;

#endif
