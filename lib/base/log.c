#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *program = "ss";
static enum ss_log_level threshold = SS_LOG_WARN;
static bool as_json;

void ss_log_init(const char *name, enum ss_log_level level, bool json)
{
    program = name;
    threshold = level;
    as_json = json;
}

enum ss_log_level ss_log_level(void)
{
    return threshold;
}

/* Minimal escaping: a message is our own text around user text; control bytes become spaces. */
static size_t escape(char *out, size_t cap, const char *in)
{
    size_t n = 0;
    for (; *in && n + 2 < cap; in++) {
        if (*in == '"' || *in == '\\')
            out[n++] = '\\';
        out[n++] = (unsigned char)*in < 0x20 ? ' ' : *in;
    }
    out[n] = '\0';
    return n;
}

void ss_log(enum ss_log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    if (level > threshold)
        return;
    char text[1200], line[2600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    int n;
    if (as_json) {
        char safe[2400];
        escape(safe, sizeof safe, text);
        n = snprintf(line, sizeof line, "{\"level\":\"%s\",\"program\":\"%s\",\"message\":\"%s\"}\n",
                     names[level], program, safe);
    } else {
        /* Text of others may be in it (names, values): it shall not steer the terminal. */
        for (char *p = text; *p; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f)
                *p = ' ';
        n = snprintf(line, sizeof line, "%s: %s%s\n", program, level == SS_LOG_WARN ? "warning: " : "", text);
    }
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    /* Nothing sensible is left to do when standard error itself is gone. */
    ssize_t written SS_UNUSED = write(STDERR_FILENO, line, len);
}
