/*
 * Changing a list file while others read it, and while others change it: the file is locked (flock(2)), read,
 * edited and replaced in one step, so that readers see the old file or the new one, and no edit is lost.
 */
#ifndef SS_RULE_LIST_EDIT_H
#define SS_RULE_LIST_EDIT_H

#include "rule/list_file.h"

/* Gives `to` the file as it shall be, from the file as it is; the count it returns is handed on. */
typedef int ss_list_edit(void *ctx, struct ss_str text, struct ss_buf *to);

/* Makes the file where there is none (and `may_create`). An edit that changes nothing writes nothing.
 * SS_ENOINPUT, SS_ECREATE, SS_EIO, and what the edit returns. */
int ss_list_edit_file(const char *path, bool may_create, ss_list_edit *edit, void *ctx) SS_MUST_CHECK;

#endif
