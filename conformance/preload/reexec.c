/*
 * Tested: a program that re-execs itself without LD_PRELOAD until it is not in its environment, as
 * launchers that clean up do. It must come to an end, and soon.
 *   reexec N    the rest of the rounds that it may take
 */
#include "canon.h"

int main(int argc, char **argv) {
    static char round[16];
    int left = argc > 1 ? atoi(argv[1]) : 0; // NOLINT(cert-err34-c)
    if (!getenv("LD_PRELOAD")) {
        say("clean");
        return 0;
    }
    if (left <= 0) {
        say("never clean");
        return 1;
    }
    unsetenv("LD_PRELOAD");
    snprintf(round, sizeof round, "%d", left - 1);
    char *next[] = {argv[0], round, NULL};
    execv("/proc/self/exe", next);
    return 2;
}
