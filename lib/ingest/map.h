/*
 * The field map: which column of an export is which field of a record, and how it is written there. A text
 * file of lines
 *
 *     FIELD = COLUMN [+ COLUMN...] [how]      how: a type, a time format and zone, pan, optional, ...
 * (ss-ingest(1)) FIELD = "text" | 12.5                   the same for every record FIELD = row() |
 * row("prefix") | hash() | hash(COLUMN, ...) when header has COLUMN, ...             a shipped map is chosen
 * by itself for such a header
 *
 * with # comments. FIELD is a canonical field or the new name of any other column.
 */
#ifndef SS_INGEST_MAP_H
#define SS_INGEST_MAP_H

#include "ingest/when.h"

#define SS_RULES_MAX   256
#define SS_COLUMNS_MAX 16 /* of one rule */

enum ss_rule_source { SS_RULE_COLUMN, SS_RULE_CONSTANT, SS_RULE_ROW, SS_RULE_HASH };

enum ss_rule_type {
    SS_TYPE_AUTO,   /* as the field wants it; other fields: a number where the text is one in JSON */
    SS_TYPE_NUMBER, /* a number, also as +1, 007, .5 */
    SS_TYPE_MONEY,  /* a number with currency signs and thousands separators */
    SS_TYPE_TEXT,
    SS_TYPE_TIME, /* `when` */
    SS_TYPE_IS,   /* 1 where the text is one of `words`, else 0 */
};

struct ss_rule {
    struct ss_str field;
    int slot; /* enum ss_slot, or -1 */
    enum ss_rule_source source;
    enum ss_rule_type type;
    bool pan, optional;
    char decimal;           /* of money: '.' or ',' */
    int shift;              /* decimals to shift right: 2 for amounts in cents */
    struct ss_str constant; /* JSON, or the prefix of row() */
    struct ss_str *column;  /* names, joined by a blank */
    uint32_t columns;
    struct ss_str *words;
    uint32_t n_words;
    struct ss_when when;
    uint32_t line;
};

struct ss_field_map {
    const char *name; /* for messages */
    struct ss_rule *rule;
    uint32_t n;
    struct ss_str *signature; /* of `when header has` */
    uint32_t n_signature;
    struct ss_arena arena;
};

/* Reads a map's text. `name` and `text` need not outlive the call. SS_ECONFIG, with "name:line: " in front.
 */
int ss_field_map_read(struct ss_field_map *map, const char *name, struct ss_str text) SS_MUST_CHECK;
/*
 * What -m names: a shipped map ("handbook") where there is no slash or point in it, else a file.
 * SS_ENOINPUT or SS_ECONFIG.
 */
int ss_field_map_open(struct ss_field_map *map, const char *name) SS_MUST_CHECK;
void ss_field_map_free(struct ss_field_map *map); /* accepts a zeroed map */

#endif
