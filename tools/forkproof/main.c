/* forkproof: subcommands. */
#include <stdio.h>
#include <string.h>

#include "audit/command/command.h"
#include "contract.h"
#include "doctor.h"
#include "explain/explain.h"
#include "forkproof_version.h"
#include "run.h"
#include "say.h"
#include "tell.h"

static const char help[] =
    "Usage: forkproof COMMAND [OPTION]...\n"
    "Makes programs that cannot be recompiled fork-proof.\n\n"
    "  run -- PROGRAM [ARGUMENT]...    run a program so that nothing it starts\n"
    "                                  outlives it\n"
    "  ps                              list the runs of this user\n"
    "  kill [--signal=SIGNAL] RUN      end a run, or send a signal to all of it\n"
    "  stop RUN                        hold all of a run still\n"
    "  cont RUN                        let it go on\n"
    "  audit -- PROGRAM [ARGUMENT]...  run a program, and say what was wrong with\n"
    "                                  its processes, and where in it\n"
    "  report RECORD                   say it again, of a record that an audit kept\n"
    "  doctor                          what this machine gives for that, and why\n"
    "                                  not more\n"
    "  explain [ID | WORD...]          what goes wrong with processes, and the remedy\n"
    "  explain --run ID                one of them shown: bare, and under forkproof\n\n"
    "  -h, --help                      this text; forkproof COMMAND --help says more\n"
    "      --version                   the version\n";

static const struct {
    const char *name;
    int (*main)(int argc, char **argv); /* argv[0] is the subcommand */
} subcommands[] = {
    {"ps", fp_ps_main},         {"kill", fp_kill_main},     {"stop", fp_stop_main},
    {"cont", fp_cont_main},     {"doctor", fp_doctor_main}, {"explain", fp_explain_main},
    {"report", fp_report_main},
};

int main(int argc, char **argv) {
    if (argc < 2) {
        fp_say("no command given; see forkproof --help");
        return FP_EXIT_FAILED;
    }
    if (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "audit") == 0)
        return fp_run_main(argc - 1, argv + 1, argv);
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].main(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return fp_tell_text(help);
    if (strcmp(argv[1], "--version") == 0)
        return fp_tell_text("forkproof " FORKPROOF_VERSION "\n");
    fp_say("unknown %s '%s'; see forkproof --help", argv[1][0] == '-' ? "option" : "command",
           argv[1]);
    return FP_EXIT_FAILED;
}
