/*
 * Tested: what a fork by system call number answers when it fails, and that it leaves no child.
 */
#include <linux/sched.h>
#include <sys/syscall.h>

#include "canon.h"

static void say_result(const char *name, long result) {
    if (result == 0)
        _exit(0);
    say("%s: %ld, %s", name, result, result < 0 ? error_name(errno) : "no error");
}

static void by_clone3(const char *name, uint64_t flags, uint64_t exit_signal, size_t size) {
    struct clone_args arguments = {.flags = flags, .exit_signal = exit_signal};
    errno = 0;
    say_result(name, syscall(SYS_clone3, &arguments, size));
}

int main(void) {
    size_t size = sizeof(struct clone_args);
    by_clone3("clone3, no size", 0, SIGCHLD, 0);
    by_clone3("clone3, size of a page and more", 0, SIGCHLD, 8192);
    by_clone3("clone3, no such signal", 0, 200, size);
    by_clone3("clone3, flags that exclude each other", CLONE_FS | CLONE_NEWNS, SIGCHLD, size);
    errno = 0;
    say_result("clone3, bad pointer", syscall(SYS_clone3, BAD_POINTER, size));
    errno = 0;
    say_result("clone, flags that exclude each other",
               fp_clone_by(CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL, NULL));
    int status = UNTOUCHED;
    SAY_WAIT("no child", waitpid(-1, &status, 0), -2, status);
    return 0;
}
