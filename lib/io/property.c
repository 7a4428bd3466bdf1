#include "io/property.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>

#define PROPERTIES_MAX 256
#define FILE_MAX       ((size_t)64 * 1024)

static struct ss_property set[PROPERTIES_MAX];
static size_t n_set;

/* strdup(3) of part of a text. */
static char *copy_of(const char *p, size_t n)
{
    char *copy = malloc(n + 1);
    if (copy) {
        memcpy(copy, p, n);
        copy[n] = '\0';
    } else {
        (void)ss_fail(SS_ENOMEM, "out of memory");
    }
    return copy;
}

static char *from_file(const char *path)
{
    struct ss_buf buf;
    ss_buf_init(&buf, FILE_MAX);
    char *value = NULL;
    if (ss_file_read(path, &buf) == 0) {
        size_t n = buf.n;
        while (n && (buf.p[n - 1] == '\n' || buf.p[n - 1] == '\r'))
            n--;
        value = copy_of(buf.p ? buf.p : "", n);
    }
    ss_buf_free(&buf);
    return value;
}

/* What the value stands for, or NULL with its message set. */
static char *value_of(const char *text, int *err)
{
    char *value = NULL;
    *err = SS_ENOINPUT;
    if ((text[0] == '@' || text[0] == '$') && text[1] == text[0]) {
        value = copy_of(text + 1, strlen(text + 1));
    } else if (text[0] == '@') {
        value = from_file(text + 1);
    } else if (text[0] == '$') {
        const char *found = getenv(text + 1);
        value = found ? copy_of(found, strlen(found)) : NULL;
        if (!found)
            *err = ss_fail(SS_EUSAGE, "the environment has no '%s'", text + 1);
    } else {
        value = copy_of(text, strlen(text));
    }
    return value;
}

static int set_one(const char *text)
{
    const char *equals = strchr(text, '=');
    int err;
    if (!equals || equals == text)
        return ss_fail(SS_EUSAGE, "-X takes NAME=VALUE or @FILE");
    if (n_set == PROPERTIES_MAX)
        return ss_fail(SS_EUSAGE, "more than %d properties", PROPERTIES_MAX);
    struct ss_str left = ss_str_trim((struct ss_str){text, (size_t)(equals - text)});
    char *name = copy_of(left.p, left.n);
    char *value = name ? value_of(equals + 1 + strspn(equals + 1, " \t"), &err) : NULL;
    if (!value) {
        free(name);
        return name ? err : SS_ENOMEM;
    }
    set[n_set++] = (struct ss_property){name, value};
    return 0;
}

/* The lines of a file, each as if given by itself; the file's number and the line's go before a message. */
static int set_lines(const char *path)
{
    struct ss_buf buf;
    ss_buf_init(&buf, FILE_MAX);
    int err = ss_file_read(path, &buf), line = 0;
    for (char *p = err ? NULL : (char *)(uintptr_t)ss_buf_cstr(&buf); p && *p && !err;) {
        char *end = p + strcspn(p, "\n");
        char *next = *end ? end + 1 : end;
        struct ss_str text = ss_str_trim((struct ss_str){p, (size_t)(end - p)});
        line++;
        if (text.n && text.p[0] != '#') {
            *end = '\0';
            p[(size_t)(text.p - p) + text.n] = '\0';
            err = set_one(text.p);
            if (err)
                err = ss_fail_in(err, "%s:%d: ", path, line);
        }
        p = next;
    }
    ss_buf_free(&buf);
    return err;
}

static bool has_part(const char *name, const char *const *part)
{
    for (; *part; part++)
        if (strstr(name, *part))
            return true;
    return false;
}

/* Anybody on the host can read a command line. */
static bool is_bare_secret(const char *text)
{
    static const char *const parts[] = {"password", "secret", "key.pem", "oauthbearer.config", NULL};
    size_t n = strcspn(text, "=");
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    const char *value = text[n] ? text + n + 1 : "";
    bool elsewhere = (*value == '@' || *value == '$') && value[1] != *value;
    return has_part(name, parts) && *value && !elsewhere;
}

int ss_property_set(const char *text)
{
    if (text[0] == '@')
        return set_lines(text + 1);
    if (is_bare_secret(text))
        return ss_fail(SS_EUSAGE, "-X %.*s: a secret does not belong on a command line: @FILE or $VARIABLE",
                       (int)strcspn(text, "="), text);
    return set_one(text);
}

size_t ss_property_list(const struct ss_property **list)
{
    *list = set;
    return n_set;
}

const char *ss_property_get(const char *name)
{
    for (size_t i = n_set; i-- > 0;)
        if (strcmp(set[i].name, name) == 0)
            return set[i].value;
    return NULL;
}

bool ss_property_secret(const char *name)
{
    static const char *const parts[] = {"password", "secret", "pem", "oauthbearer", "jaas", NULL};
    return has_part(name, parts);
}

void ss_property_clear(void)
{
    while (n_set) {
        n_set--;
        free(set[n_set].name);
        free(set[n_set].value);
    }
}
