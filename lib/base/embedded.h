/* Shipped files (maps, feature files, rule packs) as they were at build time, under "ROOM/NAME". */
#ifndef SS_BASE_EMBEDDED_H
#define SS_BASE_EMBEDDED_H

#include "base/str.h"

struct ss_embedded {
    const char *name; /* such as "feature/default.features" */
    const unsigned char *bytes;
    size_t len;
};

extern const struct ss_embedded ss_embedded_files[]; /* ends with name == NULL */

/* The bytes of a shipped file; p == NULL when there is none of that name. */
static inline struct ss_str ss_embedded_find(const char *name)
{
    for (const struct ss_embedded *e = ss_embedded_files; e->name; e++)
        if (strcmp(e->name, name) == 0)
            return (struct ss_str){(const char *)e->bytes, e->len};
    return (struct ss_str){NULL, 0};
}

#endif
