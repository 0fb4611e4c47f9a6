/*
 * A guest that means to stay leaves everything by which it could be found: its parent, group and
 * session, its descriptors, directory, environment and name. It ignores SIGTERM, and asks libc
 * itself for its functions, past any library in front. Its host waits for the child it knows.
 */
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *out;
static int *guest_pid;

static _Noreturn void escape(void) {
    void *libc = dlopen("libc.so.6", RTLD_LAZY);
    pid_t (*real_fork)(void) = dlsym(libc, "fork");
    pid_t (*real_setsid)(void) = dlsym(libc, "setsid");
    int (*real_execve)(const char *, char **, char **) = dlsym(libc, "execve");
    char *environment[] = {NULL}, *arguments[] = {"cat", "stay", NULL};
    signal(SIGTERM, SIG_IGN);
    if (real_fork() > 0)
        _exit(0);
    real_setsid();
    pid_t middle = getpid();
    if (real_fork() > 0)
        _exit(0);
    while (getppid() == middle) /* until it is an orphan */
        sched_yield();
    *guest_pid = getpid();
    case_step("guest: %d now, in session %d", getpid(), getsid(0));
    (void)!chdir("/");
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    case_gate_open(out);
    real_execve("/proc/self/exe", arguments, environment);
    _exit(127);
}

int main(int argc, char **argv) {
    (void)argv;
    case_begin();
    while (argc > 1) /* the guest, in its new image */
        pause();
    out = case_gate_new(), guest_pid = case_shared_int();
    pid_t guest = fork();
    if (guest == 0)
        escape();
    waitpid(guest, NULL, 0);
    case_gate_pass(out);
    case_await_state(*guest_pid, 'S'); /* it is in its new image, where it sleeps */
    case_step("host: the guest %d has ended, it thinks", guest);
}
