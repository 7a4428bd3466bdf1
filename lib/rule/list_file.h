/*
 * Lists as files: one value a line, or CSV.
 *
 *   # devices seen in frauds
 *   value,reason,from,until
 *   D0815,chargeback 4711,2026-03-01,2026-06-01
 *   D1234
 *
 * Without a header line the columns are value, reason, from, until. With one (its cells hold `value`, or the
 * name that the rule file gives with column=NAME) they are found by name and others are left alone. Cells may
 * be quoted as in CSV. from and until are dates or times of the payments (RFC 3339); from counts, until does
 * not; what is empty is open. Blank lines and lines that begin with # are skipped.
 *
 * Edits keep every other line, and its comments and order, as they were.
 */
#ifndef SS_RULE_LIST_FILE_H
#define SS_RULE_LIST_FILE_H

#include "base/buf.h"
#include "rule/list.h"

#define SS_LIST_FILE_MAX ((size_t)4 << 30)

/* Which column is which; -1: there is none. Zeroed: not known yet. */
struct ss_list_columns {
    bool known, header;
    int value, reason, from, until;
};

/*
 * Reads one line (without its newline): 1 with an entry, whose texts point into the line or `scratch` and
 * live until the next call, 0 when it holds none, or SS_ECONFIG. `column` may be NULL.
 */
int ss_list_line(struct ss_str line, const char *column, struct ss_list_columns *columns,
                 struct ss_buf *scratch, struct ss_list_entry *entry) SS_MUST_CHECK;

/* Adds all entries of a text or a file. SS_ECONFIG with "FILE:LINE: why", SS_ENOINPUT. */
int ss_list_read(struct ss_list *list, struct ss_str text, const char *name,
                 const char *column) SS_MUST_CHECK;
int ss_list_load(struct ss_list *list, const char *path, const char *column) SS_MUST_CHECK;

/* Appends the entry as a line in the order of `columns`. */
void ss_list_put_line(const struct ss_list_entry *entry, const struct ss_list_columns *columns,
                      struct ss_buf *to);

/*
 * Edits: `text` is the file as it is, `to` gets it as it shall be. Put replaces the lines of that value by
 * one, or adds a line at the end; remove takes them out. Both return how many lines of that value there were.
 */
int ss_list_edit_put(struct ss_str text, enum ss_list_kind kind, const struct ss_list_entry *entry,
                     struct ss_buf *to) SS_MUST_CHECK;
int ss_list_edit_remove(struct ss_str text, struct ss_str value, struct ss_buf *to) SS_MUST_CHECK;

#endif
