/*
 * Lists over the API. A list of the store is a file for the rules, NAME.csv in the lists' directory, written
 * and read by the pipeline right behind each commit that changed it (rules.h, SS_AFTER_LISTS).
 */
#ifndef SS_WEB_LISTS_H
#define SS_WEB_LISTS_H

#include "rule/list.h"
#include "store/lists.h"
#include "web/web.h"

#define SS_IMPORT_ENTRIES 200000 /* of one import, whose parts are transactions of their own */
#define SS_IMPORT_BYTES   ((size_t)32 << 20)
#define SS_LIST_NAME_MAX  64

/* Entries on their way into the store, in the call's arena, each value once (the last one counts). */
struct ss_list_import {
    struct ss_entry_row *entry;
    size_t n;
    bool replace; /* all others go */
};

/* A value as it is kept: without blanks around, in lower case where the kind does not tell cases apart.
 * False, with what is wrong with it as a fault of `name`, when it is none of that kind. */
bool ss_list_value(struct ss_call *call, const char *name, enum ss_list_kind kind, struct ss_str *value);

/* Reads a CSV file (rule/list_file.h) or, where `ndjson`, objects {"value","reason","from","until"}, one a
 * line. What is wrong becomes faults, by line. */
int ss_list_import_read(struct ss_call *call, enum ss_list_kind kind, struct ss_str text, bool ndjson,
                        struct ss_list_import *import) SS_MUST_CHECK;

/* {"name":..,"kind":..,..} */
void ss_put_list(struct ss_buf *to, const struct ss_list_row *list);

/* An entry's members, without the braces: its value as the caller may see it. */
void ss_put_list_entry_of(struct ss_call *call, const struct ss_entry_row *entry);

/* The list that the path names: 1, 0 when the call is answered (404), or an error. */
int ss_list_find(struct ss_call *call, struct ss_list_row *list, enum ss_list_kind *kind) SS_MUST_CHECK;
/* Audit, listeners, and the file. `detail` is JSON. */
int ss_list_tell(struct ss_call *call, const char *action, struct ss_str list, struct ss_str old_json,
                 struct ss_str new_json) SS_MUST_CHECK;

#endif
