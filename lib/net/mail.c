#include "net/mail.h"
#include "base/err.h"
#include "base/time.h"
#include "net/child.h"

#define MAIL_MAX   ((size_t)16 << 20)
#define LINE_WIDTH 74 /* of quoted-printable, at most 76 (RFC 2045, 6.7) */
#define WORD_BYTES 39 /* of text in an encoded word, at most 75 characters in all (RFC 2047, 2) */

static const char hex[] = "0123456789ABCDEF";

static void put_date(struct ss_buf *to, int64_t time_us)
{
    static const char days[][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct ss_civil t;
    ss_time_to_civil(time_us, &t);
    ss_buf_printf(to, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", days[t.weekday], t.day,
                  months[t.month - 1], t.year, t.hour, t.minute, t.second);
}

static bool is_plain(struct ss_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return s.n < 900;
}

/* Base64 (RFC 4648). */
static void put_base64(struct ss_buf *to, const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? (uint32_t)p[i + 2] : 0);
        ss_buf_putc(to, digits[v >> 18]);
        ss_buf_putc(to, digits[v >> 12 & 63]);
        ss_buf_putc(to, i + 1 < n ? digits[v >> 6 & 63] : '=');
        ss_buf_putc(to, i + 2 < n ? digits[v & 63] : '=');
    }
}

/* As it is where it is short ASCII without control characters, else in encoded words of whole characters. */
static void put_subject(struct ss_buf *to, struct ss_str s)
{
    ss_buf_puts(to, "Subject: ");
    if (is_plain(s)) {
        ss_buf_put(to, s.p, s.n);
        ss_buf_puts(to, "\r\n");
        return;
    }
    for (size_t i = 0; i < s.n;) {
        size_t n = s.n - i < WORD_BYTES ? s.n - i : WORD_BYTES;
        while (i + n < s.n && n > 1 && ((unsigned char)s.p[i + n] & 0xc0) == 0x80)
            n--;
        ss_buf_puts(to, i ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
        put_base64(to, (const unsigned char *)s.p + i, n);
        ss_buf_puts(to, "?=");
        i += n;
    }
    ss_buf_puts(to, "\r\n");
}

/* Quoted-printable. */
static void put_text(struct ss_buf *to, struct ss_str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool at_end = i + 1 == text.n || text.p[i + 1] == '\n';
        if (c == '\n') {
            ss_buf_puts(to, "\r\n");
            width = 0;
            continue;
        }
        bool plain = (c > 0x20 && c < 0x7f && c != '=' && !(c == '.' && width == 0)) || (c == ' ' && !at_end);
        if (width + (plain ? 1 : 3) > LINE_WIDTH) {
            ss_buf_puts(to, "=\r\n");
            width = 0;
            plain = plain && c != '.';
        }
        if (plain) {
            ss_buf_putc(to, (char)c);
        } else {
            ss_buf_putc(to, '=');
            ss_buf_putc(to, hex[c >> 4]);
            ss_buf_putc(to, hex[c & 15]);
        }
        width += plain ? 1 : 3;
    }
    if (width)
        ss_buf_puts(to, "\r\n");
}

static void put_id(struct ss_buf *to, const char *header, struct ss_str id, const char *from)
{
    const char *at = strrchr(from, '@');
    ss_buf_printf(to, "%s: <%.*s@%s>\r\n", header, (int)id.n, id.p, at ? at + 1 : "localhost");
}

void ss_mail_put(const struct ss_mail *mail, struct ss_buf *to)
{
    ss_buf_printf(to, "From: <%s>\r\nTo: <%s>\r\n", mail->from, mail->to);
    put_subject(to, mail->subject);
    put_date(to, mail->date_us);
    put_id(to, "Message-ID", mail->id, mail->from);
    if (mail->thread.p) {
        put_id(to, "In-Reply-To", mail->thread, mail->from);
        put_id(to, "References", mail->thread, mail->from);
    }
    ss_buf_puts(to, "Auto-Submitted: auto-generated\r\n"
                    "MIME-Version: 1.0\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    put_text(to, mail->text);
}

/* sendmail takes the lines of this system. */
static void drop_returns(struct ss_buf *buf)
{
    size_t kept = 0;
    for (size_t i = 0; i < buf->n; i++)
        if (buf->p[i] != '\r')
            buf->p[kept++] = buf->p[i];
    buf->n = kept;
}

int ss_mail_send(const struct ss_mail *mail, int64_t timeout_us, const atomic_bool *give_up)
{
    static const char *const places[] = {"sendmail", "/usr/sbin/sendmail", "/usr/lib/sendmail"};
    struct ss_buf text;
    ss_buf_init(&text, MAIL_MAX);
    ss_mail_put(mail, &text);
    int err = ss_buf_check(&text);
    drop_returns(&text);
    for (size_t i = 0; i < SS_COUNT(places); i++) {
        const char *const argv[] = {places[i], "-i", "-f", mail->from, "--", mail->to, NULL};
        struct ss_child child = {.argv = (char *const *)argv,
                                 .input = {text.p, text.n},
                                 .timeout_us = timeout_us,
                                 .give_up = give_up};
        err = err && err != SS_ENOINPUT ? err : ss_child_run(&child);
        if (err != SS_ENOINPUT)
            break;
    }
    ss_buf_free(&text);
    return err;
}
