/* clone(2) with its arguments in x86's order: what comes of the child? */
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
    if (child == 0)
        syscall(SYS_exit_group, 0);
    int status;
    waitpid(child, &status, __WALL);
    puts(WIFEXITED(status) ? "it exits" : "it is killed");
}
