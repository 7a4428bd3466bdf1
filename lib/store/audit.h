/*
 * The audit log: who changed what, from what, to what, when and from where. Each line's hash covers its
 * content and the hash before it, so that a line that was edited, taken out, put in or moved breaks the chain
 * at its place. ss-audit(5) says how it is computed, and how to check it with a shell.
 *
 *   hash = SHA-256, in hexadecimal, of the netstrings "LENGTH:BYTES," of
 *          previous seq time_us actor action subject old_value new_value address
 *
 * in this order, numbers in decimal, LENGTH in bytes, "-," for what is null. `previous` is the hash of the
 * line before, 64 zeros for the first. seq counts 1, 2, 3, ... without gaps.
 *
 * A tail that was cut off breaks no link. The table audit_head keeps the last line's seq and hash, so that a
 * cut that forgot it shows, and the next line leaves a gap for good. Whoever may write the whole database can
 * make everything fit again: against that helps only a head kept elsewhere (ss_audit_head), given to
 * ss_audit_verify later.
 *
 * The log names people by their email on purpose. Passwords, tokens and keys never belong in it.
 */
#ifndef SS_STORE_AUDIT_H
#define SS_STORE_AUDIT_H

#include "base/digest.h"
#include "store/db.h"

struct ss_audit {
    const char *actor;       /* an email, "key:NAME", or a command's name */
    const char *action;      /* "case.assign" */
    struct ss_str subject;   /* "case:17" */
    struct ss_str old_value; /* JSON; p == NULL: there is none */
    struct ss_str new_value; /* JSON; p == NULL: there is none */
    const char *address;     /* NULL: not over a network */
    int64_t time_us;
};

/* Adds a line inside the caller's writing transaction, of which there is only one at a time (db.h), also with
 * several processes. SS_EDATA where a text holds a NUL. */
int ss_audit_add(struct ss_db *db, const struct ss_audit *entry) SS_MUST_CHECK;

struct ss_audit_line {
    int64_t seq, time_us;
    struct ss_str actor, action, subject, old_value, new_value, address, previous, hash;
};

/* What the hash of a line with this content would be. */
int ss_audit_hash(const struct ss_audit_line *line, char out[SS_DIGEST_HEX]) SS_MUST_CHECK;

/* The last line by the log's own word; seq 0 and 64 zeros while it is empty. */
int ss_audit_head(struct ss_db *db, int64_t *seq, char hash[SS_DIGEST_HEX]) SS_MUST_CHECK;

struct ss_audit_report {
    int64_t lines, faults; /* looked at; found */
    int64_t seq;           /* the last line's */
    char hash[SS_DIGEST_HEX];
};

/* Told of each fault: "line 17 was changed", "line 18 is missing". */
typedef void ss_audit_fault(void *arg, int64_t seq, const char *what);

struct ss_audit_anchor {
    int64_t seq; /* 0: none */
    const char *hash;
};

/*
 * Reads the chain from line `from` (1: all of it) to its end, in one pass and bounded memory, and checks that
 * it holds `anchor`, a head that was kept elsewhere. Returns 0 also where there are faults: report->faults.
 * Inside one transaction for an exact answer while others write.
 */
int ss_audit_verify(struct ss_db *db, int64_t from, const struct ss_audit_anchor *anchor,
                    ss_audit_fault *fault, void *arg, struct ss_audit_report *report) SS_MUST_CHECK;

/* Reading: what is left null or 0 does not choose. */
struct ss_audit_filter {
    struct ss_str actor, subject;
    struct ss_str action;       /* "case.assign", or the word before the dot: "case" */
    int64_t since_us, until_us; /* [since, until) */
    int64_t after;              /* the cursor: the seq of the last line given; 0: none */
    bool up;                    /* oldest first */
    int64_t limit;              /* 0: all */
};

int ss_audit_list(struct ss_db *db, const struct ss_audit_filter *filter,
                  struct ss_rows **rows) SS_MUST_CHECK;
/* 1: *line is the next one, valid until the next call; 0: no more. Close with ss_rows_free. */
int ss_audit_next(struct ss_rows *rows, struct ss_audit_line *line) SS_MUST_CHECK;

#endif
