#include "net/http.h"
#include "base/err.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#define CONNECT_MS 10000L

struct ss_http {
    CURL *curl;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global;

static void init_global(void)
{
    global = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int ss_http_new(struct ss_http **out)
{
    pthread_once(&once, init_global);
    struct ss_http *http = calloc(1, sizeof *http);
    if (http && global == CURLE_OK)
        http->curl = curl_easy_init();
    if (!http || !http->curl) {
        free(http);
        return ss_fail(SS_ENOMEM, "cannot set up libcurl");
    }
    *out = http;
    return 0;
}

void ss_http_free(struct ss_http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    free(http);
}

/* As much of the answer as is wanted; the rest is read and thrown away. */
static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct ss_buf *to = arg;
    size_t len = size * n;
    if (to && to->ceiling > to->n)
        ss_buf_put(to, bytes, len < to->ceiling - to->n ? len : to->ceiling - to->n);
    return len;
}

static int look_up(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const atomic_bool *give_up = arg;
    (void)a, (void)b, (void)c, (void)d;
    return give_up && atomic_load(give_up);
}

/* What both protocols share. The handle's connections survive a reset. */
static void prepare(CURL *c, const char *url, int64_t timeout_us, const atomic_bool *give_up)
{
    long ms = (long)(timeout_us / 1000);
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms > 0 ? ms : 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, ms > 0 && ms < CONNECT_MS ? ms : CONNECT_MS);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, (void *)give_up);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, NULL);
}

static int failed(CURLcode code)
{
    return ss_fail(SS_EAWAY, "%s", curl_easy_strerror(code));
}

static int ask(struct ss_http *http, const struct ss_http_request *req, bool post,
               struct ss_http_reply *reply)
{
    CURL *c = http->curl;
    struct curl_slist *headers = NULL;
    struct ss_buf *body = reply->body;
    *reply = (struct ss_http_reply){.body = body};
    for (int i = 0; i <= req->headers; i++) { /* the last: no waiting for "100 Continue" */
        struct curl_slist *more = curl_slist_append(headers, i < req->headers ? req->header[i] : "Expect:");
        if (!more) {
            curl_slist_free_all(headers);
            return ss_fail(SS_ENOMEM, "out of memory for a request");
        }
        headers = more;
    }
    prepare(c, req->url, req->timeout_us, req->give_up);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "sentinel-stream/" SS_VERSION);
    if (post) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, req->body.n ? req->body.p : "");
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
    }
    curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
    CURLcode code = curl_easy_perform(c);
    long status = 0;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &retry_after_s);
    curl_slist_free_all(headers);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
    if (code != CURLE_OK)
        return failed(code);
    reply->status = (int)status;
    if (retry_after_s > 0)
        reply->retry_after_us = retry_after_s < 86400 ? (int64_t)retry_after_s * 1000000 : 86400000000;
    return 0;
}

int ss_http_post(struct ss_http *http, const struct ss_http_request *req, struct ss_http_reply *reply)
{
    return ask(http, req, true, reply);
}

int ss_http_get(struct ss_http *http, const struct ss_http_request *req, struct ss_http_reply *reply)
{
    return ask(http, req, false, reply);
}

struct reading {
    struct ss_str rest;
};

static size_t give_message(char *to, size_t size, size_t n, void *arg)
{
    struct reading *r = arg;
    size_t len = size * n < r->rest.n ? size * n : r->rest.n;
    if (len)
        memcpy(to, r->rest.p, len);
    r->rest.p += len;
    r->rest.n -= len;
    return len;
}

int ss_smtp_send(struct ss_http *http, const struct ss_smtp_request *req)
{
    CURL *c = http->curl;
    struct reading reading = {req->message};
    struct curl_slist *to = curl_slist_append(NULL, req->to);
    if (!to)
        return ss_fail(SS_ENOMEM, "out of memory for a message");
    prepare(c, req->url, req->timeout_us, req->give_up);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(c, CURLOPT_USE_SSL, (long)(req->login ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (req->login)
        curl_easy_setopt(c, CURLOPT_USERPWD, req->login);
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, req->from);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_message);
    curl_easy_setopt(c, CURLOPT_READDATA, &reading);
    CURLcode code = curl_easy_perform(c);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(to);
    return code == CURLE_OK ? 0 : failed(code);
}
