#include "base/err.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 1024

static _Thread_local char text[TEXT_MAX];

/* Written aside first: an argument may be the old message, ss_err_text(). Returns its length, within text. */
static size_t set_text(const char *fmt, va_list ap)
{
    char made[TEXT_MAX];
    int n = vsnprintf(made, sizeof made, fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof made ? (size_t)n : sizeof made - 1;
    memcpy(text, made, len);
    text[len] = '\0';
    return len;
}

int ss_fail(enum ss_err err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set_text(fmt, ap);
    va_end(ap);
    return err;
}

int ss_fail_errno(enum ss_err err, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    va_start(ap, fmt);
    size_t n = set_text(fmt, ap);
    va_end(ap);
    snprintf(text + n, sizeof text - n, ": %s", strerror(saved));
    errno = saved;
    return err;
}

int ss_fail_in(int err, const char *fmt, ...)
{
    char inner[TEXT_MAX];
    memcpy(inner, text, sizeof inner);
    va_list ap;
    va_start(ap, fmt);
    size_t n = set_text(fmt, ap);
    va_end(ap);
    snprintf(text + n, sizeof text - n, "%s", inner);
    return err;
}

const char *ss_err_text(void)
{
    return text;
}

int ss_err_exit(int err)
{
    switch ((enum ss_err)err) {
    case SS_OK: return 0;
    case SS_EPIPE: return 0;
    case SS_EANSWER: return 1;
    case SS_EUSAGE: return 64;
    case SS_EDATA: return 65;
    case SS_EVERSION: return 65;
    case SS_ENOINPUT: return 66;
    case SS_EAWAY: return 69;
    case SS_EBUG: return 70;
    case SS_ENOMEM: return 70;
    case SS_ECREATE: return 73;
    case SS_EIO: return 74;
    case SS_ECONFIG: return 78;
    }
    return err < 0 ? 70 : 0;
}
