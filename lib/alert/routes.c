#include "alert/routes.h"
#include "alert/words.h"
#include "base/err.h"
#include "base/file.h"
#include "base/number.h"
#include "base/time.h"
#include <stdlib.h>

#define SECRET_MAX 4096

static const char *const kinds[] = {[SS_TO_WEBHOOK] = "webhook",
                                    [SS_TO_SLACK] = "slack",
                                    [SS_TO_MAIL] = "mail",
                                    [SS_TO_COMMAND] = "command",
                                    [SS_TO_FILE] = "file"};

int ss_routes_find(const struct ss_routes *routes, struct ss_str name)
{
    for (uint32_t i = 0; i < routes->n; i++)
        if (ss_str_is(name, routes->to[i].name))
            return (int)i;
    return -1;
}

/* --- destinations --- */

static int set_duration(struct ss_str name, struct ss_str value, int64_t *to)
{
    if (!ss_duration_parse(value.p, value.n, to) || *to > SS_DAY_US)
        return ss_fail(SS_ECONFIG, "'%s' takes a duration of at most a day, such as 10s, not '%s'", name.p,
                       value.p);
    return 0;
}

static int set_count(struct ss_str name, struct ss_str value, int64_t most, uint32_t *to)
{
    int64_t n;
    if (!ss_int_parse(value.p, value.n, &n) || n < 1 || n > most)
        return ss_fail(SS_ECONFIG, "'%s' takes a number from 1 to %lld, not '%s'", name.p, (long long)most,
                       value.p);
    *to = (uint32_t)n;
    return 0;
}

static int set_secret(struct ss_str name, struct ss_str value, const char **to)
{
    if (value.n < 2 || (value.p[0] != '@' && value.p[0] != '$'))
        return ss_fail(SS_ECONFIG, "'%s' takes @FILE or $NAME: a secret does not belong into this file",
                       name.p);
    *to = value.p;
    return 0;
}

static int set_text(struct ss_str name, struct ss_str value, const char **to)
{
    if (!value.n)
        return ss_fail(SS_ECONFIG, "'%s' is empty", name.p);
    *to = value.p;
    return 0;
}

/* 1 when it was a setting of this kind of destination, 0 when it is something else. */
static int set(struct ss_destination *to, struct ss_str name, struct ss_str value)
{
    int err = 0;
    if (ss_str_is(name, "timeout"))
        err = set_duration(name, value, &to->timeout_us);
    else if (ss_str_is(name, "backoff"))
        err = set_duration(name, value, &to->backoff_us);
    else if (ss_str_is(name, "backoff_max"))
        err = set_duration(name, value, &to->backoff_max_us);
    else if (ss_str_is(name, "tries"))
        err = set_count(name, value, 1000, &to->tries);
    else if (ss_str_is(name, "parallel"))
        err = set_count(name, value, 16, &to->parallel);
    else if (to->kind == SS_TO_WEBHOOK && ss_str_is(name, "key"))
        err = set_secret(name, value, &to->key.p);
    else if (to->kind == SS_TO_MAIL && ss_str_is(name, "login"))
        err = set_secret(name, value, &to->login);
    else if (to->kind == SS_TO_MAIL && ss_str_is(name, "from"))
        err = set_text(name, value, &to->from);
    else if (to->kind == SS_TO_MAIL && ss_str_is(name, "via"))
        err = set_text(name, value, &to->via);
    else
        return 0;
    return err ? err : 1;
}

static bool is_name(struct ss_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] == '_' || s.p[i] == '-' || s.p[i] == '.' || (s.p[i] >= '0' && s.p[i] <= '9') ||
              (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z')))
            return false;
    return s.n > 0 && s.n <= 64;
}

static bool is_url(const char *target)
{
    return strncmp(target, "http://", 7) == 0 || strncmp(target, "https://", 8) == 0;
}

static bool is_reference(const char *text)
{
    return (text[0] == '@' || text[0] == '$') && text[1];
}

static int check_destination(const struct ss_destination *to)
{
    const char *kind = kinds[to->kind];
    if (!to->target)
        return ss_fail(SS_ECONFIG, "%s '%s' has no target", kind, to->name);
    bool http = to->kind == SS_TO_WEBHOOK || to->kind == SS_TO_SLACK;
    if (http && !is_url(to->target) && !is_reference(to->target))
        return ss_fail(SS_ECONFIG, "%s '%s' needs an http:// or https:// URL, @FILE or $NAME", kind,
                       to->name);
    if (to->kind != SS_TO_MAIL)
        return 0;
    if (!to->from)
        return ss_fail(SS_ECONFIG, "mail '%s' needs from=ADDRESS", to->name);
    if (!strchr(to->target, '@') || !strchr(to->from, '@') || strpbrk(to->target, "<>\" ") ||
        strpbrk(to->from, "<>\" ") || to->target[0] == '-' || to->from[0] == '-')
        return ss_fail(SS_ECONFIG, "mail '%s' needs plain addresses, such as fraud@example.org", to->name);
    if (to->via && strncmp(to->via, "smtp://", 7) != 0 && strncmp(to->via, "smtps://", 8) != 0)
        return ss_fail(SS_ECONFIG, "'via' takes smtp://HOST or smtps://HOST, not '%s'", to->via);
    if (to->login && !to->via)
        return ss_fail(SS_ECONFIG, "'login' is for 'via=smtp://...'");
    return 0;
}

static int read_target(struct ss_destination *to, struct ss_str word)
{
    struct ss_str name, value;
    bool in_command = to->kind == SS_TO_COMMAND && to->args;
    if (!in_command && !is_url(word.p) && ss_word_setting(word, &name, &value)) {
        char *end = (char *)name.p + name.n;
        *end = '\0'; /* for messages */
        int known = set(to, name, value);
        if (known)
            return known < 0 ? known : 0;
        if (to->kind != SS_TO_FILE)
            return ss_fail(SS_ECONFIG, "unknown setting '%s' of a %s", name.p, kinds[to->kind]);
        *end = '='; /* a path may have one */
    }
    if (to->kind == SS_TO_COMMAND) {
        if (to->args == SS_ARGS_MAX)
            return ss_fail(SS_ECONFIG, "more than %d words of a command", SS_ARGS_MAX);
        to->arg[to->args++] = (char *)word.p;
        to->target = to->arg[0];
        return 0;
    }
    if (to->target)
        return ss_fail(SS_ECONFIG, "a second target '%s' of '%s': name one", word.p, to->name);
    to->target = word.p;
    return 0;
}

/* NAME = KIND TARGET SETTING=VALUE ... */
static int add_destination(struct ss_routes *routes, const struct ss_words *words, unsigned line)
{
    if (words->n < 3)
        return ss_fail(SS_ECONFIG, "'%s = ' needs webhook, slack, mail, command or file", words->at[0].p);
    if (routes->n == SS_DESTINATIONS_MAX)
        return ss_fail(SS_ECONFIG, "more than %d destinations", SS_DESTINATIONS_MAX);
    if (!is_name(words->at[0]) || ss_str_is(words->at[0], "stdout"))
        return ss_fail(SS_ECONFIG, "'%s' cannot be a destination's name", words->at[0].p);
    if (ss_routes_find(routes, words->at[0]) >= 0)
        return ss_fail(SS_ECONFIG, "'%s' comes twice", words->at[0].p);
    size_t kind = 0;
    while (kind < SS_COUNT(kinds) && !ss_str_is(words->at[2], kinds[kind]))
        kind++;
    if (kind == SS_COUNT(kinds))
        return ss_fail(SS_ECONFIG, "unknown kind '%s' (known: webhook, slack, mail, command, file)",
                       words->at[2].p);
    struct ss_destination *to = &routes->to[routes->n];
    *to = (struct ss_destination){.name = words->at[0].p,
                                  .kind = (enum ss_destination_kind)kind,
                                  .timeout_us = 10 * SS_SECOND_US,
                                  .backoff_us = SS_SECOND_US,
                                  .backoff_max_us = 10 * SS_MINUTE_US,
                                  .tries = 16,
                                  .parallel = kind == SS_TO_WEBHOOK ? 4 : 1,
                                  .line = line};
    int err = 0;
    for (uint32_t i = 3; i < words->n && !err; i++)
        err = read_target(to, words->at[i]);
    err = err ? err : check_destination(to);
    routes->n += !err;
    return err;
}

/* --- routes --- */

static int add_places(struct ss_routes *routes, struct ss_route *route, struct ss_str list)
{
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        size_t n = comma ? (size_t)(comma - list.p) : list.n;
        struct ss_str name = {list.p, n};
        list = comma ? (struct ss_str){comma + 1, list.n - n - 1} : (struct ss_str){NULL, 0};
        if (!n)
            continue;
        int place = ss_str_is(name, "stdout") ? SS_DESTINATIONS_MAX : ss_routes_find(routes, name);
        if (place < 0)
            return ss_fail(SS_ECONFIG,
                           "unknown destination '%.*s' (destinations stand above the lines that use them)",
                           (int)name.n, name.p);
        route->places |= 1u << place;
        routes->uses_stdout |= place == SS_DESTINATIONS_MAX;
    }
    return 0;
}

/* CONDITION ... -> NAME, NAME ... */
static int add_route(struct ss_routes *routes, const struct ss_words *words, uint32_t arrow)
{
    if (routes->routes == SS_ROUTES_MAX)
        return ss_fail(SS_ECONFIG, "more than %d routes", SS_ROUTES_MAX);
    struct ss_route *route = &routes->route[routes->routes];
    *route = (struct ss_route){.otherwise = false};
    bool all = arrow == 1 && ss_str_is(words->at[0], "all");
    route->otherwise = arrow == 1 && ss_str_is(words->at[0], "otherwise");
    int err = arrow ? 0 : ss_fail(SS_ECONFIG, "no condition before '->': write 'all -> ...'");
    for (uint32_t i = 0; i < arrow && !err && !all && !route->otherwise; i++) {
        struct ss_str name, value;
        err = ss_word_setting(words->at[i], &name, &value)
                  ? ss_choice_add(&route->choice, name, value)
                  : ss_fail(SS_ECONFIG, "'%s' is not of the form condition=value, 'all' or 'otherwise'",
                            words->at[i].p);
    }
    for (uint32_t i = arrow + 1; i < words->n && !err; i++)
        err = add_places(routes, route, words->at[i]);
    if (!err && !route->places)
        err = ss_fail(SS_ECONFIG, "no destination behind '->'");
    routes->routes += !err;
    return err;
}

static int read_line(struct ss_routes *routes, struct ss_str line, unsigned number)
{
    struct ss_words words;
    int err = ss_words_split(line, &routes->arena, &words);
    if (err || !words.n)
        return err;
    for (uint32_t i = 0; i < words.n; i++)
        if (ss_str_is(words.at[i], "->"))
            return add_route(routes, &words, i);
    if (words.n >= 2 && ss_str_is(words.at[1], "="))
        return add_destination(routes, &words, number);
    return ss_fail(SS_ECONFIG, "neither 'NAME = KIND TARGET' nor 'CONDITION -> NAME'");
}

int ss_routes_parse(const char *name, struct ss_str text, struct ss_routes *routes)
{
    *routes = (struct ss_routes){0};
    ss_arena_init(&routes->arena, 8 * SS_ROUTES_FILE_MAX);
    routes->to = ss_arena_zalloc(&routes->arena, SS_DESTINATIONS_MAX * sizeof *routes->to);
    routes->route = ss_arena_zalloc(&routes->arena, SS_ROUTES_MAX * sizeof *routes->route);
    routes->name = ss_arena_copy(&routes->arena, name, strlen(name));
    int err = routes->to && routes->route && routes->name ? 0 : SS_ENOMEM;
    struct ss_str line;
    for (unsigned number = 1; !err && ss_words_line(&text, &line); number++) {
        err = read_line(routes, line, number);
        if (err)
            err = ss_fail_in(err, "%s:%u: ", name, number);
    }
    return err;
}

/* --- @FILE and $NAME --- */

static int resolve(struct ss_routes *routes, const char **text)
{
    const char *ref = *text;
    if (!ref || !is_reference(ref))
        return 0;
    if (ref[0] == '$') {
        *text = getenv(ref + 1);
        return *text && **text ? 0 : ss_fail(SS_ECONFIG, "'%s' is not set in the environment", ref);
    }
    struct ss_buf buf;
    ss_buf_init(&buf, SECRET_MAX);
    int err = ss_file_read(ref + 1, &buf);
    if (!err) {
        struct ss_str all = {buf.p, buf.n}, line = {NULL, 0};
        bool any = ss_words_line(&all, &line);
        line = ss_str_trim(line);
        if (!any || !line.n || memchr(line.p, '\0', line.n))
            err = ss_fail(SS_ECONFIG, "nothing in the first line of '%s'", ref + 1);
        else if (!(*text = ss_arena_copy(&routes->arena, line.p, line.n)))
            err = SS_ENOMEM;
        memset(buf.p, 0, buf.n);
    }
    ss_buf_free(&buf);
    return err;
}

int ss_routes_resolve(struct ss_routes *routes)
{
    for (uint32_t i = 0; i < routes->n; i++) {
        struct ss_destination *to = &routes->to[i];
        bool http = to->kind == SS_TO_WEBHOOK || to->kind == SS_TO_SLACK;
        int err = http ? resolve(routes, &to->target) : 0;
        err = err ? err : resolve(routes, &to->key.p);
        err = err ? err : resolve(routes, &to->login);
        if (!err && http && !is_url(to->target))
            err = ss_fail(SS_ECONFIG, "what '%s' is given is no http:// or https:// URL", to->name);
        if (err)
            return ss_fail_in(err, "%s:%u: ", routes->name, to->line);
        to->key.n = to->key.p ? strlen(to->key.p) : 0;
    }
    return 0;
}

int ss_routes_read(const char *path, struct ss_routes *routes)
{
    struct ss_buf buf;
    *routes = (struct ss_routes){0};
    ss_buf_init(&buf, SS_ROUTES_FILE_MAX);
    int err = ss_file_read(path, &buf);
    if (!err)
        err = ss_routes_parse(path, (struct ss_str){buf.p, buf.n}, routes);
    if (!err)
        err = ss_routes_resolve(routes);
    ss_buf_free(&buf);
    return err;
}

void ss_routes_free(struct ss_routes *routes)
{
    ss_arena_free(&routes->arena);
    *routes = (struct ss_routes){0};
}

uint32_t ss_routes_places(const struct ss_routes *routes, const struct ss_facts *facts)
{
    uint32_t places = 0;
    for (uint32_t i = 0; i < routes->routes; i++) {
        const struct ss_route *route = &routes->route[i];
        if (route->otherwise ? places == 0 : ss_choice_matches(&route->choice, facts))
            places |= route->places;
    }
    return places;
}
