/* forkproof: subcommands. */
#include <stdio.h>
#include <string.h>

#include "contract.h"
#include "forkproof_version.h"
#include "run.h"
#include "say.h"

static const char help[] =
    "Usage: forkproof COMMAND [OPTION]...\n"
    "Makes programs that cannot be recompiled fork-proof.\n\n"
    "  forkproof run -- PROGRAM [ARGUMENT]...   run a program so that nothing it starts\n"
    "                                           outlives it; forkproof run --help says more\n"
    "  forkproof --help                         this text\n"
    "  forkproof --version                      the version\n";

static int print(const char *text) {
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? 0 : FP_EXIT_FAILED;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fp_say("no command given; see forkproof --help");
        return FP_EXIT_FAILED;
    }
    if (strcmp(argv[1], "run") == 0)
        return fp_run_main(argc - 1, argv + 1, argv);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print(help);
    if (strcmp(argv[1], "--version") == 0)
        return print("forkproof " FORKPROOF_VERSION "\n");
    fp_say("unknown %s '%s'; see forkproof --help", argv[1][0] == '-' ? "option" : "command",
           argv[1]);
    return FP_EXIT_FAILED;
}
