/*
 * A library that does a little of everything in its constructor and destructor: linked with the
 * program `edges`, and quiet unless that runs inside.
 */
#include "battery.h"

extern bool early_quiet;
bool early_quiet = true;

static bool has(char **envp, const char *variable) {
    for (; *envp; envp++)
        if (strcmp(*envp, variable) == 0)
            return true;
    return false;
}

__attribute__((constructor)) static void first(int argc, char **argv, char **envp) {
    if (argc > 1 && strcmp(argv[1], "environment") == 0)
        for (char **variable = envp; *variable; variable++)
            say("the library sees %s, %s", *variable, envp == environ ? "environ" : "another");
    early_quiet = !has(envp, "INSIDE=1");
    if (early_quiet)
        return;
    say("constructor of the library");
    battery();
}

__attribute__((destructor)) static void last(void) {
    if (early_quiet)
        return;
    say("destructor of the library");
    battery();
}
