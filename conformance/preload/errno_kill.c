/*
 * Tested: what kill and killpg answer for every kind of pid and signal: own child alive, zombie and
 * reaped, own group, groups that are not there, INT_MIN, bad signals.
 */
#include <limits.h>

#include "canon.h"

static const int signals[] = {0, SIGCONT, SIGURG, -1, 64, 65, 128, INT_MAX, INT_MIN};

static void row(const char *name, int (*call)(pid_t, int), pid_t pid) {
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (signals[i] == 64 && pid <= 0)
            continue; // would end ourselves
        errno = 0;
        int result = call(pid, signals[i]);
        say("%s, signal %d: %d, %s", name, signals[i], result, error_name(errno));
    }
}

int main(void) {
    setpgid(0, 0);
    signal(SIGCONT, SIG_IGN);
    int status = UNTOUCHED;
    pid_t child = child_zombie(1);
    row("zombie", kill, child);
    waitpid(child, NULL, 0);
    row("reaped", kill, child);
    row("reaped as group", killpg, child);
    child = child_pausing();
    row("live, survives", kill, child);
    waitpid(child, &status, 0);
    say("live: %s", status_name(status));
    row("own group", kill, 0);
    row("own group by killpg", killpg, 0);
    row("INT_MIN", kill, INT_MIN);
    row("no such pid", kill, 0x3ffff0);
    row("no such group", kill, -0x3ffff0);
    row("no such group by killpg", killpg, 0x3ffff0);
    row("killpg INT_MIN", killpg, INT_MIN);
    row("killpg -7", killpg, -7);
    row("INT_MAX", kill, INT_MAX);
    say("self: %d", kill(getpid(), 0));
    // A child that leads its own group, by each call.
    child = child_pausing();
    setpgid(child, child);
    say("group of child: %d", killpg(child, SIGTERM));
    SAY_WAIT("group of child", waitpid(child, &status, 0), child, status);
    errno = 0;
    say("group gone: %d, %s", killpg(child, 0), error_name(errno));
    return 0;
}
