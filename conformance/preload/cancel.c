/*
 * Tested: every wait is a cancellation point: a blocked one is cancelled, its cleanup handlers run
 * and the child can still be waited for; a pending cancellation is acted on before anything is
 * taken, even with WNOHANG, even when the call would fail; a disabled one is not acted on.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "canon.h"

static pid_t child;
static atomic_int tid;
static int cleanups;

enum call { WAIT, WAITPID, WAIT3, WAIT4, WAITID, CALLS };
static const char *const names[] = {"wait", "waitpid", "wait3", "wait4", "waitid"};

static long wait_by(enum call call, int options) {
    siginfo_t info;
    int status;
    switch (call) {
    case WAIT:
        return wait(&status);
    case WAITPID:
        return waitpid(child, &status, options);
    case WAIT3:
        return wait3(&status, options, NULL);
    case WAIT4:
        return wait4(child, &status, options, NULL);
    case WAITID:
        return waitid(P_PID, (id_t)child, &info, WEXITED | options);
    case CALLS:
        break;
    }
    abort();
}

static void on_cleanup(void *unused) {
    (void)unused;
    cleanups++;
}

struct plan {
    enum call call;
    int options;
    int state;    /* of cancellation while waiting */
    bool pending; /* cancelled before the wait */
};

static void *waiter(void *argument) {
    const struct plan *plan = argument;
    long result = 0;
    pthread_cleanup_push(on_cleanup, NULL);
    if (plan->pending) {
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        pthread_cancel(pthread_self());
    }
    pthread_setcancelstate(plan->state, NULL);
    atomic_store(&tid, (int)syscall(SYS_gettid));
    result = wait_by(plan->call, plan->options);
    pthread_cleanup_pop(0);
    int type;
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    say("wait came back: %s, cancellation type %s", result < 0 ? error_name(errno) : "no error",
        type == PTHREAD_CANCEL_DEFERRED ? "deferred" : "asynchronous");
    return NULL;
}

static void still_waitable(void) {
    int status = UNTOUCHED;
    kill(child, SIGKILL);
    pid_t result = waitpid(child, &status, 0);
    say_wait("  child", result, child, status, errno);
}

static void blocked(struct plan plan) {
    pthread_t thread;
    void *result;
    child = child_pausing();
    cleanups = 0;
    atomic_store(&tid, 0);
    if (pthread_create(&thread, NULL, waiter, &plan) != 0)
        abort();
    while (!atomic_load(&tid))
        sched_yield();
    await_state(atomic_load(&tid), "S");
    pthread_cancel(thread);
    if (plan.state == PTHREAD_CANCEL_DISABLE)
        kill(child, SIGTERM);
    pthread_join(thread, &result);
    say("blocked %s: %s, %d cleanups", names[plan.call],
        result == PTHREAD_CANCELED ? "cancelled" : "returned", cleanups);
    still_waitable();
}

static void pending(struct plan plan, bool zombie) {
    pthread_t thread;
    void *result;
    child = zombie ? child_zombie(9) : child_pausing();
    cleanups = 0;
    if (pthread_create(&thread, NULL, waiter, &plan) != 0)
        abort();
    pthread_join(thread, &result);
    say("pending %s, options %#x, %s: %s, %d cleanups", names[plan.call], (unsigned)plan.options,
        zombie ? "zombie" : "live", result == PTHREAD_CANCELED ? "cancelled" : "returned",
        cleanups);
    still_waitable();
}

int main(void) {
    for (int call = 0; call < CALLS; call++) {
        blocked((struct plan){(enum call)call, 0, PTHREAD_CANCEL_ENABLE, false});
        blocked((struct plan){(enum call)call, 0, PTHREAD_CANCEL_DISABLE, false});
        pending((struct plan){(enum call)call, 0, PTHREAD_CANCEL_ENABLE, true}, true);
        if (call == WAIT)
            continue;
        pending((struct plan){(enum call)call, WNOHANG, PTHREAD_CANCEL_ENABLE, true}, true);
        pending((struct plan){(enum call)call, WNOHANG, PTHREAD_CANCEL_ENABLE, true}, false);
        pending((struct plan){(enum call)call, 1 << 20, PTHREAD_CANCEL_ENABLE, true}, false);
    }
    return 0;
}
