/* raise in a child of vfork: whom does the signal meet? */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t hit;

static void handler(int signal) {
    (void)signal;
    hit = getpid();
}

int main(void) {
    signal(SIGUSR1, handler);
    pid_t child = vfork();
    if (child == 0) {
        signal(SIGUSR1, SIG_DFL);
        raise(SIGUSR1);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    puts(WIFSIGNALED(status) ? "the child" : hit == getpid() ? "the parent" : "nobody");
}
