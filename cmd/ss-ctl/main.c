#include "base/log.h"
#include "cmd/ss-ctl/command.h"
#include <stdio.h>
#include <string.h>

static const struct ss_ctl_command commands[] = {
    {"list", "block, allow and watch lists in files: add, remove, show, import, export", ss_ctl_list},
};

#define COMMANDS ((int)(sizeof commands / sizeof commands[0]))

static void usage(FILE *to)
{
    fputs("Usage: ss-ctl COMMAND ...\n\n", to);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].about);
    fputs("\n'ss-ctl COMMAND --help' says more; the manual page is ss-ctl(1).\n", to);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    ss_log_init("ss-ctl", SS_LOG_WARN, false);
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-?") == 0) {
        usage(stdout);
        return fflush(stdout) == 0 ? 0 : 74;
    }
    if (strcmp(name, "--version") == 0) {
        puts("ss-ctl " SS_VERSION);
        return fflush(stdout) == 0 ? 0 : 74;
    }
    if (name[0])
        ss_error("unknown command '%s'; 'ss-ctl --help' names them", name);
    else
        usage(stderr);
    return 64;
}
