/*
 * Parts of the load that differ in how they wait. Nothing is wrong with them but for one thing:
 * `pool` signals pids long after it has waited for them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "soak.h"

/* --- pool: threads that fork, wait for their own and for any, and signal what is long gone --- */

enum { PRIME = 7919 }; /* to go round in a scattered order */

enum { FORKERS = 2, WAITERS = 2, CHILDREN = 40, FORMER = 4096 };

static atomic_int resting; /* forkers that make no children now */
static atomic_long pool_forked, pool_told;
static atomic_int former[FORMER];

static pid_t pool_wait(pid_t pid, unsigned turn) {
    pid_t result = soak_wait(pid, turn);
    if (result > 0)
        atomic_store(&former[atomic_fetch_add(&pool_told, 1) % FORMER], result);
    return result;
}

static void pool_fork(unsigned serial) {
    bool mortal = serial % 5 == 0;
    pid_t pid = soak_fork(serial, mortal);
    if (pid < 0) {
        soak_refused();
        soak_pause();
        return;
    }
    atomic_fetch_add(&pool_forked, 1);
    soak_promise(pid, mortal ? SIGKILL : soak_exited(soak_code(serial)));
    if (mortal)
        soak_signal_own(pid, SIGKILL, serial);
    if (serial % 3 == 0)
        pool_wait(pid, serial / 3);
}

static void *pool_forker(void *first) {
    for (unsigned serial = *(unsigned *)first;; serial += FORKERS) {
        if (!soak_running()) {
            atomic_fetch_add(&resting, 1);
            if (!soak_park())
                return NULL;
            atomic_fetch_sub(&resting, 1);
        }
        if (atomic_load(&pool_forked) - atomic_load(&pool_told) >= CHILDREN)
            soak_pause();
        else
            pool_fork(serial);
    }
}

static void *pool_waiter(void *first) {
    for (unsigned turn = *(unsigned *)first;; turn++) {
        bool last = atomic_load(&resting) == FORKERS;
        if (pool_wait(-1, turn) > 0)
            continue;
        if (!last)
            soak_pause();
        else if (!soak_running() && !soak_park())
            return NULL;
    }
}

static void *pool_staler(void *unused) {
    for (unsigned turn = 0; soak_running() || soak_park(); turn++) {
        pid_t pid = atomic_load(&former[turn * PRIME % FORMER]);
        if (pid > 0) {
            atomic_fetch_add(&soak->stale, 1);
            if (soak_signal(pid, STALE_SIGNAL, turn) == 0)
                atomic_fetch_add(&soak->stale_sent, 1);
        }
        soak_pause();
    }
    return unused;
}

void soak_run_pool(void) {
    void *(*const run[])(void *) = {pool_forker, pool_forker, pool_waiter, pool_waiter,
                                    pool_staler};
    soak_run_threads(run, SOAK_POOL_WORKERS);
}

/* --- handler: one thread, whose SIGCHLD handler reaps in the middle of everything --- */

enum { HANDLED = 20 };

static atomic_long handler_due; /* children not told of yet */

static void on_chld(int unused) {
    int error = errno;
    int status;
    pid_t pid;
    (void)unused;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        soak_tell(pid, status);
        atomic_fetch_sub(&handler_due, 1);
    }
    errno = error;
}

static void await_handler(long most) {
    sigset_t chld, old;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, &old);
    while (atomic_load(&handler_due) > most)
        sigsuspend(&old);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Every fourth child is waited for as well: bare, either of the two may have it. */
static void handler_fork(unsigned serial) {
    pid_t pid = soak_fork(serial, false);
    if (pid < 0) {
        soak_refused();
        soak_pause();
        return;
    }
    atomic_fetch_add(&handler_due, 1);
    soak_promise(pid, soak_exited(soak_code(serial)));
    if (serial / 4 % 4 == 0 && soak_wait(pid, serial) > 0)
        atomic_fetch_sub(&handler_due, 1);
}

void soak_run_handler(void) {
    struct sigaction action = {.sa_handler = on_chld, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    for (unsigned serial = 0;; serial++) {
        bool running = soak_running();
        await_handler(running ? HANDLED : 0);
        if (!running && !soak_park())
            return;
        handler_fork(serial);
    }
}

/* --- late: never waits, until it claims all statuses at once --- */

enum { LATE = 200 };

/* Children that the kernel has of us, which all have ended. */
static void count_unreaped(void) {
    static char text[LATE * 8];
    long count = 0;
    FILE *file = fopen("/proc/thread-self/children", "re");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    for (size_t i = 0; i < length; i++)
        count += text[i] == ' ';
    if (count > atomic_load(&soak->unreaped))
        atomic_store(&soak->unreaped, count);
}

static int late_fork(pid_t *pids, unsigned serial) {
    int count = 0;
    while (count < LATE && soak_running()) {
        pid_t pid = soak_fork(serial + (unsigned)count, false);
        if (pid < 0) {
            soak_refused();
            break;
        }
        soak_promise(pid, soak_exited(soak_code(serial + (unsigned)count)));
        pids[count++] = pid;
    }
    return count;
}

static void late_claim(const pid_t *pids, int count, unsigned turn) {
    siginfo_t info;
    for (int i = 0; i < count; i++)
        (void)waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT);
    if (count == LATE)
        count_unreaped();
    for (int i = 0; i < count; i++)
        soak_signal_own(pids[i], 0, turn);
    for (int i = 0; i < count; i++) {
        int one = (int)((unsigned)i * PRIME % (unsigned)count);
        soak_wait(i < count / 2 ? pids[one] : -1, turn + (unsigned)i);
    }
}

void soak_run_late(void) {
    static pid_t pids[LATE];
    for (unsigned turn = 0;; turn++) {
        if (!soak_running() && !soak_park())
            return;
        int count = late_fork(pids, turn * LATE);
        late_claim(pids, count, turn);
        if (count == 0)
            soak_pause();
    }
}
