#include "feature/file.h"
#include "base/digest.h"
#include "base/embedded.h"
#include "base/err.h"
#include "base/file.h"
#include <stdio.h>
#include <unistd.h>

#define CARRY_DEPTH 4 /* files that carry files */

static int read_file(const char *name, struct ss_buf *text, int depth) SS_MUST_CHECK;

static int read_raw(const char *name, struct ss_buf *text)
{
    char shipped[128];
    int n = snprintf(shipped, sizeof shipped, "feature/%s.features", name);
    struct ss_str found = {NULL, 0};
    if (!strpbrk(name, "/.") && n > 0 && (size_t)n < sizeof shipped)
        found = ss_embedded_find(shipped);
    if (!found.p) {
        if (!strpbrk(name, "/.") && access(name, F_OK) != 0)
            return ss_fail(SS_ENOINPUT, "no such feature file, nor a shipped one: '%s'", name);
        return ss_file_read(name, text);
    }
    ss_buf_put(text, found.p, found.n);
    return ss_buf_check(text);
}

/* The file behind `carry`; p == NULL for a line that names features, or says something else. */
static struct ss_str carried_file(struct ss_str line)
{
    const struct ss_str none = {NULL, 0};
    const char *end = memchr(line.p, '#', line.n);
    line = ss_str_trim((struct ss_str){line.p, end ? (size_t)(end - line.p) : line.n});
    if (line.n < 7 || memcmp(line.p, "carry", 5) != 0 || (line.p[5] != ' ' && line.p[5] != '\t'))
        return none;
    line = ss_str_trim((struct ss_str){line.p + 5, line.n - 5});
    if (line.n > 2 && line.p[0] == '"' && memchr(line.p + 1, '"', line.n - 1) == line.p + line.n - 1)
        return (struct ss_str){line.p + 1, line.n - 2};
    bool plain = line.p[0] != '=' && (memchr(line.p, '.', line.n) || memchr(line.p, '/', line.n));
    for (size_t i = 0; i < line.n && plain; i++)
        plain = line.p[i] != ' ' && line.p[i] != '"' && line.p[i] != ',' && line.p[i] != '(';
    return plain ? line : none;
}

/* All features of the file at `path`, as a line. */
static int put_names(const char *path, struct ss_str said, struct ss_buf *to, int depth)
{
    struct ss_feature_spec *spec = NULL;
    struct ss_buf text;
    char hex[SS_DIGEST_HEX];
    ss_buf_init(&text, SS_FEATURE_FILE_MAX + 1);
    int err = depth == CARRY_DEPTH ? ss_fail(SS_ECONFIG, "files that carry files go %d deep at most", depth)
                                   : read_file(path, &text, depth + 1);
    err = err < 0 ? err : ss_feature_spec_parse(text.p, text.n, path, &spec);
    for (uint32_t i = 0; err == 0 && i < spec->n; i++) {
        const struct ss_feature_def *def = &spec->def[i];
        bool is_text = def->func == SS_FEATURE_TEXT;
        ss_buf_printf(to, "%s%s%.*s%s", i ? ", " : "carry ", is_text ? "code(" : "", (int)def->name.n,
                      def->name.p, is_text ? ")" : "");
    }
    if (err == 0) {
        ss_sha256_hex(text.p, text.n, hex);
        ss_buf_printf(to, " # %.*s, set %.8s", (int)said.n, said.p, hex);
    }
    ss_feature_spec_free(spec);
    ss_buf_free(&text);
    return err;
}

static int carry_file(const char *name, uint32_t line, struct ss_str said, struct ss_buf *to, int depth)
{
    char path[4096];
    const char *slash = said.p[0] == '/' ? NULL : strrchr(name, '/');
    bool bare = !memchr(said.p, '/', said.n) && !memchr(said.p, '.', said.n); /* a shipped one */
    int dir = slash && !bare ? (int)(slash + 1 - name) : 0;
    int n = snprintf(path, sizeof path, "%.*s%.*s", dir, name, (int)said.n, said.p);
    if (n < 0 || (size_t)n >= sizeof path)
        return ss_fail(SS_ECONFIG, "%s:%u: the path behind 'carry' is too long", name, line);
    int err = put_names(path, said, to, depth);
    return err < 0 && err != SS_ENOMEM ? ss_fail_in(err, "%s:%u: ", name, line) : err;
}

static int read_file(const char *name, struct ss_buf *text, int depth)
{
    struct ss_buf raw;
    uint32_t line = 0;
    ss_buf_init(&raw, SS_FEATURE_FILE_MAX + 1);
    int err = read_raw(name, &raw);
    for (size_t at = 0; err == 0 && at < raw.n;) {
        const char *start = raw.p + at, *nl = memchr(start, '\n', raw.n - at);
        size_t n = nl ? (size_t)(nl - start) : raw.n - at;
        struct ss_str said = carried_file((struct ss_str){start, n});
        line++;
        if (said.p)
            err = carry_file(name, line, said, text, depth);
        else
            ss_buf_put(text, start, n);
        if (nl)
            ss_buf_putc(text, '\n');
        at += n + 1;
    }
    ss_buf_free(&raw);
    return err < 0 ? err : ss_buf_check(text);
}

int ss_feature_file_read(const char *name, struct ss_buf *text)
{
    return read_file(name, text, 0);
}

int ss_feature_file_plan(const char *name, struct ss_schema *schema, struct ss_feature_plan **plan)
{
    struct ss_buf text;
    *plan = NULL;
    ss_buf_init(&text, SS_FEATURE_FILE_MAX + 1);
    int err = ss_feature_file_read(name, &text);
    if (err == 0)
        err = ss_feature_plan_parse(text.p, text.n, name, schema, plan);
    ss_buf_free(&text);
    return err;
}
