/*
 * A payment or a label as a line of text, in the order of the canonical fields. Nothing is measured, escaped
 * or rounded here: all numbers are fixed-point, all texts are known to be plain.
 */
#ifndef SS_GEN_LINE_H
#define SS_GEN_LINE_H

#include "gen/traffic.h"

#define SS_GEN_LINE_MAX 1024 /* no line is longer */

/* A short text that is copied whole, 32 bytes at once. */
struct ss_word {
    char text[32];
    size_t len;
};

/* What lines of one run share. */
struct ss_gen_liner {
    const struct ss_gen *gen;
    int64_t day_us; /* the day whose date is in `date` */
    char date[16];
    struct ss_word category[SS_CATEGORIES], channel[SS_CHANNELS], scenario[SS_SCENARIOS];
    struct ss_word location[64]; /* of each city */
    struct ss_word risk_location[8], domain[8];
};

void ss_gen_liner_init(struct ss_gen_liner *liner, const struct ss_gen *gen);
/* Writes the line, without newline, to `to` (SS_GEN_LINE_MAX bytes); returns its length. */
size_t ss_gen_line(struct ss_gen_liner *liner, const struct ss_gen_event *event, char *to);
/* The CSV header, without newline. */
const char *ss_gen_csv_header(const struct ss_gen *gen);

#endif
