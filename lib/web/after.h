/*
 * What is left to do once a change is committed, and must not be done before: values that all threads read,
 * files that the pipeline reads. A WRITE handler sets the bit in call->after; whoever commits gathers the
 * bits of all calls in the commit and calls ss_after_commit once, before it answers them.
 */
#ifndef SS_WEB_AFTER_H
#define SS_WEB_AFTER_H

#include "web/web.h"

enum ss_after {
    SS_AFTER_SETTINGS = 1, /* read the settings again */
    SS_AFTER_RULES = 2,    /* write the published rules to their file, reload the pipeline */
    SS_AFTER_LISTS = 4,    /* write the lists that changed to their files, reload the pipeline */
    SS_AFTER_JOBS = 8,     /* there is a job to do, or one to stop */
    SS_AFTER_AUTH = 16,    /* somebody's rights ended: nobody is recognised from memory any more */
};

/* By the desk's thread, outside of a transaction. What fails is logged and tried again with the next change;
 * what is in the store counts. */
void ss_after_commit(struct ss_web *web, struct ss_db *db, unsigned after);

#endif
