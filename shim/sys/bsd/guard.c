/*
 * contain=guard by kqueue: a process in a session of its own waits for the end of the root, and
 * then ends what is left. It stays a copy of the program, whose handlers never run in it: a new
 * image would have to be looked for, and be allowed to be executed.
 */
#include "guard.h"

#include "register.h"
#include "sweep.h"
#include "sys.h"
#include "watch.h"

static _Noreturn void end_the_others(const char *path) {
    struct fp_register *reg = fp_register_open(path);
    if (reg) {
        fp_sweep(reg, path);
        fp_register_remove(path);
    }
    fp_sys_exit(0);
}

/* Pipes of the program's would not end as long as we held them. Closing what a library guards
 * (macOS) ends us: then nothing guards. A kqueue is not inherited by fork. */
static void close_others(int kept) {
    struct rlimit limit = {1024, 1024};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    int end = limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int fd = 0; fd < end; fd++)
        if (fd != kept)
            (void)close(fd);
}

static _Noreturn void become_guard(pid_t root, const char *path) {
    int queue = fp_watch_open(root);
    close_others(queue);
    (void)chdir("/");
    if (queue < 0 && queue != -ESRCH) // which it is when the root has ended meanwhile
        fp_sys_exit(1);
    if (queue >= 0 && fp_watch_wait(queue, NULL) < 0) // then nobody knows whether it lives
        fp_sys_exit(1);
    end_the_others(path);
}

#if defined(__FreeBSD__)
/* By pdfork no wait for any child sees it and no signal tells of it; its descriptor can go at once.
 */
bool fp_guard_start(const char *library, const char *path) {
    int descriptor = -1;
    pid_t root = fp_sys_getpid();
    fp_sys_signals old = fp_sys_block_all();
    (void)library;
    pid_t pid = (pid_t)FP_CALL(FP_REAL(pdfork)(&descriptor, PD_DAEMON | PD_CLOEXEC));
    if (pid == 0) {
        (void)fp_sys_setsid();
        become_guard(root, path);
    }
    if (pid > 0)
        (void)fp_sys_close(descriptor);
    fp_sys_set_blocked(old);
    return pid > 0;
}
#else
/* The one between ends at once, so that the guard is nobody's child here. */
bool fp_guard_start(const char *library, const char *path) {
    int status = -1;
    pid_t root = fp_sys_getpid();
    fp_sys_signals old = fp_sys_block_all();
    (void)library;
    pid_t between = (pid_t)FP_CALL(FP_REAL(fork)());
    if (between == 0) {
        (void)fp_sys_setsid();
        pid_t guard = (pid_t)FP_CALL(FP_REAL(fork)());
        if (guard == 0)
            become_guard(root, path);
        fp_sys_exit(guard > 0 ? 0 : 1);
    }
    if (between > 0)
        while (fp_sys_wait4(between, &status, 0, NULL) == -EINTR)
            ;
    fp_sys_set_blocked(old);
    return status == 0;
}
#endif
