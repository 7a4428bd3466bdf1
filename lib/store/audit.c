#include "store/audit.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/number.h"
#include <inttypes.h>
#include <stdio.h>

/* Old and new value of one change; rule files are the largest of them. */
#define LINE_MAX_BYTES ((size_t)16 << 20)

#define COLUMNS "seq, time_us, actor, action, subject, old_value, new_value, address, previous, hash"

static const char zeros[SS_DIGEST_HEX] = "0000000000000000000000000000000000000000000000000000000000000000";

static void put(struct ss_buf *to, struct ss_str text)
{
    if (!text.p) {
        ss_buf_put(to, "-,", 2);
        return;
    }
    ss_buf_printf(to, "%zu:", text.n);
    ss_buf_put(to, text.p, text.n);
    ss_buf_putc(to, ',');
}

static void put_int(struct ss_buf *to, int64_t value)
{
    char text[SS_NUMBER_MAX];
    put(to, (struct ss_str){text, ss_int_print(value, text)});
}

int ss_audit_hash(const struct ss_audit_line *line, char out[SS_DIGEST_HEX])
{
    struct ss_buf text;
    ss_buf_init(&text, LINE_MAX_BYTES);
    put(&text, line->previous);
    put_int(&text, line->seq);
    put_int(&text, line->time_us);
    put(&text, line->actor);
    put(&text, line->action);
    put(&text, line->subject);
    put(&text, line->old_value);
    put(&text, line->new_value);
    put(&text, line->address);
    int err = ss_buf_check(&text);
    if (!err)
        ss_sha256_hex(text.p, text.n, out);
    ss_buf_free(&text);
    return err ? ss_fail(err, "audit line %" PRId64 " is too long", line->seq) : 0;
}

int ss_audit_head(struct ss_db *db, int64_t *seq, char hash[SS_DIGEST_HEX])
{
    struct ss_rows *rows;
    *seq = 0;
    memcpy(hash, zeros, SS_DIGEST_HEX);
    int err = ss_db_query(db, "SELECT seq, hash FROM audit_head WHERE one = 1", SS_NO_ARGS, &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        struct ss_str text = ss_rows_text(rows, 1);
        *seq = ss_rows_int(rows, 0);
        err = 0;
        if (text.n != SS_DIGEST_HEX - 1)
            err = ss_fail(SS_EDATA, "the audit log's head is damaged");
        else
            memcpy(hash, text.p, text.n);
    }
    ss_rows_free(rows);
    return err;
}

static bool has_nul(struct ss_str text)
{
    return text.n && memchr(text.p, '\0', text.n);
}

int ss_audit_add(struct ss_db *db, const struct ss_audit *entry)
{
    char previous[SS_DIGEST_HEX], hash[SS_DIGEST_HEX];
    struct ss_audit_line line = {
        .time_us = entry->time_us,
        .actor = ss_str_of(entry->actor),
        .action = ss_str_of(entry->action),
        .subject = entry->subject.p ? entry->subject : SS_STR(""),
        .old_value = entry->old_value,
        .new_value = entry->new_value,
        .address = entry->address ? ss_str_of(entry->address) : (struct ss_str){NULL, 0},
    };
    if (has_nul(line.subject) || has_nul(line.old_value) || has_nul(line.new_value))
        return ss_fail(SS_EDATA, "a NUL in an audit line");
    int err = ss_audit_head(db, &line.seq, previous);
    line.seq++;
    line.previous = ss_str_of(previous);
    if (!err)
        err = ss_audit_hash(&line, hash);
    if (err)
        return err;
    int64_t n =
        ss_db_exec(db, "INSERT INTO audit (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                   SS_ARGS(ss_arg_int(line.seq), ss_arg_int(line.time_us), ss_arg_text(line.actor),
                           ss_arg_text(line.action), ss_arg_text(line.subject), ss_arg_text(line.old_value),
                           ss_arg_text(line.new_value), ss_arg_text(line.address), ss_arg_text(line.previous),
                           ss_arg_cstr(hash)));
    if (n >= 0)
        n = ss_db_exec(db,
                       "INSERT INTO audit_head (one, seq, hash) VALUES (1, $1, $2) "
                       "ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
                       SS_ARGS(ss_arg_int(line.seq), ss_arg_cstr(hash)));
    return n < 0 ? (int)n : 0;
}

/* ---- reading ---- */

/* One text for each direction: values are arguments, and what does not choose is null or 0. */
#define CHOOSE                                                                                        \
    "SELECT " COLUMNS " FROM audit WHERE (CAST($1 AS TEXT) IS NULL OR actor = $1)"                    \
    " AND (CAST($2 AS TEXT) IS NULL OR subject = $2)"                                                 \
    " AND (CAST($3 AS TEXT) IS NULL OR action = $3 OR substr(action, 1, length($3) + 1) = $3 || '.')" \
    " AND time_us >= $4 AND time_us < $5"

int ss_audit_list(struct ss_db *db, const struct ss_audit_filter *f, struct ss_rows **rows)
{
    int64_t after = f->after > 0 ? f->after : f->up ? 0 : INT64_MAX;
    return ss_db_query(db,
                       f->up ? CHOOSE " AND seq > $6 ORDER BY seq LIMIT $7"
                             : CHOOSE " AND seq < $6 ORDER BY seq DESC LIMIT $7",
                       SS_ARGS(ss_arg_text(f->actor), ss_arg_text(f->subject), ss_arg_text(f->action),
                               ss_arg_int(f->since_us > 0 ? f->since_us : INT64_MIN),
                               ss_arg_int(f->until_us > 0 ? f->until_us : INT64_MAX), ss_arg_int(after),
                               ss_arg_int(f->limit > 0 ? f->limit : INT64_MAX)),
                       rows);
}

int ss_audit_next(struct ss_rows *rows, struct ss_audit_line *line)
{
    int more = ss_rows_next(rows);
    if (more > 0)
        *line = (struct ss_audit_line){
            .seq = ss_rows_int(rows, 0),
            .time_us = ss_rows_int(rows, 1),
            .actor = ss_rows_text(rows, 2),
            .action = ss_rows_text(rows, 3),
            .subject = ss_rows_text(rows, 4),
            .old_value = ss_rows_text(rows, 5),
            .new_value = ss_rows_text(rows, 6),
            .address = ss_rows_text(rows, 7),
            .previous = ss_rows_text(rows, 8),
            .hash = ss_rows_text(rows, 9),
        };
    return more;
}

/* ---- checking ---- */

struct checking {
    ss_audit_fault *fault;
    void *arg;
    struct ss_audit_report *report;
    const struct ss_audit_anchor *anchor;
    bool anchored;
};

static void found(struct checking *c, int64_t seq, const char *fmt, ...) SS_PRINTF(3, 4);

static void found(struct checking *c, int64_t seq, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->report->faults++;
    if (c->fault)
        c->fault(c->arg, seq, text);
}

/* report->seq and ->hash are those of the line before. */
static int check_line(struct checking *c, const struct ss_audit_line *line)
{
    struct ss_audit_report *r = c->report;
    char hash[SS_DIGEST_HEX];
    int err = ss_audit_hash(line, hash);
    if (err)
        return err;
    r->lines++;
    if (line->seq == r->seq + 2)
        found(c, line->seq, "line %" PRId64 " is missing", r->seq + 1);
    else if (line->seq != r->seq + 1)
        found(c, line->seq, "lines %" PRId64 " to %" PRId64 " are missing", r->seq + 1, line->seq - 1);
    else if (!ss_str_is(line->previous, r->hash))
        found(c, line->seq, "line %" PRId64 " does not follow line %" PRId64, line->seq, r->seq);
    if (!ss_str_is(line->hash, hash))
        found(c, line->seq, "line %" PRId64 " was changed", line->seq);
    if (c->anchor && c->anchor->seq == line->seq) {
        c->anchored = ss_str_is(line->hash, c->anchor->hash);
        if (!c->anchored)
            found(c, line->seq,
                  "line %" PRId64 " is not the one whose hash was kept: the log was written anew", line->seq);
        c->anchored = true;
    }
    r->seq = line->seq;
    /* Go on from what the line says, so that one edited line is one fault. */
    snprintf(r->hash, sizeof r->hash, "%.*s", (int)line->hash.n, line->hash.p ? line->hash.p : "");
    return 0;
}

static int check_end(struct ss_db *db, struct checking *c)
{
    const struct ss_audit_report *r = c->report;
    char hash[SS_DIGEST_HEX];
    int64_t seq;
    int err = ss_audit_head(db, &seq, hash);
    if (err)
        return err;
    if (seq > r->seq)
        found(c, seq, "the end is cut off: lines %" PRId64 " to %" PRId64 " are missing", r->seq + 1, seq);
    else if (seq < r->seq)
        found(c, r->seq, "lines were put in behind line %" PRId64 ", the last one by the log's own word",
              seq);
    else if (strcmp(hash, r->hash) != 0)
        found(c, seq, "line %" PRId64 " is not the last one that was written", seq);
    if (c->anchor && c->anchor->seq > 0 && !c->anchored)
        found(c, c->anchor->seq, "line %" PRId64 ", whose hash was kept, is missing", c->anchor->seq);
    return 0;
}

/* The hash of the line before the first one that is read. */
static int start(struct ss_db *db, int64_t from, struct ss_audit_report *report)
{
    *report = (struct ss_audit_report){.seq = from - 1};
    memcpy(report->hash, zeros, SS_DIGEST_HEX);
    if (from <= 1)
        return 0;
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT hash FROM audit WHERE seq = $1", SS_ARGS(ss_arg_int(from - 1)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        struct ss_str hash = ss_rows_text(rows, 0);
        snprintf(report->hash, sizeof report->hash, "%.*s", (int)hash.n, hash.p);
    }
    ss_rows_free(rows);
    return err == 0 ? ss_fail(SS_EUSAGE, "the audit log has no line %" PRId64, from - 1) : err < 0 ? err : 0;
}

int ss_audit_verify(struct ss_db *db, int64_t from, const struct ss_audit_anchor *anchor,
                    ss_audit_fault *fault, void *arg, struct ss_audit_report *report)
{
    struct checking c = {fault, arg, report, anchor, false};
    struct ss_audit_filter all = {.after = from - 1, .up = true};
    struct ss_audit_line line;
    struct ss_rows *rows;
    if (from < 1)
        return ss_fail(SS_EUSAGE, "audit lines count from 1");
    if (anchor && anchor->seq < from)
        c.anchored = true; /* before what is looked at */
    int err = start(db, from, report);
    if (!err)
        err = ss_audit_list(db, &all, &rows);
    if (err)
        return err;
    while ((err = ss_audit_next(rows, &line)) > 0) {
        err = check_line(&c, &line);
        if (err)
            break;
    }
    ss_rows_free(rows);
    return err < 0 ? err : check_end(db, &c);
}
