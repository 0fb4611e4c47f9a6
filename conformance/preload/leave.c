/*
 * Tested: every way out of every blocked wait: cancelled (deferred, at any time, disabled,
 * pending), left by siglongjmp or pthread_exit from a handler, a handler that jumps within itself
 * or waits for others and returns. Then the child is still there to be waited for, and nothing is
 * held: of 300 zombies the driver is told on standard error how many there are.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>

#include "bad.h"

enum call {
    WAIT,
    WAITPID,
    WAITPID_ANY,
    WAITPID_0,
    WAITPID_GROUP,
    WAIT3,
    WAIT4,
    WAITID,
    WAITID_ALL,
    WAITID_GROUP,
    WAITID_PIDFD,
    NUMBER_WAIT4,
    NUMBER_WAITID,
    CALLS
};
static const char *const calls[] = {
    "wait",   "waitpid",    "waitpid any",  "waitpid 0",    "waitpid group", "wait3",     "wait4",
    "waitid", "waitid all", "waitid group", "waitid pidfd", "SYS_wait4",     "SYS_waitid"};

enum way {
    CANCEL,
    CANCEL_AT_ANY_TIME,
    CANCEL_DISABLED,
    CANCEL_PENDING,
    JUMP,
    JUMP_RESTART,
    JUMP_STACK,
    EXIT,
    LOCAL_JUMP,
    LOCAL_JUMP_STACK,
    WAIT_INSIDE,
    WAIT_INSIDE_AND_JUMP,
    WAYS
};
static const char *const ways[] = {"cancelled",
                                   "cancelled at any time",
                                   "cancelled, disabled",
                                   "cancelled before",
                                   "jumped out",
                                   "jumped out, restarting",
                                   "jumped out, own stack",
                                   "exited",
                                   "jumped within",
                                   "jumped within, own stack",
                                   "waited inside",
                                   "waited inside and jumped out"};

#define TYPE_PIDFD 3

static pid_t child;
static int pidfd;
static atomic_int tid;
static enum call call;
static enum way way;
static _Thread_local sigjmp_buf out;
static int cleanups;

static long wait_now(void) {
    siginfo_t info;
    struct rusage usage;
    int status;
    switch (call) {
    case WAIT:
        return wait(&status);
    case WAITPID:
        return waitpid(child, &status, 0);
    case WAITPID_ANY:
        return waitpid(-1, &status, 0);
    case WAITPID_0:
        return waitpid(0, &status, 0);
    case WAITPID_GROUP:
        return waitpid(-getpgrp(), &status, 0);
    case WAIT3:
        return wait3(&status, 0, &usage);
    case WAIT4:
        return wait4(child, &status, 0, &usage);
    case WAITID:
        return waitid(P_PID, (id_t)child, &info, WEXITED);
    case WAITID_ALL:
        return waitid(P_ALL, 0, &info, WEXITED);
    case WAITID_GROUP:
        return waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED);
    case WAITID_PIDFD:
        return waitid((idtype_t)TYPE_PIDFD, (id_t)pidfd, &info, WEXITED);
    case NUMBER_WAIT4:
        return syscall(SYS_wait4, child, &status, 0, &usage);
    case NUMBER_WAITID:
        return syscall(SYS_waitid, P_PID, child, &info, WEXITED, &usage);
    case CALLS:
    default:
        abort();
    }
}

static void jump_within(void) {
    sigjmp_buf here;
    if (sigsetjmp(here, 1) == 0)
        siglongjmp(here, 1);
}

static void wait_inside(void) {
    int status = UNTOUCHED;
    pid_t own = child_exiting(4);
    pid_t result = waitpid(own, &status, 0);
    say_wait("  inside", result, own, status, errno);
}

static void on_signal(int signal) {
    (void)signal;
    switch (way) {
    case JUMP:
    case JUMP_RESTART:
    case JUMP_STACK:
        siglongjmp(out, 1);
    case EXIT:
        pthread_exit(&way);
    case LOCAL_JUMP:
    case LOCAL_JUMP_STACK:
        jump_within();
        break;
    case WAIT_INSIDE:
        wait_inside();
        break;
    case WAIT_INSIDE_AND_JUMP:
        wait_inside();
        siglongjmp(out, 1);
    case CANCEL:
    case CANCEL_AT_ANY_TIME:
    case CANCEL_DISABLED:
    case CANCEL_PENDING:
    case WAYS:
    default:
        break;
    }
}

static void on_cleanup(void *unused) {
    (void)unused;
    cleanups++;
}

static void prepare(void) {
    static char stack[65536];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&other, NULL);
    if (way == CANCEL_AT_ANY_TIME)
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    if (way == CANCEL_DISABLED || way == CANCEL_PENDING)
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (way == CANCEL_PENDING) {
        pthread_cancel(pthread_self());
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    }
}

static void *waiter(void *unused) {
    prepare();
    pthread_cleanup_push(on_cleanup, NULL);
    if (sigsetjmp(out, 1) == 0) {
        atomic_store(&tid, (int)syscall(SYS_gettid));
        long result = wait_now();
        say("  came back: %s", result < 0 ? error_name(errno) : "no error");
    } else {
        say("  out of it");
    }
    pthread_cleanup_pop(0);
    return unused;
}

static int handler_flags(void) {
    bool on_stack = way == JUMP_STACK || way == LOCAL_JUMP_STACK;
    bool restarts = way != JUMP && way != EXIT;
    return (on_stack ? SA_ONSTACK : 0) | (restarts ? SA_RESTART : 0);
}

static bool cancels(void) {
    return way == CANCEL || way == CANCEL_AT_ANY_TIME || way == CANCEL_DISABLED;
}

/* What the way does not end, the child's end does. */
static bool comes_back(void) {
    return way == CANCEL_DISABLED || way == LOCAL_JUMP || way == LOCAL_JUMP_STACK ||
           way == WAIT_INSIDE;
}

static void let_go(pthread_t thread) {
    await_state(atomic_load(&tid), "S");
    if (cancels())
        pthread_cancel(thread);
    else
        pthread_kill(thread, SIGUSR1);
    if (!comes_back())
        return;
    await_state(atomic_load(&tid), "S");
    kill(child, SIGTERM);
}

static void afterwards(void) {
    int status = UNTOUCHED;
    int signalled = kill(child, SIGKILL);
    pid_t result = waitpid(child, &status, 0);
    say_wait(signalled == 0 ? "  child" : "  child, gone", result, child, status, errno);
    say("  zombies left: %d", count_zombies());
}

static void one(void) {
    pthread_t thread;
    void *result;
    child = child_pausing();
    pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    cleanups = 0;
    atomic_store(&tid, 0);
    handle(SIGUSR1, on_signal, handler_flags());
    say("%s, %s", calls[call], ways[way]);
    if (pthread_create(&thread, NULL, waiter, NULL) != 0)
        abort();
    if (way != CANCEL_PENDING) {
        while (!atomic_load(&tid))
            sched_yield();
        let_go(thread);
    }
    pthread_join(thread, &result);
    say("  thread: %s, %d cleanups",
        result == PTHREAD_CANCELED ? "cancelled"
        : result == &way           ? "exited"
                                   : "returned",
        cleanups);
    close(pidfd);
    afterwards();
}

/* --- the main thread --- */

static pthread_t main_thread;

static void *after_main(void *unused) {
    int status = UNTOUCHED;
    await_state(getpid(), "S");
    pthread_kill(main_thread, SIGUSR1);
    await_state(getpid(), "Z");
    kill(child, SIGKILL);
    pid_t result = waitpid(child, &status, 0);
    say_wait("main thread exited in a wait", result, child, status, errno);
    _exit(result == child ? 5 : 1);
    return unused;
}

static void main_leaves(const void *unused) {
    pthread_t thread;
    (void)unused;
    way = EXIT;
    main_thread = pthread_self();
    child = child_pausing();
    handle(SIGUSR1, on_signal, 0);
    if (pthread_create(&thread, NULL, after_main, NULL) != 0)
        abort();
    waitpid(child, NULL, 0);
    say("came back");
}

/* What is none blocks for ever. */
static bool is_cancellation_point(void) {
#ifndef __GLIBC__
    if (call == WAIT3 || call == WAIT4)
        return false;
#endif
    return call != NUMBER_WAIT4 && call != NUMBER_WAITID;
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    for (int c = 0; c < CALLS; c++)
        for (int w = 0; w < WAYS; w++) {
            call = (enum call)c;
            way = (enum way)w;
            if (is_cancellation_point() || (way != CANCEL && way != CANCEL_PENDING))
                one();
        }
    fate("main thread", main_leaves, NULL);
    for (int i = 0; i < 300; i++)
        child_exiting(0);
    fprintf(stderr, "zombies %d\n", count_zombies());
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
