/*
 * The routes file: destinations, and which alerts go to which.
 *
 *     ops   = webhook https://ops.example/alerts key=@ops.key timeout=5s tries=8
 *     chat  = slack @slack.url
 *     mail  = mail fraud@example.org from=alerts@example.org via=smtp://mail.example.org:587
 * login=@mail.login page  = command /usr/local/bin/page --urgent log   = file alerts.ndjson
 *
 *     level=CRITICAL               -> ops, page
 *     level=HIGH tag=card_testing  -> chat
 *     otherwise                    -> log
 *
 * Every line whose conditions hold counts, and a destination gets an alert once however many lines name it;
 * `all` always holds, `otherwise` where none of the lines above it did. A destination stands above the lines
 * that use it. `stdout` is there by itself: the stream that the stage passes on.
 *
 * @FILE stands for the first line of a file, $NAME for a variable of the environment: secrets are not in this
 * file, nor on a command line.
 */
#ifndef SS_ALERT_ROUTES_H
#define SS_ALERT_ROUTES_H

#include "alert/choice.h"
#include "base/arena.h"

#define SS_ROUTES_FILE_MAX  ((size_t)1 << 20)
#define SS_DESTINATIONS_MAX 31
#define SS_ROUTES_MAX       1000
#define SS_ARGS_MAX         32
#define SS_PLACE_STDOUT     (1u << SS_DESTINATIONS_MAX)

enum ss_destination_kind { SS_TO_WEBHOOK, SS_TO_SLACK, SS_TO_MAIL, SS_TO_COMMAND, SS_TO_FILE };

struct ss_destination {
    const char *name;
    enum ss_destination_kind kind;
    const char *target; /* URL, address, path */
    struct ss_str key;  /* signs what a webhook gets; p == NULL: nothing is signed */
    const char *from, *via, *login;
    char *arg[SS_ARGS_MAX + 1]; /* a command's words, NULL behind them */
    uint32_t args;
    int64_t timeout_us, backoff_us, backoff_max_us;
    uint32_t tries, parallel;
    unsigned line;
};

struct ss_route {
    struct ss_choice choice;
    bool otherwise;
    uint32_t places; /* a bit for each destination, and SS_PLACE_STDOUT */
};

struct ss_routes {
    struct ss_arena arena;
    struct ss_destination *to; /* SS_DESTINATIONS_MAX of them */
    uint32_t n;
    struct ss_route *route;
    uint32_t routes;
    bool uses_stdout;
    const char *name;
};

/* SS_ECONFIG with file and line. What @ and $ stand for is left to ss_routes_resolve. Free it in any case. */
int ss_routes_parse(const char *name, struct ss_str text, struct ss_routes *routes) SS_MUST_CHECK;
/* Puts files' lines and variables in the place of their names. Messages never show a value. */
int ss_routes_resolve(struct ss_routes *routes) SS_MUST_CHECK;
/* Both, of a file. */
int ss_routes_read(const char *path, struct ss_routes *routes) SS_MUST_CHECK;
void ss_routes_free(struct ss_routes *routes);
/* Where such an alert goes. */
uint32_t ss_routes_places(const struct ss_routes *routes, const struct ss_facts *facts);
/* The number of the destination called `name`, or -1. */
int ss_routes_find(const struct ss_routes *routes, struct ss_str name);

#endif
