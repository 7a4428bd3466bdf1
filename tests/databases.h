/*
 * Databases for unit tests: fresh ones of both kinds, and a PostgreSQL server of the tests' own
 * (tests/support/postgres), which ends with the test. SS_TEST_POSTGRES may name one that runs already.
 *
 *   for (enum ss_db_kind kind = SS_SQLITE; kind <= SS_POSTGRES; kind++)
 *       if (fresh_database(kind, uri)) ...     says loudly that it skips PostgreSQL where there is none
 */
#ifndef TESTS_DATABASES_H
#define TESTS_DATABASES_H

#include "store/db.h"
#include "tests/tap.h"
#include <ftw.h>
#include <sys/wait.h>
#include <unistd.h>

#define URI_MAX 256

static char databases_folder[] = "/tmp/ss-databases-XXXXXX";

/* tests/support/postgres with these words (up to a NULL); the first line it prints. Its exit status. */
__attribute__((unused)) static int server(char line[URI_MAX], const char *w1, const char *w2, const char *w3)
{
    const char *words[] = {"tests/support/postgres", w1, w2, w3, NULL};
    int pipes[2], status = -1;
    fflush(stdout);
    if (pipe(pipes) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], 1);
        close(pipes[0]);
        close(pipes[1]);
        execv(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    close(pipes[1]);
    size_t n = 0;
    ssize_t more;
    char got[URI_MAX];
    while (n + 1 < sizeof got && (more = read(pipes[0], got + n, sizeof got - 1 - n)) > 0)
        n += (size_t)more;
    close(pipes[0]);
    got[n] = '\0';
    got[strcspn(got, "\n")] = '\0';
    if (line)
        snprintf(line, URI_MAX, "%s", got);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int databases_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void databases_gone(void)
{
    (void)!nftw(databases_folder, databases_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A server: one for all of a test's databases. NULL where there is none, said once. */
__attribute__((unused)) static const char *postgres(void)
{
    static char uri[URI_MAX];
    static bool asked;
    if (!asked) {
        const char *given = getenv("SS_TEST_POSTGRES");
        int status = 0;
        asked = true;
        if (given && *given)
            snprintf(uri, sizeof uri, "%s", given);
        else
            status = server(uri, "start", NULL, NULL);
        if (status == 69)
            skip("everything on PostgreSQL", "no PostgreSQL is installed");
        else
            ok(status == 0 && *uri, "a PostgreSQL server starts");
        if (status)
            *uri = '\0';
    }
    return *uri ? uri : NULL;
}

/* An empty database that goes with the test. */
__attribute__((unused)) static bool fresh_database(enum ss_db_kind kind, char uri[URI_MAX])
{
    static int count;
    char name[64];
    if (count == 0) {
        if (!mkdtemp(databases_folder))
            return ok(false, "a folder for databases");
        atexit(databases_gone);
    }
    count++;
    if (kind == SS_SQLITE) {
        snprintf(uri, URI_MAX, "%s/%d.db", databases_folder, count);
        return true;
    }
    snprintf(name, sizeof name, "t%d_%d", (int)getpid(), count);
    return postgres() && ok(server(uri, "database", postgres(), name) == 0, "a database is made");
}

#endif
