#include "base/log.h"
#include "cmd/ss-ctl/command.h"
#include <argp.h>
#include <stdio.h>
#include <string.h>

static const struct ss_ctl_command commands[] = {
    {"list", "block, allow and watch lists: add, remove, show, import, export", ss_ctl_list},
    {"case", "cases: list, show, assign, status, resolve, comment", ss_ctl_case},
    {"alert", "alerts: list, status", ss_ctl_alert},
    {"label", "what became of a payment", ss_ctl_label},
    {"setting", "what the server goes by", ss_ctl_setting},
    {"user", "the people who may sign in at a server", ss_ctl_user},
    {"key", "the API keys of programs", ss_ctl_key},
    {"audit", "the log of all changes: show, check, export", ss_ctl_audit},
    {"state", "what lies in a store, and whether it is whole", ss_ctl_state},
    {"secret", "the secret behind a server's tokens", ss_ctl_secret},
    {"migrate", "bring a store's schema to this program's version", ss_ctl_migrate},
    {"prune", "delete what is older than the settings say", ss_ctl_prune},
    {"backup", "a copy of a store, beside whoever works on it", ss_ctl_backup},
    {"api", "anything else that the server's API can do, on a store", ss_ctl_api},
};

#define COMMANDS ((int)(sizeof commands / sizeof commands[0]))

/* The command that was named, and where its own words begin. */
struct chosen {
    const struct ss_ctl_command *command;
    int at;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct chosen *chosen = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        for (int i = 0; i < COMMANDS && !chosen->command; i++)
            if (strcmp(arg, commands[i].name) == 0)
                chosen->command = &commands[i];
        if (!chosen->command)
            argp_error(state, "there is no command '%s'; --help names them", arg);
        chosen->at = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a command is needed; --help names them"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* The help's list of commands, from the table. */
static char *list_commands(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    char *list = NULL;
    size_t size;
    FILE *to = open_memstream(&list, &size);
    if (!to)
        return (char *)text;
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].about);
    fprintf(to, "\n%s", text);
    return fclose(to) == 0 ? list : (char *)text;
}

int main(int argc, char **argv)
{
    static char name[] = "ss-ctl";
    static const struct argp argp = {NULL,
                                     parse,
                                     "COMMAND ...",
                                     "Work on what the other commands use, from the shell.\v"
                                     "'ss-ctl COMMAND --help' says more; the manual page is ss-ctl(1).",
                                     NULL,
                                     list_commands,
                                     NULL};
    struct chosen chosen = {0};
    argp_program_version = "ss-ctl " SS_VERSION;
    argp_err_exit_status = 64;
    argv[0] = name;
    ss_log_init(name, SS_LOG_WARN, false);
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen) != 0)
        return 64;
    return chosen.command->run(argc - chosen.at, argv + chosen.at);
}
