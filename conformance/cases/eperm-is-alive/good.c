/*
 * The remedy: only ESRCH means gone. EPERM means that the worker lives and cannot be signalled, so
 * that it must be asked to end by another way: here by a gate, elsewhere by a pipe that is closed.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { NOBODY = 65534 };

/* As far as signals are concerned; what it tells is written with root's right to files. */
static void become_plain_user(void) {
    if (setresuid(NOBODY, NOBODY, 0) != 0)
        case_cannot("another user");
    setfsuid(0);
}

int main(void) {
    case_begin();
    struct case_gate *end = case_gate_new();
    pid_t worker = fork();
    if (worker == 0) { /* stays root altogether, as a command of sudo does */
        case_gate_pass(end);
        case_step("worker: was asked to end");
        _exit(0);
    }
    become_plain_user();

    if (kill(worker, 0) != 0 && errno == ESRCH) {
        case_step("owner: kill(%d, 0): %s: it is gone", worker, strerror(errno));
        return 0;
    }
    case_gate_open(end);
    waitpid(worker, NULL, 0);
    case_step("owner: the worker has ended");
}
