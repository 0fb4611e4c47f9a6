/*
 * A line of the log begins with the time, and the handler of SIGHUP writes one as well. The signal
 * comes while the program is in localtime, which holds a lock of libc: the handler waits for the
 * lock, and the code that has it waits for the handler to return.
 */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "case.h"

static void log_line(const char *text) {
    time_t now = time(NULL);
    struct tm *t = localtime(&now);
    case_step("log: %d:%d %s", t->tm_hour, t->tm_min, text);
}

static void on_hangup(int number) {
    (void)number;
    case_step("handler: SIGHUP, writes a line");
    log_line("SIGHUP");
}

/* localtime takes long once, when it reads the time zone's file: here a FIFO, which it waits for.
 */
static void make_zone_slow(void) {
    char path[PATH_MAX];
    if (mkfifo("zone", 0600) != 0 || !realpath("zone", path))
        case_broken("no FIFO");
    setenv("TZ", path, 1);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_hangup};
    pid_t program = getpid();
    case_begin();
    sigaction(SIGHUP, &action, NULL);
    make_zone_slow();
    pid_t administrator = fork();
    if (administrator == 0) {
        case_await_state(program, 'S'); /* in localtime, the only place where it can sleep */
        kill(program, SIGHUP);
        _exit(0);
    }
    case_step("program: writes a line");
    log_line("started");
    waitpid(administrator, NULL, 0);
    case_outcome("completed");
}
