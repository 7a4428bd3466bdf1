/*
 * libcsv, the reference for well-formed CSV: what scan.h makes of a text must be what libcsv makes of it.
 * Used by tests only. The only file that knows libcsv is reference.c.
 */
#ifndef SS_CSV_REFERENCE_H
#define SS_CSV_REFERENCE_H

#include "base/attr.h"
#include <stddef.h>

struct ss_csv_events {
    void (*field)(void *arg, const char *p, size_t n);
    void (*row)(void *arg);
    void *arg;
};

/* The whole text, blanks kept, empty lines skipped. SS_EDATA where libcsv in its strict mode refuses it. */
int ss_csv_reference(const char *text, size_t n, char delim,
                     const struct ss_csv_events *events) SS_MUST_CHECK;

#endif
