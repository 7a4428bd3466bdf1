/*
 * A batch: the records that one read gave, at most SS_BATCH_MAX of them, and the memory they live in. It is
 * filled, passes every stage, is written, and is reset: nothing of it outlives that. Under load batches are
 * full; when idle a batch of one leaves at once.
 */
#ifndef SS_RECORD_BATCH_H
#define SS_RECORD_BATCH_H

#include "record/record.h"

#define SS_BATCH_MAX   1024
#define SS_WORKERS_MAX 64

struct ss_hint;

struct ss_batch {
    struct ss_record *rec;
    size_t n, cap;
    struct ss_schema *schema;
    struct ss_json_parser *parser;
    struct ss_arena *arena; /* [0] for serial work, [w] for worker w's share of phased work */
    int arenas;
    bool silent; /* what becomes of these records has left before: they only bring the stages' memory up to
                    date */
    /* The slots of keys met before: records of one stream have the same keys. */
    struct ss_hint *hint;
};

int ss_batch_init(struct ss_batch *batch, struct ss_schema *schema, int workers) SS_MUST_CHECK;
void ss_batch_free(struct ss_batch *batch);
void ss_batch_reset(struct ss_batch *batch);

/*
 * Appends a zeroed record whose line, source and order are up to the caller; NULL when out of memory.
 * Pointers to earlier records may move: do not keep them across this call.
 */
struct ss_record *ss_batch_add(struct ss_batch *batch) SS_MUST_CHECK;

/*
 * Reads `text` (which must live as long as the batch and have SS_JSON_PADDING readable bytes behind it) into
 * `rec`: splits it, fills the slots, reads timestamp and amount where they are well formed. A text that is
 * not a valid record makes `rec` a reject with a reason; only SS_ENOMEM is returned as an error.
 */
int ss_record_read(struct ss_batch *batch, struct ss_record *rec, const char *text, size_t len) SS_MUST_CHECK;

/* A padded copy in the batch's arena [0], for texts that do not live long enough. NULL when out of memory. */
char *ss_batch_copy(struct ss_batch *batch, const char *text, size_t len) SS_MUST_CHECK;

#endif
