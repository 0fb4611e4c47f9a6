/*
 * Tested: raise, abort and the exits with odd numbers and in odd situations, in an image of their
 * own that has a companion: as the first process that forked, which may end the companion only when
 * it ends itself, also where it is the init of a pid namespace; and as a child of it.
 *   bad_end [ROW]
 */
#include <limits.h>
#include <setjmp.h>

#include "bad.h"

enum disposition { DEFAULT, IGNORED, BLOCKED, HANDLED, LEFT, BAD_HANDLER, DISPOSITIONS };
static const char *const dispositions[] = {"default", "ignored", "blocked",
                                           "handled", "left",    "bad handler"};

static pid_t companion;
static sigjmp_buf back;

static void handled(int number) {
    say("  handled %d", number);
}

static void left(int number) {
    say("  left %d", number);
    siglongjmp(back, 1);
}

/* By number: libc refuses its own two signals. */
static void dispose(int number, enum disposition disposition) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    if (disposition == IGNORED)
        signal(number, SIG_IGN);
    else if (disposition == BLOCKED)
        sigprocmask(SIG_BLOCK, &set, NULL);
    else if (disposition == HANDLED)
        signal(number, handled);
    else if (disposition == LEFT)
        signal(number, left);
    else if (disposition == BAD_HANDLER)
        signal(number, (void (*)(int))(uintptr_t)1);
}

static void say_company(void) {
    char state = state_of(companion);
    say("  companion %s", state == 'S' ? "lives" : "ended");
}

/* --- raise --- */

static const int numbers[] = {0,  -1,      65,     66,      128,     INT_MAX, INT_MIN, 32,
                              33, SIGTERM, SIGURG, SIGCHLD, SIGCONT, SIGPIPE, SIGKILL, 64};

static long by_raise(int number) {
    return raise(number);
}
static long by_kill(int number) {
    return kill(getpid(), number);
}
static long by_number(int number) {
    return syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), number);
}
#ifdef __GLIBC__
static long to_no_thread(int number) {
    return tgkill(getpid(), 0x3fffff, number); // never so high a number here
}
static long to_no_process(int number) {
    return tgkill(0, gettid(), number);
}
static long to_thread_0(int number) {
    return tgkill(getpid(), 0, number);
}
#endif
static const struct {
    const char *name;
    long (*send)(int number);
} senders[] = {{"raise", by_raise},
               {"kill", by_kill},
#ifdef __GLIBC__
               {"tgkill no thread", to_no_thread},
               {"tgkill no process", to_no_process},
               {"tgkill thread 0", to_thread_0},
#endif
               {"SYS_tgkill", by_number}};

#define RAISES ((int)(COUNT(senders) * COUNT(numbers) * DISPOSITIONS))

static void raise_row(int row) {
    enum disposition disposition = (enum disposition)(row % DISPOSITIONS);
    int number = numbers[row / DISPOSITIONS % (int)COUNT(numbers)];
    size_t by = (size_t)row / (DISPOSITIONS * COUNT(numbers));
    say("%s %d, %s", senders[by].name, number, dispositions[disposition]);
    dispose(number, disposition);
    if (sigsetjmp(back, 1) == 0) {
        errno = 0;
        long result = senders[by].send(number);
        int error = errno;
        say("  %ld, %s", result, error_name(error));
    }
    signal(number, SIG_DFL); // what follows is not what is tested
    say_company();
}

/* --- abort --- */

static void abort_row(int row) {
    say("abort, %s", dispositions[row]);
    dispose(SIGABRT, (enum disposition)row);
    if (sigsetjmp(back, 1) == 0)
        abort();
    say_company();
}

/* --- exits --- */

static const int statuses[] = {-1, 256, 255, INT_MIN, INT_MAX, 0, 0x7f};

static void by_exit_group(int status) {
    syscall(SYS_exit_group, status);
}
static void by_thread_exit(int status) {
    syscall(SYS_exit, status);
}
static const struct {
    const char *name;
    void (*leave)(int status);
} exits[] = {{"exit", exit},
             {"_exit", _exit},
             {"_Exit", _Exit},
             {"quick_exit", quick_exit},
             {"SYS_exit_group", by_exit_group},
             {"SYS_exit", by_thread_exit}};

#define EXITS ((int)(COUNT(exits) * COUNT(statuses)))

static void at_exit(void) {
    say("  at exit");
    say_company();
}

static void at_quick_exit_(void) {
    say("  at quick exit");
}

static void exit_row(int row) {
    int status = statuses[row % (int)COUNT(statuses)];
    size_t by = (size_t)row / COUNT(statuses);
    say("%s %d", exits[by].name, status);
    atexit(at_exit);
    at_quick_exit(at_quick_exit_);
    exits[by].leave(status);
    say("  came back");
}

/* --- */

#define ROWS (RAISES + DISPOSITIONS + EXITS)

static void row_of(int row) {
    if (row < RAISES)
        raise_row(row);
    else if (row < RAISES + DISPOSITIONS)
        abort_row(row - RAISES);
    else
        exit_row(row - RAISES - DISPOSITIONS);
}

static void row_in_child(const void *argument) {
    row_of(*(const int *)argument);
}

/* The image's first fork makes it the first of its program. */
static int run_row(int row) {
    companion = child_pausing();
    if (companion < 0)
        return 1;
    await_state(companion, "S");
    fate("  ends", row_in_child, &row);
    say_company();
    row_of(row);
    kill(companion, SIGKILL);
    waitpid(companion, NULL, 0);
    return 0;
}

/* As the init of a pid namespace, which no signal of its own ends, or as a process like others. */
static int run_alone(char **argv, const char *row, bool is_init) {
    int status = UNTOUCHED;
    if (is_init && unshare(CLONE_NEWPID | CLONE_NEWNS) != 0)
        return 1;
    pid_t pid = bare_fork();
    if (pid == 0) {
        if (is_init && mount("proc", "/proc", "proc", 0, NULL) != 0)
            _exit(126);
        execl("/proc/self/exe", argv[0], row, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    say("  %s%s", is_init ? "init " : "", status_name(status));
    return 0;
}

static int run(int argc, char **argv) {
    (void)argc;
    for (int row = 0; row < 2 * ROWS; row++) {
        char number[16];
        int status = UNTOUCHED;
        snprintf(number, sizeof number, "%d", row / 2);
        pid_t pid = bare_fork();
        if (pid == 0)
            _exit(run_alone(argv, number, row % 2));
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    return argc > 1 ? run_row(atoi(argv[1])) : confined(run, argc, argv);
}
