/*
 * Tested: that a status is told once and the right one, when a pid comes back to the same program
 * while another thread is still on its way out of a wait that has seen the former holder.
 *
 *   twice CASE
 *
 *   thread A   blocks in waitpid(-1); child 100 exits with 7; a SIGCHLD handler holds A up
 *   main       waits for 100 and gets 7 (bare it is too late: A has it); forks another child, which
 *              gets the number 100 again, and will exit with 9
 *   noted      the new child ends, and the handler, let go, waits for any child
 *   deferred   thread K is in the middle of signalling the new child while A goes on
 *
 * Prints how often each status was told by all of the waits together: once, bare as under the shim.
 * To be run in a scene of its own: the number of the second child is chosen. Exit status 77 where
 * the kernel lets this user not choose it, or not hold up a kill (by userfaultfd).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_POSSIBLE = 77, FIRST = 7, SECOND = 9 };

static int in_handler[2], go_on[2]; /* A's handler says that it runs; may return */
static int end_first[2], end_second[2];
static bool handler_waits;
static atomic_int told[256];
static atomic_int held_up;
static atomic_int stat_of_a; /* a descriptor, once it is there */

static _Noreturn void fail(const char *what, int status) {
    fprintf(stderr, "twice: %s: %s\n", what, strerror(errno));
    exit(status);
}

static void get(int fd) {
    char byte;
    if (read(fd, &byte, 1) != 1)
        fail("read", 1);
}

static void put(int fd) {
    if (write(fd, "x", 1) != 1)
        fail("write", 1);
}

static pid_t tell(pid_t pid, int options) {
    int status;
    pid_t result = waitpid(pid, &status, options);
    if (result > 0 && WIFEXITED(status))
        atomic_fetch_add(&told[WEXITSTATUS(status)], 1);
    return result;
}

static void on_chld(int unused) {
    int error = errno;
    (void)unused;
    if (!atomic_exchange(&held_up, true)) {
        put(in_handler[1]);
        get(go_on[0]);
        if (handler_waits)
            tell(-1, WNOHANG);
    }
    errno = error;
}

static void mask_chld(int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(how, &set, NULL);
}

static void *wait_for_any(void *unused) {
    mask_chld(SIG_UNBLOCK);
    atomic_store(&stat_of_a, open("/proc/thread-self/stat", O_RDONLY | O_CLOEXEC));
    tell(-1, 0);
    return unused;
}

static void await_blocked(void) {
    char text[512];
    const char *end = NULL;
    while (!end || end[2] != 'S') {
        int fd = atomic_load(&stat_of_a);
        ssize_t size = fd > 0 ? pread(fd, text, sizeof text - 1, 0) : 0;
        text[size > 0 ? size : 0] = '\0';
        end = strrchr(text, ')');
    }
}

/* A child that exits with `code` when told; of this pid, or of any when that is 0. */
static pid_t fork_child(pid_t pid, const int *end, int code) {
    struct clone_args arguments = {
        .exit_signal = SIGCHLD,
        .set_tid = pid > 0 ? (uint64_t)(uintptr_t)&pid : 0,
        .set_tid_size = pid > 0,
    };
    char byte;
    pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        _exit(read(end[0], &byte, 1) == 1 ? code : 1);
    if (child < 0)
        fail("clone3", NOT_POSSIBLE);
    return child;
}

/* --- a kill that stays in the middle: the kernel waits for a page of its siginfo --- */

static size_t page_size;
static char *page;

static int hold_page(void) {
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {.range = {(uintptr_t)page, page_size},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0 || ioctl(fd, UFFDIO_REGISTER, &range) != 0)
        fail("userfaultfd", NOT_POSSIBLE);
    return fd;
}

static void await_fault(int fd) {
    struct uffd_msg message;
    if (read(fd, &message, sizeof message) != sizeof message)
        fail("userfaultfd", 1);
}

static void give_page(int fd) {
    siginfo_t *info = aligned_alloc(page_size, page_size);
    if (!info)
        fail("memory", 1);
    memset(info, 0, page_size);
    info->si_signo = SIGCONT;
    info->si_code = SI_QUEUE;
    struct uffdio_copy copy = {.dst = (uintptr_t)page, .src = (uintptr_t)info, .len = page_size};
    if (ioctl(fd, UFFDIO_COPY, &copy) != 0)
        fail("userfaultfd", 1);
    free(info);
}

static void *signal_slowly(void *pid) {
    syscall(SYS_rt_sigqueueinfo, *(pid_t *)pid, SIGCONT, page);
    return NULL;
}

/* --- the two cases --- */

static void run_noted(pid_t second, pthread_t a) {
    siginfo_t info;
    put(end_second[1]);
    if (waitid(P_PID, (id_t)second, &info, WEXITED | WNOWAIT) != 0)
        fail("waitid", 1);
    put(go_on[1]);
    pthread_join(a, NULL);
    tell(second, 0); // ECHILD where the handler had it
}

static void run_deferred(pid_t second, pthread_t a) {
    pthread_t k;
    int fd = hold_page();
    pthread_create(&k, NULL, signal_slowly, &second);
    await_fault(fd);
    // Where A has nothing to tell any more it goes on waiting, for the second one.
    put(go_on[1]);
    put(end_second[1]);
    pthread_join(a, NULL);
    give_page(fd);
    pthread_join(k, NULL);
    tell(second, 0);
}

int main(int argc, char **argv) {
    pthread_t a;
    if (argc != 2 || pipe(in_handler) || pipe(go_on) || pipe(end_first) || pipe(end_second))
        return 2;
    bool noted = strcmp(argv[1], "noted") == 0;
    struct sigaction action = {.sa_handler = on_chld, .sa_flags = SA_RESTART};
    handler_waits = noted;
    sigaction(SIGCHLD, &action, NULL);
    mask_chld(SIG_BLOCK);

    pid_t first = fork_child(0, end_first, FIRST);
    pthread_create(&a, NULL, wait_for_any, NULL);
    await_blocked();
    put(end_first[1]);
    get(in_handler[0]);
    tell(first, 0);
    pid_t second = fork_child(first, end_second, SECOND);
    if (noted)
        run_noted(second, a);
    else
        run_deferred(second, a);
    printf("told.%d %d\ntold.%d %d\n", FIRST, atomic_load(&told[FIRST]), SECOND,
           atomic_load(&told[SECOND]));
    return fflush(stdout) == 0 ? 0 : 1;
}
