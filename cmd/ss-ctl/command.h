/*
 * ss-ctl's subcommands, one file a family: `ss-ctl list add ...` is the entry {"list", ss_ctl_list}. A family
 * parses its own arguments, argv[0] being its name ("ss-ctl list"), and returns an exit status.
 */
#ifndef SS_CTL_COMMAND_H
#define SS_CTL_COMMAND_H

struct ss_ctl_command {
    const char *name, *about;
    int (*run)(int argc, char **argv);
};

int ss_ctl_list(int argc, char **argv);
int ss_ctl_migrate(int argc, char **argv);
int ss_ctl_prune(int argc, char **argv);
int ss_ctl_backup(int argc, char **argv);
int ss_ctl_api(int argc, char **argv);
int ss_ctl_audit(int argc, char **argv);
int ss_ctl_user(int argc, char **argv);
int ss_ctl_key(int argc, char **argv);
int ss_ctl_secret(int argc, char **argv);
int ss_ctl_state(int argc, char **argv);
int ss_ctl_case(int argc, char **argv);
int ss_ctl_alert(int argc, char **argv);
int ss_ctl_label(int argc, char **argv);
int ss_ctl_setting(int argc, char **argv);

#endif
