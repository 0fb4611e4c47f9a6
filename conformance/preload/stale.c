/*
 * Tested: a signal for a child that has been reaped, when a stranger has its pid. In a pid
 * namespace of its own, where the number of the next process can be set. Prints what the kill
 * answered and what became of the stranger. Exit status 77 where no such namespace can be had.
 *
 * The stranger is not our child: a helper forked earlier makes it.
 */
#include <sys/mount.h>
#include <sys/syscall.h>

#include "canon.h"

static int go[2], done[2], life[2];

static bool set_next_pid(pid_t pid) {
    char number[16];
    int length = snprintf(number, sizeof number, "%d", (int)pid - 1);
    int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, number, (size_t)length) == length;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Told a number, makes a process of that number; it lives until the pipe `life` is closed. */
static void helper(void) {
    pid_t number;
    char byte = 'x';
    close(life[1]);
    if (read(go[0], &number, sizeof number) != sizeof number || !set_next_pid(number))
        _exit(1);
    pid_t stranger = fork();
    if (stranger == 0)
        _exit(read(life[0], &byte, 1) == 0 ? 5 : 6);
    if (stranger != number)
        _exit(2);
    if (write(done[1], &byte, 1) != 1)
        _exit(3);
    int status = UNTOUCHED;
    waitpid(stranger, &status, 0);
    say("stranger: %s", status_name(status));
    _exit(0);
}

static int namespace_init(void) {
    char byte;
    if (pipe2(go, O_CLOEXEC) || pipe2(done, O_CLOEXEC) || pipe2(life, O_CLOEXEC))
        return 1;
    pid_t helper_pid = fork();
    if (helper_pid == 0)
        helper();
    pid_t child = child_exiting(0);
    waitpid(child, NULL, 0);
    if (write(go[1], &child, sizeof child) != sizeof child)
        return 1;
    close(done[1]);
    if (read(done[0], &byte, 1) != 1)
        return 77;
    errno = 0;
    int result = kill(child, SIGTERM);
    say("kill of the former child: %d, %s", result, error_name(errno));
    close(life[1]);
    waitpid(helper_pid, NULL, 0);
    return 0;
}

int main(void) {
    int user = geteuid() == 0 ? 0 : CLONE_NEWUSER;
    int status = UNTOUCHED;
    if (unshare(CLONE_NEWPID | user) != 0)
        return 77;
    pid_t init = fork();
    if (init == 0)
        _exit(namespace_init());
    return waitpid(init, &status, 0) == init && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
