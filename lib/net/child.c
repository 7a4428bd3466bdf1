#include "net/child.h"
#include "base/clock.h"
#include "base/err.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define STEP_MS 20

static char **make_env(const struct ss_child *child)
{
    size_t n = 0;
    while (environ[n])
        n++;
    char **env = calloc(n + (size_t)child->envs + 1, sizeof *env);
    for (int i = 0; env && i < child->envs; i++)
        env[i] = (char *)child->env[i];
    if (env)
        memcpy(env + child->envs, environ, n * sizeof *env);
    return env;
}

/* Signals as a fresh program expects them: this thread may have them blocked, and SIGPIPE is ignored here. */
static int start(const struct ss_child *child, char **env, int input_fd, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, standard;
    sigemptyset(&none);
    sigemptyset(&standard);
    for (int sig = 1; sig < 32; sig++)
        if (sig != SIGKILL && sig != SIGSTOP)
            sigaddset(&standard, sig);
    if (posix_spawn_file_actions_init(&files) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attr) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int r = posix_spawn_file_actions_adddup2(&files, input_fd, STDIN_FILENO);
    r = r ? r : posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    r = r ? r : posix_spawnattr_setsigmask(&attr, &none);
    r = r ? r : posix_spawnattr_setsigdefault(&attr, &standard);
    r = r ? r : posix_spawnattr_setpgroup(&attr, 0);
    r = r ? r
          : posix_spawnattr_setflags(&attr,
                                     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    r = r ? r : posix_spawnp(pid, child->argv[0], &files, &attr, child->argv, env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return r;
}

static bool time_is_up(const struct ss_child *child, int64_t until_ns)
{
    return ss_clock_mono_ns() >= until_ns || (child->give_up && atomic_load(child->give_up));
}

/* Writes the input as the program takes it; false when time was up. */
static bool feed(const struct ss_child *child, int fd, int64_t until_ns)
{
    struct ss_str rest = child->input;
    while (rest.n) {
        struct pollfd p = {fd, POLLOUT, 0};
        if (time_is_up(child, until_ns))
            return false;
        if (poll(&p, 1, STEP_MS) <= 0)
            continue;
        ssize_t n = write(fd, rest.p, rest.n);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n < 0)
            return true; /* it does not want the rest */
        rest.p += n;
        rest.n -= (size_t)n;
    }
    return true;
}

static bool await(const struct ss_child *child, pid_t pid, int64_t until_ns, int *status)
{
    struct timespec pause = {0, 500000};
    for (;;) {
        pid_t r = waitpid(pid, status, WNOHANG);
        if (r == pid)
            return true;
        if ((r < 0 && errno != EINTR) || time_is_up(child, until_ns))
            return false;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < STEP_MS * 1000000)
            pause.tv_nsec *= 2;
    }
}

int ss_child_run(const struct ss_child *child)
{
    int ends[2], status = 0;
    pid_t pid;
    int64_t until_ns = ss_clock_mono_ns() + child->timeout_us * 1000;
    const char *name = child->argv[0];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return ss_fail_errno(SS_EAWAY, "cannot start '%s'", name);
    char **env = make_env(child);
    int r = env ? start(child, env, ends[0], &pid) : ENOMEM;
    free(env);
    close(ends[0]);
    if (r) {
        close(ends[1]);
        errno = r;
        return ss_fail_errno(r == ENOENT ? SS_ENOINPUT : SS_EAWAY, "cannot start '%s'", name);
    }
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    bool in_time = feed(child, ends[1], until_ns);
    close(ends[1]);
    in_time = in_time && await(child, pid, until_ns, &status);
    if (!in_time) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
        return ss_fail(SS_EAWAY, "'%s' took too long and was killed", name);
    }
    if (WIFSIGNALED(status))
        return ss_fail(SS_EAWAY, "'%s' was killed by signal %d", name, WTERMSIG(status));
    return WEXITSTATUS(status) ? ss_fail(SS_EAWAY, "'%s' exited with %d", name, WEXITSTATUS(status)) : 0;
}
