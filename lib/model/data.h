/*
 * Training data: one float32 row a record, with its time, label and the hash of its txn_id, in four growing
 * arrays under one ceiling. 1.75 million records of 60 features are 450 MB.
 */
#ifndef SS_MODEL_DATA_H
#define SS_MODEL_DATA_H

#include "base/attr.h"
#include <stddef.h>
#include <stdint.h>

struct ss_data {
    uint32_t width; /* floats a row; NaN = missing */
    size_t n, cap;
    size_t ceiling_bytes;
    float *row;
    int64_t *time_us;
    int8_t *label; /* 1, 0, or -1: not known */
    uint64_t *id;  /* ss_hash64 of txn_id's text; 0 where there is none */
};

void ss_data_init(struct ss_data *data, uint32_t width, size_t ceiling_bytes);
void ss_data_free(struct ss_data *data);
/* A new row to be filled by the caller; NULL (SS_ENOMEM) at the ceiling. */
float *ss_data_add(struct ss_data *data, int64_t time_us, int8_t label, uint64_t id) SS_MUST_CHECK;
/* Sets the labels of rows by their ids: label[i] for id[i], a later entry over an earlier one. Returns how
 * many rows took one, or SS_ENOMEM. */
int64_t ss_data_relabel(struct ss_data *data, const uint64_t *id, const int8_t *label,
                        size_t n) SS_MUST_CHECK;
/* Orders the rows by time; equal times keep their order. */
int ss_data_sort(struct ss_data *data) SS_MUST_CHECK;
/* Drops the rows whose label is not known; order is kept. `from` stays a border: returns where it now lies.
 */
size_t ss_data_keep_labelled(struct ss_data *data, size_t from);
/* The first row (of sorted data) of the later slice that holds about `share` of the rows; rows of one time
 * are never parted. n when the share is 0 or nothing would be left before it. */
size_t ss_data_border(const struct ss_data *data, double share);
size_t ss_data_positives(const struct ss_data *data, size_t from, size_t to);
/* A 64-bit fingerprint of rows, times and labels in their order. */
uint64_t ss_data_hash(const struct ss_data *data);

#endif
