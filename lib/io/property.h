/*
 * Settings for transports of messages that are not part of a URI: -X NAME=VALUE on the command line, for the
 * whole process. A value that begins with `@` is read from the file behind it, one that begins with `$` from
 * the environment; `@@` and `$$` stand for the character. A secret must come from one of them.
 */
#ifndef SS_IO_PROPERTY_H
#define SS_IO_PROPERTY_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>

struct ss_property {
    char *name, *value;
};

/* "NAME=VALUE", or "@FILE": such a setting a line, blank lines and those that begin with # left out. A later
 * one wins. SS_EUSAGE, SS_ENOINPUT; the message never holds a value. */
int ss_property_set(const char *text) SS_MUST_CHECK;
/* All of them in the order they were set; the number of them. */
size_t ss_property_list(const struct ss_property **list);
/* The value last set for `name`, or NULL. */
const char *ss_property_get(const char *name);
/* A property of this name may hold what nobody should read in a message. */
bool ss_property_secret(const char *name);
void ss_property_clear(void);

#endif
