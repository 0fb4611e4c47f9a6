/*
 * The program under test of the storm of kills: one that does everything around kill and wait that
 * legacy programs do wrong, all the time. Threads fork children, keep their pids in an array that
 * all threads share, signal what stands there by every call there is, and wait for it by every call
 * there is; SIGCHLD handlers wait, dawdle or signal above all of that. A pid is taken out of the
 * array only after its wait has returned: by then, and between the look at the array and the kill,
 * it may be somebody else's.
 *
 *   kills KILLS SECONDS [ignore]
 *
 * until so many kills were made or the time is over; then all is waited for. With "ignore", SIGCHLD
 * is ignored: the kernel reaps, no wait tells anything, and no pid ever leaves the array.
 *
 * Every child ends with a status that is known beforehand: immune children block the signals of the
 * storm and exit with a code made from their serial number, mortal ones wait for a signal to kill
 * them. The status promised to a pid and the status told by a wait are counted in two ledgers that
 * must agree at the end.
 *
 * Prints "name value" lines: kills, zero, esrch, other (answers), way.CALL (its signal, and the
 * same answers), refused (kills that failed although the child was certainly alive), forked, told,
 * lost (promised and never told), double (told and not promised), stuck (threads that did not come
 * back), seconds.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../shim/record/clone.h"

enum {
    FORKERS = 2,
    KILLERS = 2,
    PIDS = 512,    /* for a namespace with fewer */
    CHILDREN = 40, /* unreaped at once */
    MORTAL = 256,  /* beside the exit codes: killed by a signal of the storm */
    STATUSES,
    PATIENCE = 10, /* seconds for the threads to come back */
};

enum way { KILL, TGKILL, SIGQUEUE, SYS_KILL, SYS_TGKILL, WAYS };
static const char *const way_names[] = {"kill", "tgkill", "sigqueue", "syscall.kill",
                                        "syscall.tgkill"};

/* Shared with the children, so that writing costs no copy after each fork. */
struct state {
    atomic_long kills, zero[WAYS], esrch[WAYS], full[WAYS], other[WAYS];
    atomic_long forked, told, refused;
    atomic_int forkers, waiters; /* threads still at it */
    atomic_bool over;
    atomic_uint news;             /* counts forks and ends */
    atomic_uint turn;             /* what the next handler does */
    atomic_uint release[FORKERS]; /* the serial number of the newest held child that may end */
    atomic_int unreaped[PIDS];    /* the array: +1 when forked, -1 when waited for */
    atomic_bool former[PIDS];     /* has been ours at some time */
    atomic_uint promised[PIDS][STATUSES], told_status[PIDS][STATUSES];
};

static struct state *s;
static long goal;
static double deadline;
static bool automatic; /* the kernel reaps */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add_news(void) {
    atomic_fetch_add(&s->news, 1);
    syscall(SYS_futex, &s->news, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Until something has happened since `*seen`; not for long, because it may be our turn. */
static void await_news(unsigned *seen) {
    const struct timespec time = {0, 1000000};
    if (atomic_load(&s->news) == *seen)
        syscall(SYS_futex, &s->news, FUTEX_WAIT, *seen, &time, NULL, 0);
    *seen = atomic_load(&s->news);
}

/* --- kills --- */

static int by_kill(pid_t pid, int number) {
    return kill(pid, number);
}
static int by_tgkill(pid_t pid, int number) {
    return tgkill(pid, pid, number);
}
static int by_sigqueue(pid_t pid, int number) {
    return sigqueue(pid, number, (union sigval){.sival_int = 1});
}
static int by_syscall_kill(pid_t pid, int number) {
    return (int)syscall(SYS_kill, pid, number);
}
static int by_syscall_tgkill(pid_t pid, int number) {
    return (int)syscall(SYS_tgkill, pid, pid, number);
}

static int (*const send[WAYS])(pid_t, int) = {by_kill, by_tgkill, by_sigqueue, by_syscall_kill,
                                              by_syscall_tgkill};

/* A signal number for each call: who is hit can tell by which. */
static int number_of(enum way way) {
    return SIGRTMIN + (int)way;
}

static int shoot(pid_t pid, enum way way) {
    int error = send[way](pid, number_of(way)) == 0 ? 0 : errno;
    atomic_fetch_add(error == 0        ? &s->zero[way]
                     : error == ESRCH  ? &s->esrch[way]
                     : error == EAGAIN ? &s->full[way]
                                       : &s->other[way],
                     1);
    return error;
}

static void shoot_if_former(pid_t pid, enum way way) {
    if (!atomic_load(&s->former[pid]))
        return;
    shoot(pid, way);
    atomic_fetch_add(&s->kills, 1);
}

/* --- waits --- */

static bool is_storm_signal(int number) {
    return number >= number_of(0) && number < number_of(WAYS);
}

/* A signal that is none of the storm's stands as a code that nobody has promised here. */
static void tell(pid_t pid, bool exited, int code) {
    int status = exited ? code : is_storm_signal(code) ? MORTAL : 0;
    atomic_fetch_add(&s->told_status[pid][status], 1);
    atomic_fetch_add(&s->told, 1);
    atomic_fetch_sub(&s->unreaped[pid], 1);
    add_news();
}

static pid_t wait_by_pid(pid_t pid, int options) {
    int status;
    pid_t result = waitpid(pid, &status, options);
    if (result > 0)
        tell(result, WIFEXITED(status), WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return result;
}

static pid_t wait_by_id(idtype_t type, pid_t pid, int options) {
    siginfo_t info;
    info.si_pid = 0;
    if (waitid(type, (id_t)pid, &info, options | WEXITED) != 0)
        return -1;
    if (info.si_pid > 0)
        tell(info.si_pid, info.si_code == CLD_EXITED, info.si_status);
    return info.si_pid;
}

/* --- threads that kill --- */

/*
 * Two steps, as programs do it: see who is there, then signal them; every other time asking each
 * child first whether it has ended, as careful ones do.
 */
static void sweep(unsigned *turn) {
    pid_t list[PIDS];
    int count = 0;
    for (pid_t pid = 1; pid < PIDS; pid++)
        if (atomic_load_explicit(&s->unreaped[pid], memory_order_relaxed) > 0)
            list[count++] = pid;
    bool careful = ++*turn % 2;
    int shots = 0;
    for (int i = 0; i < count; i++)
        if (!careful || wait_by_pid(list[i], WNOHANG) == 0) {
            shoot(list[i], (*turn + (unsigned)i) % WAYS);
            shots++;
        }
    if (atomic_fetch_add(&s->kills, shots) >= goal || now() > deadline)
        atomic_store(&s->over, true);
}

static void *killer(void *turn) {
    unsigned next = *(unsigned *)turn;
    unsigned seen = 0;
    while (atomic_load(&s->waiters) > 0) {
        await_news(&seen);
        sweep(&next);
    }
    return NULL;
}

/* --- children --- */

static void set_storm_signals(int how) {
    sigset_t set;
    sigemptyset(&set);
    for (int way = 0; way < WAYS; way++)
        sigaddset(&set, number_of((enum way)way));
    pthread_sigmask(how, &set, NULL);
}

static _Noreturn void exit_late(int code, unsigned serial) {
    for (unsigned i = serial / 8 % 8; i > 0; i--)
        sched_yield();
    _exit(code);
}

static _Noreturn void be_mortal(void) {
    set_storm_signals(SIG_UNBLOCK);
    for (;;)
        pause();
}

/* Until the forker has made sure that it can be signalled. */
static _Noreturn void be_held(int code, int forker, unsigned serial) {
    unsigned released;
    while ((int)((released = atomic_load(&s->release[forker])) - serial) < 0)
        syscall(SYS_futex, &s->release[forker], FUTEX_WAIT, released, NULL, NULL, 0);
    _exit(code);
}

static void release(int forker, unsigned serial, pid_t pid) {
    int error = shoot(pid, serial / 8 % WAYS);
    if (error != 0 && error != EAGAIN)
        atomic_fetch_add(&s->refused, 1);
    atomic_store(&s->release[forker], serial);
    syscall(SYS_futex, &s->release[forker], FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    atomic_fetch_add(&s->kills, 1);
}

static pid_t fork_by_vfork(int code) {
    pid_t pid = vfork();
    if (pid == 0)
        _exit(code);
    return pid;
}

static pid_t fork_by_number(void) {
    return (pid_t)fp_clone_by(SIGCHLD, NULL, NULL);
}

static int code_of(unsigned serial) {
    return (int)(serial * 2654435761U >> 24);
}

static pid_t fork_one(int forker, unsigned serial, int *ret_status) {
    int kind = (int)(serial % 8);
    int code = code_of(serial);
    *ret_status = kind == 3 || kind == 4 || kind == 5 ? MORTAL : code;
    if (kind == 0)
        return fork_by_vfork(code);
    pid_t pid = kind % 3 == 0 ? _Fork() : kind % 3 == 1 ? fork() : fork_by_number();
    if (pid != 0)
        return pid;
    if (*ret_status == MORTAL)
        be_mortal();
    if (kind == 7)
        be_held(code, forker, serial);
    exit_late(code, serial);
}

/* The signals of the storm are blocked in the forkers, so they are blocked in a new child. */
static void *forker(void *number) {
    int self = *(int *)number;
    unsigned seen = 0;
    for (unsigned serial = (unsigned)self; !atomic_load(&s->over);) {
        int status;
        if (!automatic && atomic_load(&s->forked) - atomic_load(&s->told) >= CHILDREN) {
            await_news(&seen);
            continue;
        }
        pid_t pid = fork_one(self, serial, &status);
        if (pid >= PIDS)
            _exit(2);
        if (pid <= 0) {
            await_news(&seen); // no pid is free: a waiter has to make one
            continue;
        }
        atomic_fetch_add(&s->unreaped[pid], 1);
        atomic_store(&s->former[pid], true);
        atomic_fetch_add(&s->promised[pid][status], 1);
        atomic_fetch_add(&s->forked, 1);
        add_news();
        if (serial % 8 == 7)
            release(self, serial, pid);
        serial += FORKERS;
    }
    atomic_fetch_sub(&s->forkers, 1);
    return NULL;
}

/* --- threads and handlers that wait --- */

/* Runs in any thread, in the middle of anything. */
static void on_chld(int unused) {
    int error = errno;
    unsigned turn = atomic_fetch_add(&s->turn, 1);
    (void)unused;
    switch (turn % 4) {
    case 0:
        while (wait_by_pid(-1, WNOHANG) > 0)
            ;
        break;
    case 1:
        wait_by_id(P_ALL, 0, WNOHANG);
        break;
    case 2: // as one that logs
        sched_yield();
        break;
    default: // as one that has a pid from a file
        shoot_if_former((pid_t)(turn / 4 % PIDS), turn / 4 % WAYS);
    }
    errno = error;
}

static bool forking(void) {
    return atomic_load(&s->forkers) > 0;
}

/* The last to leave: nothing is left to wait for. */
static void *waiter_for_any(void *unused) {
    bool more = true;
    while (more) {
        bool last = !forking();
        more = wait_by_pid(-1, 0) >= 0 || errno != ECHILD || !last;
    }
    atomic_fetch_sub(&s->waiters, 1);
    return unused;
}

static void *waiter_by_id(void *unused) {
    bool more = true;
    while (more) {
        bool last = !forking();
        more = wait_by_id(P_ALL, 0, 0) >= 0 || errno != ECHILD || !last;
    }
    atomic_fetch_sub(&s->waiters, 1);
    return unused;
}

/* Asks for each pid of the array; for every eighth, blocks. */
static void *waiter_by_pid(void *unused) {
    unsigned seen = 0;
    for (unsigned turn = 0; atomic_load(&s->waiters) > 0; await_news(&seen))
        for (pid_t pid = 1; pid < PIDS; pid++)
            if (atomic_load_explicit(&s->unreaped[pid], memory_order_relaxed) > 0) {
                if (turn++ % 2)
                    wait_by_id(P_PID, pid, turn % 16 == 1 ? 0 : WNOHANG);
                else
                    wait_by_pid(pid, turn % 16 == 0 ? 0 : WNOHANG);
            }
    return unused;
}

/* --- the storm --- */

static void run_storm(void) {
    static unsigned numbers[] = {0, 1, 2, 3};
    pthread_t threads[16];
    int count = 0;
    atomic_store(&s->forkers, FORKERS);
    atomic_store(&s->waiters, 2);
    for (int i = 0; i < FORKERS; i++)
        pthread_create(&threads[count++], NULL, forker, &numbers[i]);
    pthread_create(&threads[count++], NULL, waiter_for_any, NULL);
    pthread_create(&threads[count++], NULL, waiter_by_id, NULL);
    pthread_create(&threads[count++], NULL, waiter_by_pid, NULL);
    for (int i = 0; i < KILLERS; i++)
        pthread_create(&threads[count++], NULL, killer, &numbers[i]);
    for (int i = 0; i < FORKERS; i++)
        pthread_join(threads[i], NULL);
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE;
    int stuck = 0;
    for (int i = FORKERS; i < count; i++)
        stuck += pthread_timedjoin_np(threads[i], NULL, &end) != 0;
    printf("stuck %d\n", stuck);
}

static long sum(atomic_long *of) {
    long all = 0;
    for (int way = 0; way < WAYS; way++)
        all += atomic_load(&of[way]);
    return all;
}

static void print_ledger(void) {
    long lost = 0;
    long twice = 0;
    for (int pid = 0; pid < PIDS; pid++)
        for (int status = 0; status < STATUSES; status++) {
            long more = (long)atomic_load(&s->promised[pid][status]) -
                        (long)atomic_load(&s->told_status[pid][status]);
            lost += more > 0 ? more : 0;
            twice += more < 0 ? -more : 0;
        }
    printf("told %ld\nlost %ld\ndouble %ld\n", atomic_load(&s->told), lost, twice);
}

static void print_kills(void) {
    long zero = sum(s->zero);
    long esrch = sum(s->esrch);
    long full = sum(s->full);
    long other = sum(s->other);
    printf("kills %ld\nzero %ld\nesrch %ld\nfull %ld\nother %ld\nrefused %ld\n",
           zero + esrch + full + other, zero, esrch, full, other, atomic_load(&s->refused));
    for (int way = 0; way < WAYS; way++)
        printf("way.%s %d %ld %ld %ld %ld\n", way_names[way], number_of((enum way)way),
               atomic_load(&s->zero[way]), atomic_load(&s->esrch[way]), atomic_load(&s->full[way]),
               atomic_load(&s->other[way]));
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    automatic = argc > 3;
    goal = atol(argv[1]);
    double start = now();
    deadline = start + atof(argv[2]);
    s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        return 1;
    struct sigaction action = {.sa_handler = automatic ? SIG_IGN : on_chld, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    set_storm_signals(SIG_BLOCK);
    run_storm();
    printf("seconds %.1f\n", now() - start);
    print_kills();
    printf("forked %ld\n", atomic_load(&s->forked));
    if (!automatic)
        print_ledger();
    return fflush(stdout) == 0 ? 0 : 1;
}
