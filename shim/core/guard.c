#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "register.h"
#include "sweep.h"
#include "sys.h"
#include "text.h"

static _Noreturn void leave(int status) {
    for (;;)
        (void)fp_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* What the root has ended by itself is gone from the register's place. */
static _Noreturn void watch(int pidfd, const char *path) {
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    while (fp_sys_poll_forever(&end, 1) < 0)
        ;
    struct fp_register *reg = fp_register_open(path);
    if (reg) {
        fp_sweep(reg, path);
        fp_register_remove(path);
    }
    leave(0);
}

/* The entry of this object when it is executed: arch/…/start.S. No relocation has been done. */
_Noreturn void fp_guard_main(long *stack);

_Noreturn void fp_guard_main(long *stack) {
    static const char usage[] = "libforkproof.so is to be preloaded: forkproof run -- PROGRAM, "
                                "or LD_PRELOAD=libforkproof.so PROGRAM\n";
    char **argv = (char **)(stack + 1);
    unsigned pidfd = 0;
    if (stack[0] != 3 || *fp_text_read_number(argv[1], &pidfd)) {
        (void)fp_sys_write(2, usage, sizeof usage - 1);
        leave(125);
    }
    watch((int)pidfd, argv[2]);
}

/* In the guard: nothing of the program's is held. */
static _Noreturn void become_guard(int pidfd, const char *library, const char *path) {
    static char name[] = "forkproof-guard";
    char number[FP_NUMBER_SIZE];
    char *const argv[] = {name, number, (char *)(uintptr_t)path, NULL};
    char *const envp[] = {NULL};
    (void)fp_text_number(number, (unsigned)pidfd);
    if (pidfd > 0)
        (void)fp_sys_close_range(0, (unsigned)pidfd - 1);
    (void)fp_sys_close_range((unsigned)pidfd + 1, ~0U);
    if (library && *library == '/') // else it may be anybody's: the program may have gone elsewhere
        (void)fp_sys_execve(library, argv, envp);
    (void)fp_sys_chdir("/");
    watch(pidfd, path); // with a copy of the program's memory
}

/* Not in the session of anybody, nor anybody's child: the one between ends at once. */
static _Noreturn void detach(pid_t root, const char *library, const char *path) {
    (void)fp_sys_setsid();
    int pidfd = fp_sys_pidfd_open(root, 0);
    bool good = pidfd >= 0 && fp_sys_keep_over_exec(pidfd) == 0;
    long guard = good ? fp_sys_bare_fork() : -ESRCH;
    if (guard == 0)
        become_guard(pidfd, library, path);
    leave(guard > 0 ? 0 : 1);
}

bool fp_guard_start(const char *library, const char *path) {
    pid_t self = fp_sys_getpid();
    int status = -1;
    fp_sys_signals old = fp_sys_block_all(); // the guard runs none of the program's handlers
    // It announces its end by no signal and is seen by no wait but __WCLONE's and __WALL's.
    long between = fp_sys_bare_fork();
    if (between == 0)
        detach(self, library, path);
    if (between > 0)
        while (fp_sys_wait4((pid_t)between, &status, (int)__WCLONE, NULL) == -EINTR)
            ;
    fp_sys_set_blocked(old);
    return status == 0;
}
