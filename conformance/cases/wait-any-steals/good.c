/*
 * The remedy: a component waits for the children that it has forked, each by its pid, and for no
 * others.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

/* --- the mailer --- */

static pid_t helper; /* 0: none */

static void mailer_send(void) {
    helper = fork();
    if (helper == 0)
        _exit(0);
}

static void mailer_tidy(void) {
    if (helper > 0 && waitpid(helper, NULL, WNOHANG) == helper) {
        case_step("mailer: reaps %d", helper);
        helper = 0;
    }
}

/* --- the printer --- */

static pid_t printer_start(void) {
    pid_t job = fork();
    if (job == 0)
        _exit(3); /* out of paper */
    case_step("printer: its job is %d", job);
    return job;
}

static void printer_finish(pid_t job) {
    int status;
    if (waitpid(job, &status, 0) == job && WIFEXITED(status)) {
        case_step("printer: %d has exit status %d", job, WEXITSTATUS(status));
        case_outcome("status-kept");
    } else {
        case_step("printer: waitpid(%d): %s", job, strerror(errno));
        case_outcome("status-stolen");
    }
}

int main(void) {
    case_begin();
    mailer_send();
    pid_t job = printer_start();
    case_await_exit(job);
    mailer_tidy();
    printer_finish(job);
}
