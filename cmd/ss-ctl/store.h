/*
 * A store, worked on through the API's own handlers: what ss-ctl does is checked, logged and answered as if
 * it had come over the network from an administrator, "ss-ctl:LOGIN NAME" in the audit log. Whoever may write
 * the store's file may do this; a server that runs on it notices within a second.
 */
#ifndef SS_CTL_STORE_H
#define SS_CTL_STORE_H

#include "web/web.h"

struct ss_ctl_store {
    struct ss_db *db;
    struct ss_web web;
    struct ss_call call; /* the last one; its answer is valid until the next */
    bool used;
};

int ss_ctl_open(const char *uri, struct ss_ctl_store *store) SS_MUST_CHECK;
/* For requests that only read: changes nothing, so that it may be a file or a medium that cannot be written.
 * One of an older schema is SS_ECONFIG. */
int ss_ctl_open_to_read(const char *uri, struct ss_ctl_store *store) SS_MUST_CHECK;
void ss_ctl_close(struct ss_ctl_store *store);
/* The status of the answer, or an error. `body` may be NULL. */
int ss_ctl_ask(struct ss_ctl_store *store, enum ss_method method, const char *target,
               struct ss_str body) SS_MUST_CHECK;
/* The last answer's body as a document. */
int ss_ctl_answer(struct ss_ctl_store *store, const struct ss_json_value **root) SS_MUST_CHECK;
/* 0 where the answer is good; otherwise an error with what the answer said: SS_EUSAGE for a request that is
 * wrong, SS_EANSWER for one that may not be. */
int ss_ctl_check(struct ss_ctl_store *store) SS_MUST_CHECK;

/* Asks, checks, and prints: as it came (json), one line of JSON for each item of a list (json); or the named
 * members ("id email sla.state") in columns. Follows a list to its end. Of a single answer, NULL for columns
 * prints each member on a line of its own. */
int ss_ctl_print(struct ss_ctl_store *store, const char *target, const char *columns,
                 bool json) SS_MUST_CHECK;
int ss_ctl_print_answer(struct ss_ctl_store *store, const char *columns, bool json) SS_MUST_CHECK;

/* A member of a body or a parameter of a query; nothing without a text. */
void ss_ctl_put(struct ss_buf *to, const char *key, const char *text);
void ss_ctl_put_query(struct ss_buf *to, const char *key, const char *text);

/* The path of a person named by email or number, appended. */
int ss_ctl_user_path(struct ss_ctl_store *store, const char *who, struct ss_buf *path) SS_MUST_CHECK;

/* What a command ends with: the exit status, its message printed, standard output checked. */
int ss_ctl_end(int err);

#endif
