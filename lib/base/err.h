/*
 * Errors. A function in lib/ returns 0 (or a count) when it worked and one of these negative numbers when it
 * did not, after leaving one message for the thread; only lib/cli and cmd/ print it or exit.
 * Messages follow one form: lower case, the fault first, the subject in single quotes, no full stop.
 */
#ifndef SS_BASE_ERR_H
#define SS_BASE_ERR_H

#include "base/attr.h"
#include <stdarg.h>
#include <stddef.h>

enum ss_err {
    SS_OK = 0,
    SS_EUSAGE = -1,    /* the command line is wrong */
    SS_EDATA = -2,     /* a data file (model, state, record) is wrong */
    SS_ENOINPUT = -3,  /* an input does not exist or cannot be read */
    SS_EAWAY = -4,     /* a broker or a database cannot be reached */
    SS_EBUG = -5,      /* this program is wrong */
    SS_ECREATE = -6,   /* an output cannot be created */
    SS_EIO = -7,       /* reading or writing failed */
    SS_ECONFIG = -8,   /* a file that a person wrote (map, features, rules) is wrong */
    SS_ENOMEM = -9,    /* memory, or a stated ceiling, ran out */
    SS_EPIPE = -10,    /* the reader of our output went away: not an error for a filter */
    SS_EANSWER = -11,  /* done, but the answer is no (a gate failed, strict mode saw rejects) */
    SS_EVERSION = -12, /* a state of another version of this program */
};

/* Leaves the message and returns `err`, so that a caller can write: return ss_fail(SS_EIO, ...). */
int ss_fail(enum ss_err err, const char *fmt, ...) SS_PRINTF(2, 3);

/* As ss_fail, with strerror(errno) appended after a colon. */
int ss_fail_errno(enum ss_err err, const char *fmt, ...) SS_PRINTF(2, 3);

/* Puts context before the message that is there: "line 3: " + "unknown unit 'q'". Returns `err`. */
int ss_fail_in(int err, const char *fmt, ...) SS_PRINTF(2, 3);

/* The thread's last message. Valid until its next ss_fail; never NULL. */
const char *ss_err_text(void);

/* The exit status for an error, after sysexits(3): 1, 64, 65, 66, 69, 70, 73, 74 or 78. */
int ss_err_exit(int err);

#endif
