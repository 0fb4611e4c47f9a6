#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "options.h"
#include "runname.h"
#include "say.h"
#include "values.h"

const char fp_cli_run_help[] =
    "Usage: forkproof run [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
    "Runs PROGRAM so that nothing it starts outlives it.\n\n"
    "  --contain=RUNG       pidns, cgroup, walk, none; auto: cgroup or walk (auto)\n"
    "  --strict             fail rather than hold it by something weaker\n"
    "  --until=root|empty   end the rest with PROGRAM (root), or wait till it is gone\n"
    "  --keep=PATTERN       what is called so may stay, with all it starts\n"
    "  --signal=SIGNAL      what is left is asked to end by this (TERM)\n"
    "  --grace=TIME         and killed after this: 5s, 500ms, 2m (5s)\n"
    "  --no-kill            what is left is reported and left running\n"
    "  --name=NAME          for forkproof ps, kill, stop and cont\n"
    "  --kill=process|tree  what a kill of PROGRAM's own child reaches (process)\n"
    "  --max-procs=N        a fork beyond N processes in the run fails with EAGAIN\n"
    "  --confine            signals to processes outside the run fail with EPERM\n"
    "  --report=FILE        write what happened, as JSON\n"
    "  --zombies=N          children that may stay unreaped (64; 0: any number)\n"
    "  -o, --option=KEY=VALUE  an option of the library: man forkproof-options\n"
    "  -q, --quiet          no closing line\n"
    "  -h, --help           this text\n\n"
    "Exit status: PROGRAM's own; 128+N when signal N ended it; 125 forkproof failed;\n"
    "126 PROGRAM cannot be executed; 127 PROGRAM was not found.\n"
    "Environment: FORKPROOF_OPTIONS, FORKPROOF_RUNTIME_DIR, FORKPROOF_LIBRARY.\n";

enum {
    CONTAIN = 256,
    STRICT,
    SIGNAL,
    GRACE,
    NO_KILL,
    REPORT,
    ZOMBIES,
    UNTIL,
    KEEP,
    NAME,
    KILL,
    MAX_PROCS,
    CONFINE
};

static const struct option long_options[] = {
    {"contain", required_argument, NULL, CONTAIN},
    {"strict", no_argument, NULL, STRICT},
    {"until", required_argument, NULL, UNTIL},
    {"keep", required_argument, NULL, KEEP},
    {"name", required_argument, NULL, NAME},
    {"signal", required_argument, NULL, SIGNAL},
    {"grace", required_argument, NULL, GRACE},
    {"no-kill", no_argument, NULL, NO_KILL},
    {"report", required_argument, NULL, REPORT},
    {"option", required_argument, NULL, 'o'},
    {"zombies", required_argument, NULL, ZOMBIES},
    {"kill", required_argument, NULL, KILL},
    {"max-procs", required_argument, NULL, MAX_PROCS},
    {"confine", no_argument, NULL, CONFINE},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

#define OPTIONS 48

/* Those of run; for an audit its own behind them. */
static void list_options(bool is_audit, struct option ret[OPTIONS]) {
    const struct option *const tables[] = {long_options, fp_audit_shared_options,
                                           fp_audit_own_options};
    size_t count = 0;
    for (size_t i = 0; i < (is_audit ? 3 : 1); i++)
        for (const struct option *o = tables[i]; o->name && count + 1 < OPTIONS; o++)
            ret[count++] = *o;
    ret[count] = (struct option){NULL, 0, NULL, 0};
}

/* "run" or "audit". */
static const char *subcommand;

static int bad_value(const char *option, const char *value, const char *expected) {
    fp_say("%s: bad value '%s' for %s: expected %s", subcommand, value, option, expected);
    return -EINVAL;
}

/* One parser for the environment's options, ours and the shim's: see shim/core/options.h. */
static int check_options(const char *text, const char *where) {
    struct fp_options options;
    struct fp_options_error error;
    if (fp_options_parse(text, &options, &error))
        return 0;
    fp_say("%s: %s: '%.*s'%s%s", where, error.what, (int)error.length, error.at,
           error.expected ? ": expected " : "", error.expected ? error.expected : "");
    return -EINVAL;
}

static int append_options(struct fp_cli *cli, const char *text) {
    char *joined;
    if (asprintf(&joined, "%s%s%s", cli->options, *cli->options && *text ? ":" : "", text) < 0)
        return -ENOMEM;
    free(cli->options);
    cli->options = joined;
    return 0;
}

static int add_option(struct fp_cli *cli, const char *text, const char *where) {
    if (*text == '\0') {
        fp_say("%s: %s: no '=' in option: ''", subcommand, where);
        return -EINVAL;
    }
    int r = check_options(text, where);
    return r < 0 ? r : append_options(cli, text);
}

static int add_zombies(struct fp_cli *cli, const char *value) {
    char text[32];
    int n = snprintf(text, sizeof text, "zombies=%s", value);
    struct fp_options options;
    struct fp_options_error error;
    if (n >= (int)sizeof text || strchr(value, ':') || !fp_options_parse(text, &options, &error))
        return bad_value("--zombies", value, "a number up to 1000000");
    return append_options(cli, text);
}

static int add_kill(struct fp_cli *cli, const char *value) {
    if (strcmp(value, "tree") == 0)
        return append_options(cli, "kill=tree");
    if (strcmp(value, "process") == 0)
        return append_options(cli, "kill=process");
    return bad_value("--kill", value, "process or tree");
}

static int set_max_procs(struct fp_cli *cli, const char *value) {
    char *end;
    unsigned long n = isdigit((unsigned char)*value) ? strtoul(value, &end, 10) : 0;
    if (n == 0 || n > FP_MAX_PROCS || *end)
        return bad_value("--max-procs", value, "a number from 1 to 4194304");
    cli->max_procs = (unsigned)n;
    return 0;
}

static int set_contain(struct fp_cli *cli, const char *value) {
    for (int rung = FP_RUNG_AUTO; rung <= FP_RUNG_PIDNS; rung++)
        if (strcmp(value, fp_rung_name((enum fp_rung)rung)) == 0) {
            cli->contain = (enum fp_rung)rung;
            return 0;
        }
    return bad_value("--contain", value, "auto, pidns, cgroup, walk or none");
}

static int set_until(struct fp_cli *cli, const char *value) {
    bool empty = strcmp(value, "empty") == 0;
    if (!empty && strcmp(value, "root") != 0)
        return bad_value("--until", value, "root or empty");
    cli->until = empty ? FP_UNTIL_EMPTY : FP_UNTIL_ROOT;
    return 0;
}

static int add_keep(struct fp_cli *cli, const char *value) {
    if (*value == '\0')
        return bad_value("--keep", value, "a pattern for an executable or a command line");
    if (cli->keep_count == FP_KEEP_MAX) {
        fp_say("%s: more than %d times --keep: '%s'", subcommand, FP_KEEP_MAX, value);
        return -EINVAL;
    }
    cli->keep[cli->keep_count++] = value;
    return 0;
}

static int set_name(struct fp_cli *cli, const char *value) {
    cli->name = value;
    return fp_runname_is_valid(value)
               ? 0
               : bad_value("--name", value,
                           "up to 64 letters, digits, '.', '_' and '-', not digits alone, and no "
                           "'.' or '-' first");
}

/* Nothing is ended, or nothing escapes the end: what asks for something else is a mistake. */
static int check_conflicts(const struct fp_cli *cli) {
    const char *with = NULL;
    if (cli->keep_count && cli->no_kill)
        with = "--no-kill, which ends nothing";
    else if (cli->keep_count && cli->contain == FP_RUNG_NONE)
        with = "--contain=none, which ends nothing";
    else if (cli->keep_count && cli->contain == FP_RUNG_PIDNS)
        with = "--contain=pidns, which nothing outlives";
    if (with)
        fp_say("%s: --keep makes no sense with %s", subcommand, with);
    else if (cli->no_kill && cli->contain == FP_RUNG_PIDNS)
        fp_say("%s: --no-kill cannot be had with %s", subcommand,
               with = "--contain=pidns, which ends whatever is left");
    else if (cli->until == FP_UNTIL_EMPTY && cli->contain == FP_RUNG_NONE)
        fp_say("%s: --until=empty makes no sense with %s", subcommand,
               with = "--contain=none, which ends nothing");
    return with ? -EINVAL : 0;
}

static int set_option(struct fp_cli *cli, int option, const char *value) {
    if (option >= FP_AUDIT_OPTION_FIRST)
        return fp_audit_options_set(&cli->audit, subcommand, option, value);
    switch (option) {
    case CONTAIN:
        return set_contain(cli, value);
    case STRICT:
        cli->strict = true;
        return 0;
    case SIGNAL:
        return fp_value_signal(value, &cli->signal) == 0
                   ? 0
                   : bad_value("--signal", value, "a signal's name or number");
    case GRACE:
        return fp_value_duration(value, &cli->grace_ns) == 0
                   ? 0
                   : bad_value("--grace", value, "a time such as 5s, 500ms or 2m");
    case NO_KILL:
        cli->no_kill = true;
        return 0;
    case REPORT:
        cli->report = value;
        return *value ? 0 : bad_value("--report", value, "a file's name");
    case UNTIL:
        return set_until(cli, value);
    case KEEP:
        return add_keep(cli, value);
    case NAME:
        return set_name(cli, value);
    case ZOMBIES:
        return add_zombies(cli, value);
    case KILL:
        return add_kill(cli, value);
    case MAX_PROCS:
        return set_max_procs(cli, value);
    case CONFINE:
        return append_options(cli, "confine=on");
    case 'o':
        return add_option(cli, value, "-o");
    case 'q':
        cli->quiet = true;
        return 0;
    default:
        cli->help = true;
        return 0;
    }
}

static const char *name_of(const struct option *options, int value) {
    for (const struct option *o = options; o->name; o++)
        if (o->val == value)
            return o->name;
    return "?";
}

/* What getopt answered '?' or ':' to. */
static int complain(const struct option *options, int answer, char **argv) {
    const char *word = argv[optind - 1];
    if (answer == ':' && optopt < 256)
        fp_say("%s: option '-%c' needs a value", subcommand, optopt);
    else if (answer == ':')
        fp_say("%s: option '--%s' needs a value", subcommand, name_of(options, optopt));
    else if (optopt == 0)
        fp_say("%s: unknown option '%s'", subcommand, word);
    else if (strncmp(word, "--", 2) == 0)
        fp_say("%s: option '--%s' takes no value: '%s'", subcommand, name_of(options, optopt),
               word);
    else
        fp_say("%s: unknown option '-%c'", subcommand, optopt);
    return -EINVAL;
}

static int parse_all(int argc, char **argv, struct fp_cli *cli) {
    struct option options[OPTIONS];
    int option, r = 0;
    list_options(cli->is_audit, options);
    opterr = 0;
    optind = 1;
    while (r == 0 && (option = getopt_long(argc, argv, "+:o:qh", options, NULL)) != -1)
        r = option == '?' || option == ':' ? complain(options, option, argv)
                                           : set_option(cli, option, optarg);
    if (r < 0 || cli->help)
        return r;
    cli->program = argv + optind;
    if (optind < argc) {
        r = check_conflicts(cli);
        return r == 0 && cli->is_audit ? fp_audit_options_check(&cli->audit, subcommand) : r;
    }
    fp_say("%s: no program given; see forkproof %s --help", subcommand, subcommand);
    return -EINVAL;
}

int fp_cli_parse(int argc, char **argv, struct fp_cli *ret) {
    const char *inherited = getenv(FP_ENV_OPTIONS);
    *ret = (struct fp_cli){.contain = FP_RUNG_AUTO, .signal = SIGTERM, .grace_ns = 5 * FP_SECOND};
    subcommand = argv[0];
    ret->is_audit = strcmp(subcommand, "audit") == 0;
    fp_audit_options_init(&ret->audit);
    ret->options = strdup(inherited ? inherited : "");
    if (!ret->options)
        return -ENOMEM;
    int r = parse_all(argc, argv, ret);
    if (r == 0 && !ret->help && inherited)
        r = check_options(inherited, FP_ENV_OPTIONS " in the environment");
    return r;
}
