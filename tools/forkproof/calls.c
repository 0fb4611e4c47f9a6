#include "calls.h"

#include <stddef.h>
#include <sys/syscall.h>

static const struct fp_call calls[] = {
    {SYS_read, "read", true},
    {SYS_write, "write", true},
    {SYS_readv, "readv", true},
    {SYS_writev, "writev", true},
    {SYS_flock, "flock", true},
    {SYS_fcntl, "fcntl", true},
    {SYS_recvfrom, "recv", true},
    {SYS_recvmsg, "recvmsg", true},
    {SYS_accept4, "accept", true},
    {SYS_epoll_pwait, "epoll_wait", true},
    {SYS_futex, "futex", false},
    {SYS_wait4, "waitpid", false},
    {SYS_waitid, "waitid", false},
    {SYS_ppoll, "poll", false},
    {SYS_pselect6, "select", false},
    {SYS_openat, "open", false},
    {SYS_rt_sigsuspend, "sigsuspend", false},
    {SYS_rt_sigtimedwait, "sigwait", false},
    {SYS_nanosleep, "nanosleep", false},
    {SYS_clock_nanosleep, "nanosleep", false},
    {SYS_clone, "clone", false},
    {SYS_execve, "execve", false},
#ifdef SYS_pause
    {SYS_pause, "pause", false},
    {SYS_poll, "poll", false},
    {SYS_vfork, "vfork", false},
    {SYS_open, "open", false},
    {SYS_epoll_wait, "epoll_wait", true},
#endif
#ifdef SYS_select
    {SYS_select, "select", false},
#endif
};

const struct fp_call *fp_call_find(long number) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}
