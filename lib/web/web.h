/*
 * The API without a socket: a request and a database connection in, a response out. Whoever owns the socket
 * (cmd/ss-serve/http.c, or a test) makes a struct ss_call, has it identified (auth.h), and runs its route's
 * handler where the route's kind says:
 *
 *   QUICK    a read answered from an index in microseconds: in the loop's own thread
 *   SLOW     a read that may take longer: by a reader, a thread with a connection of its own
 *   LONG     one that takes seconds (files, all of the log): by a reader as well, of which another one is
 * left for the others WRITE    a change: by the desk, the one thread that writes, inside a transaction that
 * it commits for many calls at once. A handler that fails, or answers with a status of 400 and above, is
 * undone PAYMENT  a payment to be scored, stored and told: by the desk, many at once (payments.h) TRY scoring
 * without storing: by the desk, which owns the pipeline; without a transaction STREAM   a payment to be
 * handed on to a stream: by the stream's thread (stream.h) FEED     a long-lived answer (Server-Sent Events,
 * WebSocket): by the loop, from the hub
 *
 * Work of several kinds goes from place to place: ss_call_then (a password is checked by a reader, and what
 * came of it is written by the desk).
 *
 * A handler knows nothing of this. It returns 0 with call->res filled (also for an error of the client's:
 * ss_problem returns 0), or a negative ss_err for what is our own fault, which becomes a 500, or 503 for
 * SS_EAWAY. Everything it allocates lives in call->arena, as long as the call.
 *
 * One style for all of /api/v1: JSON; lists are {"items":[...],"next":CURSOR or null}; errors are
 * application/problem+json (RFC 9457); times are RFC 3339 UTC; amounts are numbers in their currency's unit;
 * names are snake_case; ?limit ?cursor ?sort ?fields work alike everywhere; PATCH takes a JSON merge patch
 * (RFC 7396); what changes has an ETag, and If-Match is honoured (412).
 */
#ifndef SS_WEB_WEB_H
#define SS_WEB_WEB_H

#include "base/arena.h"
#include "base/buf.h"
#include "json/doc.h"
#include "json/write.h"
#include "store/db.h"

enum ss_method { SS_GET, SS_POST, SS_PUT, SS_PATCH, SS_DELETE, SS_METHODS };

const char *ss_method_name(enum ss_method method);
int ss_method_of(struct ss_str name); /* HEAD is GET; -1 when it is none */

/* Each text is borrowed for the life of the call; p == NULL where the header is absent. */
struct ss_request {
    enum ss_method method;
    struct ss_str path;       /* as sent, still percent-encoded, without the query */
    struct ss_str query;      /* behind the '?' */
    struct ss_str body, type; /* Content-Type */
    struct ss_str authorization, cookie, origin, host, agent, accept;
    struct ss_str if_match, if_none_match, idempotency_key, last_event_id;
    char address[48]; /* the client's (the peer's, or whom a trusted proxy names), for rate limits and the
                         audit log; "unix" for the local socket */
    bool secure;      /* came over TLS: cookies may be marked Secure */
};

#define SS_COOKIES_MAX 4

struct ss_response {
    int status;       /* 200 at first */
    const char *type; /* "application/json" at first */
    struct ss_buf body;
    struct ss_str etag, location, disposition; /* disposition: a file name to save as */
    struct ss_str next; /* where a file that is not whole goes on: path and query, for a Link header */
    struct ss_str cookie[SS_COOKIES_MAX]; /* whole Set-Cookie values */
    int cookies;
    int retry_after_s; /* 0: none */
    bool may_cache;    /* private, with revalidation by ETag; otherwise no-store */
};

/* Who asks. Roles are a ladder for people (viewer < analyst < admin); service is for programs. */
enum ss_role { SS_NOBODY = 0, SS_VIEWER = 1, SS_ANALYST = 2, SS_ADMIN = 4, SS_SERVICE = 8 };

#define SS_ANYONE  (SS_NOBODY | SS_VIEWER | SS_ANALYST | SS_ADMIN | SS_SERVICE | 16) /* signed in or not */
#define SS_PEOPLE  (SS_VIEWER | SS_ANALYST | SS_ADMIN)
#define SS_READERS (SS_PEOPLE | SS_SERVICE)
#define SS_WORKERS (SS_ANALYST | SS_ADMIN)
/* Beside a route's roles: it is asked with a password, or answers with a key or a link that is as good as
 * one. Nothing of such a call is stored (replay.h). */
#define SS_SECRET 32

const char *ss_role_name(enum ss_role role);
int ss_role_of(struct ss_str name); /* -1 when it is none */

struct ss_actor {
    enum ss_role role;    /* SS_NOBODY: not signed in */
    int64_t user_id;      /* 0: an API key, or nobody */
    char name[96];        /* for the audit log and timelines: an email, or "key:NAME" */
    char session[40];     /* the session's or key's id */
    struct ss_str scopes; /* of an API key, separated by blanks; p == NULL: all of the role's */
    bool by_cookie;       /* a browser: changes need a matching Origin (CSRF) */
};

enum ss_run {
    SS_RUN_QUICK,
    SS_RUN_SLOW,
    SS_RUN_LONG,
    SS_RUN_WRITE,
    SS_RUN_PAYMENT,
    SS_RUN_TRY,
    SS_RUN_STREAM,
    SS_RUN_FEED
};

struct ss_call;

struct ss_route {
    enum ss_method method;
    const char *path; /* "/api/v1/cases/{id}/comments" */
    int (*handle)(struct ss_call *call);
    int roles;         /* a set of enum ss_role, or SS_ANYONE; and SS_SECRET */
    const char *scope; /* what an API key needs, "cases:write"; NULL: keys may not */
    enum ss_run run;
    size_t body_max; /* bytes; 0: 64 KiB */
};

#define SS_PARAMS_MAX 4
#define SS_EVENTS_MAX 16

/* Something to tell listeners, once the change is committed. */
struct ss_event {
    const char *topic; /* "case" */
    struct ss_str json;
};

struct ss_web;

struct ss_call {
    struct ss_request req;
    struct ss_response res;
    struct ss_web *web;
    struct ss_db *db; /* for the handler's kind: read only, or the desk's inside its transaction */
    const struct ss_route *route;
    struct ss_str param[SS_PARAMS_MAX]; /* the {names} of the path in order, percent-decoded */
    struct ss_actor who;
    struct ss_arena arena;
    int64_t now_us; /* wall clock, once for the call */
    struct ss_event event[SS_EVENTS_MAX];
    int events;
    unsigned after;                   /* what is to be done once this is committed (after.h) */
    const struct ss_json_value *json; /* the body, once ss_call_json has read it */
    struct ss_buf faults;             /* what is wrong with the body or query, collected for one 422 */
    int n_faults;
    /* Where the call goes on, see ss_call_then, and what its parts hand to each other, in the arena. */
    int (*then)(struct ss_call *call);
    enum ss_run then_run;
    void *state;
    bool keep; /* of a WRITE: commit although the answer is an error (a failed sign-in is counted) */
};

/*
 * The handler has done its part and leaves the rest to `handle`, to be run as a `run` with that kind's
 * connection; nothing is answered yet. Whoever owns the call looks at call->then after each ss_route_run: not
 * NULL means that the call goes there, and ss_route_run is called again in that place.
 */
static inline int ss_call_then(struct ss_call *call, enum ss_run run, int (*handle)(struct ss_call *call))
{
    call->then = handle;
    call->then_run = run;
    return 0;
}

int ss_call_init(struct ss_call *call, struct ss_web *web);
void ss_call_free(struct ss_call *call);

/* ---- routing (route.c) ---- */

/*
 * Finds the route and fills route and param; otherwise the response is a 404, or a 405 that says what there
 * is. False when the call is answered already.
 */
bool ss_route_find(struct ss_call *call);
/* Role, scope and, for cookies, origin: 401, 403. False when the call is answered. After ss_auth_identify. */
bool ss_route_allow(struct ss_call *call);
/* Did a page of this server send it? By its Origin header; a browser sends one with each change. */
bool ss_route_same_origin(const struct ss_request *req);
/* Runs the handler and makes what it returned a response; generic ETag, If-None-Match and ?fields. */
void ss_route_run(struct ss_call *call);
/* All routes in the order of the tables; NULL behind the last. For tests and the OpenAPI check. */
const struct ss_route *ss_route_at(size_t i);

/* ---- answers (answer.c) ---- */

/* A problem: type "about:blank" and the status's own title, or a `code` that programs may look at
 * ("conflict"). Returns 0, so a handler may return it. */
int ss_problem(struct ss_call *call, int status, const char *code, const char *fmt, ...) SS_PRINTF(4, 5);
int ss_problem_missing(struct ss_call *call, const char *what, struct ss_str id); /* 404: "no case '17'" */
/* 304, 412: true when the call is answered. `version` becomes the ETag. */
bool ss_answer_version(struct ss_call *call, int64_t version);
/* The status's words (RFC 9110). */
const char *ss_status_title(int status);
int ss_answer_none(struct ss_call *call); /* 204 */
/* 201 with Location: `path` and the id. The body is up to the caller. */
int ss_answer_created(struct ss_call *call, const char *path, struct ss_str id);
/* Tells listeners after the commit; `json` is copied. */
void ss_event_add(struct ss_call *call, const char *topic, struct ss_str json);
/* Text in the call's arena; never NULL (out of memory gives ""). */
struct ss_str ss_call_copy(struct ss_call *call, struct ss_str text);
struct ss_str ss_call_format(struct ss_call *call, const char *fmt, ...) SS_PRINTF(2, 3);

/* JSON of our style, beside json/write.h: "2026-11-22T16:06:21.000000Z" or null when 0; 12.5 from 125000. */
void ss_put_time(struct ss_buf *to, int64_t us);
void ss_put_amount(struct ss_buf *to, int64_t amount);
void ss_put_time_of(struct ss_buf *to, const char *key, int64_t us);
void ss_put_amount_of(struct ss_buf *to, const char *key, int64_t amount);

/* ---- questions (question.c) ---- */

/*
 * The query's parameters. Each reader returns false when the value is wrong and notes why; after the last
 * one, `if (!ss_call_check(call)) return 0;` answers with one 422 that lists them all. A parameter that no
 * reader asked for is ignored.
 */
struct ss_str ss_query(struct ss_call *call, const char *name); /* decoded; p == NULL: absent */
bool ss_query_int(struct ss_call *call, const char *name, int64_t absent, int64_t min, int64_t max,
                  int64_t *value);
bool ss_query_time(struct ss_call *call, const char *name, int64_t absent, int64_t *us);
bool ss_query_amount(struct ss_call *call, const char *name, int64_t absent, int64_t *amount);
bool ss_query_bool(struct ss_call *call, const char *name, bool absent, bool *value);
/* One of a NULL-terminated list of words: its index. */
bool ss_query_word(struct ss_call *call, const char *name, const char *const *words, int absent, int *value);

/* Is the body of this media type ("text/csv"), whatever its parameters and the case of its letters? */
bool ss_call_is_type(const struct ss_call *call, const char *name);
/* The body as a JSON object; false when it is none (the call is answered: 400 or 415). An empty body is {}.
 */
bool ss_call_json(struct ss_call *call);
/* Members of the body. `required` ones that are absent are faults, others leave *value as it is and return
 * false without a fault. A present null is given as p == NULL, for what may be cleared. True: it is there. */
bool ss_body_text(struct ss_call *call, const char *name, bool required, size_t max, struct ss_str *value);
bool ss_body_int(struct ss_call *call, const char *name, bool required, int64_t min, int64_t max,
                 int64_t *value);
bool ss_body_real(struct ss_call *call, const char *name, bool required, double min, double max,
                  double *value);
bool ss_body_amount(struct ss_call *call, const char *name, bool required, int64_t *amount);
bool ss_body_bool(struct ss_call *call, const char *name, bool required, bool *value);
bool ss_body_time(struct ss_call *call, const char *name, bool required, int64_t *us);
bool ss_body_word(struct ss_call *call, const char *name, bool required, const char *const *words,
                  int *value);
/* A fault of the caller's own finding. */
void ss_fault(struct ss_call *call, const char *name, const char *fmt, ...) SS_PRINTF(3, 4);
/* False when there were faults: the call is answered, 422. */
bool ss_call_check(struct ss_call *call);
/* Members of the body whose names are none of these are faults, so that a misspelt one is not lost silently.
 */
void ss_body_only(struct ss_call *call, const char *const *names);

/* ---- lists (list.c) ---- */

#define SS_LIMIT_DEFAULT 50
#define SS_LIMIT_MAX     500

/*
 * A page of a list that is ordered by up to two keys. The cursor is opaque to clients (hexadecimal of the
 * keys and the order they belong to); one that is damaged or belongs to another order is a 422.
 */
struct ss_page {
    int64_t limit;
    bool has_cursor;
    int64_t key;        /* the first key's value where it is a number, */
    struct ss_str text; /* or a text */
    struct ss_str tie;  /* the second key */
    int sort;           /* index into the words given */
    bool down;          /* "-word": descending */
    const char *default_sort;
};

/* Reads ?limit ?cursor ?sort. `sorts` are the words allowed, the first one the default, with '-' in front
 * where descending is its default. */
bool ss_page_read(struct ss_call *call, const char *const *sorts, struct ss_page *page);
/* Begins {"items":[ ; before each item a comma where one is due; then ],"next":... }. */
void ss_page_begin(struct ss_call *call);
void ss_page_item(struct ss_call *call);
/* `more`: a further item exists; the keys are those of the last one given. */
void ss_page_end(struct ss_call *call, const struct ss_page *page, bool more, int64_t key, struct ss_str text,
                 struct ss_str tie);

/* ---- what all calls share ---- */

struct ss_engine;
struct ss_hub;
struct ss_pan;
struct ss_auth;
struct ss_settings;
struct ss_rules;
struct ss_jobs;
struct ss_submit;
struct ss_stream;
struct ss_proxies;
struct ss_metrics;

struct ss_web {
    struct ss_engine *engine;         /* the hosted pipeline; NULL: none (engine.h) */
    struct ss_hub *hub;               /* live listeners (hub.h) */
    struct ss_auth *auth;             /* keys of tokens, limits (auth.h) */
    struct ss_settings *settings;     /* (settings.h) */
    struct ss_rules *rules;           /* where rules and lists are written (rules.h) */
    struct ss_jobs *jobs;             /* long work (jobs.h) */
    const struct ss_pan *pan;         /* what becomes of card numbers that are posted; NULL: masked */
    struct ss_submit *submit;         /* payments that come in (submit.h) */
    struct ss_stream *stream;         /* where payments are handed on to; NULL: nowhere (stream.h) */
    struct ss_metrics *metrics;       /* what is counted (metrics.h) */
    const struct ss_proxies *proxies; /* whose X-Forwarded-For is believed; NULL: nobody's (proxy.h) */
    int64_t (*now_us)(void);          /* the wall clock; tests have their own */
    int64_t started_us;
    const char *version;
};

#endif
