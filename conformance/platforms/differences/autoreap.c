/* clone3 with CLONE_AUTOREAP: a child that leaves no zombie? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    struct {
        unsigned long long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments = {.flags = 1ULL << 34};
    pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        _exit(0);
    puts(child < 0                          ? strerror(errno)
         : waitpid(child, NULL, __WALL) < 0 ? strerror(errno)
                                            : "a zombie");
}
