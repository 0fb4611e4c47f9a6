/*
 * Many threads fork, kill and wait at once in a pid namespace so small that every pid is used over
 * and over, beside strangers that take whatever pids they can get. No stranger may ever receive a
 * signal, and every status must be told exactly once; with a bound on zombies, a status may also be
 * given up, and counted, when fork returns its pid again. The work is counted, not timed.
 *
 * usage: stress BOUND ROUNDS
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { FORKERS = 3, KILLERS = 2, WAITERS = 2, PID_LIMIT = 400 };

static unsigned bound, rounds;
static atomic_long forked, told, signalled, refused;
static atomic_bool forking_done;
static atomic_int unreaped[PID_LIMIT + 1]; // +1 when forked, -1 when waited for
static atomic_bool was_ours[PID_LIMIT + 1];

static pid_t fork_one(unsigned i) {
    pid_t pid = tracked_fork(i % 8 ? exits : stays);
    if (pid > 0) {
        atomic_fetch_add(&unreaped[pid], 1);
        atomic_fetch_add(&forked, 1);
        atomic_store(&was_ours[pid], true);
        fp_stash_bound(bound);
    }
    return pid;
}

static bool work_is_left(void) {
    return !atomic_load(&forking_done) ||
           atomic_load(&told) + (long)atomic_load(&counts()->lost) < atomic_load(&forked);
}

static void *forker(void *unused) {
    for (unsigned i = 0; i < rounds; i++)
        if (fork_one(i) < 0)
            sched_yield(); // no pid is free: waiters have to make one
    return unused;
}

/* Aims at every pid that has been ours, whoever has it now. */
static void *killer(void *unused) {
    while (work_is_left())
        for (pid_t pid = 1; pid <= PID_LIMIT; pid++)
            if (atomic_load(&was_ours[pid]))
                atomic_fetch_add(signal_to(pid, SIGKILL) == 0 ? &signalled : &refused, 1);
    return unused;
}

static void collect(long pid, int status) {
    claim(WIFEXITED(status) ? WEXITSTATUS(status) == 7 : WTERMSIG(status) == SIGKILL);
    atomic_fetch_sub(&unreaped[pid], 1);
    atomic_fetch_add(&told, 1);
}

static void *waiter(void *unused) {
    while (work_is_left()) {
        int status = -1;
        long pid = fp_reap_wait4(-1, &status, WNOHANG, NULL);
        claim(pid >= 0 || pid == -ECHILD);
        if (pid > 0)
            collect(pid, status);
    }
    return unused;
}

static void *maker_of_strangers(void *unused) {
    while (work_is_left())
        claim(replace_stranger());
    return unused;
}

static void run_threads(void) {
    pthread_t forkers[FORKERS], others[KILLERS + WAITERS + 1];
    int n = 0;
    for (int i = 0; i < FORKERS; i++)
        pthread_create(&forkers[i], NULL, forker, NULL);
    for (int i = 0; i < KILLERS; i++)
        pthread_create(&others[n++], NULL, killer, NULL);
    for (int i = 0; i < WAITERS; i++)
        pthread_create(&others[n++], NULL, waiter, NULL);
    pthread_create(&others[n++], NULL, maker_of_strangers, NULL);
    for (int i = 0; i < FORKERS; i++)
        pthread_join(forkers[i], NULL);
    atomic_store(&forking_done, true);
    while (n > 0)
        pthread_join(others[--n], NULL);
}

static bool limit_pids(void) {
    int fd = open("/proc/sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
    char text[16];
    int length = snprintf(text, sizeof text, "%d", PID_LIMIT);
    bool done = fd >= 0 && write(fd, text, (size_t)length) == length;
    if (fd >= 0)
        close(fd);
    return done;
}

static void body(void) {
    alarm(0);
    if (!limit_pids())
        _exit(EXIT_SKIPPED);
    run_threads();
    claim(strangers_live());
    long lost = (long)counts()->lost;
    for (int pid = 0; pid <= PID_LIMIT; pid++)
        claim(unreaped[pid] == 0 || (bound && unreaped[pid] > 0));
    claim(told + lost == forked && (bound || lost == 0));
    printf("%ld children, %ld told, %ld given up; %ld signals sent, %ld refused; no stranger hit\n",
           (long)forked, (long)told, lost, (long)signalled, (long)refused);
    fflush(stdout);
}

int main(int count, char **arguments) {
    if (count != 3)
        return 2;
    bound = (unsigned)strtoul(arguments[1], NULL, 10);
    rounds = (unsigned)strtoul(arguments[2], NULL, 10);
    int status = in_namespace(body);
    if (status == EXIT_SKIPPED)
        puts("stress: needs a pid namespace whose pid_max can be set (Linux 6.14): skipped");
    return status;
}
