/*
 * The queue of messages that a Kafka source has handed over as lines and that are not consumed yet: for each
 * the byte of the stream behind its line, its partition, and the position behind it. Lines are counted
 * from 1. Messages belong to the queue from add to pop; what a message is, only the caller knows.
 */
#ifndef SS_IO_KAFKA_TAKEN_H
#define SS_IO_KAFKA_TAKEN_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ss_taken_one {
    void *msg;
    int64_t end, next; /* end: 0 while its line has not been handed over whole */
    int part;          /* -1: its partition is no longer ours */
    bool bare;         /* it is known to have no headers */
};

struct ss_taken {
    struct ss_taken_one *ring;
    size_t cap, first, n; /* cap is a power of two */
    uint64_t line;        /* of the first */
    int64_t consumed;     /* bytes */
};

int ss_taken_add(struct ss_taken *taken, void *msg, int part, int64_t next) SS_MUST_CHECK;
/* The line of the message added last ends at this byte of the stream. */
void ss_taken_close(struct ss_taken *taken, int64_t end, bool bare);
/* The first message, when all its bytes are consumed; NULL when not. */
void *ss_taken_pop(struct ss_taken *taken, int *part, int64_t *next);
/* The i-th message; NULL beyond the last. */
const struct ss_taken_one *ss_taken_at(const struct ss_taken *taken, size_t i);
/* The first message in any case; NULL when there is none. */
void *ss_taken_drop(struct ss_taken *taken);
/* The message of that line; NULL when it is not among them. */
const struct ss_taken_one *ss_taken_find(const struct ss_taken *taken, uint64_t line);
/* Positions of this partition are no longer ours to commit. */
void ss_taken_disown(struct ss_taken *taken, int part);
/* A message is there whose partition is still ours (part < 0), or that one. */
bool ss_taken_holds(const struct ss_taken *taken, int part);
void ss_taken_free(struct ss_taken *taken);

#endif
