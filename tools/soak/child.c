#include "child.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../shim/record/clone.h"
#include "soak.h"

int soak_code(unsigned serial) {
    return (int)(serial * 2654435761U >> 24);
}

/* --- making --- */

static _Noreturn void exit_late(unsigned serial) {
    for (unsigned i = serial / 4 % 8; i > 0; i--)
        sched_yield();
    _exit(soak_code(serial));
}

static _Noreturn void be_mortal(void) {
    for (;;)
        pause();
}

static pid_t by_vfork(int code) {
    pid_t pid = vfork();
    if (pid == 0)
        _exit(code);
    return pid;
}

pid_t soak_fork(unsigned serial, bool mortal) {
    if (serial % 4 == 0 && !mortal)
        return by_vfork(soak_code(serial));
    pid_t pid = serial % 4 == 1   ? _Fork()
                : serial % 4 == 2 ? (pid_t)fp_clone_by(SIGCHLD, NULL, NULL)
                                  : fork();
    if (pid != 0)
        return pid;
    if (mortal)
        be_mortal();
    exit_late(serial);
}

/* --- signalling --- */

int soak_signal(pid_t pid, int number, unsigned turn) {
    switch (turn % 5) {
    case 0:
        return kill(pid, number);
    case 1:
        return tgkill(pid, pid, number);
    case 2:
        return sigqueue(pid, number, (union sigval){.sival_int = 1});
    case 3:
        return (int)syscall(SYS_kill, pid, number);
    default:
        return (int)syscall(SYS_tgkill, pid, pid, number);
    }
}

void soak_signal_own(pid_t pid, int number, unsigned turn) {
    if (soak_signal(pid, number, turn) != 0)
        atomic_fetch_add(&soak->refused, 1);
}

/* --- waiting --- */

static int status_of(const siginfo_t *info) {
    return info->si_code == CLD_EXITED   ? soak_exited(info->si_status)
           : info->si_code == CLD_DUMPED ? info->si_status | 0x80
                                         : info->si_status;
}

static pid_t by_waitid(idtype_t type, id_t id, int *ret_status) {
    siginfo_t info = {0};
    if (waitid(type, id, &info, WEXITED) != 0)
        return -1;
    *ret_status = status_of(&info);
    return info.si_pid;
}

static pid_t by_pidfd(pid_t pid, int *ret_status) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return waitpid(pid, ret_status, 0);
    pid_t result = by_waitid(P_PIDFD, (id_t)fd, ret_status);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

static pid_t by_looking_first(pid_t pid, int *ret_status) {
    siginfo_t info;
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0 ? waitpid(pid, ret_status, 0)
                                                                   : -1;
}

static pid_t wait_once(pid_t pid, unsigned turn, int *ret_status) {
    struct rusage usage;
    switch (turn % 5) {
    case 0:
        return waitpid(pid, ret_status, 0);
    case 1:
        return wait4(pid, ret_status, 0, &usage);
    case 2:
        return by_waitid(P_PID, (id_t)pid, ret_status);
    case 3:
        return by_pidfd(pid, ret_status);
    default:
        return by_looking_first(pid, ret_status);
    }
}

static pid_t wait_any_once(unsigned turn, int *ret_status) {
    struct rusage usage;
    switch (turn % 7) {
    case 0:
        return wait(ret_status);
    case 1:
        return waitpid(-1, ret_status, 0);
    case 2:
        return wait3(ret_status, 0, &usage);
    case 3:
        return wait4(-1, ret_status, 0, &usage);
    case 4:
        return by_waitid(P_ALL, 0, ret_status);
    case 5:
        return waitpid(0, ret_status, 0);
    default:
        return by_waitid(P_PGID, (id_t)getpgrp(), ret_status);
    }
}

pid_t soak_wait(pid_t pid, unsigned turn) {
    pid_t result;
    int status = 0;
    do
        result = pid < 0 ? wait_any_once(turn, &status) : wait_once(pid, turn, &status);
    while (result < 0 && errno == EINTR);
    if (result > 0)
        soak_tell(result, status);
    return result;
}
