/*
 * Tested: pidfd_open, pidfd_send_signal and waitid, by name and by number, with bad descriptors,
 * signals, siginfos, flags and kinds of id.
 */
#include <limits.h>

#include "bad.h"

static char *pages;

/* --- pidfds --- */

/* What musl, and an old glibc, lack by name. */
#ifdef __GLIBC__
#define NAMED __GLIBC_PREREQ(2, 36)
#else
#define NAMED 0
#endif
#if NAMED
#include <sys/pidfd.h>
#else
#define pidfd_open(pid, flags) -1
#define pidfd_send_signal(fd, number, info, flags) -1
#endif

static void open_one(const char *what, pid_t pid, unsigned flags) {
    for (int by = 0; by < 1 + NAMED; by++) {
        errno = 0;
        long fd = by ? pidfd_open(pid, flags) : syscall(SYS_pidfd_open, pid, flags);
        int error = errno;
        say("%s %s, %#x: %s, %s", by ? "pidfd_open" : "SYS_pidfd_open", what, flags,
            fd < 0 ? "-1" : "descriptor", error_name(error));
        if (fd >= 0)
            close((int)fd);
    }
}

static void opened(pid_t runs, pid_t ended, pid_t reaped) {
    static const unsigned flags[] = {0, 1, O_EXCL, O_NONBLOCK, O_CLOEXEC, 1U << 31, UINT_MAX};
    const pid_t pids[] = {runs,  ended,   reaped,  getpid(), 0,      -1,
                          -runs, INT_MIN, INT_MAX, 0x3fffff, 1 << 22};
    static const char *const names[] = {"child", "ended",   "reaped",  "self",     "0",   "-1",
                                        "group", "INT_MIN", "INT_MAX", "2^22 - 1", "2^22"};
    for (size_t i = 0; i < COUNT(pids); i++)
        for (size_t f = 0; f < COUNT(flags); f++)
            open_one(names[i], pids[i], flags[f]);
}

static void send_one(const char *what, int fd, int number, void *info, unsigned flags) {
    for (int by = 0; by < 1 + NAMED; by++) {
        errno = 0;
        long result = by ? pidfd_send_signal(fd, number, info, flags)
                         : syscall(SYS_pidfd_send_signal, fd, number, info, flags);
        int error = errno;
        say("%s %s, %d, %#x: %ld, %s", by ? "pidfd_send_signal" : "SYS_pidfd_send_signal", what,
            number, flags, result, error_name(error));
    }
}

/* Flags that need a kernel of some age are left out: 1, 2 and 4 have a meaning since 6.9. */
static void sent(const char *what, int fd) {
    static const int numbers[] = {0, SIGURG, SIGTERM, 32, 64, 65, 128, -1, INT_MIN, INT_MAX};
    static const unsigned flags[] = {8, 1U << 31, UINT_MAX};
    char text[64];
    for (size_t n = 0; n < COUNT(numbers); n++) {
        send_one(what, fd, numbers[n], NULL, 0);
        for (size_t f = 0; f < COUNT(flags); f++)
            send_one(what, fd, numbers[n], NULL, flags[f]);
        for (int kind = 0; kind < BAD_KINDS; kind++) {
            siginfo_t info = {.si_signo = numbers[n], .si_code = SI_QUEUE};
            memset(pages, 0, sizeof info + 1);
            memcpy(pages + (kind == MISALIGNED), &info, sizeof info);
            snprintf(text, sizeof text, "%s, info %s", what, bad_names[kind]);
            send_one(text, fd, numbers[n], bad_pointer((enum bad_kind)kind, pages), 0);
        }
        siginfo_t other = {.si_signo = numbers[n] ^ 1, .si_code = SI_QUEUE};
        snprintf(text, sizeof text, "%s, info of another", what);
        send_one(text, fd, numbers[n], &other, 0);
        other = (siginfo_t){.si_signo = numbers[n], .si_code = SI_KERNEL};
        snprintf(text, sizeof text, "%s, info of the kernel's", what);
        send_one(text, fd, numbers[n], &other, 0);
    }
}

/* The children ignore what would end them. */
static pid_t child_ignoring(void) {
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    pid_t child = child_pausing();
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (child < 0)
        abort();
    return child;
}

static void pidfds(const void *unused) {
    int ends[2];
    char path[64];
    (void)unused;
    pid_t runs = child_ignoring();
    pid_t ended = child_zombie(7);
    pid_t reaped = child_exiting(7);
    snprintf(path, sizeof path, "/proc/%d", (int)runs);
    int of_reaped = (int)syscall(SYS_pidfd_open, reaped, 0);
    if (reaped < 0 || ended < 0 || waitpid(reaped, NULL, 0) != reaped || pipe(ends) != 0)
        abort();
    opened(runs, ended, reaped);
    sent("-1", -1);
    sent("INT_MIN", INT_MIN);
    sent("INT_MAX", INT_MAX);
    sent("closed", 999);
    sent("standard input", 0);
    sent("pipe", ends[0]);
    sent("folder", open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    sent("child", (int)syscall(SYS_pidfd_open, runs, 0));
    sent("ended", (int)syscall(SYS_pidfd_open, ended, 0));
    sent("reaped", of_reaped);
    kill(runs, SIGKILL);
}

/* --- waitid --- */

static void waits(const void *unused) {
    static const int types[] = {-1, 3, 4, 5, 99, INT_MIN, INT_MAX};
    static const int options[] = {0, WNOHANG, WEXITED | WNOHANG, -1, INT_MIN, WEXITED | 0x100};
    (void)unused;
    if (child_zombie(7) < 0)
        return;
    for (size_t t = 0; t < COUNT(types); t++)
        for (size_t o = 0; o < COUNT(options); o++)
            for (int kind = 0; kind < BAD_KINDS; kind++) {
                errno = 0;
                int result = waitid((idtype_t)types[t], 999,
                                    bad_pointer((enum bad_kind)kind, pages), options[o]);
                int error = errno;
                say("waitid %d, options %#x, %s: %d, %s", types[t], (unsigned)options[o],
                    bad_names[kind], result, error_name(error));
            }
    say("the child: %s", wait(NULL) > 0 ? "still there" : "gone");
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    pages = bad_pages();
    fate("pidfds", pidfds, NULL);
    fate("waits", waits, NULL);
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
