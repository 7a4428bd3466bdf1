#include "flow/aside.h"
#include "base/err.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DONE "done"

/* The outcome goes back as text. */
static void work_in_child(int (*work)(void *arg), void *arg, int to, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    const char *why = work(arg) < 0 ? ss_err_text() : DONE;
    _exit(write(to, why, strlen(why)) < 0);
}

int ss_aside_begin(struct ss_aside *aside, int (*work)(void *arg), void *arg)
{
    int fd[2];
    if (aside->child)
        return ss_fail(SS_EBUG, "one child at a time");
    if (pipe2(fd, O_CLOEXEC) < 0)
        return ss_fail_errno(SS_EIO, "cannot save the state");
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        work_in_child(work, arg, fd[1], parent);
    close(fd[1]);
    if (child < 0) {
        close(fd[0]);
        return ss_fail_errno(SS_ENOMEM, "cannot fork to save the state");
    }
    *aside = (struct ss_aside){.child = child, .pipe = fd[0]};
    return 0;
}

int ss_aside_poll(struct ss_aside *aside, bool wait)
{
    if (!aside->child)
        return 0;
    pid_t pid;
    do
        pid = waitpid(aside->child, NULL, wait ? 0 : WNOHANG);
    while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return 0;
    char why[512];
    ssize_t n = read(aside->pipe, why, sizeof why);
    close(aside->pipe);
    aside->child = 0;
    if (n <= 0)
        return ss_fail(SS_EIO, "the state was not saved: the child that wrote it was killed");
    return ss_str_is((struct ss_str){why, (size_t)n}, DONE) ? 1 : ss_fail(SS_EIO, "%.*s", (int)n, why);
}
