/* The inside of struct ss_rules, shared by the files that open it and write for it. */
#ifndef SS_WEB_RULES_PARTS_H
#define SS_WEB_RULES_PARTS_H

#include "web/rules.h"
#include <pthread.h>

#define SS_LIST_TEXT_MAX ((size_t)2 << 30)
#define SS_LISTS_MAX     4096

struct ss_list_written {
    char *name;
    int64_t version;
};

struct ss_rules {
    struct ss_rules_options options;
    char *dir; /* with a slash behind it; "" is the present one */
    struct ss_list_written list[SS_LISTS_MAX];
    size_t lists;
    bool stale;           /* the pipeline could not read what was written */
    pthread_mutex_t lock; /* of what describe reads: */
    int64_t applied_us;
    char error[512];
};

/* Each returns 1 when a file changed, 0, or an error. */
int ss_rules_write_lists(struct ss_rules *rules, struct ss_db *db) SS_MUST_CHECK;
int ss_rules_write_text(struct ss_rules *rules, struct ss_db *db) SS_MUST_CHECK;

#endif
