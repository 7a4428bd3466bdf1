/* A mail of plain text (RFC 5322, MIME), and handing it to the local sendmail(8). */
#ifndef SS_NET_MAIL_H
#define SS_NET_MAIL_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include <stdatomic.h>
#include <stdint.h>

struct ss_mail {
    const char *from, *to; /* plain addresses, without blanks and brackets */
    struct ss_str subject; /* UTF-8 */
    struct ss_str id;      /* left of the @ in Message-ID, so that a mail sent twice is known as the same */
    struct ss_str thread;  /* the id of the mail that began the thread; p == NULL: this one does */
    struct ss_str text;    /* UTF-8, lines end in \n */
    int64_t date_us;
};

/* Appends the mail with lines that end in CRLF, none longer than 998 bytes, all of it ASCII. */
void ss_mail_put(const struct ss_mail *mail, struct ss_buf *to);
/* Gives it to sendmail, found along PATH, in /usr/sbin or in /usr/lib. As ss_child_run. */
int ss_mail_send(const struct ss_mail *mail, int64_t timeout_us, const atomic_bool *give_up) SS_MUST_CHECK;

#endif
