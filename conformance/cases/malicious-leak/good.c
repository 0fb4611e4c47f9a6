/*
 * The remedy is the host's: it becomes a subreaper, so that an orphan below it becomes its child
 * and nobody is lost to init. What it has for children in the end it kills, until there are none.
 */
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
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

static pid_t any_child(void) {
    int pid = 0;
    FILE *children = fopen("/proc/thread-self/children", "re");
    if (!children)
        case_broken("the kernel lists no children");
    (void)!fscanf(children, "%d", &pid);
    fclose(children);
    return pid;
}

int main(int argc, char **argv) {
    (void)argv;
    case_begin();
    while (argc > 1) /* the guest, in its new image */
        pause();
    out = case_gate_new(), guest_pid = case_shared_int();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t guest = fork();
    if (guest == 0)
        escape();
    waitpid(guest, NULL, 0);
    case_gate_pass(out);
    case_await_state(*guest_pid, 'S'); /* it is in its new image, where it sleeps */
    for (pid_t left; (left = any_child()) > 0;) {
        case_step("host: kill(%d), which has come to it", left);
        kill(left, SIGKILL);
        waitpid(left, NULL, 0);
    }
    case_step("host: nobody is left");
}
