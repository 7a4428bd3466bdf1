#include "alert/send.h"
#include "alert/message.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/file.h"
#include "json/cursor.h"
#include "net/child.h"
#include "net/mail.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int ss_signature(struct ss_str key, const char *timestamp, struct ss_str body, char out[SS_SIGNATURE])
{
    char digest[SS_DIGEST_HEX];
    struct ss_buf text;
    ss_buf_init(&text, 4 * SS_MESSAGE_MAX);
    ss_buf_puts(&text, timestamp);
    ss_buf_putc(&text, '.');
    ss_buf_put(&text, body.p, body.n);
    int err = ss_buf_check(&text);
    if (!err) {
        ss_hmac_sha256_hex(key.p, key.n, text.p, text.n, digest);
        snprintf(out, SS_SIGNATURE, "v1=%s", digest);
    }
    ss_buf_free(&text);
    return err;
}

static int post(const struct ss_destination *to, const struct ss_spooled *m, struct ss_str body,
                struct ss_http *http, const atomic_bool *give_up, struct ss_sent *sent)
{
    char id[64], timestamp[64], signed_at[32], signature[SS_SIGNATURE + 32];
    const char *header[4] = {"Content-Type: application/json", id};
    struct ss_http_request req = {to->target, header, 2, body, to->timeout_us, give_up};
    struct ss_http_reply reply = {0};
    int err = 0;
    snprintf(id, sizeof id, "Idempotency-Key: %.*s", (int)m->id.n, m->id.p);
    if (to->key.p) {
        snprintf(signed_at, sizeof signed_at, "%lld", (long long)(ss_clock_wall_us() / 1000000));
        snprintf(timestamp, sizeof timestamp, "SS-Timestamp: %s", signed_at);
        char value[SS_SIGNATURE];
        err = ss_signature(to->key, signed_at, body, value);
        snprintf(signature, sizeof signature, "SS-Signature: %s", err ? "" : value);
        header[req.headers++] = timestamp;
        header[req.headers++] = signature;
    }
    err = err ? err : ss_http_post(http, &req, &reply);
    sent->nobody = err == SS_EAWAY;
    sent->retry_after_us = reply.retry_after_us;
    if (!err && (reply.status < 200 || reply.status > 299))
        err = ss_fail(SS_EAWAY, "answered %d", reply.status);
    return err;
}

static int post_slack(const struct ss_destination *to, const struct ss_spooled *m, struct ss_http *http,
                      const atomic_bool *give_up, struct ss_sent *sent)
{
    struct ss_buf body;
    ss_buf_init(&body, 16 * SS_MESSAGE_MAX);
    int err = ss_message_slack(m->body, &body);
    err = err ? err : post(to, m, (struct ss_str){body.p, body.n}, http, give_up, sent);
    ss_buf_free(&body);
    return err;
}

static int send_mail(const struct ss_destination *to, const struct ss_spooled *m, struct ss_http *http,
                     const atomic_bool *give_up)
{
    struct ss_buf subject, text, mail;
    char first[SS_MESSAGE_ID + 2];
    ss_buf_init(&subject, SS_MESSAGE_MAX);
    ss_buf_init(&text, 4 * SS_MESSAGE_MAX);
    ss_buf_init(&mail, 16 * SS_MESSAGE_MAX);
    int err = ss_message_subject(m->body, &subject);
    err = err ? err : ss_message_text(m->body, &text);
    snprintf(first, sizeof first, "%.*s-1", m->id.n < 16 ? (int)m->id.n : 16, m->id.p);
    bool begins = ss_str_is(m->id, first);
    struct ss_mail what = {.from = to->from,
                           .to = to->target,
                           .subject = {subject.p, subject.n},
                           .id = m->id,
                           .thread = begins ? (struct ss_str){NULL, 0} : ss_str_of(first),
                           .text = {text.p, text.n},
                           .date_us = ss_clock_wall_us()};
    if (!err && to->via) {
        ss_mail_put(&what, &mail);
        struct ss_smtp_request req = {.url = to->via,
                                      .login = to->login,
                                      .from = to->from,
                                      .to = to->target,
                                      .message = {mail.p, mail.n},
                                      .timeout_us = to->timeout_us,
                                      .give_up = give_up};
        err = ss_buf_check(&mail);
        err = err ? err : ss_smtp_send(http, &req);
    } else if (!err) {
        err = ss_mail_send(&what, to->timeout_us, give_up);
    }
    ss_buf_free(&subject);
    ss_buf_free(&text);
    ss_buf_free(&mail);
    return err;
}

static int run_command(const struct ss_destination *to, const struct ss_spooled *m,
                       const atomic_bool *give_up)
{
    char id[80];
    const char *env[] = {id};
    struct ss_buf line;
    snprintf(id, sizeof id, "SS_MESSAGE=%.*s", (int)m->id.n, m->id.p);
    ss_buf_init(&line, 4 * SS_MESSAGE_MAX);
    ss_buf_put(&line, m->body.p, m->body.n);
    ss_buf_putc(&line, '\n');
    struct ss_child child = {to->arg, env, 1, {line.p, line.n}, to->timeout_us, give_up};
    int err = ss_buf_check(&line);
    err = err ? err : ss_child_run(&child);
    ss_buf_free(&line);
    return err;
}

/* One line, on disk. Half a line that a killed process left gets an end of its own. */
static int append(const struct ss_destination *to, const struct ss_spooled *m)
{
    char last = '\n';
    int fd = open(to->target, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666), err = 0;
    if (fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot open '%s'", to->target);
    off_t end = lseek(fd, 0, SEEK_END);
    if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
        last = '\n';
    if ((last != '\n' && ss_file_write_all(fd, "\n", 1) < 0) ||
        ss_file_write_all(fd, m->body.p, m->body.n) < 0 || ss_file_write_all(fd, "\n", 1) < 0 ||
        (fsync(fd) < 0 && errno != EINVAL && errno != EROFS))
        err = ss_fail_errno(SS_EIO, "cannot write '%s'", to->target);
    if (close(fd) < 0 && !err)
        err = ss_fail_errno(SS_EIO, "cannot write '%s'", to->target);
    return err;
}

void ss_send(const struct ss_destination *to, const struct ss_spooled *m, struct ss_http *http,
             const atomic_bool *give_up, struct ss_sent *sent)
{
    int err = 0;
    *sent = (struct ss_sent){.arrived = false};
    switch (to->kind) {
    case SS_TO_WEBHOOK: err = post(to, m, m->body, http, give_up, sent); break;
    case SS_TO_SLACK: err = post_slack(to, m, http, give_up, sent); break;
    case SS_TO_MAIL: err = send_mail(to, m, http, give_up); break;
    case SS_TO_COMMAND: err = run_command(to, m, give_up); break;
    case SS_TO_FILE: err = append(to, m); break;
    }
    sent->arrived = err == 0;
    if (err)
        snprintf(sent->why, sizeof sent->why, "%s", ss_err_text());
}
