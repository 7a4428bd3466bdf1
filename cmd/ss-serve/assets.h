/* The dashboard's files as they were bundled (scripts/ui), each also compressed. The list ends with name ==
 * NULL; without npm it is empty from the start. Names with a hash in them never change their bytes. */
#ifndef SS_SERVE_ASSETS_H
#define SS_SERVE_ASSETS_H

#include <stddef.h>

struct ss_asset {
    const char *name, *type, *etag; /* "app-TYSD3JEE.js"; the ETag with its quotes */
    const unsigned char *bytes;
    size_t len;
    const unsigned char *gzip;
    size_t gzip_len;
    const unsigned char *brotli;
    size_t brotli_len;
};

extern const struct ss_asset ss_assets[];

#endif
