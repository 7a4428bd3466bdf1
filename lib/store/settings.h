/*
 * What may be set while everything runs: a table of known settings, each with its type, default, range and a
 * sentence, and the values that differ from the defaults, kept in the database. Names that nobody knows (a
 * newer program's) and values that are no longer allowed are left alone and read as the default.
 *
 * struct ss_settings holds the values in use. Any thread may read it at any time, without a lock: a value is
 * one atomic word. It is filled by ss_settings_refresh, by one thread at a time: the desk's, after a commit
 * that changed one.
 */
#ifndef SS_STORE_SETTINGS_H
#define SS_STORE_SETTINGS_H

#include "base/buf.h"
#include "store/db.h"

#define SS_SETTING_TEXT_MAX 500 /* bytes of a value */

enum ss_setting_type { SS_SETTING_BOOL, SS_SETTING_INT, SS_SETTING_REAL, SS_SETTING_TEXT, SS_SETTING_WORD };

struct ss_setting {
    const char *key; /* "sla.high_h" */
    enum ss_setting_type type;
    const char *absent;       /* the default, as the text of a value */
    double min, max;          /* of numbers; of a text, its bytes */
    const char *const *words; /* of SS_SETTING_WORD, NULL-terminated */
    bool (*fits)(struct ss_str value);
    const char *form;  /* what `fits` wants, in words: "three capital letters (ISO 4217)" */
    const char *about; /* one sentence */
};

/* In the order of their keys; NULL behind the last. */
const struct ss_setting *ss_setting_at(size_t i);
const struct ss_setting *ss_setting_find(struct ss_str key); /* NULL: nobody knows it */
const char *ss_setting_type_name(enum ss_setting_type type);
/* Brings a value into its canonical text ("true", "2.5"), appended to `to`. SS_EDATA with what would do:
 * "between 1 and 720". */
int ss_setting_check(const struct ss_setting *setting, struct ss_str value, struct ss_buf *to) SS_MUST_CHECK;

/* ---- values in use ---- */

struct ss_settings;

int ss_settings_new(struct ss_settings **settings) SS_MUST_CHECK; /* all at their defaults */
void ss_settings_free(struct ss_settings *settings);              /* accepts NULL */
/* Reads them all. After an error the values stay as they were. */
int ss_settings_refresh(struct ss_settings *settings, struct ss_db *db) SS_MUST_CHECK;

/* `key` is one of the table's and of that type: anything else is a mistake of this program's, is logged, and
 * reads as 0, false or "". A text lives as long as the settings. */
int64_t ss_setting_int(const struct ss_settings *settings, const char *key);
double ss_setting_real(const struct ss_settings *settings, const char *key);
bool ss_setting_bool(const struct ss_settings *settings, const char *key);
struct ss_str ss_setting_text(const struct ss_settings *settings, const char *key);

/* ---- the table in the database ---- */

struct ss_setting_row {
    struct ss_str key, value, actor;
    int64_t updated_us, version;
};

/* All rows in the order of their keys; texts live until the callback returns, which returns 0 to go on. */
int ss_settings_each(struct ss_db *db, int (*each)(void *ctx, const struct ss_setting_row *row),
                     void *ctx) SS_MUST_CHECK;
/* In the caller's transaction. `value` is canonical. */
int ss_settings_put(struct ss_db *db, struct ss_str key, struct ss_str value, struct ss_str actor,
                    int64_t now_us) SS_MUST_CHECK;
/* Back to the default: 1, or 0 when there was no row. */
int ss_settings_drop(struct ss_db *db, struct ss_str key) SS_MUST_CHECK;

#endif
